package cephtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

// TestBatcher checks that a Batcher keeps the contract of Batch. It is called for
// a new Batcher in each subtest; all may lead to the same cluster. Pools that it
// makes stay there: use a throw-away cluster.
func TestBatcher(t *testing.T, newBatcher func(t *testing.T) ceph.Batcher) {
	promises := []struct {
		name string
		test func(s *batchSuite)
	}{
		{"no requests have no answers", (*batchSuite).none},
		{"each request has the answer of the single method", (*batchSuite).each},
		{"a refusal is the answer to its request alone", (*batchSuite).refusals},
		{"a request runs after those that it names", (*batchSuite).after},
		{"a request after one that failed has no effect", (*batchSuite).skipped},
		{"an index of no earlier request counts as failed", (*batchSuite).later},
		{"a request that is nothing, or two things, is ErrInvalid", (*batchSuite).invalid},
		{"each command gets its own input buffer", (*batchSuite).inputs},
		{"a pool is readied and listed in one batch", (*batchSuite).pool},
		{"many requests are one batch", (*batchSuite).many},
		{"a large answer arrives whole", (*batchSuite).large},
		{"a context that has ended is the error of every request", (*batchSuite).ended},
		{"a look is what the single methods read", (*batchSuite).look},
		{"works are done side by side", (*batchSuite).works},
	}
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			b := newBatcher(t)
			p.test(&batchSuite{suite{T: t, ctx: ctx, mon: b, cluster: ceph.New(b)}, b})
		})
	}
}

type batchSuite struct {
	suite
	batcher ceph.Batcher
}

// command is a request for a monitor command.
func (s *batchSuite) command(args object, after ...int) ceph.Request {
	args["format"] = "json"
	text, err := json.Marshal(args)
	s.ok(err)
	return ceph.Request{Command: ceph.Command{JSON: text}, After: after}
}

func (s *batchSuite) get(entity string, after ...int) ceph.Request {
	return s.command(object{"prefix": "auth get", "entity": entity}, after...)
}

func (s *batchSuite) create(entity string, after ...int) ceph.Request {
	return s.command(object{"prefix": "auth get-or-create", "entity": entity,
		"caps": []string{"mon", "allow r"}}, after...)
}

// batch does requests and checks the number of answers.
func (s *batchSuite) batch(requests ...ceph.Request) []ceph.Answer {
	s.Helper()
	answers := s.batcher.Batch(s.ctx, requests...)
	if len(answers) != len(requests) {
		s.Fatalf("%d answers to %d requests", len(answers), len(requests))
	}
	return answers
}

func (s *batchSuite) none() { s.batch() }

func (s *batchSuite) each() {
	requests := []ceph.Request{
		s.command(object{"prefix": "mon dump"}), s.get("client.admin"),
		s.command(object{"prefix": "config generate-minimal-conf"}),
	}
	for i, a := range s.batch(requests...) {
		s.ok(a.Err)
		single, err := s.batcher.Command(s.ctx, requests[i].Command)
		s.ok(err)
		s.equal([]string{a.Reply.Data.Reveal(), a.Reply.Status}, []string{single.Data.Reveal(), single.Status})
	}
}

func (s *batchSuite) refusals() {
	entity := "client." + unique()
	answers := s.batch(s.get("client.admin"), s.get(entity), s.command(object{"prefix": "make coffee"}),
		ceph.Request{ListPool: unique()}, ceph.Request{ListTrash: unique()},
		s.command(object{"prefix": "fsid"}))
	for i, want := range []error{nil, ceph.ErrNotFound, ceph.ErrInvalid, ceph.ErrNotFound, ceph.ErrNotFound, nil} {
		s.is(answers[i].Err, want)
	}
	_, err := s.batcher.Command(s.ctx, s.get(entity).Command)
	var batched, single *ceph.CommandError
	if !errors.As(answers[1].Err, &batched) || !errors.As(err, &single) {
		s.Fatalf("errors are %v and %v", answers[1].Err, err)
	}
	s.equal([]any{batched.Op, batched.Code, batched.Status}, []any{single.Op, single.Code, single.Status})
}

func (s *batchSuite) after() {
	entity, other := s.entity(), s.entity()
	for _, a := range s.batch(s.create(entity), s.get(entity, 0), s.create(other, 0, 1), s.get(other, 2)) {
		s.ok(a.Err)
	}
}

