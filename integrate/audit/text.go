package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/words"
)

// shown is how many objects with the same finding String shows.
const shown = 3

// String is the report for people: what is equal of several objects is told once, with the first few objects. Full has
// all of them.
func (r Report) String() string { return r.text(shown) }

// Full is String with all objects.
func (r Report) Full() string { return r.text(len(r.Findings)) }

func (r Report) text(most int) string {
	var b strings.Builder
	for i := 0; i < len(r.Findings); {
		some := r.equal(i)
		i += len(some)
		writeGroup(&b, some, most)
	}
	for _, u := range r.Unable {
		fmt.Fprintf(&b, "UNABLE  %s: %s\n", words.Message(u.What), words.Message(u.Error))
	}
	if len(r.Findings) > 0 || len(r.Unable) > 0 {
		fmt.Fprintln(&b)
	}
	fmt.Fprintf(&b, "%s.\n", r.summary())
	return b.String()
}

// equal are the findings from an index on that tell the same of several objects.
func (r Report) equal(from int) []Finding {
	first := r.Findings[from]
	end := from + 1
	for end < len(r.Findings) {
		f := r.Findings[end]
		if f.Code != first.Code || f.Cluster != first.Cluster || f.Message != first.Message {
			break
		}
		end++
	}
	return r.Findings[from:end]
}

func writeGroup(b *strings.Builder, some []Finding, most int) {
	first := some[0]
	where := ""
	if first.Cluster != "" {
		where = "cluster " + first.Cluster + ": "
	}
	count := ""
	if len(some) > 1 {
		count = fmt.Sprintf("%d times: ", len(some))
	}
	fmt.Fprintf(b, "%-7s %s%s [%s]\n", strings.ToUpper(string(first.Severity)), count, words.Message(where+first.Message),
		first.Code)
	for _, f := range some[:min(len(some), most)] {
		object := f.Object
		if f.Host != "" {
			object = f.Host + ": " + object
		}
		fmt.Fprintf(b, "        %s\n", words.Message(object))
		for _, e := range f.Evidence {
			fmt.Fprintf(b, "          %s\n", words.Message(e))
		}
		fmt.Fprintf(b, "          next: %s\n", words.Message(f.Next))
	}
	if more := len(some) - most; more > 0 {
		fmt.Fprintf(b, "        and %d more\n", more)
	}
}

// summary is what was looked at, and how much was found.
func (r Report) summary() string {
	var looked []string
	for _, what := range slices.Sorted(maps.Keys(r.Looked)) {
		if n := r.Looked[what]; n > 0 {
			looked = append(looked, fmt.Sprintf("%s: %d", what, n))
		}
	}
	text := "neither the APIs nor the pools have anything to look at"
	switch {
	case len(r.Looked) == 0:
		text = "looked at nothing"
	case len(looked) > 0:
		text = "looked at " + strings.Join(looked, ", ")
	}
	switch n := len(r.Findings); {
	case n == 0 && len(r.Unable) == 0:
		return "Nothing was found; " + text
	case n == 1:
		return "1 finding; " + text
	default:
		return fmt.Sprintf("%d findings; %s", n, text)
	}
}
