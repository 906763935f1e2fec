package ceph_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

// stage is what a first apply makes.
func stage() []ceph.Work {
	works := []ceph.Work{
		{Profile: &ceph.ErasureProfile{Name: "k2m1", K: 2, M: 1}},
		{Pool: &ceph.PoolChange{Want: ceph.Pool{Name: "data", ErasureProfile: "k2m1", Application: "rbd"}}, Needs: []int{0}},
	}
	for i := range 4 {
		works = append(works, ceph.Work{Pool: &ceph.PoolChange{Ready: true,
			Want: ceph.Pool{Name: fmt.Sprint("pool", i), Size: 1 + i%2, MinSize: 1, Application: "rbd", MaxBytes: int64(i)}}})
	}
	for i := range 3 {
		works = append(works, ceph.Work{User: &ceph.UserChange{Want: ceph.User{Entity: fmt.Sprint("client.u", i),
			Caps: ceph.Caps{"mon": "profile rbd"}}}})
	}
	return works
}

func errorsOf(done []ceph.Done) error {
	var errs []error
	for _, d := range done {
		errs = append(errs, d.Err)
	}
	return errors.Join(errs...)
}

// alone hides that a cluster takes batches: requests go out one after the other.
type alone struct{ ceph.Commander }

func TestWhatWasNotSentAnymoreWroteNothing(t *testing.T) {
	fake := cephtest.New()
	ctx, cancel := context.WithCancel(t.Context())
	fake.Fail = func(op cephtest.Op) error {
		if op.Write {
			cancel()
		}
		return nil
	}
	done := ceph.New(alone{fake}).Do(ctx, stage()[6:]...)
	require.Len(t, done, 3)
	assert.True(t, done[0].Wrote)
	for _, d := range done[1:] {
		require.ErrorIs(t, d.Err, context.Canceled)
		assert.False(t, d.Wrote)
	}
}

func TestWorksAreRounds(t *testing.T) {
	fake := cephtest.New()
	c := ceph.New(fake)
	works := stage()[2:]
	done := c.Do(t.Context(), works...)
	require.NoError(t, errorsOf(done))
	assert.Equal(t, 4, fake.Batches(), "see what is there, make, resize to one, ready")
	assert.False(t, done[len(done)-1].User.Key.IsZero())
	v, err := c.Look(t.Context(), ceph.Query{Users: []string{"client.u0", "client.none"}, CRUSH: true,
		Images: []string{"pool0", "none"}})
	require.NoError(t, err)
	assert.Equal(t, 5, fake.Batches())
	assert.Len(t, v.Users, 1)
	users, err := c.Users(t.Context(), "client.u0", "client.none", "client.u1")
	require.NoError(t, err)
	assert.Equal(t, 6, fake.Batches())
	assert.Len(t, users, 2)
	assert.Equal(t, v.Users["client.u0"], users["client.u0"])
	for _, w := range works[:4] {
		assert.Empty(t, w.Pool.Want.Diff(v.Pools[w.Pool.Want.Name]))
	}
	n := fake.Writes()
	for i, w := range works[:4] {
		works[i].Pool.Was = v.Pools[w.Pool.Want.Name]
	}
	require.NoError(t, errorsOf(c.Do(t.Context(), works[:4]...)))
	assert.Equal(t, n, fake.Writes())
}