func (s *batchSuite) skipped() {
	bad, good, none := s.entity(), s.entity(), "client."+unique()
	answers := s.batch(s.get(none), s.create(bad, 0), s.create(bad, 1), s.create(good), s.create(bad, 3, 1),
		ceph.Request{ListPool: "x", After: []int{0}})
	for i, want := range []error{ceph.ErrNotFound, ceph.ErrSkipped, ceph.ErrSkipped, nil, ceph.ErrSkipped,
		ceph.ErrSkipped} {
		s.is(answers[i].Err, want)
	}
	_, err := s.cluster.User(s.ctx, bad)
	s.is(err, ceph.ErrNotFound)
	_, err = s.cluster.User(s.ctx, good)
	s.ok(err)
}

func (s *batchSuite) later() {
	entity := s.entity()
	answers := s.batch(s.create(entity, 0), s.create(entity, 2), s.create(entity, -1), s.create(entity, 9))
	for _, a := range answers {
		s.is(a.Err, ceph.ErrSkipped)
	}
	_, err := s.cluster.User(s.ctx, entity)
	s.is(err, ceph.ErrNotFound)
}

func (s *batchSuite) invalid() {
	entity := s.entity()
	both := s.create(entity)
	both.InitPool = "x"
	for _, a := range s.batch(ceph.Request{}, both, ceph.Request{ListPool: "x", InitPool: "x"},
		ceph.Request{ListPool: "x", ListTrash: "x"}) {
		s.is(a.Err, ceph.ErrInvalid)
	}
	_, err := s.cluster.User(s.ctx, entity)
	s.is(err, ceph.ErrNotFound)
}

func (s *batchSuite) inputs() {
	var requests []ceph.Request
	entities, keys := make([]string, 4), make([]ceph.Key, 4)
	for i := range keys {
		entities[i], keys[i] = s.entity(), newKey(aes)
		r := s.command(object{"prefix": "auth import"})
		file := ceph.Keyring{Users: []ceph.User{{Entity: entities[i], Key: keys[i]}}}.Render()
		r.Command.Input = cephstack.Redact(append(file, "\tcaps mon = \"allow r\"\n"...))
		requests = append(requests, r, s.get(entities[i], 2*i))
	}
	broken := s.command(object{"prefix": "auth import"})
	broken.Command.Input = cephstack.Redact("\x80 no keyring\n" + keys[0].Reveal())
	answers := s.batch(append(requests, broken)...)
	for i, entity := range entities {
		s.ok(answers[2*i].Err)
		s.ok(answers[2*i+1].Err)
		if !strings.Contains(answers[2*i+1].Reply.Data.Reveal(), keys[i].Reveal()) {
			s.Fatalf("%s has another key", entity)
		}
	}
	err := answers[len(answers)-1].Err
	s.is(err, ceph.ErrInvalid)
	if strings.Contains(err.Error(), keys[0].Reveal()) {
		s.Fatal("the error holds the input")
	}
}

func (s *batchSuite) pool() {
	name, other := unique(), unique()
	answers := s.batch(
		s.command(object{"prefix": "osd pool create", "pool": name, "pg_num": 4}),
		ceph.Request{InitPool: name, After: []int{0}},
		ceph.Request{ListPool: name, After: []int{1}},
		ceph.Request{InitPool: unique()},
		s.command(object{"prefix": "osd pool create", "pool": other, "pg_num": 4}),
		s.command(object{"prefix": "osd pool application enable", "pool": other, "app": "rgw"}, 4),
		ceph.Request{InitPool: other, After: []int{5}},
		ceph.Request{ListTrash: name, After: []int{1}},
	)
	for i, want := range []error{nil, nil, nil, ceph.ErrNotFound, nil, nil, ceph.ErrDenied, nil} {
		s.is(answers[i].Err, want)
	}
	s.equal(len(answers[2].Images)+len(answers[7].Trash), 0)
	s.equal([]string{s.find(name).Application, s.find(other).Application}, []string{"rbd", "rgw"})
}

func (s *batchSuite) many() {
	var requests []ceph.Request
	for i := range 100 {
		r := s.get("client.admin")
		if i%10 != 0 {
			r.After = []int{i - 1}
		}
		requests = append(requests, r)
	}
	for _, a := range s.batch(requests...) {
		s.ok(a.Err)
	}
}

func (s *batchSuite) large() {
	name := unique()
	caps := []string{"mon", strings.TrimSuffix(strings.Repeat("allow command \"osd pool ls\", ", 4000), ", ")}
	entity := s.entity()
	answers := s.batch(s.command(object{"prefix": "auth get-or-create", "entity": entity, "caps": caps}), s.get(entity, 0),
		s.get("client."+name))
	s.ok(answers[0].Err)
	s.ok(answers[1].Err)
	s.is(answers[2].Err, ceph.ErrNotFound)
	var list []struct{ Caps map[string]string }
	s.ok(json.Unmarshal([]byte(answers[1].Reply.Data.Reveal()), &list))
	s.equal(list[0].Caps["mon"], caps[1])
}

