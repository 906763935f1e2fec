package integrate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
	"github.com/cephstack/cephstack/remote"
)

var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// A FieldError is one fault of a Spec.
type FieldError struct {
	Path    string // such as cinder.backends[0].name
	Message string
}

func (e *FieldError) Error() string { return "spec: " + e.Path + ": " + e.Message }

// Validate reports every fault of the Spec at once, each a *FieldError,
// before anything is connected to.
func (s Spec) Validate() error { return errors.Join(s.check()...) }

func (s Spec) check() []error {
	v := &validation{spec: s}
	v.release()
	v.ssh()
	v.clusters()
	v.hosts()
	v.services()
	v.secrets()
	v.separateUsers()
	v.dataPools()
	v.options()
	v.prepare()
	v.containers()
	v.withoutSystemd()
	if !slices.Contains([]string{"", "check", "install"}, s.Packages) {
		v.fault("packages", "%q is neither check nor install", s.Packages)
	}
	return v.faults
}

type validation struct {
	spec   Spec
	faults []error
}

func (v *validation) fault(path, format string, args ...any) {
	v.faults = append(v.faults, &FieldError{path, fmt.Sprintf(format, args...)})
}

func (v *validation) name(path, value string) {
	switch {
	case value == "":
		v.fault(path, "is missing")
	case !nameForm.MatchString(value):
		v.fault(path, "%q may hold only letters, digits, '_', '-' and '.', and begins with a letter or digit", value)
	}
}

func (v *validation) optional(path, value string) {
	if value != "" {
		v.name(path, value)
	}
}

func (v *validation) address(path, address string) {
	if err := (remote.Config{Address: address}).CheckAddress(); err != nil {
		v.fault(path, "%q is %v", address, err)
	}
}

func (v *validation) ssh() {
	_, faults := v.spec.SSH.Timeouts.parse()
	v.faults = append(v.faults, faults...)
	if v.spec.SSH.Jump == "" {
		return
	}
	user, address, ok := strings.Cut(v.spec.SSH.Jump, "@")
	if !ok {
		user, address = "-", v.spec.SSH.Jump
	}
	if user == "" {
		v.fault("ssh.jump", "%q has no user before the @", v.spec.SSH.Jump)
	}
	v.address("ssh.jump", address)
}

func (v *validation) release() {
	release, err := openstack.ParseRelease(v.spec.Release)
	switch {
	case v.spec.Release == "":
		v.fault("release", "is missing; name the cloud's OpenStack release, such as zed, or let DetectRelease tell it from the hosts' packages")
	case err != nil:
		v.fault("release", "%v", err)
	}
	v.layout("layout", v.spec.Layout, release)
}

func (v *validation) clusters() {
	if len(v.spec.Clusters) == 0 {
		v.fault("clusters", "is empty; name at least one Ceph cluster")
	}
	seen := map[string]bool{}
	for i, c := range v.spec.Clusters {
		path := fmt.Sprintf("clusters[%d]", i)
		v.name(path+".name", c.Name)
		if seen[c.Name] {
			v.fault(path+".name", "%q is there twice", c.Name)
		}
		seen[c.Name] = true
		if c.Host != "" && !v.hasHost(c.Host) {
			v.fault(path+".host", "%q is not among hosts", c.Host)
		}
		if !slices.Contains([]string{"", "ceph", "librados"}, c.Access) {
			v.fault(path+".access", "%q is neither ceph nor librados", c.Access)
		}
		if c.Access == "ceph" && c.Host == "" {
			v.fault(path+".host", "is missing; access: ceph runs the ceph program there")
		}
		if !slices.Contains([]string{"", "profiles", "classic"}, c.Caps) {
			v.fault(path+".caps", "%q is neither profiles nor classic", c.Caps)
		}
		v.conf(path+".conf", c)
		v.erasure(path, c)
		for j, p := range c.Pools {
			at := fmt.Sprintf("%s.pools[%d]", path, j)
			v.pool(at, p)
			if slices.ContainsFunc(c.Pools[:j], func(o PoolSpec) bool { return o.Name == p.Name }) {
				v.fault(at+".name", "%q is there twice", p.Name)
			}
		}
	}
}