func TestWorksThatWereCutShortAnywhere(t *testing.T) {
	for cut := 1; ; cut++ {
		fake := cephtest.New()
		c, n := ceph.New(fake), 0
		dead := errors.New("dead")
		fake.Lost = func(cephtest.Op) error {
			if n++; n >= cut {
				return dead
			}
			return nil
		}
		fake.Fail = func(cephtest.Op) error {
			if n >= cut {
				return dead
			}
			return nil
		}
		err := errorsOf(c.Do(t.Context(), stage()...))
		fake.Lost, fake.Fail = nil, nil
		v, lookErr := c.Look(t.Context(), ceph.Query{Users: []string{"client.u0", "client.u1", "client.u2"}})
		require.NoError(t, lookErr)
		works := stage()
		for i, w := range works {
			if w.Pool != nil {
				works[i].Pool.Was = v.Pools[w.Pool.Want.Name]
			}
			if w.User != nil {
				works[i].User.Was = v.Users[w.User.Want.Entity]
			}
		}
		done := c.Do(t.Context(), works...)
		require.NoError(t, errorsOf(done), "cut at %d", cut)
		v, lookErr = c.Look(t.Context(), ceph.Query{})
		require.NoError(t, lookErr)
		for _, w := range works {
			if w.Pool != nil {
				require.Empty(t, w.Pool.Want.Diff(v.Pools[w.Pool.Want.Name]), "cut at %d", cut)
			}
			if w.User != nil {
				found, err := c.User(t.Context(), w.User.Want.Entity)
				require.NoError(t, err)
				require.Equal(t, w.User.Want.Caps, found.Caps)
			}
		}
		if err == nil {
			break
		}
		require.ErrorIs(t, err, dead)
	}
}

func TestWorksMeetAnotherWorld(t *testing.T) {
	small, large := ceph.Pool{Name: "p", Size: 2, Application: "rbd"}, ceph.Pool{Name: "p", Size: 3, Application: "rbd"}
	caps, other := ceph.Caps{"mon": "profile rbd"}, ceph.Caps{"mon": "allow r"}
	user := func(c ceph.Caps) ceph.User { return ceph.User{Entity: "client.a", Caps: c} }
	for name, c := range map[string]struct {
		work ceph.Work
		want error
	}{
		"a pool that was not there": {ceph.Work{Pool: &ceph.PoolChange{Want: large}}, ceph.ErrConflict},
		"a pool that is as wanted":  {ceph.Work{Pool: &ceph.PoolChange{Want: small}}, nil},
		"a pool that was otherwise": {ceph.Work{Pool: &ceph.PoolChange{Was: ceph.Pool{Name: "p", Size: 4}, Want: large}},
			ceph.ErrConflict},
		"a pool as it was": {ceph.Work{Pool: &ceph.PoolChange{Was: small, Want: large}}, nil},
		"a pool that is gone": {ceph.Work{Pool: &ceph.PoolChange{Was: ceph.Pool{Name: "gone"},
			Want: ceph.Pool{Name: "gone"}}}, ceph.ErrConflict},
		"a pool with a profile": {ceph.Work{Pool: &ceph.PoolChange{Was: small,
			Want: ceph.Pool{Name: "p", ErasureProfile: "default"}}}, ceph.ErrConflict},
		"a user that was not there": {ceph.Work{User: &ceph.UserChange{Want: user(other)}}, ceph.ErrConflict},
		"a user that is as wanted":  {ceph.Work{User: &ceph.UserChange{Want: user(caps)}}, nil},
		"a user that was otherwise": {ceph.Work{User: &ceph.UserChange{Was: user(other), Want: user(caps)}},
			ceph.ErrConflict},
		"a user as it was":           {ceph.Work{User: &ceph.UserChange{Was: user(caps), Want: user(other)}}, nil},
		"a user that nobody changes": {ceph.Work{User: &ceph.UserChange{Was: user(caps), Want: user(caps)}}, nil},
		"a profile that says it all": {ceph.Work{Profile: &ceph.ErasureProfile{Name: "k2m1", K: 2, M: 1}}, nil},
		"a profile that says it not": {ceph.Work{Profile: &ceph.ErasureProfile{Name: "k2m1", K: 3, M: 1}},
			ceph.ErrConflict},
		"nothing": {ceph.Work{}, ceph.ErrInvalid},
		"two things": {ceph.Work{Pool: &ceph.PoolChange{Want: small}, Profile: &ceph.ErasureProfile{}},
			ceph.ErrInvalid},
		"a need of work that is not":   {ceph.Work{Pool: &ceph.PoolChange{Want: small}, Needs: []int{1}}, ceph.ErrSkipped},
		"a need of the work's own":     {ceph.Work{Pool: &ceph.PoolChange{Want: small}, Needs: []int{0}}, ceph.ErrSkipped},
		"a need with a negative index": {ceph.Work{Pool: &ceph.PoolChange{Want: small}, Needs: []int{-1}}, ceph.ErrSkipped},
		"a pool for another application": {ceph.Work{Pool: &ceph.PoolChange{Want: ceph.Pool{Name: "gw", Application: "rbd"},
			Was: ceph.Pool{Name: "gw", Application: "rgw"}, Ready: true}}, ceph.ErrDenied},
	} {
		t.Run(name, func(t *testing.T) {
			fake := cephtest.New()
			require.NoError(t, fake.AddPool(small))
			require.NoError(t, fake.AddPool(ceph.Pool{Name: "gw", Application: "rgw"}))
			was := fake.AddUser(user(caps))
			fake.AddErasureProfile(ceph.ErasureProfile{Name: "k2m1", K: 2, M: 1})
			done := ceph.New(fake).Do(t.Context(), c.work)[0]
			require.ErrorIs(t, done.Err, c.want)
			assert.Equal(t, fake.Writes() > 0, done.Wrote)
			if c.want == nil && c.work.User != nil {
				assert.True(t, done.User.Key.Equal(was.Key))
				assert.Equal(t, c.work.User.Want.Caps, done.User.Caps)
			}
			if errors.Is(c.want, ceph.ErrConflict) && c.work.Profile == nil && c.work.User == nil {
				assert.Zero(t, fake.Writes())
			}
		})
	}
}

