package cephxtest

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/cephx"
)

// A Subject is a cluster to try the promises on.
type Subject struct {
	Batcher ceph.Batcher // the adapter
	Self    string       // as whom it is logged in; client.admin when empty
	Seeder  cephtest.Seeder
	// Login starts a client that stays logged in until stop is called. With an image, such as vms/disk, the client has
	// the image open for writing. A key that is refused is ceph.ErrDenied.
	Login func(user ceph.User, image string) (stop func(), err error)
	// Renew makes all clients log in again, as the restart of a monitor does.
	Renew func()
}

// TestAuth checks that package cephx keeps its promises with an adapter. All promises are tried on one cluster, whose
// allowed types of keys are changed: use a throw-away cluster.
func TestAuth(t *testing.T, subject Subject) {
	promises := []struct {
		name string
		test func(s *suite)
	}{
		{"the types of keys are told", (*suite).ciphers},
		{"each entity is told with its type of key and its caps", (*suite).keys},
		{"a key is of the type that was asked for", (*suite).create},
		{"a type that the cluster does not take makes no user", (*suite).badType},
		{"a rotated key logs in, and the key before does not", (*suite).rotate},
		{"a pending key takes over once it was used", (*suite).pending},
		{"a pending key is committed or cleared", (*suite).settle},
		{"a user with a pending key is not rotated", (*suite).rotatePending},
		{"a user with a pending key is read and written as ever", (*suite).ordinary},
		{"a user is restored with its key and caps", (*suite).restore},
		{"what is not there is ErrNotFound", (*suite).notThere},
		{"keys of daemons and of whoever asks are not changed", (*suite).guarded},
		{"who is logged in is told", (*suite).sessions},
		{"a monitor that is not there is ErrNotFound", (*suite).noMonitor},
		{"whether an identity can be taken over is told by each monitor", (*suite).reclaim},
		{"who has an image open is told with its session", (*suite).watchers},
		{"a client that was refused once does not come back", (*suite).refused},
		{"a list of types that locks somebody out is not sent", (*suite).lockout},
		{"who is given up on purpose is locked out", (*suite).givenUp},
		{"the preferred type is one that logs in", (*suite).prefer},
		{"an address is blocked", (*suite).block},
	}
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			cluster := ceph.New(subject.Batcher)
			s := &suite{T: t, Subject: subject, ctx: ctx, cluster: cluster, auth: cephx.New(cluster).As(subject.Self)}
			s.begin()
			p.test(s)
		})
	}
}

// A suite is one promise being tried.
type suite struct {
	*testing.T
	Subject
	ctx     context.Context
	cluster *ceph.Cluster
	auth    *cephx.Auth
	choice  bool
}

// begin lets keys of both types log in, where there is a choice.
func (s *suite) begin() {
	found, err := s.auth.Ciphers(s.ctx)
	s.ok(err)
	s.choice = found.Choice
	if s.choice {
		s.ok(s.auth.AllowCiphers(s.ctx, []string{"aes", "aes256k"}))
		s.ok(s.auth.PreferCipher(s.ctx, "aes256k"))
	}
}

func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) is(err, target error) {
	s.Helper()
	if !errors.Is(err, target) {
		s.Fatalf("error is %v, want %v", err, target)
	}
}

func (s *suite) hold(what string, holds bool) {
	s.Helper()
	if !holds {
		s.Fatalf("does not hold: %s", what)
	}
}

func caps() ceph.Caps { return ceph.Caps{"mon": "profile rbd", "osd": "profile rbd"} }

// entity is a name that no other promise has, removed at the end.
func (s *suite) entity() string {
	name := "client.cephxtest-" + strings.ToLower(rand.Text()[:10])
	s.Cleanup(func() { _ = s.auth.Remove(context.WithoutCancel(s.ctx), name) })
	return name
}

// user is a new user with a key of type aes.
func (s *suite) user() ceph.User {
	s.Helper()
	u, err := s.auth.Create(s.ctx, s.entity(), caps(), "aes")
	s.ok(err)
	return u
}

// logsIn tries a key.
func (s *suite) logsIn(u ceph.User, key ceph.Key) bool {
	s.Helper()
	stop, err := s.Login(ceph.User{Entity: u.Entity, Key: key}, "")
	if err == nil {
		stop()
		return true
	}
	s.is(err, ceph.ErrDenied)
	return false
}

func (s *suite) lookup(name string) cephx.Entity {
	s.Helper()
	e, err := s.auth.Lookup(s.ctx, name)
	s.ok(err)
	return e
}