func (s *batchSuite) ended() {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	answers := s.batcher.Batch(ctx, s.get("client.admin"), ceph.Request{ListPool: "x"})
	s.equal(len(answers), 2)
	for _, a := range answers {
		s.is(a.Err, context.Canceled)
	}
}

func (s *batchSuite) look() {
	pool, profile, entity, none := unique(), unique(), s.entity(), unique()
	s.ok(s.cluster.CreatePool(s.ctx, ceph.Pool{Name: pool, PGNum: 4, Application: "rbd"}))
	s.ok(s.cluster.CreateErasureProfile(s.ctx, ceph.ErasureProfile{Name: profile, K: 2, M: 1, FailureDomain: "osd"}))
	user, err := s.cluster.CreateUser(s.ctx, entity, s.caps())
	s.ok(err)
	v, err := s.cluster.Look(s.ctx, ceph.Query{Users: []string{entity, "client." + none},
		Profiles: []string{profile, none}, CRUSH: true, Images: []string{pool, none}, Trash: []string{pool, none}})
	s.ok(err)
	status, err := s.cluster.Status(s.ctx)
	s.ok(err)
	s.equal(v.Status.FSID+v.Status.Release, status.FSID+status.Release)
	s.equal([]any{v.Pools[pool], len(v.Users), v.Users[entity].Caps, len(v.Profiles), v.Profiles[profile].K, len(v.Images),
		len(v.Images[pool]), len(v.Trash), len(v.Trash[pool])},
		[]any{s.find(pool), 1, s.caps(), 1, 2, 1, 0, 1, 0})
	if !v.Users[entity].Key.Equal(user.Key) {
		s.Fatal("the look has another key")
	}
	if n := v.CRUSH.ProfileDomains(ceph.ErasureProfile{FailureDomain: "osd"}); n < 1 {
		s.Fatalf("the CRUSH map has %d OSDs", n)
	}
	fsid, _ := v.Conf.Lookup("global", "fsid")
	s.equal(fsid, status.FSID)
}

func (s *batchSuite) works() {
	profile := ceph.ErasureProfile{Name: unique(), K: 2, M: 1, FailureDomain: "osd"}
	data := ceph.Pool{Name: unique(), PGNum: 4, ErasureProfile: profile.Name, Application: "rbd"}
	pools := []ceph.Pool{{Name: unique(), PGNum: 4, Size: 2, MaxObjects: 5, Application: "rbd"},
		{Name: unique(), PGNum: 4, Application: "rbd", MaxBytes: 4096}}
	entity := s.entity()
	works := []ceph.Work{
		{Profile: &profile},
		{Pool: &ceph.PoolChange{Want: data}, Needs: []int{0}},
		{Pool: &ceph.PoolChange{Want: pools[0], Ready: true}},
		{Pool: &ceph.PoolChange{Want: pools[1], Ready: true}},
		{User: &ceph.UserChange{Want: ceph.User{Entity: entity, Caps: s.caps()}}},
		{Profile: &ceph.ErasureProfile{Name: unique(), K: 1, M: 1}},
		{Pool: &ceph.PoolChange{Want: ceph.Pool{Name: unique()}}, Needs: []int{5}},
		{},
	}
	done := s.cluster.Do(s.ctx, works...)
	for i, want := range []error{nil, nil, nil, nil, nil, ceph.ErrInvalid, ceph.ErrSkipped, ceph.ErrInvalid} {
		if s.is(done[i].Err, want); want == nil && done[i].Err != nil {
			s.Fatal(fmt.Sprint(i, done[i].Err))
		}
	}
	for _, p := range append(pools, data) {
		s.equal(p.Diff(s.find(p.Name)), []ceph.Setting(nil))
	}
	found, err := s.cluster.User(s.ctx, entity)
	s.ok(err)
	if found.Key.IsZero() || !found.Key.Equal(done[4].User.Key) {
		s.Fatal("the user's key did not come back")
	}
	// All that is there already, as it was not seen to be.
	done = s.cluster.Do(s.ctx, works[:5]...)
	for _, d := range done {
		s.ok(d.Err)
	}
	other := pools[0]
	other.Size = 3
	done = s.cluster.Do(s.ctx, ceph.Work{Pool: &ceph.PoolChange{Want: other}},
		ceph.Work{Pool: &ceph.PoolChange{Was: pools[0], Want: other}},
		ceph.Work{User: &ceph.UserChange{Want: ceph.User{Entity: entity, Caps: ceph.Caps{"mon": "allow r"}}}})
	for i, want := range []error{ceph.ErrConflict, nil, ceph.ErrConflict} {
		s.is(done[i].Err, want)
	}
}
