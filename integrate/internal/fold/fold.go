// Package fold tells once what is equal on several hosts, for texts that people read.
//
// # Use
//
// Lists joins what has the same key. WithoutName makes sentences about two hosts the same, where they differ by the
// names of the hosts alone.
//
// # Errors
//
// The functions do not fail.
//
// # Concurrency and cancellation
//
// The functions are pure.
package fold

import "strings"

// Itself is the word in the place of a host's name, in what is said of several hosts.
const Itself = "HOST"

// Lists puts what is equal into one list, in the order of the first of each. key tells what is equal; what has no key
// is by itself. A list has a target once.
func Lists[T any](all []T, target, key func(T) string) [][]T {
	var out [][]T
	index := map[string]int{}
	for _, one := range all {
		k := key(one)
		i, ok := index[k]
		if ok && k != "" && target(out[i][len(out[i])-1]) != target(one) {
			out[i] = append(out[i], one)
			continue
		}
		index[k] = len(out)
		out = append(out, []T{one})
	}
	return out
}

// WithoutName is a text with another word in the place of a name.
func WithoutName(text, name, word string) string {
	inName := func(b byte) bool {
		return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte("_-.", b) >= 0
	}
	var b strings.Builder
	for {
		i := strings.Index(text, name)
		if i < 0 || name == "" {
			b.WriteString(text)
			return b.String()
		}
		end := i + len(name)
		if i > 0 && inName(text[i-1]) || end < len(text) && inName(text[end]) {
			b.WriteString(text[:end])
		} else {
			b.WriteString(text[:i] + word)
		}
		text = text[end:]
	}
}