// eventually waits for what a cluster does by itself.
func (s *suite) eventually(what string, holds func() bool) {
	s.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("does not come to hold: %s", what)
		}
	}
}

// has are the sessions of an entity.
func (s *suite) has(entity string) (found []cephx.Session) {
	s.Helper()
	all, err := s.auth.Sessions(s.ctx)
	s.ok(err)
	for _, session := range all {
		if session.Entity == entity {
			found = append(found, session)
		}
	}
	return found
}

func (s *suite) ciphers() {
	found, err := s.auth.Ciphers(s.ctx)
	s.ok(err)
	if !found.Choice {
		s.hold("only aes", slices.Equal(found.Allowed, []string{"aes"}) && found.Preferred == "aes" && found.Service == "aes")
		s.is(s.auth.AllowCiphers(s.ctx, []string{"aes"}), cephx.ErrUnsupported)
		s.is(s.auth.PreferCipher(s.ctx, "aes"), cephx.ErrUnsupported)
		return
	}
	s.hold("both types", slices.Equal(found.Allowed, []string{"aes", "aes256k"}))
	s.hold("aes256k is preferred", found.Preferred == "aes256k" && found.Service != "")
}

func (s *suite) keys() {
	u := s.user()
	all, err := s.auth.Keys(s.ctx)
	s.ok(err)
	s.hold("sorted", slices.IsSortedFunc(all, func(x, y cephx.Entity) int { return strings.Compare(x.Entity, y.Entity) }))
	names := map[string]cephx.Entity{}
	for _, e := range all {
		names[e.Entity] = e
		s.hold(e.Entity+" has a type", e.Key.Type() != "")
	}
	found := names[u.Entity]
	s.hold("the user", found.Key.Equal(u.Key) && found.Caps.Equal(caps()) && found.Pending.IsZero())
	s.hold("client.admin", names["client.admin"].Caps["mon"] == "allow *")
}

func (s *suite) create() {
	u := s.user()
	s.hold("aes", u.Key.Type() == "aes" && u.Caps.Equal(caps()))
	again, err := s.auth.Create(s.ctx, u.Entity, caps(), "aes")
	s.ok(err)
	s.hold("the same key", again.Key.Equal(u.Key))
	again, err = s.auth.Create(s.ctx, u.Entity, caps(), "")
	s.ok(err)
	s.hold("the same key", again.Key.Equal(u.Key))
	if !s.choice {
		return
	}
	_, err = s.auth.Create(s.ctx, u.Entity, caps(), "aes256k")
	s.is(err, ceph.ErrExists)
	for _, keyType := range []string{"", "aes256k"} {
		u, err = s.auth.Create(s.ctx, s.entity(), caps(), keyType)
		s.ok(err)
		s.hold("aes256k", u.Key.Type() == "aes256k" && s.logsIn(u, u.Key))
	}
	done := s.cluster.Do(s.ctx, ceph.Work{User: &ceph.UserChange{Want: ceph.User{Entity: s.entity(), Caps: caps()},
		KeyType: "aes"}})
	s.ok(done[0].Err)
	s.hold("a work makes aes", done[0].User.Key.Type() == "aes")
}

func (s *suite) badType() {
	name := s.entity()
	_, err := s.auth.Create(s.ctx, name, caps(), "bogus")
	s.is(err, ceph.ErrInvalid)
	if !s.choice {
		_, err = s.auth.Create(s.ctx, name, caps(), "aes256k")
		s.is(err, ceph.ErrInvalid)
		_, err = s.auth.Rotate(s.ctx, s.user().Entity, "aes256k")
		s.is(err, cephx.ErrUnsupported)
	}
	_, err = s.auth.Lookup(s.ctx, name)
	s.is(err, ceph.ErrNotFound)
}

func (s *suite) notThere() {
	name := s.entity()
	_, err := s.auth.Lookup(s.ctx, name)
	s.is(err, ceph.ErrNotFound)
	_, err = s.auth.Rotate(s.ctx, name, "")
	s.is(err, ceph.ErrNotFound)
	_, err = s.auth.Pending(s.ctx, name)
	want := ceph.ErrNotFound
	if !s.choice {
		want = cephx.ErrUnsupported
	}
	s.is(err, want)
	s.is(s.auth.CommitPending(s.ctx, name), want)
	s.is(s.auth.ClearPending(s.ctx, name), want)
	s.ok(s.auth.Remove(s.ctx, name))
}
