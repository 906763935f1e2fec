package spec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxHosts is how many hosts a Spec may have.
const maxHosts = 10_000

// ExpandNames lists the names that a text stands for: compute[001-400] for compute001 to
// compute400, and c[01-03,07] for c01, c02, c03 and c07. Several brackets stand for all
// combinations, the last bracket counting first: r[1-2]n[1-2] for r1n1, r1n2, r2n1 and
// r2n2. A number with zeros in front keeps its width. A text without brackets is one name.
//
// A text of another form, or of more than 10,000 names, is an error. The names are not
// checked otherwise. FoldNames is the inverse.
func ExpandNames(text string) ([]string, error) {
	p, err := parsePattern(text, 10)
	if err != nil {
		return nil, err
	}
	return p.expand(), nil
}

// A pattern is a text with sets of numbers in it: a piece is a text and the set behind it.
// The set of the last piece may be empty.
type pattern []piece

type piece struct {
	text string
	set  []numbers
}

// numbers are the numbers from first to last, with at least width digits, to base 10 or 16.
type numbers struct {
	first, last uint64
	width, base int
}

func (n numbers) count() int { return int(n.last-n.first) + 1 }

// format is a number with its zeros.
func (n numbers) format(number uint64) string {
	digits := strconv.FormatUint(number, n.base)
	return strings.Repeat("0", max(0, n.width-len(digits))) + digits
}

func (n numbers) String() string {
	if n.first == n.last {
		return n.format(n.first)
	}
	return n.format(n.first) + "-" + n.format(n.last)
}

// parsePattern reads a text with brackets. Its numbers are to base 10 or 16. A pattern
// that is read stands for at most maxHosts texts of a bounded length.
func parsePattern(text string, base int) (pattern, error) {
	const longest = 2 * longestName
	var p pattern
	count, length := 1, 0
	for {
		before, rest, more := strings.Cut(text, "[")
		if strings.Contains(before, "]") {
			return nil, errors.New("has a ] without a [")
		}
		if !more {
			p = append(p, piece{text: before})
			length += len(before)
			break
		}
		inside, behind, ok := strings.Cut(rest, "]")
		if !ok {
			return nil, errors.New("has a [ without a ]")
		}
		set, err := parseSet(inside, base)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, r := range set {
			n += r.count()
		}
		if count *= n; count > maxHosts {
			return nil, fmt.Errorf("stands for more than %d hosts", maxHosts)
		}
		p, text = append(p, piece{before, set}), behind
		if length += len(before) + len(set[0].format(set[0].last)); length > longest {
			break
		}
	}
	if length > longest && len(p) > 1 {
		return nil, fmt.Errorf("stands for names of more than %d characters", longest)
	}
	return p, nil
}

// parseSet reads what is in brackets: numbers and ranges with commas between them.
func parseSet(text string, base int) ([]numbers, error) {
	var set []numbers
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		n := numbers{width: len(first), base: base}
		var err, err2 error
		n.first, err = parseNumber(first, base)
		n.last, err2 = parseNumber(last, base)
		switch padded := isPadded(first) || isPadded(last); {
		case err != nil || err2 != nil:
			return nil, fmt.Errorf("has [%s]: brackets hold numbers and ranges of numbers, such as [001-400] or [1-3,7]",
				shorten(text))
		case n.first > n.last:
			return nil, fmt.Errorf("has [%s], which ends before it begins", shorten(part))
		case padded && len(first) != len(last):
			return nil, fmt.Errorf("has [%s]: with zeros in front, both ends have as many digits", shorten(part))
		case n.last-n.first >= maxHosts || len(set) >= maxHosts:
			return nil, fmt.Errorf("has [%s], which is more than %d hosts", shorten(text), maxHosts)
		case !padded:
			n.width = 0
		}
		set = append(set, n)
	}
	return set, nil
}

// parseNumber takes digits alone, and not so many that a sum of two may overflow.
func parseNumber(text string, base int) (uint64, error) {
	if len(text) > 15 || strings.ContainsAny(text, "+_") {
		return 0, strconv.ErrRange
	}
	return strconv.ParseUint(text, base, 60)
}

func isPadded(digits string) bool { return len(digits) > 1 && digits[0] == '0' }

// shorten is a text as a message quotes it.
func shorten(text string) string {
	const most = 40
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// count is how many texts the pattern stands for.
func (p pattern) count() int {
	n := 1
	for _, piece := range p {
		if len(piece.set) > 0 {
			some := 0
			for _, r := range piece.set {
				some += r.count()
			}
			n *= some
		}
	}
	return n
}

// expand lists the texts that the pattern stands for.
func (p pattern) expand() []string {
	texts := []string{""}
	for _, piece := range p {
		next := make([]string, 0, len(texts)*pattern{piece}.count())
		for _, text := range texts {
			text += piece.text
			if len(piece.set) == 0 {
				next = append(next, text)
			}
			for _, r := range piece.set {
				for n := r.first; n <= r.last; n++ {
					next = append(next, text+r.format(n))
				}
			}
		}
		texts = next
	}
	return texts
}

func (p pattern) String() string {
	var b strings.Builder
	for _, piece := range p {
		b.WriteString(piece.text)
		var parts []string
		for _, r := range piece.set {
			parts = append(parts, r.String())
		}
		switch {
		case len(piece.set) == 1 && piece.set[0].count() == 1:
			b.WriteString(parts[0])
		case len(piece.set) > 0:
			b.WriteString("[" + strings.Join(parts, ",") + "]")
		}
	}
	return b.String()
}
