package integrate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// mixedSpec is a Spec of which one compute keeps local disks on purpose.
func mixedSpec() spec.Spec {
	s := exampleSpec()
	s.Hosts[1].Disks, s.Hosts[2].Disks = "keep", "ceph"
	return s
}

// TestAMixedFleetIsWarnedOf in the plan, and in each verification from then on, which passes.
func TestAMixedFleetIsWarnedOf(t *testing.T) {
	w, in := open(t, mixedSpec())
	w.API.AddAggregate(api.Aggregate{Name: "rack1", Hosts: []string{"compute1", "compute2"}})
	p := plan(t, in)
	f := finds(t, p, "fleet-mixed")
	assert.Equal(t, []any{"cloud", "computes", false}, []any{f.Target, f.Object, f.Problem})
	assert.Contains(t, f.Message, "VM disks are in pool vms on 1 compute (compute2), local on 1 compute (compute1) once "+
		"this plan is applied. ")
	assert.Contains(t, f.Message, "Both are in availability zone nova (1 in pool vms, 1 local), aggregate rack1 "+
		"(1 in pool vms, 1 local). ")
	assert.Equal(t, 1, strings.Count(p.String(), "VM disks are in pool"), "it is said once")
	apply(t, in)
	require.True(t, plan(t, in).Empty())
	for _, opts := range []integrate.VerifyOptions{{Static: true}, {Static: true, Only: integrate.Scope{
		Hosts: []string{"compute1", "compute2"}}}} {
		report, err := in.Verify(t.Context(), opts)
		require.NoError(t, err, "%s", report)
		require.Len(t, report.Notes, 1)
		assert.Equal(t, "fleet-mixed", report.Notes[0].Code)
		assert.Contains(t, report.Notes[0].Message, "VM disks are in pool vms on 1 compute (compute2), local on 1 compute "+
			"(compute1). ")
		assert.Contains(t, report.String(), "note: cloud computes: VM disks are in pool vms")
		data, err := json.Marshal(report)
		require.NoError(t, err)
		assert.Contains(t, string(data), `"notes":[{"code":"fleet-mixed","problem":false,"target":"cloud"`)
	}
	s := mixedSpec()
	s.Hosts[1].Disks = ""
	in = again(t, w, s)
	assert.Contains(t, finds(t, plan(t, in), "fleet-mixed").Message, "(compute1) until this plan is applied. ")
	apply(t, in)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
	assert.Empty(t, report.Notes, "the rollout has ended")
}

// TestWhatMayNotBeListedIsSaid: the account may neither list aggregates nor migrations.
func TestWhatMayNotBeListedIsSaid(t *testing.T) {
	w, in := open(t, mixedSpec())
	vm := w.API.AddServer(api.Server{Name: "moves", Host: "compute1", Status: "MIGRATING", ImageID: "i"})
	w.API.Interrupt(func(r *http.Request) (int, string, bool) {
		denied := strings.HasSuffix(r.URL.Path, "/os-aggregates") || strings.HasSuffix(r.URL.Path, "/os-migrations")
		return http.StatusForbidden, `{"forbidden": {"message": "Policy doesn't allow it.", "code": 403}}`, denied
	})
	f := finds(t, plan(t, in), "vm-migrations-unknown")
	assert.Equal(t, []any{"compute2", true}, []any{f.Target, f.Problem})
	assert.Contains(t, f.Message, "moves ("+vm+") are on their way between computes")
	assert.Contains(t, f.Message, "HTTP 403: Policy doesn't allow it.")
	require.NoError(t, w.Cloud.DeleteServer(t.Context(), vm))
	p := plan(t, in)
	assert.NotContains(t, p.String(), "are on their way", "no VM is, by the list of VMs")
	assert.Contains(t, finds(t, p, "fleet-mixed").Message, "Which aggregates have both is not known: openstack API: list "+
		"aggregates: HTTP 403: Policy doesn't allow it.")
	result, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, api.ErrDenied)
	o := outcomeOf(t, result, "settings/compute2/"+novaOnHost)
	require.ErrorContains(t, o.Err, "whether VMs that came from compute2 wait to be confirmed cannot be told: openstack "+
		"API: list migrations compute2: HTTP 403: ")
}

