package spec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

func (v *validation) services() {
	s := v.spec
	if s.Glance == nil && s.Cinder == nil && s.Backup == nil && s.Nova == nil {
		v.fault("glance", "none of glance, cinder, backup and nova is given: there is nothing to integrate")
	}
	if g := s.Glance; g != nil {
		v.user("glance", g.Cluster, g.Pool, g.User)
		v.optional("glance.store", g.Store)
		v.stores(g)
		v.needsHost("glance", "glance-api")
	}
	if c := s.Cinder; c != nil {
		v.backends(c.Backends)
		v.volumeTypes(c.Backends)
		v.together()
		v.needsHost("cinder", "cinder-volume")
		v.someServe("cinder-volume")
	}
	if b := s.Backup; b != nil {
		v.user("backup", b.Cluster, b.Pool, b.User)
		v.needsHost("backup", "cinder-backup")
		v.someServe("cinder-backup")
	}
	if n := s.Nova; n != nil {
		v.user("nova", n.Cluster, n.Pool, n.User)
		v.needsHost("nova", "nova-compute")
	}
	v.allStay()
}

func (v *validation) user(path, cluster, pool, user string) {
	v.cluster(path+".cluster", cluster)
	if pool != "" {
		v.poolName(path+".pool", pool)
	}
	v.optional(path+".user", user)
	switch {
	case len(cluster)+len(user) > longestFile:
		v.fault(path+".user", "has %d characters, with which the name of its keyring is too long", len(user))
	case strings.HasPrefix(user, "client."):
		v.fault(path+".user", "%q: leave \"client.\" out", user)
	case user == "admin":
		v.fault(path+".user", "%q administers the cluster: its rights would be rewritten and its key given to a service; "+
			"name a user of the service's own", user)
	}
}

// longestFile is the longest that the names of a cluster and of a user are together. They
// are in the name of a file.
const longestFile = 200

// backendOptions checks that the further options of a backend read back from cinder.conf.
func (v *validation) backendOptions(path string, b Backend) {
	for _, option := range slices.Sorted(maps.Keys(b.Options)) {
		var unfit *osloconf.Error
		if errors.As(new(osloconf.File).Set(b.Name, option, b.Options[option]), &unfit) {
			v.fault(path+"."+option, "the %s", unfit.Reason)
		}
	}
}

// reservedSections are the sections of cinder.conf, in lower case, that cannot be
// the section of a backend.
func reservedSections() []string {
	return []string{"default", "database", "keystone_authtoken", "nova", "glance", "service_user", "backend_defaults"}
}

// options asks package openstack whether the services can be configured as the Spec
// says, as far as that does not depend on the files of the hosts.
func (v *validation) options() {
	release, err := openstack.ParseRelease(v.spec.Release)
	if err != nil || len(v.spec.Clusters) == 0 {
		return
	}
	s := v.spec.WithDefaults()
	none := &osloconf.File{}
	check := func(path string, err error) {
		if err != nil && !v.faulty(path) {
			v.fault(path, "%v", err)
		}
	}
	if s.Glance != nil {
		_, err := s.GlanceStore().Settings(release, none)
		check("glance", err)
	}
	for i, b := range s.backends() {
		path := backendPath(i)
		single := b.Name == SingleBackend && release.Before("ocata")
		if slices.Contains(reservedSections(), strings.ToLower(b.Name)) && !single {
			v.fault(path+".name", "%q is a section of cinder.conf with another meaning", b.Name)
		}
		_, err := openstack.VolumeBackend{Name: b.Name, BackendName: b.BackendName, Cluster: b.Cluster, Pool: b.Pool,
			User: b.User, Conf: ConfPath(b.Cluster), SecretUUID: libvirtsecret.DeriveUUID("any", b.User),
			Extra: b.Options}.Settings(release, none)
		check(path, err)
		v.backendOptions(path+".options", b)
	}
	uses := s.Uses()
	for i, c := range v.spec.Clusters {
		for j, p := range c.Pools {
			used := func(u Use) bool { return u.User.Cluster == c.Name && (u.Pool == p.Name || u.DataPool == p.Name) }
			if p.Name != "" && !slices.ContainsFunc(uses, used) {
				v.fault(fmt.Sprintf("clusters[%d].pools[%d].name", i, j), "no service uses pool %q", p.Name)
			}
		}
	}
}
