package adopt

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/remote"
)

// mapCeph finds the pools and the rights of the users that the services have. It fits the Spec before and after that.
func (a *adopting) mapCeph(ctx context.Context) error {
	a.dataPools()
	if err := a.fit(); err != nil {
		return err
	}
	for i := range a.spec.Clusters {
		c := &a.spec.Clusters[i]
		known := a.clusters[c.Name]
		var entities []string
		for _, u := range want.Resolve(a.spec).UsersIn(c.Name) {
			entities = append(entities, u.Entity)
		}
		view, err := ceph.New(a.world.Clusters[known.given].Mon).Look(ctx, ceph.Query{Users: entities})
		if err != nil {
			return fmt.Errorf("adopt: cluster %s cannot be read: %w", c.Name, err)
		}
		known.view = view
		a.mapCaps(i, known)
		a.tellStrangers(i, known)
		a.keepsRights(i, known)
		a.describePools(i, known)
	}
	return nil
}

// tellStrangers names users that options name, that exist, and that may not write the pool in question: nothing works
// with them now, and they may be somebody else's. A host that lies could ask for the key of any user in this way.
func (a *adopting) tellStrangers(i int, known *cluster) {
	for _, u := range a.spec.Uses() {
		have, there := known.view.Users[u.User.Entity]
		if u.User.Cluster != a.spec.Clusters[i].Name || !there || have.Caps.Writes(u.Pool) {
			continue
		}
		a.strangers = append(a.strangers, u.User)
		if ofCeph(have) {
			a.remark("", "DANGER: options of hosts name %s for pool %s. That is a user of Ceph's own (%s), with which no "+
				"service of OpenStack works. Do not apply this Spec before the options of the hosts, and user here, name a user "+
				"of the service's own: an apply would put the key of %[1]s onto hosts.", u.User.Entity, u.Pool, have.Caps)
		}
		a.remark(at("clusters", i), "Options of hosts name %s for pool %s, which it may not write now. Apply would give "+
			"it rights there, and its key to hosts: be sure that it is a user of OpenStack and not of something else.",
			u.User.Entity, u.Pool)
	}
}

// ofCeph reports whether a user is one that Ceph makes for itself, such as client.bootstrap-osd: by its name, or by the
// profile of its rights.
func ofCeph(u ceph.User) bool {
	name := strings.TrimPrefix(u.Entity, "client.")
	if name == u.Entity || name == "admin" || name == "crash" {
		return true
	}
	for _, own := range []string{"bootstrap-", "rbd-mirror", "rgw.", "crash.", "ceph-exporter.", "nfs.", "iscsi."} {
		if strings.HasPrefix(name, own) {
			return true
		}
	}
	mon := u.Caps["mon"]
	return strings.Contains(mon, "profile bootstrap-") || strings.Contains(mon, "profile mgr") ||
		strings.Contains(mon, "profile osd") || strings.Contains(mon, "profile crash")
}

// mapCaps chooses the form of rights that changes the fewest users.
func (a *adopting) mapCaps(i int, known *cluster) {
	c := &a.spec.Clusters[i]
	if r := known.status.Release; r != "" && r < "luminous" {
		c.Caps = "classic"
		return
	}
	form := func(caps string) int {
		return a.changedRights(i, known, func(s *spec.Spec) { s.Clusters[i].Caps = caps })
	}
	c.Caps = ""
	if form("classic") < form("") {
		c.Caps = "classic"
	}
}

// changedRights is how much a plan would change of the rights of a cluster's users, if the Spec was otherwise.
func (a *adopting) changedRights(i int, known *cluster, otherwise func(*spec.Spec)) (n int) {
	s := a.spec.Clone()
	if otherwise(&s); s.ValidateExceptRelease() != nil {
		return math.MaxInt
	}
	site := want.Resolve(s)
	for _, u := range site.UsersIn(s.Clusters[i].Name) {
		have := known.view.Users[u.Entity].Caps
		then := have.Merge(u.Caps).Normal()
		for _, daemon := range []string{"mon", "mgr", "osd"} {
			if have.Normal()[daemon] != then[daemon] {
				n++
			}
		}
		for _, p := range site.Pools[s.Clusters[i].Name] {
			if have.Writes(p.Name) != then.Writes(p.Name) {
				n++
			}
		}
	}
	return n
}

// dataPools gives the clusters the pools that are data pools, as a Spec needs details of these.
func (a *adopting) dataPools() {
	for _, u := range a.spec.Uses() {
		if u.DataPool == "" {
			continue
		}
		i := slices.IndexFunc(a.spec.Clusters, func(c spec.Cluster) bool { return c.Name == u.User.Cluster })
		c := &a.spec.Clusters[i]
		if slices.ContainsFunc(c.Pools, func(p spec.Pool) bool { return p.Name == u.DataPool }) {
			continue
		}
		p, ok := a.clusters[c.Name].view.Pools[u.DataPool]
		if !ok {
			a.remark(at("clusters", i), "Pool %s, a data pool by ceph.conf, is not in the cluster.", u.DataPool)
		}
		d := spec.Pool{Name: u.DataPool, ErasureProfile: p.ErasureProfile}
		if p.ErasureProfile == "" {
			d.Size = cmp.Or(p.Size, 3)
		}
		c.Pools = append(c.Pools, d)
	}
}