func (v *validation) pool(path string, p PoolSpec) {
	v.name(path+".name", p.Name)
	if p.PGNum < 0 || p.Size < 0 || p.MinSize < 0 || p.MaxBytes < 0 || p.MaxObjects < 0 {
		v.fault(path, "has a negative number")
	}
	if p.Size > 0 && p.MinSize > p.Size {
		v.fault(path+".min_size", "%d is more than size %d", p.MinSize, p.Size)
	}
	if !slices.Contains([]string{"", "on", "off", "warn"}, p.Autoscale) {
		v.fault(path+".pg_autoscale_mode", "%q is none of on, off and warn", p.Autoscale)
	}
}

func (v *validation) hasHost(name string) bool {
	return slices.ContainsFunc(v.spec.Hosts, func(h HostSpec) bool { return h.Name == name })
}

func (v *validation) hosts() {
	seen := map[string]bool{}
	for i, h := range v.spec.Hosts {
		path := fmt.Sprintf("hosts[%d]", i)
		v.name(path+".name", h.Name)
		if seen[h.Name] {
			v.fault(path+".name", "%q is there twice", h.Name)
		}
		seen[h.Name] = true
		if h.Address != "" {
			v.address(path+".address", h.Address)
		}
		if h.Layout != "" {
			release, _ := openstack.ParseRelease(v.spec.Release) // release() reports it
			v.layout(path+".layout", h.Layout, release)
		}
		for j, name := range h.Services {
			if !isService(name) {
				v.fault(fmt.Sprintf("%s.services[%d]", path, j),
					"%q is none of glance-api, cinder-volume, cinder-backup and nova-compute", name)
			}
			if slices.Contains(h.Services[:j], name) {
				v.fault(fmt.Sprintf("%s.services[%d]", path, j), "%q is there twice", name)
			}
		}
		if !slices.Contains([]string{"", "auto", "ceph", "keep"}, h.Disks) {
			v.fault(path+".disks", "%q is none of auto, ceph and keep", h.Disks)
		}
	}
}

func (v *validation) cluster(path, name string) {
	has := func(c ClusterSpec) bool { return c.Name == name }
	if name != "" && !slices.ContainsFunc(v.spec.Clusters, has) {
		v.fault(path, "%q is not among clusters", name)
	}
}

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
		v.needsHost("cinder", "cinder-volume")
	}
	if b := s.Backup; b != nil {
		v.user("backup", b.Cluster, b.Pool, b.User)
		v.needsHost("backup", "cinder-backup")
	}
	if n := s.Nova; n != nil {
		v.user("nova", n.Cluster, n.Pool, n.User)
		v.needsHost("nova", "nova-compute")
	}
}

func (v *validation) user(path, cluster, pool, user string) {
	v.cluster(path+".cluster", cluster)
	v.optional(path+".pool", pool)
	v.optional(path+".user", user)
	switch {
	case strings.HasPrefix(user, "client."):
		v.fault(path+".user", "%q: leave \"client.\" out", user)
	case user == "admin":
		v.fault(path+".user", "%q administers the cluster: its rights would be rewritten and its key given to a service; name a user of the service's own", user)
	}
}

func (v *validation) needsHost(path, service string) {
	runs := func(h HostSpec) bool { return slices.Contains(h.Services, service) }
	if !slices.ContainsFunc(v.spec.Hosts, runs) {
		v.fault("hosts", "none runs %s, which %s needs", service, path)
	}
}

func (v *validation) backends(backends []BackendSpec) {
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
		v.optional(path+".availability_zone", b.AvailabilityZone)
		v.zone(path+".availability_zone", b.AvailabilityZone, backends[0].AvailabilityZone)
		if b.Name == singleBackend && b.VolumeType != "" {
			v.fault(path+".volume_type", "a volume type is bound to a backend's name, and the backend %s has none", b.Name)
		}
		if b.Name == singleBackend && len(backends) > 1 {
			v.fault(path+".name", "%s is the one backend of its cloud; give each of several a name", b.Name)
		}
		for option := range b.Options {
			v.name(path+".options", option)
		}
	}
}

