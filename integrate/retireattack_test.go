package integrate_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// kollaOfAll is twoOfAll in containers.
func kollaOfAll() spec.Spec {
	s := twoOfAll()
	s.Layout, s.Release = "kolla", "2024.2"
	return s
}

// TestRetireAPartOfKolla: as TestRetireAPart, in containers.
func TestRetireAPartOfKolla(t *testing.T) {
	t.Parallel()
	for name, retire := range retirings() {
		t.Run(name, func(t *testing.T) {
			s := kollaOfAll()
			w := integratetest.Integrated(t, s)
			retire(&s)
			in := integrationOf(t, w, s)
			p := plan(t, in)
			require.Empty(t, p.Problems(), "%s", p)
			require.NotEmpty(t, p.Changes)
			_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			require.NoError(t, err)
			again := plan(t, integrationOf(t, w, s))
			assert.Empty(t, again.Changes, "%s", again)
			back := integrationOf(t, w, s.Unretired())
			_, err = back.Apply(t.Context(), plan(t, back), integrate.ApplyOptions{})
			require.NoError(t, err)
			assert.Empty(t, plan(t, integrationOf(t, w, s.Unretired())).Changes)
		})
	}
}

// TestRetireHostByHost: with a scope, only hosts of the scope are changed, no user goes while a host may have its key,
// and the last run removes the users.
func TestRetireHostByHost(t *testing.T) {
	t.Parallel()
	for _, layout := range []string{"debian", "kolla"} {
		for _, order := range [][]string{{"compute2", "controller", "controller2", "compute1"},
			{"controller", "controller2", "compute1", "compute2"}} {
			t.Run(layout+" "+order[0], func(t *testing.T) {
				s := twoOfAll()
				if layout == "kolla" {
					s = kollaOfAll()
				}
				w := integratetest.Integrated(t, s)
				had := users(t, w, s)
				s.Retire = true
				for _, name := range order {
					for _, m := range w.Machines {
						m.Forget()
					}
					in := integrationOf(t, w, s)
					only := integrate.Scope{Hosts: []string{name}}
					p, err := in.Plan(t.Context(), integrate.PlanOptions{Only: only})
					require.NoError(t, err)
					require.Empty(t, p.Problems(), "%s: %s", name, p)
					_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{Only: only})
					require.NoError(t, err, "%s", name)
					for _, changed := range changedHosts(w, "") {
						assert.True(t, strings.HasPrefix(changed, name+" "), "%s: %s", name, changed)
					}
					assert.Equal(t, had, users(t, w, s), "%s: no user goes with a part", name)
				}
				in := integrationOf(t, w, s)
				p := plan(t, in)
				require.Empty(t, p.Problems(), "%s", p)
				_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
				require.NoError(t, err)
				assert.Empty(t, users(t, w, s))
				assert.Empty(t, plan(t, integrationOf(t, w, s)).Changes)
			})
		}
	}
}

// TestRetireAPlanInParts: the whole plan, applied with a scope, changes the scope alone and leaves the users.
func TestRetireAPlanInParts(t *testing.T) {
	t.Parallel()
	s := twoOfAll()
	w := integratetest.Integrated(t, s)
	had := users(t, w, s)
	s.Retire = true
	in := integrationOf(t, w, s)
	_, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{Only: integrate.Scope{Clusters: []string{"ceph"}}})
	require.NoError(t, err)
	assert.Equal(t, had, users(t, w, s))
	for _, m := range w.Machines {
		m.Forget()
	}
	_, err = in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{Only: integrate.Scope{Hosts: []string{"compute1"}}})
	require.NoError(t, err)
	for _, changed := range changedHosts(w, "") {
		assert.True(t, strings.HasPrefix(changed, "compute1 "), changed)
	}
	assert.Equal(t, had, users(t, w, s))
}

// helpedOfAll is twoOfAll, where the normal login may do only what the helper does.
func helpedOfAll() spec.Spec {
	s, helped := twoOfAll(), helpedSpec()
	s.SSH, s.Prepare = helped.SSH, helped.Prepare
	return s
}

// TestRetireByTheHelper: where the normal login may do only what the helper does, files go by the first entry. Without
// an entry, options go and services are restarted, and what is left is a Problem that names the entry. A run with the
// entry finishes that.
func TestRetireByTheHelper(t *testing.T) {
	t.Parallel()
	parts := retirings()
	parts["all"] = func(s *spec.Spec) { s.Retire = true }
	for name, retire := range parts {
		for _, entry := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " with an entry: ", entry), func(t *testing.T) {
				s := helpedOfAll()
				w, in := openBare(t, s)
				_, _ = in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{}) // the other controller lets nobody in yet
				_, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
				require.NoError(t, err)
				require.Empty(t, plan(t, in).Changes)
				entries := maps.Clone(w.Entries)
				had := users(t, w, s)
				retire(&s)
				if !entry {
					clear(w.Entries)
					in := integrationOf(t, w, s)
					p := plan(t, in)
					for _, f := range p.Problems() {
						assert.Equal(t, "no-entry", f.Code, "%s", f)
					}
					_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
					if len(p.Problems()) > 0 {
						require.ErrorIs(t, err, integrate.ErrIncomplete)
					} else {
						require.NoError(t, err)
					}
					assert.Equal(t, had, users(t, w, s), "a keyring is still there")
					maps.Copy(w.Entries, entries)
				}
				in = integrationOf(t, w, s)
				p := plan(t, in)
				require.Empty(t, p.Problems(), "%s", p)
				_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
				require.NoError(t, err)
				for _, has := range []bool{true, false} { // the helper does from now on
					if !has {
						clear(w.Entries)
					}
					again := plan(t, integrationOf(t, w, s))
					assert.Empty(t, again.Changes, "%s", again)
					assert.Empty(t, again.Problems(), "%s", again)
				}
			})
		}
	}
}

// TestTwoOperatorsRetire: one of them has the lock, and the other is told so. Nobody undoes what the other did.
func TestTwoOperatorsRetire(t *testing.T) {
	t.Parallel()
	s := twoOfAll()
	w := integratetest.Integrated(t, s)
	keep := integrationOf(t, w, s)
	w.Machines["compute1"].StopUnit("nova-compute.service")
	stale := plan(t, keep) // starts the service again
	require.NotEmpty(t, stale.Changes)
	s.Retire = true
	one, two := integrationOf(t, w, s), integrationOf(t, w, s)
	first, second := plan(t, one), plan(t, two)
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { _, errs[0] = one.Apply(t.Context(), first, integrate.ApplyOptions{}) })
	wg.Go(func() { _, errs[1] = two.Apply(t.Context(), second, integrate.ApplyOptions{}) })
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, world.ErrLock)
		}
	}
	require.False(t, errs[0] != nil && errs[1] != nil)
	assert.Empty(t, plan(t, integrationOf(t, w, s)).Changes)
	assert.Empty(t, users(t, w, s))

	_, err := two.Apply(t.Context(), second, integrate.ApplyOptions{}) // a plan of before, once more
	require.NoError(t, err)
	assert.Empty(t, plan(t, integrationOf(t, w, s)).Changes)
	_, err = keep.Apply(t.Context(), stale, integrate.ApplyOptions{}) // restarts a service, and brings nothing back
	require.NoError(t, err)
	assert.Empty(t, users(t, w, s))
	assert.Empty(t, plan(t, integrationOf(t, w, s)).Changes)
}