// describePools says of the pools that services use what the Spec leaves as it is.
func (a *adopting) describePools(i int, known *cluster) {
	var told []string
	for _, p := range want.Resolve(a.spec).Pools[a.spec.Clusters[i].Name] {
		have, ok := known.view.Pools[p.Name]
		switch {
		case !ok:
			told = append(told, p.Name+" is not there")
		case have.ErasureProfile != "":
			told = append(told, fmt.Sprintf("%s has profile %s, %d PGs", p.Name, have.ErasureProfile, have.PGNum))
		default:
			told = append(told, fmt.Sprintf("%s has size %d, %d PGs", p.Name, have.Size, have.PGNum))
		}
	}
	if len(told) > 0 {
		a.remark(at("clusters", i), "Pools stay as they are, apart from what is set here: %s.", strings.Join(told, "; "))
	}
}

// A holder is a user of the Spec that has a libvirt secret.
type holder struct {
	user   spec.User
	fields []*string // of the Spec
	path   string
}

// holders are the users with secrets, Nova's first.
func (a *adopting) holders() []*holder {
	var all []*holder
	add := func(u spec.User, field *string, path string) {
		for _, h := range all {
			if h.user == u {
				h.fields = append(h.fields, field)
				return
			}
		}
		all = append(all, &holder{u, []*string{field}, path})
	}
	whole := a.spec.WithDefaults()
	if a.spec.Cinder != nil {
		for i := range a.spec.Cinder.Backends {
			add(whole.Cinder.Backends[i].Use().User, &a.spec.Cinder.Backends[i].SecretUUID, at("cinder.backends", i))
		}
	}
	if a.spec.Nova != nil {
		add(whole.Nova.Use().User, &a.spec.Nova.SecretUUID, "nova")
	}
	return all
}

// mapSecrets finds the UUID of the libvirt secret of each user: by the options, or by the secrets that hold its key.
// What the Spec would derive by itself is left out.
func (a *adopting) mapSecrets(ctx context.Context) {
	holders := a.holders()
	if slices.ContainsFunc(holders, func(h *holder) bool { return h.uuid() == "" }) {
		a.heldSecrets(ctx, holders)
	}
	for _, h := range holders {
		uuid := strings.ToLower(h.uuid())
		for _, f := range h.fields {
			if *f != "" && strings.ToLower(*f) != uuid {
				a.remark(h.path, "The key of %s is in several libvirt secrets, as options name %s and %s. A Spec has one secret "+
					"for a user.", h.user.Entity, uuid, *f)
			}
		}
		switch {
		case uuid == libvirtsecret.DeriveUUID(a.clusters[h.user.Cluster].status.FSID, h.user.Entity):
			uuid = ""
		case uuid != "" && openstack.ExampleUUID(uuid):
			a.remark(h.path, "The secret of %s has the UUID %s, which is an example of a guide. A Spec does not take it.",
				h.user.Entity, uuid)
			uuid = ""
		}
		for _, f := range h.fields {
			*f = uuid
		}
	}
}

// uuid is the first UUID that options name.
func (h *holder) uuid() string {
	for _, f := range h.fields {
		if *f != "" {
			return *f
		}
	}
	return ""
}

// heldSecrets looks on the computes for secrets that hold the key of a user, where no option names a secret.
func (a *adopting) heldSecrets(ctx context.Context, holders []*holder) {
	var names []string
	for _, h := range a.spec.Hosts {
		if slices.Contains(h.Services, "nova-compute") && a.world.Secrets[h.Name] != nil {
			names = append(names, h.Name)
		}
	}
	const enough = 16 // the UUID of a secret is the same on all computes, or nobody could attach a volume
	names = names[:min(len(names), enough)]
	list := func(ctx context.Context, name string) ([]libvirtsecret.Secret, error) {
		return a.world.Secrets[name].List(ctx)
	}
	var all []libvirtsecret.Secret
	for _, o := range remote.Each(ctx, names, enough, list) {
		all = append(all, o.Value...)
	}
	for _, h := range holders {
		key := a.clusters[h.user.Cluster].view.Users[h.user.Entity].Key
		held := slices.DeleteFunc(slices.Clone(all), func(s libvirtsecret.Secret) bool {
			return key.IsZero() || s.Value.Reveal() != key.Reveal()
		})
		if h.uuid() == "" && len(held) > 0 {
			*h.fields[0], _ = vote(held, func(s libvirtsecret.Secret) string { return s.UUID })
		}
	}
}
