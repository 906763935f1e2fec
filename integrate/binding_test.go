package integrate_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// resealed is a plan that somebody stored, edited and gave the digest of what it says
// now.
func resealed(t *testing.T, p *integrate.Plan, edit func(text string) string) *integrate.Plan {
	t.Helper()
	var q integrate.Plan
	require.NoError(t, json.Unmarshal([]byte(edit(asJSON(t, p))), &q))
	q.Digest = ""
	data, err := json.Marshal(&q)
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	q.Digest = "sha256:" + hex.EncodeToString(sum[:])
	again, err := integrate.ParsePlan([]byte(asJSON(t, &q)))
	require.NoError(t, err)
	return again
}

// stored reads a plan that was stored.
func stored(t *testing.T, p *integrate.Plan) *integrate.Plan {
	t.Helper()
	return resealed(t, p, func(text string) string { return text })
}

// refused applies a plan that is not to be applied, and gives the error.
func refused(t *testing.T, w *integratetest.World, in *integrate.Integration, p *integrate.Plan) error {
	t.Helper()
	writes := w.Writes()
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.Error(t, err)
	assert.Equal(t, writes, w.Writes(), "something was written")
	assert.Equal(t, len(p.Changes), r.Count(integrate.Cancelled), "%v", err)
	return err
}

func replaced(old, with string) func(string) string {
	return func(text string) string { return strings.ReplaceAll(text, old, with) }
}

// TestAPlanOfAnotherSpecIsRefused, and the error says what differs.
func TestAPlanOfAnotherSpecIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*spec.Spec)
		says string
	}{
		"a host left":        {func(s *spec.Spec) { s.Hosts = s.Hosts[:2] }, "the Spec does not have compute2"},
		"a host was renamed": {func(s *spec.Spec) { s.Hosts[1].Name = "compute9" }, "the Spec does not have compute1"},
		"a host came": {func(s *spec.Spec) {
			s.Hosts = append(s.Hosts, spec.Host{Name: "compute3", Services: []string{"nova-compute"}})
		}, "another Spec, or the Spec was changed since"},
		"a cluster was renamed": {func(s *spec.Spec) { s.Clusters[0].Name = "ssd" }, "the Spec does not have ceph"},
		"a pool was renamed":    {func(s *spec.Spec) { s.Nova.Pool = "disks" }, "the Spec was changed since"},
		"another release":       {func(s *spec.Spec) { s.Release = "yoga" }, "the Spec was changed since"},
	} {
		t.Run(name, func(t *testing.T) {
			_, in := open(t, exampleSpec())
			p := plan(t, in)
			other := exampleSpec()
			c.edit(&other)
			w, now := open(t, other)
			for _, p := range []*integrate.Plan{p, stored(t, p)} {
				err := refused(t, w, now, p)
				require.ErrorIs(t, err, integrate.ErrConflict)
				assert.ErrorContains(t, err, c.says)
			}
		})
	}
}

// TestAPlanWithOtherNamesIsRefused, also if whoever renamed its targets has made its
// digest right.
func TestAPlanWithOtherNamesIsRefused(t *testing.T) {
	for old, with := range map[string]string{"compute1": "compute7", "controller": "ctl",
		`"target":"ceph"`: `"target":"hdd"`} {
		w, in := open(t, exampleSpec())
		p := plan(t, in)
		compact := func(text string) string {
			var v any
			require.NoError(t, json.Unmarshal([]byte(text), &v))
			data, err := json.Marshal(v)
			require.NoError(t, err)
			return string(data)
		}
		err := refused(t, w, in, resealed(t, p, func(text string) string { return replaced(old, with)(compact(text)) }))
		require.ErrorIs(t, err, integrate.ErrConflict)
		assert.ErrorContains(t, err, "the Spec does not have "+strings.Trim(with[strings.LastIndex(with, ":")+1:], `"`))
	}
}

func TestAPlanOfAnotherClusterIsRefused(t *testing.T) {
	_, in := open(t, exampleSpec())
	p := plan(t, in)
	w := integratetest.Open(t, exampleSpec())
	w.Ceph["ceph"].FSID = "0fd8a5b2-9d0f-4a56-8cf1-5f3c9a1b2c3d"
	for _, p := range []*integrate.Plan{p, stored(t, p)} {
		err := refused(t, w, w.Integration(t), p)
		require.ErrorIs(t, err, integrate.ErrConflict)
		require.ErrorContains(t, err, p.Clusters["ceph"])
		assert.ErrorContains(t, err, w.Ceph["ceph"].FSID)
	}
}

