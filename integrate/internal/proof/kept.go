package proof

import (
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

// keptText says how many differences of a check's resources stay as found, as the Spec says.
func keptText(p engine.Part, check string) []string {
	n := 0
	for _, i := range p.Items {
		if i.Check == check {
			n += len(i.Kept)
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return []string{"1 difference stays as found (keep)"}
	}
	return []string{fmt.Sprintf("%d differences stay as found (keep)", n)}
}

// keptNear says of a check that failed what the Spec keeps as found on its target, which may be why; everywhere, for a
// check of several targets.
func (v *verifier) keptNear(target string) string {
	var entries []string
	for _, p := range v.Parts {
		if target != "" && target != "cloud" && p.Target.Name != target {
			continue
		}
		for _, i := range p.Items {
			for _, k := range i.Kept {
				if name := fmt.Sprintf("keep[%d]", k.Entry); !slices.Contains(entries, name) {
					entries = append(entries, name)
				}
			}
		}
	}
	if len(entries) == 0 {
		return ""
	}
	return "; what the Spec keeps as found may be why (" + words.JoinShort(entries) + ")"
}
