package cephtest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

// TestCommander checks that a Commander keeps the contract, against whatever
// cluster is behind it. It is called for a new Commander in each subtest; all
// may lead to the same cluster. Pools that it makes stay there (Ceph forbids
// to remove them): use a throw-away cluster.
func TestCommander(t *testing.T, newCommander func(t *testing.T) ceph.Commander) {
	promises := []struct {
		name string
		test func(s *suite)
	}{
		{"an unknown command is ErrInvalid", (*suite).unknownCommand},
		{"a field of the wrong type is ErrInvalid", (*suite).wrongType},
		{"a refusal is a CommandError with command and errno", (*suite).refusal},
		{"a context that has ended is the error", (*suite).endedContext},
		{"concurrent commands get their own replies", (*suite).concurrent},
		{"status names the cluster", (*suite).status},
		{"the minimal conf names the cluster and its monitors", (*suite).minimalConf},
		{"a user that is not there is ErrNotFound", (*suite).noUser},
		{"creating a user twice gives one key", (*suite).createUser},
		{"a user with other caps is ErrExists", (*suite).otherCaps},
		{"caps that cannot be read are ErrInvalid", (*suite).badCaps},
		{"caps are replaced as a whole", (*suite).setCaps},
		{"caps that are not as they were are ErrConflict", (*suite).conflict},
		{"removing a user twice is no error", (*suite).removeUser},
		{"the input buffer reaches the command", (*suite).input},
		{"creating a pool twice is one pool", (*suite).createPool},
		{"a pool gets what it lacks", (*suite).updatePool},
		{"a pool of size one has to be meant", (*suite).sizeOne},
		{"a pool that is not there is ErrNotFound", (*suite).noPool},
		{"a value that cannot be is ErrInvalid", (*suite).badValue},
		{"an application does not give way to another", (*suite).application},
		{"an erasure-coded pool takes overwrites", (*suite).erasure},
		{"creating a profile of erasure code twice is one profile", (*suite).erasureProfile},
		{"a data pool has its profile's size, a rule of its own and overwrites", (*suite).dataPool},
		{"an erasure-coded pool's min_size is between k and its size", (*suite).minSize},
		{"a profile with a failure domain or a device class that is not there makes no pool", (*suite).crushOfProfile},
		{"a CRUSH rule is for pools of its kind", (*suite).ruleOfKind},
		{"the CRUSH map knows how many failure domains there are", (*suite).crushMap},
		{"the condition tells of PGs, failure domains and what is full", (*suite).condition},
	}
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			mon := newCommander(t)
			p.test(&suite{T: t, ctx: ctx, mon: mon, cluster: ceph.New(mon)})
		})
	}
}

// A suite is one promise being tried.
type suite struct {
	*testing.T
	ctx     context.Context
	mon     ceph.Commander
	cluster *ceph.Cluster
}

func (s *suite) send(input []byte, args object) (ceph.Reply, error) {
	text, err := json.Marshal(args)
	s.ok(err)
	return s.mon.Command(s.ctx, ceph.Command{JSON: text, Input: cephstack.Redact(input)})
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

func (s *suite) equal(got, want any) {
	s.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		s.Fatalf("got %s, want %s", a, b)
	}
}

// entity is a name that no other run has, removed at the end.
func (s *suite) entity() string {
	name := "client." + unique()
	s.Cleanup(func() { _ = s.cluster.RemoveUser(context.WithoutCancel(s.ctx), name) })
	return name
}

func unique() string {
	return "cephtest-" + strings.ToLower(strings.Trim(strings.Map(func(r rune) rune {
		if r == '+' || r == '/' || r == '=' {
			return -1
		}
		return r
	}, newKey(aes).Reveal()[16:30]), "-"))
}

func (s *suite) unknownCommand() {
	_, err := s.send(nil, object{"prefix": "make coffee", "format": "json"})
	s.is(err, ceph.ErrInvalid)
}

func (s *suite) wrongType() {
	_, err := s.send(nil, object{"prefix": "osd pool create", "pool": unique(), "pg_num": "many", "format": "json"})
	s.is(err, ceph.ErrInvalid)
	_, err = s.send(nil, object{"prefix": "auth get", "format": "json"})
	s.is(err, ceph.ErrInvalid)
}

func (s *suite) refusal() {
	_, err := s.send(nil, object{"prefix": "auth get", "entity": "client." + unique(), "format": "json"})
	var e *ceph.CommandError
	if !errors.As(err, &e) || e.Op != "auth get" || e.Code != enoent || !strings.Contains(e.Status, "failed to find") {
		s.Fatalf("error is %#v", err)
	}
}

func (s *suite) endedContext() {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	start := time.Now()
	_, err := s.mon.Command(ctx, ceph.Command{JSON: []byte(`{"prefix":"status","format":"json"}`)})
	s.is(err, context.Canceled)
	if d := time.Since(start); d > time.Second {
		s.Fatalf("took %s", d)
	}
}

func (s *suite) concurrent() {
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			if i%2 == 0 {
				_, errs[i] = s.cluster.Status(s.ctx)
			} else {
				_, errs[i] = s.cluster.Pools(s.ctx)
			}
		})
	}
	wg.Wait()
	s.ok(errors.Join(errs...))
}

func (s *suite) status() {
	st, err := s.cluster.Status(s.ctx)
	s.ok(err)
	if len(st.FSID) != 36 || !strings.HasPrefix(st.Health, "HEALTH_") || len(st.MonHosts) == 0 || st.Release == "" {
		s.Fatalf("status is %+v", st)
	}
	if !slices.IsSorted(st.Checks) {
		s.Fatalf("checks are not sorted: %v", st.Checks)
	}
}

func (s *suite) minimalConf() {
	st, err := s.cluster.Status(s.ctx)
	s.ok(err)
	conf, err := s.cluster.MinimalConf(s.ctx)
	s.ok(err)
	fsid, _ := conf.Lookup("global", "fsid")
	s.equal(fsid, st.FSID)
	hosts, _ := conf.Lookup("global", "mon host")
	s.equal(hosts, strings.Join(st.MonHosts, " "))
}
