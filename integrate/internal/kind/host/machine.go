package host

import (
	"cmp"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/step"
)

// Invocations tell which machine a host is. An invocation is the random number that systemd
// gives to the start of a unit: to the boot of the machine or, where that is not known, to
// the last start of each service. If two hosts share an invocation, their names lead to one
// machine: clones and containers have booted by themselves. A host that was not read has none.
func Invocations(h *step.Host) []string {
	var all []string
	for _, u := range h.Units {
		if start := cmp.Or(u.Boot, u.Invocation); start != "" {
			all = append(all, start)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
