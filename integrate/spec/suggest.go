package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// DidYouMean names the known name that is most like a name, for the end of a message. It
// is empty if no known name is like it.
func DidYouMean[T any](name string, known map[string]T) string {
	const longest = 40 // of known names, and a few characters
	if len(name) > longest {
		return ""
	}
	simple := strings.NewReplacer("-", "_", " ", "_")
	plain := simple.Replace(strings.ToLower(name))
	best, least := "", 1+(len(plain)+1)/3
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if d := edits(plain, simple.Replace(strings.ToLower(k))); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// edits is how many characters have to be added, removed, replaced, or swapped with their
// neighbour to make a text of another.
func edits(a, b string) int {
	var before, last []int
	now := make([]int, len(b)+1)
	for j := range now {
		now[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, now = last, now, make([]int, len(b)+1)
		now[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			now[j] = min(last[j]+1, now[j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
	}
	return now[len(b)]
}
