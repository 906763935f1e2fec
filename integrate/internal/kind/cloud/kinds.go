package cloud

import (
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// Kinds are the kinds of the cloud's resources, in the order in which they are
// compared.
func Kinds() []step.Kind[*want.Site] {
	return []step.Kind[*want.Site]{
		{Name: "backend", Check: "backends", Gate: true, New: newBackends},
		{Name: "fleet", Check: "fleet", Gate: true, New: newFleet},
		{Name: "apis", Check: "apis", Gate: true, New: newGate},
		{Name: "volume-type", Check: "volume types", New: newVolumeTypes},
		{Name: "retired-type", Check: "volume types", Gate: true, New: newRetiredTypes},
		{Name: "retired-user", Check: "users", New: newRetiredUsers},
	}
}

// volumeHosts lists the hosts that serve the backends of Cinder.
func volumeHosts(s *want.Site) []spec.Host {
	var hosts []spec.Host
	for _, h := range s.InOrder() {
		for _, name := range s.ServicesOf(h) {
			if name == "cinder-volume" {
				hosts = append(hosts, h)
			}
		}
	}
	return hosts
}