// options asks package openstack whether the services can be configured like
// this at all, as far as that does not depend on their present files.
func (v *validation) options() {
	release, err := openstack.ParseRelease(v.spec.Release)
	if err != nil || len(v.spec.Clusters) == 0 {
		return
	}
	s := resolve(v.spec)
	none := &osloconf.File{}
	check := func(path string, err error) {
		if err != nil && !v.faulty(path) {
			v.fault(path, "%v", err)
		}
	}
	if s.glance != nil {
		_, err := s.glanceStore().Settings(release, none)
		check("glance", err)
	}
	for i, b := range s.cinder {
		path := backendPath(i)
		if reserved := []string{"default", "database", "keystone_authtoken", "nova", "glance", "service_user", "backend_defaults"}; slices.Contains(reserved, strings.ToLower(b.Name)) && (b.Name != singleBackend || !release.Before("ocata")) {
			v.fault(path+".name", "%q is a section of cinder.conf with another meaning", b.Name)
		}
		_, err := openstack.VolumeBackend{Name: b.Name, Pool: b.Pool, User: b.User, Conf: confPath(b.Cluster),
			SecretUUID: libvirtsecret.DeriveUUID("any", b.User), Extra: b.Options}.Settings(release, none)
		check(path, err)
	}
	for i, c := range v.spec.Clusters {
		for j, p := range c.Pools {
			if p.Name != "" && !slices.ContainsFunc(s.pools[c.Name], func(u ceph.Pool) bool { return u.Name == p.Name }) {
				v.fault(fmt.Sprintf("clusters[%d].pools[%d].name", i, j), "no service uses pool %q", p.Name)
			}
		}
	}
}

// faulty reports whether a fault was found at or below a path.
func (v *validation) faulty(path string) bool {
	return slices.ContainsFunc(v.faults, func(err error) bool {
		var f *FieldError
		return errors.As(err, &f) && (f.Path == path || strings.HasPrefix(f.Path, path+"."))
	})
}

// separateUsers keeps the rights apart: Cinder and Nova may share a user,
// Glance and cinder-backup have one each.
func (v *validation) separateUsers() {
	if len(v.spec.Clusters) == 0 {
		return
	}
	s := resolve(v.spec)
	taken := map[userID]string{}
	for _, id := range s.secrets {
		taken[id] = "Cinder or Nova"
	}
	own := func(path, owner, cluster, user string) {
		id := userID{cluster, "client." + user}
		if other, ok := taken[id]; ok {
			v.fault(path, "%q is the user of %s too; %s needs one of its own", user, other, owner)
		}
		taken[id] = owner
	}
	for i, st := range s.stores {
		if taken[st.use().id] != "Glance" {
			own(storePath(i)+".user", "Glance", st.Cluster, st.User)
		}
	}
	if s.backup != nil {
		own("backup.user", "cinder-backup", s.backup.Cluster, s.backup.User)
	}
}

// secrets checks the UUIDs: one form, no example values, one per user.
func (v *validation) secrets() {
	type use struct{ path, uuid string }
	byUser := map[string]use{}
	check := func(path, cluster, user, uuid string) {
		if uuid == "" {
			return
		}
		if !uuidForm.MatchString(uuid) {
			v.fault(path, "%q is not a UUID in lower case", uuid)
		}
		if libvirtsecret.WellKnown(uuid) {
			v.fault(path, "%s is an example value that many clouds have copied; leave it out or make a new one with uuidgen", uuid)
		}
		key := cluster + "\x00" + user
		for other, u := range byUser {
			if other != key && u.uuid == uuid {
				v.fault(path, "%s is the secret of another user in %s", uuid, u.path)
			}
		}
		if u, ok := byUser[key]; ok && u.uuid != uuid {
			v.fault(path, "%s differs from %s of the same user in %s: one user has one secret", uuid, u.uuid, u.path)
		}
		byUser[key] = use{path, uuid}
	}
	if len(v.spec.Clusters) == 0 {
		return
	}
	s := resolve(v.spec)
	if s.nova != nil {
		check("nova.secret_uuid", s.nova.Cluster, s.nova.User, s.nova.SecretUUID)
	}
	for i, b := range s.cinder {
		check(backendPath(i)+".secret_uuid", b.Cluster, b.User, b.SecretUUID)
	}
}
