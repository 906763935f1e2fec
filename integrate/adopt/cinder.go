package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// A backend is a backend of cinder-volume in Ceph.
type backend struct {
	store
	bound, uuid, cluster, host, zone string
}

// backendsOf are the backends in Ceph that cinder-volume serves, and the names of the others.
func (a *adopting) backendsOf(s *service) (all []backend, others []string) {
	f := a.inForce(openstack.CinderVolume, s)
	enabled, _ := s.options.Lookup("DEFAULT", "enabled_backends")
	names := list(enabled)
	if driver, _ := f.Lookup("DEFAULT", "volume_driver"); len(names) == 0 && driver != "" && a.release.Before("ocata") {
		names = []string{spec.SingleBackend}
	}
	for _, name := range names {
		value := func(option string) string {
			v, _ := f.Lookup(name, option)
			return v
		}
		if !strings.HasSuffix(value("volume_driver"), ".RBDDriver") {
			others = append(others, name)
			continue
		}
		b := backend{store: store{name, value("rbd_pool"), value("rbd_user"), value("rbd_ceph_conf")},
			bound: value("volume_backend_name"), uuid: value("rbd_secret_uuid"), zone: value("backend_availability_zone")}
		if v, set := f.Lookup(name, "rbd_cluster_name"); set {
			b.cluster = v
		}
		b.host, _ = s.options.Lookup(name, "backend_host")
		if a.release.Before("pike") {
			b.zone, _ = s.options.Lookup("DEFAULT", "storage_availability_zone")
		}
		all = append(all, b)
	}
	return all, others
}

// mapCinder finds the backends of Cinder.
func (a *adopting) mapCinder() {
	s := a.shared("cinder-volume", "cinder", func(s *service) string {
		all, _ := a.backendsOf(s)
		together, _ := s.options.Lookup("DEFAULT", "cluster")
		return fmt.Sprint(all, " ", together)
	})
	if s == nil {
		return
	}
	all, others := a.backendsOf(s)
	if len(all) == 0 {
		a.remark("cinder", "cinder-volume serves no backend in Ceph, so cinder is left out. It serves: %s.",
			cmp.Or(strings.Join(others, ", "), "its default"))
		return
	}
	if len(others) > 0 {
		a.remark("cinder", "Backends that are not in Ceph stay beside these: %s.", strings.Join(others, ", "))
	}
	c := &spec.Cinder{}
	for _, b := range all {
		cluster, reason := a.clusterOf(s, b.conf)
		if reason != "" {
			a.remark("cinder", "Backend %s has pool %s. %s", b.name, b.pool, reason)
		}
		if cluster == "" {
			continue
		}
		if b.user == "" {
			a.remark("cinder", "Backend %s names no user, so that Cinder logs in as client.admin. A Spec has a user for Cinder.",
				b.name)
		}
		c.Backends = append(c.Backends, a.backend(s, b, cluster))
	}
	if len(c.Backends) == 0 {
		return
	}
	together, _ := s.options.Lookup("DEFAULT", "cluster")
	named := slices.ContainsFunc(all, func(b backend) bool { return b.host != "" })
	switch {
	case together == "" || a.release.Before("rocky"):
	case named:
		a.remark("cinder", "cinder.conf has cluster = %s, and backend_host, which is one name for all hosts. A Spec has "+
			"one of them: backend_host. The cluster stays as it is.", together)
	default:
		c.Cluster = together
	}
	if _, locks := s.options.Lookup("coordination", "backend_url"); locks {
		a.remark("cinder", "cinder.conf has a coordinator ([coordination] backend_url), which stays as it is. It may hold a "+
			"password, and is not copied into this file.")
	}
	a.spec.Cinder = c
	a.mapTypes()
}

