package want

import (
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// ServedBy reports whether a service or a volume is of a backend, by its host as
// Cinder says it: host@backend#pool.
func ServedBy(b spec.Backend, host string) bool {
	host, _, _ = strings.Cut(host, "#")
	_, name, _ := strings.Cut(host, "@")
	return name == b.Name || b.Name == spec.SingleBackend && name == ""
}

// Unnamed reports whether a record is of a cinder-volume whose backend has no name, as it may be until Newton.
func Unnamed(r api.ServiceRecord) bool {
	return r.Binary == "cinder-volume" && !strings.Contains(r.Host, "@")
}

// VolumesMatter reports whether something would change that volumes do not
// survive, or do not allow: the zone of a backend, a volume type, a backend without a name, or a backend that retires.
func (s *Site) VolumesMatter(c *step.Cloud) bool {
	if len(s.GoingBackends()) > 0 {
		return true
	}
	if len(s.Cinder) > 0 && s.Release.Before("ocata") && slices.ContainsFunc(c.Records, Unnamed) {
		return true
	}
	return slices.ContainsFunc(s.Cinder, func(b spec.Backend) bool {
		have, ok := c.Types[b.VolumeType]
		for name, value := range b.ExtraSpecs {
			if ok && have[name] != value {
				return true
			}
		}
		return b.AvailabilityZone != "" && slices.ContainsFunc(c.Records, func(r api.ServiceRecord) bool {
			return r.Binary == "cinder-volume" && ServedBy(b, r.Host) && r.Zone != b.AvailabilityZone
		})
	})
}