func TestAPlanOfAnotherFormatIsRefused(t *testing.T) {
	w, in := open(t, exampleSpec())
	p := plan(t, in)
	for format, says := range map[string]string{`"format": 2`: "format is 2", `"format": 0`: "has no format",
		`"x": 1`: "unknown field"} {
		_, err := integrate.ParsePlan([]byte(replaced(`"format": 1`, format)(asJSON(t, p))))
		assert.ErrorContains(t, err, says)
	}
	p.Format = 2
	assert.ErrorContains(t, refused(t, w, in, p), "format 2")
}

// TestAPlanIsBoundToWhatTheSpecAsksFor, not to the way in which hosts are reached.
func TestAPlanIsBoundToWhatTheSpecAsksFor(t *testing.T) {
	w, in := open(t, exampleSpec())
	p := stored(t, plan(t, in))
	elsewhere := exampleSpec()
	elsewhere.SSH.KeyFiles, elsewhere.Cloud.CloudsFile = []string{"/other/key"}, "/other/clouds.yaml"
	there, err := integrate.New(integrate.Config{Spec: elsewhere, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	_, err = there.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.True(t, plan(t, in).Empty())
}

// TestAnEditedPlanIsRefused, whatever was taken out or put in.
func TestAnEditedPlanIsRefused(t *testing.T) {
	for name, edit := range map[string]func(*integrate.Plan){
		"a change left": func(p *integrate.Plan) { p.Changes = p.Changes[1:] },
		"only a compute's settings": func(p *integrate.Plan) {
			var few []integrate.Change
			for _, c := range p.Changes {
				if c.Target == "compute2" && (c.Kind == "settings" || c.Kind == "unit") {
					few = append(few, c)
				}
			}
			p.Changes = few
		},
		"a need left":          func(p *integrate.Plan) { p.Changes[len(p.Changes)-1].Needs = nil },
		"another order":        func(p *integrate.Plan) { p.Changes[0], p.Changes[1] = p.Changes[1], p.Changes[0] },
		"a problem left":       func(p *integrate.Plan) { p.Findings = append(p.Findings, integrate.Finding{Code: "x"}) },
		"it leaves a host out": func(p *integrate.Plan) { p.LeftOut = []string{"compute2"} },
	} {
		w, in := open(t, exampleSpec())
		p := plan(t, in)
		edit(p)
		assert.ErrorContains(t, refused(t, w, in, p), "edited after it was made", name)
		_, err := integrate.ParsePlan([]byte(asJSON(t, p)))
		require.ErrorContains(t, err, "edited after it was made", name)
		_, err = p.Only(integrate.Scope{Hosts: []string{"compute1"}})
		require.ErrorContains(t, err, "edited after it was made", name)
	}
}

// TestANeedThatIsNotInThePlanIsNotMet takes a plan that has a compute's settings alone.
func TestANeedThatIsNotInThePlanIsNotMet(t *testing.T) {
	w, in := open(t, exampleSpec())
	p := resealed(t, plan(t, in), func(text string) string {
		var q integrate.Plan
		require.NoError(t, json.Unmarshal([]byte(text), &q))
		var few []integrate.Change
		for _, c := range q.Changes {
			if c.Target == "compute2" && (c.Kind == "settings" || c.Kind == "unit") {
				few = append(few, c)
			}
		}
		require.Len(t, few, 2)
		q.Changes = few
		return asJSON(t, &q)
	})
	writes := w.Writes()
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	require.ErrorContains(t, err, "this plan does not do it; plan again")
	assert.Zero(t, r.Count(integrate.Applied)+r.Count(integrate.Unchanged), "%s", asJSON(t, r))
	assert.Equal(t, writes, w.Writes())
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

// TestARestrictedPlanKeepsItsNeeds applies a plan to a compute only.
func TestARestrictedPlanKeepsItsNeeds(t *testing.T) {
	w, in := open(t, exampleSpec())
	whole := plan(t, in)
	only := integrate.Scope{Hosts: []string{"compute2"}}
	part, err := whole.Only(only)
	require.NoError(t, err)
	for _, id := range []string{"pool/ceph/vms", "user/ceph/client.cinder", "settings/compute2//etc/nova/nova.conf"} {
		assert.NotNil(t, change(part, id), id)
	}
	for _, c := range part.Changes {
		assert.NotContains(t, []string{"compute1", "controller", "cloud"}, c.Target)
		for _, id := range c.Needs {
			assert.NotNil(t, change(part, id), "%s needs %s", c.ID, id)
		}
	}
	asked, err := in.Plan(t.Context(), integrate.PlanOptions{Only: only})
	require.NoError(t, err)
	assert.Equal(t, asked.String(), part.String())
	assert.Equal(t, []string{"ceph", "compute1", "controller", "cloud"}, part.LeftOut)
	_, err = in.Apply(t.Context(), stored(t, part), integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.Zero(t, w.Machines["compute1"].Changes(""))
	assert.Zero(t, w.Machines["controller"].Changes(""))
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

// TestAResultThatWasStoredKeepsItsFailures: a program that reads it asks Err, too.
func TestAResultThatWasStoredKeepsItsFailures(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["compute1"].BreakUnit("nova-compute.service", "no")
	r, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.Error(t, err)
	var read integrate.Result
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, r)), &read))
	require.EqualError(t, read.Err(), err.Error())
	var change *integrate.ChangeError
	require.ErrorAs(t, read.Err(), &change)
	assert.Equal(t, "unit/compute1/nova-compute.service", change.Change.ID)
}

// TestAPoolThatWentSinceThePlanIsANeed: the plan did not make the pool, as it was there.
func TestAPoolThatWentSinceThePlanIsANeed(t *testing.T) {
	w, in := open(t, exampleSpec())
	first, err := plan(t, in).Only(integrate.Scope{Clusters: []string{"ceph"}})
	require.NoError(t, err)
	_, err = in.Apply(t.Context(), first, integrate.ApplyOptions{})
	require.NoError(t, err)
	p := stored(t, plan(t, in))
	require.Nil(t, change(p, "pool/ceph/vms"))
	w.Ceph["ceph"].RemovePool("vms")
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	for _, o := range r.Outcomes {
		if o.Change.Kind == "settings" && strings.HasPrefix(o.Change.Target, "compute") {
			assert.Equal(t, integrate.Failed, o.Status, o.Change.ID)
			assert.Contains(t, o.Error, "pool/ceph/vms")
		}
	}
	data, _ := w.Machines["compute1"].Contents("/etc/nova/nova.conf")
	assert.NotContains(t, string(data), "images_type = rbd")
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

// TestAStoredPlanIsAppliedHostByHost: the first Apply makes the users, whose keys are known
// to the later ones.
func TestAStoredPlanIsAppliedHostByHost(t *testing.T) {
	_, in := open(t, exampleSpec())
	p := stored(t, plan(t, in))
	for _, host := range []string{"controller", "compute1", "compute2"} {
		r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{Only: integrate.Scope{Hosts: []string{host}}})
		require.NoError(t, err, "%s", host)
		assert.NotZero(t, r.Count(integrate.Applied), host)
	}
	assert.Nil(t, change(plan(t, in), "settings/compute2//etc/nova/nova.conf"))

	// The same holds for an Apply that was cut short.
	w, in := open(t, exampleSpec())
	p = stored(t, plan(t, in))
	w.Machines["compute1"].Fail = func(_ context.Context, op remote.Op) error {
		if write, ok := op.(remote.WriteFile); ok && strings.HasSuffix(write.Path, ".keyring") {
			return syscall.ENOSPC
		}
		return nil
	}
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.Error(t, err)
	w.Machines["compute1"].Fail = nil
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.True(t, plan(t, in).Empty())
}

// TestAPlanIsForItsCluster, whether it was stored or not.
func TestAPlanIsForItsCluster(t *testing.T) {
	for _, keep := range []func(*testing.T, *integrate.Plan) *integrate.Plan{
		stored, func(_ *testing.T, p *integrate.Plan) *integrate.Plan { return p }} {
		w, in := open(t, exampleSpec())
		p := keep(t, plan(t, in))
		w.Ceph["ceph"].FSID = "11111111-2222-4333-8444-555555555555"
		_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.ErrorIs(t, err, integrate.ErrConflict)
		assert.Contains(t, err.Error(), "and its fsid is 11111111-2222-4333-8444-555555555555 here; plan again")
		assert.Zero(t, w.Writes())
	}
}
