package integrate_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
)

const (
	cinderRing   = "/etc/ceph/ceph.client.cinder.keyring"
	cinderSecret = "ceph.client.cinder"
)

// rotate gives client.cinder another key, and returns that.
func rotate(t *testing.T, w *integratetest.World) ceph.Key {
	t.Helper()
	const entity = "client.cinder"
	old := userOf(t, w, entity)
	key := fixedKey(t)
	require.False(t, key.Equal(old.Key))
	w.Ceph["ceph"].AddUser(ceph.User{Entity: entity, Key: key, Caps: old.Caps})
	return key
}

func userOf(t *testing.T, w *integratetest.World, entity string) ceph.User {
	t.Helper()
	u, err := ceph.New(w.Clusters["ceph"].Mon).User(t.Context(), entity)
	require.NoError(t, err)
	return u
}

// heldBy is the value of the secret of client.cinder on a compute; empty where there is none.
func heldBy(w *integratetest.World, compute string) string {
	return w.Libvirt[compute].Held(libvirtsecret.DeriveUUID(w.Ceph["ceph"].FSID, "client.cinder")).Reveal()
}

// ringOf is the text of the keyring of client.cinder on a host; empty where there is none.
func ringOf(w *integratetest.World, host string) string {
	data, _ := w.Machines[host].Contents(cinderRing)
	return string(data)
}

// applyBut applies a plan to all hosts but compute2, which is new then.
func applyBut(t *testing.T, in *integrate.Integration) {
	t.Helper()
	_, err := in.Apply(t.Context(), plan(t, in),
		integrate.ApplyOptions{Only: integrate.Scope{Clusters: []string{"ceph"}, Hosts: []string{"controller", "compute1"}}})
	require.NoError(t, err)
}

// finished plans and applies once more, and checks that all hosts have the key then.
func finished(t *testing.T, w *integratetest.World, in *integrate.Integration) {
	t.Helper()
	apply(t, in)
	key := userOf(t, w, "client.cinder").Key.Reveal()
	for host := range w.Libvirt {
		assert.Equal(t, key, heldBy(w, host), host)
		assert.Contains(t, ringOf(w, host), key, host)
	}
	assert.True(t, plan(t, in).Empty())
}

// outcomes are those of a result by the ID of the change.
func outcomes(r *integrate.Result) map[string]integrate.Outcome {
	all := map[string]integrate.Outcome{}
	for _, o := range r.Outcomes {
		all[o.Change.ID] = o
	}
	return all
}

// TestAKeyThatWasRevokedSinceThePlan reaches no host, and only what needs the key fails.
func TestAKeyThatWasRevokedSinceThePlan(t *testing.T) {
	w, in := open(t, exampleSpec())
	applyBut(t, in)
	p := plan(t, in)
	rotate(t, w)
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	require.ErrorContains(t, err, "user client.cinder in cluster ceph has another key now; plan again")
	of := outcomes(r)
	for _, id := range []string{"file/compute2/" + cinderRing, "secret/compute2/" + cinderSecret} {
		assert.Equal(t, integrate.Failed, of[id].Status, id)
		assert.ErrorIs(t, of[id].Err, integrate.ErrConflict, id)
	}
	assert.Equal(t, integrate.Applied, of["file/compute2//etc/ceph/ceph.conf"].Status, "it has no key in it")
	assert.Empty(t, heldBy(w, "compute2"))
	assert.Empty(t, ringOf(w, "compute2"))
	assert.Zero(t, w.Libvirt["compute2"].Calls("define"))
	finished(t, w, in)
}

