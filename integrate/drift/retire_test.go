package drift_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/drift"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// refusing lets the APIs refuse requests whose paths have this in them.
func refusing(w *integratetest.World, part string) {
	w.API.Interrupt(func(r *http.Request) (int, string, bool) {
		return http.StatusInternalServerError, "broken", strings.Contains(r.URL.Path, part)
	})
}

// TestARetirementThatCannotBeToldIsUnknown: what could not be read while something retires is Unknown, never drift.
func TestARetirementThatCannotBeToldIsUnknown(t *testing.T) {
	compute := func(s *spec.Spec) { s.Hosts[2].Retire = []string{"nova-compute"} }
	backend := func(s *spec.Spec) { s.Cinder.Backends[1].Retire = true }
	all := func(s *spec.Spec) { s.Retire = true }
	down := func(w *integratetest.World) { w.API.Close() }
	for name, c := range map[string]struct {
		retire func(*spec.Spec)
		spoil  func(*integratetest.World)
		code   string // of a finding; empty where the gate is behind another one
	}{
		"a compute, no APIs in the World": {compute, func(w *integratetest.World) { w.Cloud = nil }, "host-need-unknown"},
		"a compute, the APIs are down":    {compute, down, "host-need-unknown"},
		"a compute, no list of VMs": {compute, func(w *integratetest.World) {
			refusing(w, "/servers")
		}, "host-need-unknown"},
		"a backend, the APIs are down": {backend, down, "pool-need-unknown"},
		"a backend, no list of volumes": {backend, func(w *integratetest.World) {
			refusing(w, "/volumes")
		}, "pool-need-unknown"},
		"a backend, no list of images": {backend, func(w *integratetest.World) {
			w.Ceph["ceph"].Fail = func(op cephtest.Op) error {
				if op.Name == "rbd ls" || op.Name == "rbd trash ls" {
					return ceph.ErrUnreachable
				}
				return nil
			}
		}, "cluster-unreadable"},
		"all, the APIs are down": {all, down, "pool-need-unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := with(parsed(t, twoBackends), "compute1", "compute2")
			w := integrated(t, s)
			c.retire(&s)
			c.spoil(w)
			in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
			require.NoError(t, err)
			r, err := drift.Look(t.Context(), in, drift.Options{})
			require.NoError(t, err)
			assert.Equal(t, drift.Unknown, r.Status, r.String())
			codes := map[string]bool{}
			for _, f := range r.Unknown {
				codes[f.Code] = true
			}
			assert.True(t, codes[c.code], r.String())
			for _, i := range r.Drift {
				assert.NotContains(t, i.Reason, "cannot be told", i.ID)
				assert.NotContains(t, i.Reason, "cannot be read", i.ID)
			}
		})
	}
}

const twoBackends = `
release: zed
clusters: [{name: ceph}]
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
glance: {}
cinder: {backends: [{name: ceph}, {name: fast, pool: fast, user: cinder-fast}]}
backup: {}
nova: {}
`
