package host

import (
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
)

// newSecrets are the libvirt secrets of a compute, one for each user as whom QEMU
// logs in.
func newSecrets(n *Node) []step.Resource {
	if !n.Computes() {
		return nil
	}
	var all []step.Resource
	for _, u := range n.Site.Secrets {
		all = append(all, secret{n, u})
	}
	return all
}

// A secret is the libvirt secret with the key of a user of a cluster.
type secret struct {
	*Node
	user spec.User
}

// ID implements step.Resource.
func (r secret) ID() step.ID { return r.SecretID(r.user) }

// Needs implements step.Resource.
func (r secret) Needs() []step.ID { return []step.ID{cluster.UserID(r.user)} }

// Asks implements step.Resource.
func (r secret) Asks() step.Asks { return step.Asks{Secrets: true} }

// Compare implements step.Resource.
func (r secret) Compare(v step.View) step.Delta {
	if d, unfit := r.unfit(v, "nova-compute"); unfit {
		return d
	}
	if d, ok := behind(v, r.confIDs("nova-compute", r.user.Cluster)...); ok {
		return d
	}
	if d, is := r.gone(v, r.user); is {
		return d
	}
	want, err := r.desired(v)
	if err != nil {
		return left(step.Delta{Name: want.UUID}, "secret of "+r.user.Entity, err, "secret-unfit")
	}
	d := r.compare(v, want)
	d.Name = want.UUID
	return d
}

func (r secret) compare(v step.View, want libvirtsecret.Secret) step.Delta {
	key, known := v.Key(r.user.Cluster, r.user.Entity)
	value := step.FieldDiff{Field: "value", Desired: words.OfNewUser}
	if known {
		value.Desired = words.Digest(key.Reveal())
	}
	i := slices.IndexFunc(v.Host.Secrets, func(s libvirtsecret.Secret) bool { return s.UUID == want.UUID })
	if i < 0 {
		return step.Delta{Action: step.Create, Reason: "the libvirt secret is not defined",
			Do:    r.define(want, libvirtsecret.Secret{}, key),
			Diffs: []step.FieldDiff{{Field: "usage", Desired: want.UsageID}, value}}
	}
	have := v.Host.Secrets[i]
	d := step.Delta{Action: step.Update}
	keep := r.Site.Keeping(r.ID(), "secret", want.UUID)
	lasts := step.FieldDiff{Field: "ephemeral", Observed: "yes", Desired: "no"}
	switch {
	case have.Ephemeral && keep.Keeps(lasts):
		want.Ephemeral, d.Kept = true, keep.Kept
	case have.Ephemeral:
		d.Reason, d.Diffs = "it is lost when libvirt's daemon ends", append(d.Diffs, lasts)
	}
	if !have.Private && (!known || have.Value.Reveal() != key.Reveal()) {
		value.Observed = words.Digest(have.Value.Reveal())
		d.Reason, d.Diffs = "its value is not the user's key", append(d.Diffs, value)
	}
	switch {
	case len(d.Diffs) > 0:
		d.Do = r.define(want, have, key)
		return d
	case have.Private:
		return step.Delta{Unable: fmt.Errorf("%s: private, so libvirt does not give its value out; "+
			"define it anew as not private, or prove it by the journey alone", want.UUID)}
	}
	return step.Delta{Have: want.UUID + " holds the key of " + r.user.Entity, Kept: d.Kept}
}

// define is the step that defines the secret, if it still is as it was seen; a zero was
// stands for no secret. known is the key that the plan saw.
func (r secret) define(want, was libvirtsecret.Secret, known ceph.Key) step.HostStep {
	return step.HostStep{Secret: func(now step.Late) (libvirtsecret.Change, error) {
		change := libvirtsecret.Change{Secret: want, Was: &was}
		key, err := keyNow(now, r.user, known)
		if err != nil {
			return change, err
		}
		change.Value, err = libvirtsecret.ParseValue(key.Reveal())
		return change, err
	}}
}

// desired is the secret without its value. A secret with the right UUID is adopted
// with the usage that it has; another secret with the same usage is a conflict. Every
// secret must outlive libvirt's daemon.
func (r secret) desired(v step.View) (libvirtsecret.Secret, error) {
	fsid := v.Clusters[r.user.Cluster].Status.FSID
	want := libvirtsecret.Secret{
		UUID: r.Site.SecretUUID(r.user, fsid), UsageID: libvirtsecret.UsageID(fsid, r.user.Entity),
		Description: "CephX key of " + r.user.Entity + ", cluster " + r.user.Cluster,
	}
	if err := v.Host.SecretErr; err != nil {
		return want, refuse("secrets-unreadable", "libvirt's secrets cannot be read: %w%s", err, cause.Advice(err))
	}
	if key, ok := v.Key(r.user.Cluster, r.user.Entity); ok {
		if _, err := libvirtsecret.ParseValue(key.Reveal()); err != nil {
			return want, refuse("key-not-base64", "%w", err)
		}
	}
	for _, s := range v.Host.Secrets {
		if s.UUID == want.UUID {
			want.UsageID, want.Description, want.Private = s.UsageID, s.Description, s.Private
			return want, nil
		}
	}
	for _, s := range v.Host.Secrets {
		if !s.Private && holds(v, s, r.user) && r.Site.NamedSecret(r.user) == "" && usable(s.UUID) {
			return want, refuse("secret-in-use", "secret %s (usage %q) holds the key of %s already, and what runs or is "+
				"attached may name it; set secret_uuid: %s for %s in the Spec to adopt it", s.UUID, s.UsageID,
				r.user.Entity, s.UUID, r.fieldOfSecret(r.user))
		}
	}
	for _, s := range v.Host.Secrets {
		if s.UsageID == want.UsageID {
			return want, refuse("secret-usage-taken", "%w: secret %s has the usage %q already; "+
				"set secret_uuid: %s for %s in the Spec to adopt it", libvirtsecret.ErrConflict, s.UUID, s.UsageID, s.UUID,
				r.fieldOfSecret(r.user))
		}
	}
	return want, nil
}
