package host

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/step"
)

// Invocations tell which machine a host is. They are the random numbers that systemd gave
// to the last start of each unit. If two hosts share an invocation, their names lead to
// one machine: clones and containers have started their units by themselves. A host that
// was not read, or has no systemd, has none.
func Invocations(h *step.Host) []string {
	var all []string
	for _, u := range h.Units {
		if u.Invocation != "" {
			all = append(all, u.Invocation)
		}
	}
	slices.Sort(all)
	return all
}
