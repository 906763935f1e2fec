package host

import (
	"fmt"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// standby is the unit of a service that stands by: it is neither started nor restarted. That it
// is not active is right, also if the unit is masked. A unit that runs is worth a word.
func (r unit) standby(u remote.Unit) step.Delta {
	var d step.Delta
	if u.Active == "active" {
		d.Note("standby-runs", r.place.Unit, "it runs, and the Spec says that %s stands by here: two that run under one "+
			"name clean up each other's work when they start. If this host has taken over, take standby off it in the Spec, "+
			"and give it to the host that was active; if not, stop the unit", r.service)
	}
	d.Have = fmt.Sprintf("%s stands by (%s)", r.place.Unit, u.Active)
	return d
}
