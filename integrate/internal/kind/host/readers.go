package host

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/api"
)

// keepsAttached refuses another user and another secret for the volumes of a backend: what is
// attached names both.
func (x *editing) keepsAttached(u inUse, b spec.Backend) error {
	user, set := u.Lookup(u.section, "rbd_user")
	if set && x.Site.Replaces(b.Use().User, user) {
		return x.keepsLeaving(u, b.Use().User, user)
	}
	if set && user != b.User {
		return x.keepsUser(u, reader{"rbd_user", b.User, "volumes are attached to",
			func(s api.Server) bool { return len(s.Volumes) > 0 }})
	}
	id := b.Use().User
	uuid, named := u.Lookup(u.section, "rbd_secret_uuid")
	if fsid := x.v.Clusters[b.Cluster].Status.FSID; !named && set && !x.Site.Release.Before("2023.1") {
		uuid = fsid // the driver's default
	}
	return x.keepsSecret(u, uuid, id)
}

// A reader is who reads what VMs have in Ceph, by an option of a section that is in use.
type reader struct {
	option, user string // the option, and the user that the Spec wants
	which        string // says of VMs that they would be cut off
	cutOff       func(api.Server) bool
}

// keepsUser refuses another user where VMs have something open as the user of now. Otherwise
// nothing moves, and nobody is cut off.
func (x *editing) keepsUser(u inUse, r reader) error {
	vms, err := x.servers(r.cutOff)
	if err == nil && len(vms) == 0 {
		x.notesUser(u, r.option, r.user)
		return nil
	}
	have, uuid := u.now(r.option), u.now("rbd_secret_uuid")
	who := fmt.Sprintf("%s %s", r.which, words.JoinShort(vms))
	if err != nil {
		who = fmt.Sprintf("whether %s VMs cannot be told (%v)", r.which, err)
	}
	keep := "user: " + have
	if usable(uuid) {
		keep += " and secret_uuid: " + uuid
	}
	return refuse("user-in-use", "[%s] is in use with %s, and %s: they name that user and its secret until they start "+
		"anew, and could not move to a host that does not have the secret; set %s for %s in the Spec", u.section,
		u.says(r.option), who, keep, u.field)
}

// servers lists the VMs of the cloud that are of a kind.
func (x *editing) servers(is func(api.Server) bool) (names []string, err error) {
	if err := cloudErr(x.v.Cloud, false); err != nil {
		return nil, err
	}
	for _, host := range slices.Sorted(maps.Keys(x.v.Cloud.Servers)) {
		for _, s := range x.v.Cloud.Servers[host] {
			if is(s) {
				names = append(names, named(s))
			}
		}
	}
	return names, nil
}

// usable reports whether a UUID can be that of a secret in the Spec.
func usable(uuid string) bool {
	return libvirtsecret.CheckUUID(strings.ToLower(uuid)) == nil && !openstack.ExampleUUID(strings.ToLower(uuid))
}

// keepsSecret refuses another UUID for the secret of a user, unless the Spec names the UUID:
// VMs that run and attached volumes name the UUID of now, and a compute that is added later
// would not have a secret with it. A UUID that cannot be in the Spec is replaced, with a note.
func (x *editing) keepsSecret(u inUse, uuid string, id spec.User) error {
	want, have := x.uuid(id), strings.ToLower(uuid)
	if have == want || libvirtsecret.CheckUUID(have) != nil {
		return nil
	}
	if x.Site.NamedSecret(id) != "" || !usable(have) {
		x.d.Note("secret-changes", x.path+" ["+u.section+"] rbd_secret_uuid", "%s is replaced by %s. Attached volumes and "+
			"VMs that run keep naming %s until they are attached or started anew: leave that secret on the computes, and "+
			"define it with the key of %s on a compute before such a VM moves there", have, want, have, id.Entity)
		return nil
	}
	return refuse("secret-in-use", "[%s] is in use with rbd_secret_uuid = %s: attached volumes and VMs that run name "+
		"that secret, and a compute that is added later would not have it; set secret_uuid: %s for %s in the Spec",
		u.section, have, have, x.fieldOfSecret(id))
}

// keepsLeaving refuses to leave a user whose secret would get lost: guests that have the user name the UUID of now, and
// have to find that secret on any compute.
func (x *editing) keepsLeaving(u inUse, id spec.User, old string) error {
	uuid := strings.ToLower(u.now("rbd_secret_uuid"))
	if uuid == x.uuid(spec.User{Cluster: id.Cluster, Entity: "client." + old}) || libvirtsecret.CheckUUID(uuid) != nil {
		return nil
	}
	return refuse("secret-in-use", "[%s] is in use with rbd_secret_uuid = %s: guests that have user %s name that secret; "+
		"set secret_uuid: %s for the entry of rotate with from: %s in the Spec", u.section, uuid, old, uuid, old)
}

