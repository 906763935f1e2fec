package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack"
)

// Standbys are the services that may stand by: those of which one host takes over from another
// under the same name.
func standbys() []string { return []string{"cinder-volume", "cinder-backup"} }

// StandsBy reports whether a service of the host stands by.
func (h Host) StandsBy(service string) bool { return slices.Contains(h.Standby, service) }

// VolumeCluster is what package openstack needs to know of how several cinder-volumes serve
// together. It is empty without a Cinder.
func (s Spec) VolumeCluster() openstack.VolumeCluster {
	if s.Cinder == nil {
		return openstack.VolumeCluster{}
	}
	return openstack.VolumeCluster{Name: s.Cinder.Cluster, Coordinator: s.Cinder.Coordination.redacted}
}

// together checks how several hosts with cinder-volume serve the backends together.
func (v *validation) together() {
	release, err := openstack.ParseRelease(v.spec.Release)
	c := v.spec.Cinder
	if c == nil || err != nil {
		return
	}
	all := v.spec.VolumeCluster()
	check := func(path string, one openstack.VolumeCluster) {
		if _, err := one.Settings(release); err != nil {
			_, reason, _ := strings.Cut(err.Error(), "VolumeCluster.")
			_, reason, _ = strings.Cut(reason, " ")
			v.fault(path, "%s", reason)
		}
	}
	check("cinder.cluster", openstack.VolumeCluster{Name: all.Name})
	check("cinder.coordination", openstack.VolumeCluster{Coordinator: all.Coordinator})
	for i, b := range c.Backends {
		if _, own := b.Options["backend_host"]; own && c.Cluster != "" {
			v.fault(backendPath(i)+".options.backend_host", "gives the cinder-volumes of all hosts one name "+
				"(active/passive), and cinder.cluster makes all of them serve at once (active/active): in a cluster each "+
				"of them needs a name of its own; leave one of the two out")
		}
	}
}

// standby checks the services of a host that stand by.
func (v *validation) standby(path string, h Host) {
	for j, name := range h.Standby {
		at := fmt.Sprintf("%s.standby[%d]", path, j)
		switch {
		case !slices.Contains(standbys(), name):
			v.fault(at, "%q is none of %s: no other service takes over from another host under its name", name,
				strings.Join(standbys(), " and "))
		case !slices.Contains(h.Services, name):
			v.fault(at, "%s is not among the services of this host", name)
		case slices.Contains(h.Standby[:j], name):
			v.fault(at, "%q is there twice", name)
		case name == "cinder-volume" && v.spec.Cinder != nil && v.spec.Cinder.Cluster != "":
			v.fault(at, "%s does not stand by in a cluster (cinder.cluster): all of its hosts serve at once; "+
				"leave one of the two out", name)
		}
	}
}

// someServe checks that not all hosts with a service stand by.
func (v *validation) someServe(service string) {
	var fault *FieldError // the first
	for i, h := range v.spec.Hosts {
		switch {
		case slices.Contains(h.Services, service) && !h.StandsBy(service):
			return
		case h.StandsBy(service) && fault == nil:
			fault = &FieldError{Path: fmt.Sprintf("hosts[%d].standby", i), Message: service +
				" stands by on each of its hosts, and nobody would serve; leave it out on the host that is active"}
		}
	}
	if fault != nil && !v.faulty(fault.Path) {
		v.faults = append(v.faults, fault)
	}
}
