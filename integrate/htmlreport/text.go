package htmlreport

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A builder makes the parts of a page.
type builder struct {
	options Options
	site    *want.Site
	last    int // the number of the last anchor
}

func newBuilder(o Options) *builder { return &builder{options: o, site: want.Resolve(o.Spec)} }

// anchor is a name for a place in the page. It has nothing of what comes from outside.
func (b *builder) anchor() string {
	b.last++
	return "p" + strconv.Itoa(b.last)
}

// title is the heading of the page.
func (b *builder) title(what string) string {
	if b.options.Title != "" {
		return line(b.options.Title)
	}
	var names []string
	for _, c := range b.options.Spec.Clusters {
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return what
	}
	return line(what + " of " + joined(names, 3))
}

// line is a text on one line.
func line(text string) string { return words.Message(words.Shown(cephstack.WithoutSecrets(text))) }

// mostLines is how many lines of a text a page has. A file of a host may have millions, and no browser opens them.
const mostLines = 1000

// lines are the lines of a text that may have several, such as the content of a file.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	more := len(all) - mostLines
	all = all[:min(len(all), mostLines)]
	for i, l := range all {
		all[i] = words.Short(strings.ReplaceAll(l, "\t", "    "))
	}
	if more > 0 {
		all = append(all, "… and "+counted(more, "more line"))
	}
	return all
}

// sentences are the parts of what is said, which a "; " is between.
func sentences(text string) []string {
	return strings.Split(line(text), "; ")
}

func diffsOf(all []integrate.FieldDiff) []diff {
	var out []diff
	for _, d := range all {
		have, want := words.ShownPair(cephstack.WithoutSecrets(d.Observed), cephstack.WithoutSecrets(d.Desired))
		out = append(out, diff{Field: line(d.Field), Why: line(d.Why), Old: lines(have), New: lines(want),
			Removed: want == "" && have != ""})
	}
	return out
}

// hostsOf are hosts with their names folded.
func hostsOf(names []string) hosts {
	const most, few = 6, 3
	folded := spec.FoldNames(names)
	h := hosts{Title: line(joined(folded, most))}
	if len(names) <= few {
		h.Title = line(strings.Join(names, ", "))
	}
	if len(names) > 1 {
		h.Count = counted(len(names), "host")
	}
	if len(names) > few {
		for _, n := range names {
			h.Each = append(h.Each, line(n))
		}
	}
	return h
}

// joined joins names. Of many names it gives the first, and how many more there are.
func joined(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		return grouped(n) + " " + strings.TrimSuffix(noun, "y") + "ies"
	case strings.HasSuffix(noun, "ch"):
		return grouped(n) + " " + noun + "es"
	}
	return grouped(n) + " " + noun + "s"
}

// grouped is a number with a comma between thousands.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// took is a duration in seconds as a person says it.
func took(seconds float64) string {
	switch {
	case seconds < 0.0005:
		return "0 s"
	case seconds < 1:
		return fmt.Sprintf("%.0f ms", seconds*1000)
	case seconds < 120:
		return fmt.Sprintf("%.1f s", seconds)
	}
	if seconds < 2*60*60 {
		return fmt.Sprintf("%.0f min", seconds/60)
	}
	return fmt.Sprintf("%.1f h", seconds/3600)
}