// keepsDisks looks after the disks of VMs that a compute has in Ceph, and after those who read
// them.
func (x *editing) keepsDisks(cur openstack.Current) error {
	n := x.Site.Nova
	if n == nil {
		return nil
	}
	section, prefix := x.Site.DiskOptions()
	u := inUse{x.inForce(openstack.NovaCompute, cur), section, "", "nova"}
	inCeph := u.now(prefix+"images_type") == "rbd"
	if inCeph && x.Spec.Disks != "keep" {
		if err := u.closed(prefix+"images_rbd_pool", prefix+"images_rbd_ceph_conf"); err != nil {
			return err
		}
		to := destination{prefix + "images_rbd_pool", n.Pool, prefix + "images_rbd_ceph_conf", spec.ConfPath(n.Cluster)}
		if err := x.keepsPlace(u, to); err != nil {
			return err
		}
	}
	if err := u.closed("rbd_user", "rbd_secret_uuid"); err != nil {
		return err
	}
	id := n.Use().User
	if err := x.keepsElsewhere(u, inCeph); err != nil {
		return err
	}
	user, set := u.Lookup(section, "rbd_user")
	if set && x.Site.Replaces(id, user) {
		return x.keepsLeaving(u, id, user)
	}
	if set && user != n.User {
		// Until Newton Nova attaches volumes with its own user, whatever Cinder says.
		if !inCeph && !x.Site.Release.Before("ocata") {
			return nil
		}
		return x.keepsUser(u, reader{"rbd_user", n.User, "VMs run with it:", running})
	}
	if uuid := u.now("rbd_secret_uuid"); x.hasSecret(uuid, id) {
		return x.keepsSecret(u, uuid, id)
	}
	return nil
}

// keepsPlace refuses another pool or cluster for the disks of the VMs on this compute.
func (x *editing) keepsPlace(u inUse, to destination) error {
	if u.now(to.option) == to.pool && u.conf(to.confOption) == to.conf {
		return nil
	}
	who := x.diskOwners()
	if who == "" {
		return nil
	}
	if u.now(to.option) != to.pool {
		return refuse("pool-in-use", "[%s] is in use with %s, and %s would not find their disks in %s after their next "+
			"start; set pool: %s for %s in the Spec", u.section, u.says(to.option), who, to.pool, u.now(to.option), u.field)
	}
	return refuse("cluster-in-use", "[%s] is in use with the cluster of %s, and %s would not find their disks with %s "+
		"after their next start; call the cluster in the Spec as that file is called", u.section, u.conf(to.confOption), who,
		to.conf)
}

// keepsElsewhere refuses another user or secret where `disks: keep` leaves disks of VMs in another pool
// or cluster than the Spec's: Nova reads them with the one user and the one secret that it has.
func (x *editing) keepsElsewhere(u inUse, inCeph bool) error {
	n, id := x.Site.Nova, x.Site.Nova.Use().User
	_, prefix := x.Site.DiskOptions()
	pool, conf := prefix+"images_rbd_pool", prefix+"images_rbd_ceph_conf"
	if !inCeph || x.Spec.Disks != "keep" || u.now(pool) == n.Pool && u.conf(conf) == spec.ConfPath(n.Cluster) {
		return nil
	}
	user, uuid := u.now("rbd_user"), strings.ToLower(u.now("rbd_secret_uuid"))
	if (user == "" || user == n.User) && (libvirtsecret.CheckUUID(uuid) != nil || uuid == x.uuid(id)) {
		return nil
	}
	who := x.diskOwners()
	if who == "" {
		return nil
	}
	return refuse("user-in-use", "[%s] is in use with %s in the cluster of %s, where `disks: keep` leaves it, and %s "+
		"would not find their disks there as %s with secret %s: Nova has one user and one secret for all disks. Set "+
		"pool: %s, user: %s and secret_uuid: %s for nova in the Spec, and call its cluster as that file is called; or "+
		"migrate these VMs to a compute that keeps VM disks in the same place", u.section, u.says(pool), u.conf(conf), who,
		n.User, x.uuid(id), u.now(pool), cmp.Or(user, n.User), cmp.Or(uuid, "the UUID of its secret"))
}

// diskOwners names the VMs on this compute that have disks of Nova's; empty where there are none.
func (x *editing) diskOwners() string {
	if err := cloudErr(x.v.Cloud, false); err != nil {
		return fmt.Sprintf("the VMs here, which cannot be told (%v),", err)
	}
	var vms []string
	for _, s := range x.v.Cloud.Servers[x.Spec.Name] {
		if s.HasLocalDisk {
			vms = append(vms, named(s))
		}
	}
	if len(vms) == 0 {
		return ""
	}
	return words.JoinShort(vms)
}

// hasSecret reports whether libvirt has a secret of that UUID here which holds the key of a user,
// as far as that can be told.
func (x *editing) hasSecret(uuid string, id spec.User) bool {
	return slices.ContainsFunc(x.v.Host.Secrets, func(s libvirtsecret.Secret) bool {
		return strings.EqualFold(s.UUID, uuid) && holds(x.v, s, id)
	})
}

// holds reports whether a secret holds the key of a user, as far as that can be told.
func holds(v step.View, s libvirtsecret.Secret, id spec.User) bool {
	key, known := v.Key(id.Cluster, id.Entity)
	return s.Private || known && s.Value.Reveal() == key.Reveal()
}