// TestAnOlderPlanDoesNotBringARevokedKeyBack: another operator rotates and applies, and
// then this one applies what was planned before.
func TestAnOlderPlanDoesNotBringARevokedKeyBack(t *testing.T) {
	w, in := open(t, exampleSpec())
	applyBut(t, in)
	older := plan(t, in)
	key := rotate(t, w).Reveal()
	apply(t, w.Integration(t))
	r, err := in.Apply(t.Context(), older, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	assert.Positive(t, r.Count(integrate.Failed))
	for _, host := range []string{"compute1", "compute2"} {
		assert.Equal(t, key, heldBy(w, host), host)
		assert.Contains(t, ringOf(w, host), key, host)
	}
	finished(t, w, in)
}

// TestASecretThatChangedSinceThePlan stays, although the user has the key that the plan saw.
func TestASecretThatChangedSinceThePlan(t *testing.T) {
	for _, together := range []bool{true, false} {
		w, in := open(t, exampleSpec())
		applyBut(t, in)
		if !together {
			w.Secrets["compute2"] = libvirtsecret.Store(w.Libvirt["compute2"])
		}
		p := plan(t, in)
		uuid := libvirtsecret.DeriveUUID(w.Ceph["ceph"].FSID, "client.cinder")
		value, err := libvirtsecret.ParseValue(fixedKey(t).Reveal())
		require.NoError(t, err)
		w.Libvirt["compute2"].Put(libvirtsecret.Secret{UUID: uuid, UsageID: "by another", Value: value})
		_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.ErrorIs(t, err, integrate.ErrConflict)
		require.ErrorContains(t, err, "somebody defined the secret since")
		assert.Equal(t, fixedKey(t).Reveal(), heldBy(w, "compute2"))
		finished(t, w, in)
	}
}

// rollouts are the ways to roll out with a canary; each gives what went wrong by target.
func rollouts(t *testing.T) map[string]func(*integrate.Integration) map[string]error {
	opts := integrate.ApplyOptions{Canaries: 1}
	return map[string]func(*integrate.Integration) map[string]error{
		"apply": func(in *integrate.Integration) map[string]error {
			r, _ := in.Apply(t.Context(), plan(t, in), opts)
			faults := map[string]error{}
			for _, o := range r.Outcomes {
				if o.Err != nil {
					faults[o.Change.Target] = errors.Join(faults[o.Change.Target], o.Err)
				}
			}
			return faults
		},
		"converge": func(in *integrate.Integration) map[string]error {
			_, faults := parts(t.Context(), in, integrate.ConvergeOptions{ApplyOptions: opts}, nil)
			return faults
		},
	}
}

// rotatesAfter makes a world whose key of client.cinder is rotated once the first compute
// has it. The users are there before, or are not.
func rotatesAfter(t *testing.T, users bool) (w *integratetest.World, in *integrate.Integration, old, key *ceph.Key) {
	t.Helper()
	w, in, _ = fleet(t, 4, 1)
	in.KeepNoKeys()
	if users {
		applyClusters(t, in)
	}
	old, key = new(ceph.Key), new(ceph.Key)
	w.Libvirt["compute0"].FailAfter = func(c secrettest.Call) error {
		if c.Op == "define" && key.IsZero() {
			*old, *key = userOf(t, w, "client.cinder").Key, rotate(t, w)
		}
		return nil
	}
	return w, in, old, key
}

func applyClusters(t *testing.T, in *integrate.Integration) {
	t.Helper()
	_, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{Only: integrate.Scope{Clusters: []string{"ceph"}}})
	require.NoError(t, err)
}

// TestAKeyThatIsRevokedInTheMiddleOfARollout: the computes that come later do not get it.
func TestAKeyThatIsRevokedInTheMiddleOfARollout(t *testing.T) {
	for name, run := range rollouts(t) {
		t.Run(name, func(t *testing.T) {
			w, in, old, key := rotatesAfter(t, true)
			faults := run(in)
			require.NoError(t, faults["compute0"])
			assert.Equal(t, old.Reveal(), heldBy(w, "compute0"), "the canary came before")
			for _, host := range []string{"compute1", "compute2", "compute3", "controller"} {
				require.ErrorIs(t, faults[host], integrate.ErrConflict, host)
				assert.NotContains(t, ringOf(w, host), old.Reveal(), host)
				assert.NotContains(t, ringOf(w, host), key.Reveal(), host)
			}
			for _, host := range []string{"compute1", "compute2", "compute3"} {
				assert.Empty(t, heldBy(w, host), host)
			}
			glance, ok := w.Machines["controller"].Contents("/etc/ceph/ceph.client.glance.keyring")
			assert.True(t, ok)
			assert.Contains(t, string(glance), userOf(t, w, "client.glance").Key.Reveal(), "nobody rotated that")
			finished(t, w, in)
		})
	}
}

// TestAKeyOfANewUserIsTheOneThatItHasNow: the plan that makes a user saw no key of it.
func TestAKeyOfANewUserIsTheOneThatItHasNow(t *testing.T) {
	for name, run := range rollouts(t) {
		t.Run(name, func(t *testing.T) {
			w, in, old, key := rotatesAfter(t, false)
			assert.Empty(t, run(in))
			assert.Equal(t, old.Reveal(), heldBy(w, "compute0"), "the canary came before")
			for _, host := range []string{"compute1", "compute2", "compute3"} {
				assert.Equal(t, key.Reveal(), heldBy(w, host), host)
			}
			assert.Contains(t, ringOf(w, "controller"), key.Reveal())
			finished(t, w, in)
		})
	}
}

// TestAUserThatWasRemovedSinceThePlan leaves no key behind on hosts that come later.
func TestAUserThatWasRemovedSinceThePlan(t *testing.T) {
	w, in := open(t, exampleSpec())
	applyBut(t, in)
	p := plan(t, in)
	require.NoError(t, ceph.New(w.Ceph["ceph"]).RemoveUser(t.Context(), "client.cinder"))
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	require.ErrorContains(t, err, "user client.cinder is not in cluster ceph any more; plan again")
	assert.Empty(t, heldBy(w, "compute2"))
	assert.Empty(t, ringOf(w, "compute2"))
	finished(t, w, in)
}