// TestMigrationsKeepAComputeAsItIs: the plan names the migration, and does the rest.
func TestMigrationsKeepAComputeAsItIs(t *testing.T) {
	s := exampleSpec()
	s.Hosts[2].Disks = "ceph"
	w, in := open(t, s)
	vm := w.API.AddServer(api.Server{Name: "moves", Host: "compute9", Status: "MIGRATING", ImageID: "i"})
	w.API.AddMigration(api.Migration{Server: vm, Source: "compute9", Dest: "compute2", Type: "live-migration",
		Status: "running"})
	old := w.API.AddServer(api.Server{Name: "idle", Host: "compute9", ImageID: "i"})
	w.API.AddMigration(api.Migration{Server: old, Source: "compute9", Dest: "compute1", Type: "migration",
		Status: "migrating"})
	p := plan(t, in)
	f := finds(t, p, "vm-migration-pending")
	assert.Equal(t, []any{"compute2", "VM disks", true}, []any{f.Target, f.Object, f.Problem})
	assert.Contains(t, f.Message, "moves ("+vm+"; live-migration 1 from compute9 to compute2, running)")
	assert.NotContains(t, p.String(), "idle (", "its migration was given up")
	assert.NotContains(t, strings.Join(linesOf(change(p, "settings/compute2/"+novaOnHost)), "\n"), "images_type")
	assert.Contains(t, strings.Join(linesOf(change(p, "settings/compute1/"+novaOnHost)), "\n"), "images_type")
}

// TestAResizeSinceThePlan keeps the compute from being switched, which it would find out too late.
func TestAResizeSinceThePlan(t *testing.T) {
	for _, disks := range []string{"", "ceph"} {
		s := exampleSpec()
		s.Hosts[1].Disks = disks
		w, in := open(t, s)
		p := plan(t, in)
		vm := w.API.AddServer(api.Server{Name: "waits", Host: "compute9", ImageID: "i"})
		w.API.AddResize(vm, "compute1")
		result, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.ErrorIs(t, err, integrate.ErrConflict)
		o := outcomeOf(t, result, "settings/compute1/"+novaOnHost)
		assert.Equal(t, integrate.Failed, o.Status)
		require.ErrorContains(t, o.Err, "resize 1 of VM "+vm+" from compute1 to compute9 waits to be confirmed now")
	}
}

func outcomeOf(t *testing.T, r *integrate.Result, id string) integrate.Outcome {
	t.Helper()
	for _, o := range r.Outcomes {
		if o.Change.ID == id {
			return o
		}
	}
	require.Fail(t, "no outcome", id)
	return integrate.Outcome{}
}

// TestAFleetCostsFewRequests: what is read of 1,000 computes together does not grow with their number,
// but for the pages of lists.
func TestAFleetCostsFewRequests(t *testing.T) {
	const n = 1000
	s := exampleSpec()
	s.Packages, s.Hosts = "", s.Hosts[:1]
	for i := range n {
		disks := "ceph"
		if i%2 == 1 {
			disks = "keep"
		}
		s.Hosts = append(s.Hosts, spec.Host{Name: fmt.Sprintf("compute%04d", i+1), Services: []string{"nova-compute"},
			Disks: disks})
	}
	w, err := integratetest.New(s)
	require.NoError(t, err)
	defer w.Close()
	for i := range 200 {
		vm := w.API.AddServer(api.Server{Name: fmt.Sprint("vm", i), Host: fmt.Sprintf("compute%04d", i+1),
			Status: "MIGRATING", ImageID: "i"})
		w.API.AddMigration(api.Migration{Server: vm, Source: fmt.Sprintf("compute%04d", i+1),
			Dest: fmt.Sprintf("compute%04d", i+201), Type: "live-migration", Status: "running"})
		w.API.AddAggregate(api.Aggregate{Name: fmt.Sprint("rack", i), Hosts: []string{"compute0001", "compute0002"}})
	}
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	var mu sync.Mutex
	asked := map[string]int{}
	w.API.Interrupt(func(r *http.Request) (int, string, bool) {
		mu.Lock()
		defer mu.Unlock()
		asked[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]++
		return 0, "", false
	})
	p := plan(t, in)
	const pages, backup = 200 / 25, 1
	assert.Equal(t, map[string]int{"os-services": 2, "flavors": 1, "detail": pages + backup, "types": 1,
		"os-aggregates": 1, "os-migrations": 11}, asked)
	f := finds(t, p, "fleet-mixed")
	assert.Less(t, len(f.Message), 2500)
	under := 0
	for _, f := range p.Problems() {
		if f.Code == "vm-migration-pending" {
			under++
		}
	}
	assert.Equal(t, 200, under, "the computes of 200 that shall be switched, and are a source or a destination")
	clear(asked)
	for _, vm := range w.API.Servers() {
		require.NoError(t, w.Cloud.DeleteServer(t.Context(), vm.ID))
	}
	clear(asked)
	plan(t, in)
	assert.Equal(t, map[string]int{"os-services": 2, "flavors": 1, "detail": 1 + backup, "types": 1, "os-aggregates": 1},
		asked)
}
