package reference

import (
	"fmt"
	"strings"
)

// width is the longest line that String makes of a text of several words.
const width = 80

// String is the field as a terminal shows it: several lines of at most 80 columns, but for those of
// the example. It ends with a newline.
func (f Field) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n\n", f.Path, f.Type)
	for part := range strings.SplitSeq(f.Text, "\n") {
		b.WriteString(wrap(part, "  ", hanging(part)))
	}
	b.WriteString("\n")
	b.WriteString(wrap("Default: "+f.Default, "", "         "))
	b.WriteString(wrap("Limits:  "+f.Limits, "", "         "))
	if inner := f.inner(); len(inner) > 0 {
		b.WriteString("\nFields:\n")
		longest := 0
		for _, g := range inner {
			longest = max(longest, len(g.Name()))
		}
		for _, g := range inner {
			fmt.Fprintf(&b, "  %-*s  %s\n", longest, g.Name(), g.Type)
		}
	}
	b.WriteString("\nExample:\n")
	for line := range strings.Lines(f.Example) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// Name is the last name of the path.
func (f Field) Name() string {
	return strings.TrimSuffix(f.Path[strings.LastIndex(f.Path, ".")+1:], "[]")
}

// inner are the fields that the field has itself, without those of its fields.
func (f Field) inner() []Field {
	var inner []Field
	for _, g := range all() {
		for _, between := range []string{".", "[]."} {
			if rest, ok := strings.CutPrefix(g.Path, f.Path+between); ok && !strings.Contains(rest, ".") {
				inner = append(inner, g)
			}
		}
	}
	return inner
}

// hanging is what lines after the first begin with.
func hanging(text string) string {
	if strings.HasPrefix(text, "- ") {
		return "    "
	}
	return "  "
}

// wrap breaks a line between its words.
func wrap(text, first, next string) string {
	var b strings.Builder
	line := first
	for i, word := range strings.SplitAfter(text, " ") {
		if i > 0 && len(line)+len(strings.TrimRight(word, " ")) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = next
		}
		line += word
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}
