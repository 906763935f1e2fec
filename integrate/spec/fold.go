package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// FoldNames is the inverse of ExpandNames: short texts for names of hosts, such as
// compute[001-400] and mon1. Each name is in one of them, once. The order of the texts is
// that of the first name of each.
func FoldNames(names []string) []string {
	var patterns []pattern
	seen := map[string]bool{}
	for _, name := range names {
		if !seen[name] {
			patterns = append(patterns, patternOf(name))
		}
		seen[name] = true
	}
	for place := range mostNumbers {
		patterns = foldAt(patterns, place)
	}
	texts := make([]string, len(patterns))
	for i, p := range patterns {
		texts[i] = p.String()
	}
	return texts
}

// mostNumbers is how many of a name's numbers may be folded, counted from the end. The
// numbers before them are text.
const mostNumbers = 4

// patternOf is the pattern of one name. Its numbers are sets.
func patternOf(name string) pattern {
	isDigit := func(r rune) bool { return '0' <= r && r <= '9' }
	notDigit := func(r rune) bool { return !isDigit(r) }
	var p pattern
	var set []numbers
	for range mostNumbers {
		end := strings.LastIndexFunc(name, isDigit) + 1
		start := strings.LastIndexFunc(name[:end], notDigit) + 1
		digits := name[start:end]
		number, err := parseNumber(digits, 10)
		if err != nil { // there is no number, or a very long one
			break
		}
		p = append(p, piece{name[end:], set})
		set = []numbers{{first: number, last: number, base: 10}}
		if isPadded(digits) {
			set[0].width = len(digits)
		}
		name = name[:start]
	}
	p = append(p, piece{name, set})
	slices.Reverse(p)
	return p
}

// foldAt makes one pattern of all that differ in one of their numbers alone. place is the
// place of the number, counted from the end.
func foldAt(patterns []pattern, place int) []pattern {
	var folded []pattern
	index := map[string]int{} // in folded, by all but the number
	for _, p := range patterns {
		at := len(p) - 2 - place
		if at < 0 {
			folded = append(folded, p)
			continue
		}
		rest := slices.Clone(p)
		rest[at].set = nil
		key := fmt.Sprintf("%q %q", rest[:at+1], rest[at+1:])
		if i, ok := index[key]; ok {
			folded[i][at].set = append(folded[i][at].set, p[at].set...)
			continue
		}
		index[key] = len(folded)
		p = slices.Clone(p)
		p[at].set = slices.Clone(p[at].set)
		folded = append(folded, p)
	}
	for _, p := range folded {
		if at := len(p) - 2 - place; at >= 0 {
			p[at].set = ranges(p[at].set)
		}
	}
	return folded
}

// ranges joins numbers that follow each other.
func ranges(set []numbers) []numbers {
	slices.SortStableFunc(set, func(a, b numbers) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.width, b.width))
	})
	var joined []numbers
	for _, n := range set {
		if len(joined) > 0 && joined[len(joined)-1].goesOnWith(n) {
			joined[len(joined)-1].last = n.last
			continue
		}
		joined = append(joined, n)
	}
	return joined
}

// goesOnWith reports whether a number is the next one, and is written as in the range.
func (n numbers) goesOnWith(next numbers) bool {
	if n.last+1 != next.first {
		return false
	}
	if n.width == 0 {
		return next.width == 0
	}
	return next.format(next.first) == n.format(next.first) && len(n.format(next.first)) == n.width
}
