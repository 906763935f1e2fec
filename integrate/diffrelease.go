package integrate

import (
	"slices"

	"github.com/cephstack/cephstack/openstack"
)

// releases compares the Spec's release with that of the installed packages. A
// service of another release is left alone: it would be given options that it
// does not know. What is installed another way than by packages is believed.
func (x *hostDiffer) releases() {
	want := x.site.release
	var said []string
	for _, name := range x.names {
		l := x.service(name)
		program := l.releasedAs()
		version := x.seen.versionOf(l)
		if version == "" {
			continue
		}
		have, err := l.releaseOf(version)
		switch {
		case err == nil && have == want:
			continue
		case slices.Contains(said, program):
		case err != nil:
			x.note(x.spec.Name, "release of "+program, "whether it is %s cannot be told: %v", want, err)
		default:
			x.problem(x.spec.Name, "release of "+program, nil,
				"version %s is of %s, and the Spec says %s, so that its options are left alone; name the release that is installed, or upgrade this host", version, have, want)
		}
		said = append(said, program)
		x.brokenBy[name] = x.brokenBy[name] || err == nil
	}
}

// releasedAs is the package, or the container, whose version tells a service's
// release.
func (l serviceLayout) releasedAs() string {
	if l.kolla != nil {
		return l.kolla.container
	}
	return l.program
}

// versionOf is that version; empty when it is not known.
func (h *observedHost) versionOf(l serviceLayout) string {
	if l.kolla != nil {
		return h.containers[l.kolla.container].version
	}
	return h.packages[l.program]
}

// releaseOf reads such a version.
func (l serviceLayout) releaseOf(version string) (openstack.Release, error) {
	if l.kolla != nil {
		return openstack.ReleaseOfKolla(version)
	}
	return openstack.ReleaseOf(l.service, version)
}