func TestWorkThatNeedsFailedWorkIsNotBegun(t *testing.T) {
	fake := cephtest.New()
	fake.Fail = func(op cephtest.Op) error {
		if op.Name == "osd erasure-code-profile set" {
			return ceph.ErrUnreachable
		}
		return nil
	}
	done := ceph.New(fake).Do(t.Context(), stage()...)
	require.ErrorIs(t, done[0].Err, ceph.ErrUnreachable)
	require.ErrorIs(t, done[1].Err, ceph.ErrSkipped)
	assert.NotErrorIs(t, done[1].Err, ceph.ErrUnreachable)
	require.NoError(t, errorsOf(done[2:]))
}

func TestWorkAfterTheEndOfContext(t *testing.T) {
	fake := cephtest.New()
	ctx, cancel := context.WithCancel(t.Context())
	fake.Lost = func(op cephtest.Op) error {
		if op.Name == "osd pool create" {
			cancel()
			return ctx.Err()
		}
		return nil
	}
	done := ceph.New(fake).Do(ctx, stage()[:3]...)
	require.ErrorIs(t, done[1].Err, context.Canceled)
	require.ErrorIs(t, done[2].Err, context.Canceled)
	assert.Equal(t, []bool{true, false, true}, []bool{done[0].Wrote, done[1].Wrote, done[2].Wrote})
	for _, d := range ceph.New(fake).Do(ctx, stage()...)[2:] {
		require.ErrorIs(t, d.Err, context.Canceled)
		assert.False(t, d.Wrote)
	}
}

func TestALookThatCannotBeRead(t *testing.T) {
	fake := cephtest.New()
	fake.Fail = func(op cephtest.Op) error {
		if op.Name == "auth get" {
			return &ceph.CommandError{Op: op.Name, Code: 13, Status: "access denied"}
		}
		return nil
	}
	v, err := ceph.New(fake).Look(t.Context(), ceph.Query{Users: []string{"client.a"}})
	require.ErrorIs(t, err, ceph.ErrDenied)
	require.ErrorContains(t, err, "client.a")
	assert.Equal(t, fake.FSID, v.Status.FSID)
	users, err := ceph.New(fake).Users(t.Context(), "client.a")
	require.ErrorIs(t, err, ceph.ErrDenied)
	assert.Nil(t, users, "a user that cannot be read is not a user that is not there")
}

func TestALookAtAnOlderCluster(t *testing.T) {
	fake := cephtest.New()
	fake.Release, fake.Version = "firefly", "0.80.11"
	v, err := ceph.New(fake).Look(t.Context(), ceph.Query{})
	require.NoError(t, err)
	assert.Equal(t, "firefly", v.Status.Release)
	assert.Equal(t, 2, fake.Batches())
}

// plain are a fake's two views without Batch.
type plain struct {
	ceph.Commander
	ceph.Images
}

