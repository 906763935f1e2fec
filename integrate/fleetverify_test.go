package integrate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// fleetSpec has a controller and n computes.
func fleetSpec(n int) spec.Spec {
	s := exampleSpec()
	s.Hosts = s.Hosts[:1]
	for i := range n {
		s.Hosts = append(s.Hosts, spec.Host{Name: fmt.Sprintf("compute%04d", i+1), Services: []string{"nova-compute"}})
	}
	return s
}

// vms are the computes on which VMs were made.
func vms(r *integrate.Report) (names []string) {
	for _, c := range r.Checks {
		if name, ok := strings.CutPrefix(c.ID, "vm-on-"); ok {
			names = append(names, name)
		}
	}
	return names
}

// checkIDs are the IDs of the checks of a report.
func checkIDs(r *integrate.Report) (ids []string) {
	for _, c := range r.Checks {
		ids = append(ids, c.ID)
	}
	return ids
}

// TestAFleetBootsFewGuests: of 1,000 computes in three zones, with four versions of QEMU, guests boot on four. These
// cover the zones and the two oldest versions. With -short, it is a tenth of the computes.
func TestAFleetBootsFewGuests(t *testing.T) {
	n := 1000 / oneIn(10)
	w := integratetest.Open(t, fleetSpec(n))
	in := w.Integration(t)
	for range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
	}
	at := func(tenth int) string { return fmt.Sprintf("compute%04d", tenth*n/10) }
	for i := range n {
		name := fmt.Sprintf("compute%04d", i+1)
		w.API.AddService(api.ServiceRecord{Binary: "nova-compute", Host: name, Zone: []string{"az1", "az2", "az3"}[i%3],
			Enabled: true, Up: true})
		w.API.SetQEMU(name, []int{9000000, 8002000}[i%2])
	}
	w.API.SetQEMU(at(5), 6002000) // az2
	w.API.SetQEMU(at(7), 7002000) // az1
	w.API.SetQEMU(at(8), 4002000) // az2, and down
	w.API.SetUp("nova-compute", at(8), false)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Image: integratetest.Image(),
		Checks: []string{"vm", "live-migration*", "restored*"}})
	require.NoError(t, err, "%s", report)
	assert.Equal(t, []string{"compute0001", at(7), "compute0006", at(5)}, vms(report), "%s", report)
	c := check(report, "computes for guests")
	require.NotNil(t, c)
	assert.Contains(t, c.Evidence, at(5)+" (zone az2, QEMU 6.2.0, the oldest of its zone)")
	assert.Contains(t, c.Evidence, fmt.Sprint(n-4, " other computes have no guest"))
	assert.Empty(t, w.API.Servers(), "all are removed again")
	assert.Contains(t, report.ChecksLeftOut, "files/"+at(10))
	assert.Contains(t, report.String(), fmt.Sprintf("files/compute[0001-%04d]", n))
}

// TestComputesForGuests: by number or by name, with ranges.
func TestComputesForGuests(t *testing.T) {
	w := integratetest.Integrated(t, fleetSpec(8))
	for _, c := range []struct {
		opts integrate.VerifyOptions
		want string
	}{
		{integrate.VerifyOptions{}, "compute0001 compute0002 compute0003 compute0004"},
		{integrate.VerifyOptions{Guests: 1}, "compute0001"},
		{integrate.VerifyOptions{Guests: 99}, "compute0001 compute0002 compute0003 compute0004 compute0005 compute0006 " +
			"compute0007 compute0008"},
		{integrate.VerifyOptions{Computes: []string{"compute[0006-0007]", "compute0003"}},
			"compute0003 compute0006 compute0007"},
	} {
		c.opts.Image, c.opts.Checks = integratetest.Image(), []string{"vm"}
		report, err := w.Integration(t).Verify(t.Context(), c.opts)
		require.NoError(t, err, "%s", report)
		assert.Equal(t, c.want, strings.Join(vms(report), " "))
	}
}

