package host

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// standby is the unit of a service that stands by: it is neither started nor restarted. That it
// is not active is right, also if the unit is masked. A unit that runs is worth a word.
func (r unit) standby(v step.View, u remote.Unit) step.Delta {
	var d step.Delta
	switch cluster := r.cluster(v.Host); {
	case u.Active != "active":
	case cluster != "":
		d.Note("standby-runs", r.place.Unit, "it runs in cluster %s, as cinder.conf says, in which all hosts serve at once, "+
			"each under a name of its own. The Spec says that %s stands by here: take standby off this host, and set "+
			"cinder.cluster: %[1]s in the Spec; or stop the unit if this host shall not serve", cluster, r.service)
	default:
		d.Note("standby-runs", r.place.Unit, "it runs, and the Spec says that %s stands by here: two that run under one "+
			"name clean up each other's work when they start. If this host has taken over, take standby off it in the Spec, "+
			"and give it to the host that was active; if not, stop the unit", r.service)
	}
	d.Have = fmt.Sprintf("%s stands by (%s)", r.place.Unit, u.Active)
	return d
}

// cluster is the cluster in which a cinder-volume serves under a name of its own, as the files of the host say.
func (r unit) cluster(h *step.Host) string {
	if r.service != "cinder-volume" || r.Site.Release.Before("rocky") || len(r.shared(h)) > 0 {
		return ""
	}
	_, all, err := r.place.Parsed(h, r.Site.Containers(h))
	if err != nil {
		return ""
	}
	name, _ := all.Lookup("DEFAULT", "cluster")
	return words.Short(strings.TrimSpace(name))
}