func TestWithoutABatcher(t *testing.T) {
	fake := cephtest.New()
	view := &plain{fake, fake}
	c := ceph.New(view)
	require.ErrorIs(t, errorsOf(c.Do(t.Context(), stage()...)), ceph.ErrInvalid, "pools cannot be readied without Images")
	fake = cephtest.New()
	view = &plain{fake, fake}
	require.NoError(t, errorsOf(ceph.New(view).WithImages(view).Do(t.Context(), stage()...)))
	assert.Zero(t, fake.Batches())
	// Images of another kind than the Batcher are not passed over.
	other := cephtest.New()
	require.NoError(t, other.AddPool(ceph.Pool{Name: "p"}))
	require.NoError(t, other.AddImage(ceph.Image{Pool: "p", Name: "i"}))
	require.NoError(t, other.AddImage(ceph.Image{Pool: "p", Name: "gone"}))
	require.NoError(t, other.MoveToTrash("p", "gone"))
	v, err := ceph.New(fake).WithImages(other).Look(t.Context(), ceph.Query{Images: []string{"p"}, Trash: []string{"p"}})
	require.NoError(t, err)
	assert.Equal(t, map[string][]string{"p": {"i"}}, v.Images)
	require.Len(t, v.Trash["p"], 1)
	assert.Equal(t, "gone", v.Trash["p"][0].Name)
}

// miscounting is a Batcher that gives another number of answers.
type miscounting struct {
	*cephtest.Cluster
	answers int
}

func (m miscounting) Batch(context.Context, ...ceph.Request) []ceph.Answer {
	return make([]ceph.Answer, m.answers)
}

func TestAnotherNumberOfAnswers(t *testing.T) {
	request := ceph.Request{Command: ceph.Command{JSON: []byte(`{"prefix":"fsid","format":"json"}`)}}
	none := ceph.New(miscounting{cephtest.New(), 0}).Batch(t.Context(), request)
	require.Len(t, none, 1)
	require.ErrorIs(t, none[0].Err, ceph.ErrUnreachable, "it is unknown, not absent")
	assert.Len(t, ceph.New(miscounting{cephtest.New(), 2}).Batch(t.Context(), request), 1)
}

// recorder keeps the requests of each batch.
type recorder struct {
	*cephtest.Cluster
	batches [][]ceph.Request
}

func (r *recorder) Batch(ctx context.Context, requests ...ceph.Request) []ceph.Answer {
	r.batches = append(r.batches, requests)
	return r.Cluster.Batch(ctx, requests...)
}

func TestFieldsOfAPoolAreSetSideBySide(t *testing.T) {
	rec := &recorder{Cluster: cephtest.New()}
	require.NoError(t, rec.AddPool(ceph.Pool{Name: "p", Size: 3, PGNum: 8}))
	want := ceph.Pool{Name: "p", Autoscale: "off", PGNum: 16, Size: 2, MinSize: 2, MaxBytes: 1, Application: "rbd"}
	change := &ceph.PoolChange{Was: ceph.Pool{Name: "p", Size: 3, PGNum: 8, MinSize: 2, Autoscale: "on"}, Want: want}
	require.NoError(t, ceph.New(rec).Do(t.Context(), ceph.Work{Pool: change})[0].Err)
	require.Len(t, rec.batches, 3)
	after := map[string][]int{}
	for _, r := range rec.batches[1] {
		var args struct{ Prefix, Var, Field string }
		require.NoError(t, json.Unmarshal(r.Command.JSON, &args))
		after[strings.TrimSpace(args.Prefix+" "+args.Var+args.Field)] = r.After
	}
	assert.Equal(t, map[string][]int{
		"osd pool application enable": nil, "osd pool set pg_autoscale_mode": nil, "osd pool set pg_num": {1},
		"osd pool set size": nil, "osd pool set-quota max_bytes": nil,
		"osd pool ls": {0, 1, 2, 3, 4}, "osd crush rule dump": {0, 1, 2, 3, 4},
	}, after)
	assert.Len(t, rec.batches[2], 1, "Ceph chose another min_size with the size")
}