// TestWishesThatAreRefused, before anything is read or made.
func TestWishesThatAreRefused(t *testing.T) {
	w := integratetest.Integrated(t, fleetSpec(8))
	for _, m := range w.Machines {
		m.Fail = func(context.Context, remote.Op) error { return errors.New("asked") }
	}
	var asked sync.Map
	w.API.Interrupt(func(r *http.Request) (int, string, bool) {
		if r.Method == http.MethodPost {
			asked.Store(r.URL.Path, true)
		}
		return 0, "", false
	})
	image := integratetest.Image()
	for says, opts := range map[string]integrate.VerifyOptions{
		`has no compute "compute0009"; did you mean`:          {Computes: []string{"compute000[8-9]"}, Image: image},
		`the Spec has no compute "controller"`:                {Computes: []string{"controller"}, Image: image},
		`"compute[1" has a [ without a ]`:                     {Computes: []string{"compute[1"}, Image: image},
		`is named "file/compute0001"; did you mean "files/c`:  {Checks: []string{"file/compute0001"}, Image: image},
		`no check is named "rigths-client.glance"; did you`:   {Checks: []string{"rigths-client.glance"}, Image: image},
		`no check is named ""`:                                {Checks: []string{""}, Image: image},
		`the check "rights" does more than read: it needs a`:  {Checks: []string{"rights"}, Static: true},
		`"vm-on-*" does more than read: it needs a verificat`: {Checks: []string{"files", "vm-on-*"}, Static: true},
		`no check is named "files/compute0002"`: {Checks: []string{"files/compute0002"}, Static: true,
			Only: integrate.Scope{Hosts: []string{"compute0001"}}},
		`no check is named "vm-on-compute0007"`: {Checks: []string{"vm-on-compute0007"}, Image: image},
		`exclude each other`:                    {Computes: []string{"compute0001"}, Guests: 2, Image: image},
		`cannot be negative`:                    {Guests: -1, Image: image},
		`Timeout and GuestWait cannot`:          {Timeout: -1, Image: image},
		`no guest boots`:                        {Guests: 1, Static: true},
		`goes with none of Static`:              {Checks: []string{"files"}, Clean: true},
		`it needs a bootable raw image`:         {Checks: []string{"vm"}},
		`the cloud has no flavor "tinny"`:       {Flavor: "tinny", Image: image},
		`and flavor small has a disk of 1 GiB`:  {Flavor: "small", Image: large{}},
	} {
		w.API.AddFlavor(openstacktest.Flavor{ID: "small", Name: "small", VCPUs: 1, RAMMiB: 64, DiskGiB: 1})
		report, err := w.Integration(t).Verify(t.Context(), opts)
		require.ErrorContains(t, err, says)
		assert.NotErrorIs(t, err, integrate.ErrChecks, says)
		assert.Empty(t, report.Checks, says)
	}
	asked.Range(func(path, _ any) bool { return assert.Fail(t, "made", path) })
	require.NoError(t, integrate.VerifyOptions{Image: image, Checks: []string{"vm-on-compute0007"}}.Check(fleetSpec(8)))
	require.ErrorContains(t, integrate.VerifyOptions{}.Check(fleetSpec(8)), "needs a bootable raw image")
	require.NoError(t, integrate.VerifyOptions{Checks: []string{"files", "rights-client.glance"}}.Check(fleetSpec(8)))
}

// TestCheckIDs names what can be asked for, with nothing to connect to.
func TestCheckIDs(t *testing.T) {
	ids, err := integrate.VerifyOptions{}.CheckIDs(fleetSpec(8))
	require.NoError(t, err)
	assert.Subset(t, ids, []string{"ceph-health/ceph", "files/compute0007", "rights-client.glance", "vm-on-compute0007"})
	ids, err = integrate.VerifyOptions{Static: true, Only: integrate.Scope{Hosts: []string{"compute0001"}}}.
		CheckIDs(fleetSpec(8))
	require.NoError(t, err)
	assert.Contains(t, ids, "files/compute0001")
	assert.NotContains(t, ids, "files/compute0002")
	assert.NotContains(t, ids, "vm-on-compute0001")
	_, err = integrate.VerifyOptions{Computes: []string{"compute0009"}}.CheckIDs(fleetSpec(8))
	require.ErrorContains(t, err, `has no compute "compute0009"`)
}

// A large image has 2 GiB, of which only the boot sector is there.
type large struct{}

func (large) Read(p []byte) (int, error) { return integratetest.Image().Read(p[:min(len(p), 512)]) }

func (large) Seek(offset int64, whence int) (int64, error) {
	if whence == 2 {
		return 2 << 30, nil
	}
	return offset, nil
}