// backend is a backend as the Spec has it.
func (a *adopting) backend(s *service, b backend, cluster string) spec.Backend {
	out := spec.Backend{Name: b.name, Cluster: cluster, Pool: b.pool, User: b.user, SecretUUID: b.uuid,
		DataPool: s.dataPool(b.conf, b.user), AvailabilityZone: b.zone}
	if b.bound != b.name && b.name != spec.SingleBackend {
		out.BackendName = b.bound
	}
	set := func(option, value string) {
		if out.Options == nil {
			out.Options = map[string]string{}
		}
		out.Options[option] = value
	}
	if b.cluster != "" && b.cluster != cluster {
		set("rbd_cluster_name", b.cluster)
	}
	if b.host != "" {
		set("backend_host", b.host)
	}
	a.ownOptions(s, &out, set)
	return out
}

// ownOptions are options that the Spec would set to other values than those that somebody chose.
func (a *adopting) ownOptions(s *service, b *spec.Backend, set func(option, value string)) {
	needed, err := openstack.VolumeBackend{Name: b.Name, BackendName: b.BackendName, Cluster: b.Cluster, Pool: b.Pool,
		User: cmp.Or(b.User, "cinder"), Conf: spec.ConfPath(b.Cluster), SecretUUID: noUUID, Extra: b.Options}.Settings(
		a.release, s.options)
	if err != nil {
		return // the plan says it
	}
	f := a.inForce(openstack.CinderVolume, s)
	for _, want := range needed {
		have, there := f.Lookup(want.Section, want.Option)
		chosen := []string{"rbd_flatten_volume_from_snapshot", "rbd_max_clone_depth", "rbd_store_chunk_size",
			"rados_connect_timeout", "rbd_exclusive_cinder_pool"}
		if want.Section == b.Name && there && slices.Contains(chosen, want.Option) && !strings.EqualFold(have, want.Value) {
			set(want.Option, have)
		}
	}
}

// noUUID stands for a UUID that does not matter.
const noUUID = "11111111-2222-4333-8444-555555555555"

var (
	specName  = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,255}$`)
	specValue = regexp.MustCompile(`^[^\r\n]{1,255}$`)
)

// mapTypes finds the volume types that are bound to the backends.
func (a *adopting) mapTypes() {
	if a.noTypes != nil {
		a.remark("cinder", "Volume types are not known: %v.", a.noTypes)
		return
	}
	for i := range a.spec.Cinder.Backends {
		b := &a.spec.Cinder.Backends[i]
		if b.Name == spec.SingleBackend {
			continue
		}
		var bound []string
		for name, extra := range a.types {
			if extra["volume_backend_name"] == cmp.Or(b.BackendName, b.Name) {
				bound = append(bound, name)
			}
		}
		slices.SortFunc(bound, func(x, y string) int {
			return cmp.Or(cmp.Compare(len(a.types[x]), len(a.types[y])), cmp.Compare(x, y))
		})
		if i := slices.Index(bound, b.Name); i >= 0 {
			bound[0], bound[i] = bound[i], bound[0]
		}
		taken := func(name string) bool {
			return slices.ContainsFunc(a.spec.Cinder.Backends, func(o spec.Backend) bool { return o.VolumeType == name })
		}
		if bound = slices.DeleteFunc(bound, taken); len(bound) == 0 {
			continue
		}
		b.VolumeType, b.ExtraSpecs = bound[0], extraSpecs(a.types[bound[0]])
		if len(bound) > 1 {
			a.remark(at("cinder.backends", i), "Further volume types are bound to this backend, and stay: %s.",
				strings.Join(bound[1:], ", "))
		}
	}
}

// extraSpecs are the extra specs of a volume type beside the one that binds it. If the Spec cannot have one of them, or
// one may be a password, all are left out; they stay as they are.
func extraSpecs(all map[string]string) map[string]string {
	all = maps.Clone(all)
	delete(all, "volume_backend_name")
	for name, value := range all {
		if !specName.MatchString(name) || !specValue.MatchString(value) || words.Value(name, value) != value {
			return nil
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
