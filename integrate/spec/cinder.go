package spec

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack"
)

// A Cinder keeps volumes in Ceph.
//
// Several hosts may have cinder-volume. They serve a backend together in one of two ways:
//   - active/active, from Rocky on: Cluster and Coordination. All of them serve at once, each
//     under a name of its own.
//   - active/passive: the option backend_host in the Options of each backend, one name for all
//     hosts. One host serves; the others have cinder-volume in Host.Standby.
type Cinder struct {
	Backends []Backend `json:"backends" yaml:"backends"`
	// Cluster is the name of the cluster in which all cinder-volumes of the Spec serve the same
	// volumes at once, from Rocky on. When empty, the option cluster of cinder.conf stays as it
	// is. A cluster needs a coordinator: Coordination, or what cinder.conf has.
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	// Coordination is the URL of the coordinator, such as etcd3+http://192.0.2.5:2379, whose
	// locks hold on all hosts with services of Cinder, from Ocata on. When empty, the option
	// backend_url in [coordination] of cinder.conf stays as it is. The URL may hold a password,
	// and does not print. A dollar in it is written $$.
	Coordination Secret `json:"coordination,omitzero" yaml:"coordination,omitempty"`
}

// A Backend is an RBD backend of Cinder. Other backends stay beside it.
type Backend struct {
	// Name is the section, and the volume_backend_name unless BackendName is set. Until
	// Newton, Name may be DEFAULT, for a Cinder with a single backend, which does not
	// have a name.
	Name string `json:"name" yaml:"name"`
	// BackendName is the volume_backend_name of a backend whose volume types and volumes
	// know it by another name than Name.
	BackendName string `json:"volume_backend_name,omitempty" yaml:"volume_backend_name,omitempty"`

	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	Pool    string `json:"pool,omitempty" yaml:"pool,omitempty"` // volumes
	User    string `json:"user,omitempty" yaml:"user,omitempty"` // cinder
	// AvailabilityZone is the zone of the backend's volumes. When empty, the zone
	// stays as it is. Until Ocata, all backends of a cloud have the same zone.
	AvailabilityZone string `json:"availability_zone,omitempty" yaml:"availability_zone,omitempty"`
	// SecretUUID names the libvirt secret on the computes. When empty, the UUID is
	// derived from the cluster's fsid and the user.
	SecretUUID string `json:"secret_uuid,omitempty" yaml:"secret_uuid,omitempty"`
	// VolumeType, when given, is created in Cinder and bound to the backend.
	VolumeType string `json:"volume_type,omitempty" yaml:"volume_type,omitempty"`
	// ExtraSpecs are further extra specs of the volume type. Extra specs that are
	// not listed stay. Cinder refuses to change the extra specs of a type that has
	// volumes.
	ExtraSpecs map[string]string `json:"extra_specs,omitempty" yaml:"extra_specs,omitempty"`
	// DataPool is where the objects of the volumes go, most often an erasure-coded
	// pool. Pool then has the headers. A Ceph user has one data pool at most.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
	// Options are further options of the backend's section. The release must know
	// options of the RBD driver, and their values. All other options are written as
	// they are given. A plan notes an option that Cinder is not known to read.
	Options map[string]string `json:"options,omitempty" yaml:"options,omitempty"`
}

// SingleBackend is the name, in a Spec, of the single backend of a Cinder, which does not
// have a name.
const SingleBackend = "DEFAULT"

// Bound is the volume_backend_name, to which volume types are bound.
func (b Backend) Bound() string { return cmp.Or(b.BackendName, b.Name) }

// backends are the backends of Cinder, if any.
func (s Spec) backends() []Backend {
	if s.Cinder == nil {
		return nil
	}
	return s.Cinder.Backends
}

func backendPath(i int) string { return fmt.Sprintf("cinder.backends[%d]", i) }

func (v *validation) backends(backends []Backend) {
	if len(backends) == 0 {
		v.fault("cinder.backends", "is empty")
	}
	seen := map[string]bool{}
	for i, b := range backends {
		path := backendPath(i)
		v.name(path+".name", b.Name)
		if seen[strings.ToLower(b.Name)] {
			v.fault(path+".name", "%q is there twice (section names do not differ by case)", b.Name)
		}
		seen[strings.ToLower(b.Name)] = true
		v.user(path, b.Cluster, b.Pool, b.User)
		v.optional(path+".volume_type", b.VolumeType)
		v.optional(path+".volume_backend_name", b.BackendName)
		v.optional(path+".availability_zone", b.AvailabilityZone)
		v.zone(path+".availability_zone", b.AvailabilityZone, backends[0].AvailabilityZone)
		if b.Name == SingleBackend && b.VolumeType != "" {
			v.fault(path+".volume_type", "a volume type is bound to a backend's name, and the backend %s has no name", b.Name)
		}
		if b.Name == SingleBackend && b.BackendName != "" {
			v.fault(path+".volume_backend_name", "the backend %s has no volume_backend_name; leave it out", b.Name)
		}
		if b.Name == SingleBackend && len(backends) > 1 {
			v.fault(path+".name", "a backend %s is the only backend of its cloud; give each of several backends a name", b.Name)
		}
		for option := range b.Options {
			v.name(path+".options", option)
		}
	}
}

// zone checks that all backends have the same zone, in releases in which Cinder has one
// zone for all its backends.
func (v *validation) zone(path, zone, first string) {
	if r, err := openstack.ParseRelease(v.spec.Release); err == nil && r.Before("pike") && zone != first {
		v.fault(path, "%q is not %q of cinder.backends[0]: all backends have one zone in %s, "+
			"pike is the first release with one for each", zone, first, r)
	}
}

var specForm = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,255}$`)

// volumeTypes checks that no two backends have the same volume type, and what the
// extra specs are.
func (v *validation) volumeTypes(backends []Backend) {
	for i, b := range backends {
		path := backendPath(i)
		same := func(o Backend) bool { return o.VolumeType == b.VolumeType }
		if b.VolumeType != "" && slices.ContainsFunc(backends[:i], same) {
			v.fault(path+".volume_type", "%q is there twice; a volume type is bound to one backend", b.VolumeType)
		}
		if len(b.ExtraSpecs) > 0 && b.VolumeType == "" {
			v.fault(path+".extra_specs", "belong to a volume type, and volume_type is empty")
		}
		for _, name := range slices.Sorted(maps.Keys(b.ExtraSpecs)) {
			switch {
			case !specForm.MatchString(name):
				v.fault(path+".extra_specs", "%q may hold only letters, digits, '_', '.', ':' and '-', 255 at most", name)
			case name == "volume_backend_name":
				v.fault(path+".extra_specs."+name, "is the name of the backend; leave it out")
			case b.ExtraSpecs[name] == "" || len(b.ExtraSpecs[name]) > 255:
				v.fault(path+".extra_specs."+name, "has %d characters, 1 to 255 are possible", len(b.ExtraSpecs[name]))
			}
		}
	}
}