// TestNamedChecks makes these and what they need, and reads only the hosts that have to do with them.
func TestNamedChecks(t *testing.T) {
	for _, c := range []struct {
		names, hosts string
		want         []string
	}{
		{"files/compute0003", "compute0003", []string{"files/compute0003"}},
		{"ceph-health pools/ceph", "", []string{"ceph-health/ceph", "pools/ceph"}},
		{"rights-client.glance", "controller", []string{"rights-client.glance"}},
		{"image", "", []string{"image-in-ceph", "computes-for-guests", "vm-on-compute0001", "nothing-is-left-behind",
			"volumes-in-ceph", "image-of-a-vm-in-ceph"}},
		{"restored-sparse*", "", []string{"image-in-ceph", "computes-for-guests", "vm-on-compute0001",
			"nothing-is-left-behind", "volumes-in-ceph", "restored-sparse-backup-is-the-same-byte-by-byte"}},
		{"files/compute000[1]", "", nil},
	} {
		w := integratetest.Integrated(t, fleetSpec(8))
		var read sync.Map
		for name, m := range w.Machines {
			m.Fail = func(context.Context, remote.Op) error { read.Store(name, true); return nil }
		}
		report, err := w.Integration(t).Verify(t.Context(), integrate.VerifyOptions{Image: integratetest.Image(),
			Checks: strings.Fields(c.names)})
		if c.want == nil {
			require.ErrorContains(t, err, "no check is named", c.names)
			continue
		}
		require.NoError(t, err, "%s: %s", c.names, report)
		assert.ElementsMatch(t, c.want, checkIDs(report), c.names)
		var hosts []string
		read.Range(func(name, _ any) bool { hosts = append(hosts, name.(string)); return true })
		if c.hosts != "" {
			assert.Equal(t, strings.Fields(c.hosts), hosts, c.names)
		}
		for _, id := range report.ChecksLeftOut {
			assert.NotContains(t, checkIDs(report), id, c.names)
		}
		assert.Contains(t, report.ChecksLeftOut, "settings/compute0004")
		assert.Contains(t, report.String(), fmt.Sprintf("%d checks were not asked for: ", len(report.ChecksLeftOut)))
		assert.Empty(t, w.API.Volumes(), c.names)
	}
}

// TestEachCheckCanBeNamed: what a whole verification makes is what can be named, in the same order.
func TestEachCheckCanBeNamed(t *testing.T) {
	for _, s := range []spec.Spec{exampleSpec(), fleetSpec(1), fleetSpec(6)} {
		w := integratetest.Integrated(t, s)
		all, _ := verify(t, w.Integration(t))
		ids := checkIDs(all)
		report, _ := w.Integration(t).Verify(t.Context(), integrate.VerifyOptions{Image: integratetest.Image(), Checks: ids})
		assert.Equal(t, ids, checkIDs(report))
		assert.Empty(t, report.ChecksLeftOut)
		one, _ := w.Integration(t).Verify(t.Context(), integrate.VerifyOptions{Checks: []string{"ceph-health"}})
		left := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "ceph-health/ceph" })
		assert.ElementsMatch(t, left, one.ChecksLeftOut)
	}
}

// TestTheTimeLimitOfAVerification: what is not done is unable, and what was made is removed.
func TestTheTimeLimitOfAVerification(t *testing.T) {
	w := integratetest.Integrated(t, exampleSpec())
	before := everything(t, w)
	var reached atomic.Bool
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	w.API.Interrupt(func(r *http.Request) (int, string, bool) {
		if strings.HasSuffix(r.URL.Path, "/os-volume_attachments") {
			reached.Store(true)
			<-over
		}
		return 0, "", false
	})
	var report *integrate.Report
	limit := time.Second
	for ; !reached.Load(); limit *= 2 { // a busy machine does not get so far in a second
		var err error
		report, err = w.Integration(t).Verify(t.Context(), integrate.VerifyOptions{Image: integratetest.Image(),
			Flavor: "tiny", Timeout: limit})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	c := check(report, "guest writes to an attached volume")
	assert.Equal(t, integrate.Unable, c.Status)
	assert.Contains(t, c.Evidence, fmt.Sprintf("interrupted: the time limit of %s is over", limit/2))
	assert.Contains(t, c.Next, "more time")
	for _, c := range report.Checks {
		assert.NotEqual(t, integrate.Fail, c.Status, "%s: %s", c.Name, c.Evidence)
	}
	assert.Equal(t, integrate.Pass, check(report, "nothing is left behind").Status, "%s", report)
	assert.ElementsMatch(t, before, everything(t, w))
}

// TestAHostThatHangsIsNamed: where the time is over, it says who did not answer, and names nobody else.
func TestAHostThatHangsIsNamed(t *testing.T) {
	w := integratetest.Integrated(t, exampleSpec())
	w.Machines["compute1"].Fail = remotetest.Hang
	report, err := w.Integration(t).Verify(t.Context(), integrate.VerifyOptions{Static: true, Timeout: 2 * time.Second})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	for _, c := range report.Checks {
		assert.Equal(t, integrate.Unable, c.Status, c.ID)
		assert.Contains(t, c.Evidence, "the time limit of 2s is over; no answer yet from compute1")
		assert.Equal(t, "see why they do not answer, and run it again", c.Next)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err = w.Integration(t).Plan(ctx, integrate.PlanOptions{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualError(t, err, "integrate: Plan: interrupted: context deadline exceeded; no answer yet from compute1")
}
