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
//   - active/active, from Rocky on: cluster and coordination. All of them serve at once, each
//     under a name of its own.
//   - active/passive: the option backend_host in the options of each backend, one name for all
//     hosts. One host serves; the others have cinder-volume in standby of their entry in hosts.
type Cinder struct {
	// Backends are the RBD backends. Other backends of Cinder stay beside them.
	// Default: none; the list must be given.
	// Limits: at least one backend; each name once, whatever its case.
	Backends []Backend `json:"backends" yaml:"backends"`
	// Cluster is the name of the cluster in which all cinder-volumes of the Spec serve the same
	// volumes at once (active/active). It is a cluster of Cinder, and not one of clusters. It needs a
	// coordinator: coordination, or what cinder.conf has.
	// Default: the option cluster of cinder.conf stays as it is.
	// Limits: from rocky on; not beside the option backend_host of a backend.
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	// Coordination is the URL of the coordinator, such as etcd3+http://192.0.2.5:2379 for etcd or
	// redis://192.0.2.5:6379 for Redis, whose locks hold on all hosts with services of Cinder.
	// The URL may hold a password, and does not print. A dollar in it is written $$.
	// Default: the option backend_url in [coordination] of cinder.conf stays as it is.
	// Limits: a URL; from ocata on.
	Coordination Secret `json:"coordination,omitzero" yaml:"coordination,omitempty"`
}

// A Backend is an RBD backend of Cinder.
type Backend struct {
	// Name is the section, and the volume_backend_name unless that is given. Until
	// Newton, the name may be DEFAULT, for a Cinder with a single backend, which does not
	// have a name.
	// Default: none; the name must be given.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; not
	// another section of cinder.conf, such as database; each name once, whatever its case.
	Name string `json:"name" yaml:"name"`
	// BackendName is the volume_backend_name of a backend whose volume types and volumes
	// know it by another name than that of its section.
	// Default: the name of the backend.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; not for
	// the backend DEFAULT.
	BackendName string `json:"volume_backend_name,omitempty" yaml:"volume_backend_name,omitempty"`
	// Cluster is the cluster of the pool.
	// Default: the first of clusters.
	// Limits: the name of a cluster in clusters.
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	// Pool is the pool of volumes.
	// Default: volumes.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; not
	// cephstack, the pool of the operator lock.
	Pool string `json:"pool,omitempty" yaml:"pool,omitempty"`
	// User is the Ceph user that Cinder works as, without client. in front.
	// Default: cinder.
	// Limits: a name: letters, digits, '_', '-' and '.', a letter or digit first; at most 200
	// together with the name of the cluster; not admin.
	User string `json:"user,omitempty" yaml:"user,omitempty"`
	// AvailabilityZone is the zone of the backend's volumes.
	// Default: the zone stays as it is.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; until
	// ocata, all backends of a cloud have the same zone.
	AvailabilityZone string `json:"availability_zone,omitempty" yaml:"availability_zone,omitempty"`
	// SecretUUID names the libvirt secret on the computes that has the key of the Ceph user.
	// Default: derived from the cluster's fsid and the user.
	// Limits: a UUID in lower case that is not an example of a guide; one for each Ceph user.
	SecretUUID string `json:"secret_uuid,omitempty" yaml:"secret_uuid,omitempty"`
	// VolumeType is a volume type that is created in Cinder, and bound to the backend.
	// Default: no volume type.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; one
	// backend for each type; not for the backend DEFAULT, and not with cloud.apis: none.
	VolumeType string `json:"volume_type,omitempty" yaml:"volume_type,omitempty"`
	// ExtraSpecs are further extra specs of the volume type. Extra specs that are
	// not listed stay. Cinder refuses to change the extra specs of a type that has
	// volumes.
	// Default: no further extra specs.
	// Limits: beside volume_type only; names of letters, digits, '_', '.', ':' and '-', and values, of
	// 1 to 255 characters; not volume_backend_name.
	ExtraSpecs map[string]string `json:"extra_specs,omitempty" yaml:"extra_specs,omitempty"`
	// DataPool is where the objects of the volumes go, most often an erasure-coded
	// pool. The pool beside it then has the headers.
	// Default: left out; the objects are in the pool, too.
	// Limits: a pool that clusters has, with erasure_profile or size; not a pool of headers; one data
	// pool for each Ceph user; not with caps: classic.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
	// Options are further options of the backend's section. The release must know
	// options of the RBD driver, and their values. All other options are written as
	// they are given. A plan notes an option that Cinder is not known to read.
	// Default: no further options.
	// Limits: options that the Spec does not set itself, and values that oslo.config reads back.
	Options map[string]string `json:"options,omitempty" yaml:"options,omitempty"`
	// Retire takes the backend out of the cloud: the next plan takes back what cephstack has made for it,
	// and refuses while its pool has images. Pools and data stay.
	// Default: false.
	// Limits: true or false.
	Retire bool `json:"retire,omitempty" yaml:"retire,omitempty"`
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
