package integrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

// keptNote says how many differences of a part stay as found; ok is false where none does.
func (in *Integration) keptNote(p engine.Part) (note Finding, ok bool) {
	var fields, entries []string
	for _, i := range p.Items {
		for _, k := range i.Kept {
			fields = append(fields, k.Name+" "+k.Field)
			entry := fmt.Sprintf("keep[%d]", k.Entry)
			if reason := in.engine.Site.Keep[k.Entry].Reason; reason != "" {
				entry += " (" + reason + ")"
			}
			if !slices.Contains(entries, entry) {
				entries = append(entries, entry)
			}
		}
	}
	by, what := words.JoinShort(entries), words.JoinShort(fields)
	note = Finding{Code: "kept-as-found", Target: p.Target.Name, Object: "keep",
		Message: fmt.Sprintf("%d differences stay as found, by %s of the Spec: %s", len(fields), by, what)}
	if len(fields) == 1 {
		note.Message = fmt.Sprintf("1 difference stays as found, by %s of the Spec: %s", by, what)
	}
	return note, len(fields) > 0
}

// keptNothing says which entries of the Spec keep nothing. It is silent of entries whose targets could not all be
// compared, and while something retires.
func (in *Integration) keptNothing(parts []engine.Part) []Finding {
	if in.engine.Site.Going != nil {
		return nil
	}
	used, troubled := map[int]bool{}, map[string]bool{}
	for _, p := range parts {
		_, _, bad := p.Trouble()
		for _, i := range p.Items {
			bad = bad || i.Unable != nil
			for _, k := range i.Kept {
				used[k.Entry] = true
			}
		}
		troubled[p.Target.Name] = bad && p.Target.Where != step.OnCloud
	}
	var all []Finding
	for n, k := range in.engine.Site.Keep {
		on := k.Targets()
		unknown := func(name string) bool { return troubled[name] }
		if len(on) == 0 {
			for name := range troubled {
				on = append(on, name)
			}
		}
		if used[n] || slices.ContainsFunc(on, unknown) {
			continue
		}
		about := k.Field + " of " + k.Kind
		if len(k.Names) > 0 {
			about += " " + strings.Join(k.Names, ", ")
		}
		all = append(all, Finding{Code: "keep-without-difference", Object: fmt.Sprintf("keep[%d]", n),
			Message: fmt.Sprintf("keeps nothing (%s): there is no such difference with the values that the entry has, or an "+
				"entry before it keeps it; take the entry out of the Spec", about)})
	}
	return all
}
