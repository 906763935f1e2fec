package host

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// newKeyrings are the keyrings of a host, one for each user in each copy of Ceph's
// files.
func newKeyrings(n *Node) []step.Resource {
	var all []step.Resource
	for _, c := range n.Copies() {
		for _, u := range c.Users {
			all = append(all, keyring{n, c, u})
		}
	}
	return all
}

// A keyring is the file with the key of a user of a cluster. It has no other key.
type keyring struct {
	*Node
	copy Copy
	user spec.User
}

// ID implements step.Resource.
func (r keyring) ID() step.ID { return r.KeyringID(r.copy, r.user) }

// Needs implements step.Resource.
func (r keyring) Needs() []step.ID {
	return []step.ID{cluster.UserID(r.user), r.folderID(r.copy)}
}

// Asks implements step.Resource. The version of ceph-common tells which keys this
// host can read.
func (r keyring) Asks() step.Asks {
	ops := r.asks(r.copy, place.KeyringPath(r.user.Cluster, r.user.Entity))
	if r.copy.Kolla == nil {
		ops = append(ops, remote.Packages{Names: []string{cephCommon}})
	}
	return step.Asks{Host: ops}
}

// Compare implements step.Resource. A keyring is of no use beside a ceph.conf that is
// left alone.
func (r keyring) Compare(v step.View) step.Delta {
	if d, ok := behind(v, r.ConfID(r.copy, r.user.Cluster)); ok {
		return d
	}
	if d, unfit := r.unfit(v, r.copy.Services[0]); unfit {
		return d
	}
	path, _ := r.copy.Path(r.Site.Containers(v.Host), place.KeyringPath(r.user.Cluster, r.user.Entity))
	if d, is := r.gone(v, r.user); is {
		d.Name = path
		return d
	}
	f := seen(v.Host, path)
	w, err := r.desired(v, f)
	if err != nil {
		return left(step.Delta{Name: path}, path, err, "keyring-unfit")
	}
	w.path, w.keep = path, r.Site.Keeping(r.ID(), "file", path)
	if d, kept := r.staysMissing(w, f); kept {
		return d
	}
	d := w.delta(f)
	noteHole(&d, f)
	if r.copy.Kolla == nil {
		noteMode(&d, f, r.accounts())
	}
	if key, _ := v.Key(r.user.Cluster, r.user.Entity); r.copy.Kolla != nil && key.Type() == newKeyType {
		d.Note("key-may-be-unreadable", path, "the key is of type aes256k, which Ceph before 20.2.4 and 19.2.6 cannot read; "+
			"whether container %s has a newer one cannot be told", r.copy.Kolla.Container)
	}
	return d
}

// desired is the file as it should be. The file keeps its form where it has the
// right key, and Ceph reads it.
func (r keyring) desired(v step.View, f step.File) (w wantedFile, err error) {
	if f.Err != nil {
		return w, refuse("keyring-unreadable", "cannot be read: %w", f.Err)
	}
	if r.copy.Kolla != nil {
		w = inKolla(v.Host, *r.copy.Kolla, f, 0o660)
	} else if w.owner, w.group, w.mode = r.owner(); w.owner == "" {
		return w, refuse("keyring-of-several-accounts", "is needed by %s on this host, and a file has one owner and one "+
			"group; give one of their services a user of its own in the Spec", strings.Join(r.accounts(), ", "))
	}
	key, known := v.Key(r.user.Cluster, r.user.Entity)
	reads := r.reader(v)
	if err := reads(key); known && err != nil {
		return w, err
	}
	have, faults, err := r.only(f)
	if err != nil {
		return w, err
	}
	if known && have.Equal(key) && len(faults) == 0 {
		w.data = f.Data
		return w, nil
	}
	if len(faults) > 0 {
		w.mended = true
		w.diffs = []step.FieldDiff{{Field: "form", Observed: strings.Join(faults, "; "), Desired: readable}}
	}
	diff := step.FieldDiff{Field: "key", Observed: words.Digest(have.Reveal()), Desired: words.OfNewUser}
	if known {
		diff.Desired = words.Digest(key.Reveal())
	}
	if !known || !have.Equal(key) { // two keys may have one digest
		w.diffs = append(w.diffs, diff)
	}
	w.late = func(now step.Late) ([]byte, error) {
		key, err := keyNow(now, r.user, key)
		if err == nil {
			err = reads(key)
		}
		return ceph.Keyring{Users: []ceph.User{{Entity: r.user.Entity, Key: key}}}.Render(), err
	}
	return w, nil
}

// keyNow is the key of a user right before it is written anywhere. known is the key
// that the plan saw; it is zero for a user that was not there.
func keyNow(now step.Late, u spec.User, known ceph.Key) (ceph.Key, error) {
	key, err := now.Key(u.Cluster, u.Entity)
	if err == nil && !known.IsZero() && !key.Equal(known) {
		err = fmt.Errorf("%w: user %s in cluster %s has another key now; plan again", step.ErrConflict, u.Entity, u.Cluster)
	}
	return key, err
}

// only is the key of the user in the file, which must have no other user, and why Ceph
// cannot read the file. The key is zero where there is none.
func (r keyring) only(f step.File) (ceph.Key, []string, error) {
	if f.Missing {
		return ceph.Key{}, nil, nil
	}
	ring, err := ceph.ParseKeyring(f.Data)
	if err != nil {
		return ceph.Key{}, nil, refuse("not-a-keyring", "is not a keyring, so it is left alone: %w; to move it away, "+
			"run `mv -- %s %s.old` on this host", err, cephstack.ShellQuote(f.Path), cephstack.ShellQuote(f.Path))
	}
	for _, u := range ring.Users {
		if u.Entity != r.user.Entity {
			return ceph.Key{}, nil, refuse("keyring-of-several-users", "holds the key of %s too, so it is left alone; "+
				"give each user a file of its own", u.Entity)
		}
	}
	u, _ := ring.Lookup(r.user.Entity)
	return u.Key, ring.Faults, nil
}

// owner makes a keyring readable for the services on this host that log in with it,
// and for nobody else. Root owns it, and the service's group reads it. Where two
// accounts need it, one owns it, and the group of the other reads it. For more accounts there
// is no such way.
func (r keyring) owner() (owner, group string, mode fs.FileMode) {
	accounts := r.accounts()
	switch len(accounts) {
	case 1:
		return place.Root, accounts[0], 0o640
	case 2:
		return accounts[0], accounts[1], 0o440
	}
	return "", "", 0
}

// accounts are those that log in with the keyring, sorted.
func (r keyring) accounts() []string {
	var accounts []string
	for _, name := range r.Services {
		a := r.Service(name).Account
		if slices.Contains(r.Site.UsersOn(name), r.user) && !slices.Contains(accounts, a) {
			accounts = append(accounts, a)
		}
	}
	slices.Sort(accounts)
	return accounts
}