// TestRightsThatChangedSinceThePlan are not lost, whether or not the plan changes rights.
func TestRightsThatChangedSinceThePlan(t *testing.T) {
	w, in := open(t, exampleSpec())
	applyBut(t, in)
	foreign := func(caps string) {
		u := userOf(t, w, "client.cinder")
		u.Caps["osd"] += caps
		w.Ceph["ceph"].AddUser(u)
	}
	p := plan(t, in)
	foreign(", allow r pool=one")
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err, "the key is the same")
	assert.Contains(t, userOf(t, w, "client.cinder").Caps["osd"], "pool=one")

	u := userOf(t, w, "client.cinder")
	u.Caps = ceph.Caps{"mon": "profile rbd", "osd": "allow r pool=one"}
	w.Ceph["ceph"].AddUser(u)
	p = plan(t, in)
	require.NotNil(t, change(p, "user/ceph/client.cinder"))
	foreign(", allow r pool=two")
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	assert.Equal(t, "allow r pool=one, allow r pool=two", userOf(t, w, "client.cinder").Caps["osd"])
	finished(t, w, in)
	caps := userOf(t, w, "client.cinder").Caps["osd"]
	assert.Contains(t, caps, "pool=one")
	assert.Contains(t, caps, "pool=two")
	assert.Contains(t, caps, "profile rbd pool=volumes")
}

// TestAClusterThatCannotBeAskedForKeys: what needs a key fails and has no effect, and what
// needs none goes on.
func TestAClusterThatCannotBeAskedForKeys(t *testing.T) {
	w, in := open(t, exampleSpec())
	applyBut(t, in)
	p := plan(t, in)
	w.Ceph["ceph"].Fail = func(op cephtest.Op) error {
		if op.Name == "auth get" {
			return ceph.ErrUnreachable
		}
		return nil
	}
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	require.ErrorContains(t, err, "the key of client.cinder is not written, as cluster ceph cannot be asked")
	require.ErrorContains(t, err, "see that the cluster's monitors answer: ceph -s")
	of := outcomes(r)
	assert.Equal(t, integrate.Failed, of["file/compute2/"+cinderRing].Status)
	assert.Equal(t, integrate.Failed, of["secret/compute2/"+cinderSecret].Status)
	assert.Equal(t, integrate.Applied, of["file/compute2//etc/ceph/ceph.conf"].Status)
	assert.Zero(t, r.Count(integrate.Unknown))
	assert.Empty(t, heldBy(w, "compute2"))
	w.Ceph["ceph"].Fail = nil
	finished(t, w, in)
}

// TestADefineWhoseAnswerWasLost is unknown, and the next plan tells. A daemon that was
// not reached has done nothing.
func TestADefineWhoseAnswerWasLost(t *testing.T) {
	const id = "secret/compute2/" + cinderSecret
	for _, together := range []bool{true, false} {
		for _, lost := range []bool{true, false} {
			w, in := open(t, exampleSpec())
			applyBut(t, in)
			if !together {
				w.Secrets["compute2"] = libvirtsecret.Store(w.Libvirt["compute2"])
			}
			p := plan(t, in)
			gone := func(c secrettest.Call) error {
				if c.Op == "define" {
					return libvirtsecret.ErrUnreachable
				}
				return nil
			}
			want := integrate.Failed
			if w.Libvirt["compute2"].Fail = gone; lost {
				w.Libvirt["compute2"].Fail, w.Libvirt["compute2"].FailAfter, want = nil, gone, integrate.Unknown
			}
			r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
			assert.Equal(t, want, outcomes(r)[id].Status)
			w.Libvirt["compute2"].Fail, w.Libvirt["compute2"].FailAfter = nil, nil
			assert.Equal(t, lost, change(plan(t, in), id) == nil, "the secret is there")
			finished(t, w, in)
		}
	}
}

// TestAnApplyAsksOnceForKeys counts the exchanges with the cluster. Each Apply asks for
// the fsid of the cluster.
func TestAnApplyAsksOnceForKeys(t *testing.T) {
	w, in, _ := fleet(t, 8, 4)
	applyClusters(t, in)
	exchanges := func() int {
		p := plan(t, in)
		before := w.Ceph["ceph"].Batches()
		_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.NoError(t, err)
		return w.Ceph["ceph"].Batches() - before
	}
	assert.Equal(t, 2, exchanges(), "the fsid, and the keys of eight computes and a controller")
	rotate(t, w)
	assert.Equal(t, 2, exchanges())
	w.Machines["compute1"].AddFile("/etc/ceph/ceph.conf", []byte("[global]\n"), 0o600)
	assert.Equal(t, 1, exchanges(), "no key is written")
}
