package integrate_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

const volumeUnit = "cinder-volume.service"

// startOn starts cinder-volume on a host, as somebody else does.
func startOn(t *testing.T, w *integratetest.World, host string) {
	t.Helper()
	_, err := w.Machines[host].Do(t.Context(), remote.RestartUnit{Unit: volumeUnit})
	require.NoError(t, err)
}

// TestATakeoverAfterThePlan: the service ran nowhere when the plan was made. When it is applied, another host has
// taken over, or nobody can tell.
func TestATakeoverAfterThePlan(t *testing.T) {
	for name, c := range map[string]struct {
		then  func(w *integratetest.World)
		fault string
	}{
		"nobody has": {func(*integratetest.World) {}, ""},
		"taken over": {func(w *integratetest.World) { startOn(t, w, "controller2") },
			"another host may serve under the same name: cinder-volume.service was not started, as the APIs report " +
				"rbd:volumes@ceph up: two that run clean up each other's work"},
		"nobody can tell": {func(w *integratetest.World) {
			w.API.Interrupt(func(*http.Request) (int, string, bool) { return http.StatusServiceUnavailable, "{}", true })
		}, "the APIs do not tell whether another host does"},
		"it runs here again": {func(w *integratetest.World) { startOn(t, w, "controller") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := twoControllers()
			s.Cinder.Backends[0].Options = map[string]string{"backend_host": "rbd:volumes"}
			s.Hosts[len(s.Hosts)-1].Standby = []string{"cinder-volume"}
			w := integratetest.Integrated(t, s)
			in := w.Integration(t)
			w.Machines["controller2"].StopUnit(volumeUnit)
			w.Machines["controller"].StopUnit(volumeUnit)
			w.API.SetUp("cinder-volume", "rbd:volumes@ceph", false)
			p := plan(t, in)
			require.Len(t, p.Changes, 1, "%s", p)
			require.Equal(t, "unit/controller/"+volumeUnit, p.Changes[0].ID)
			c.then(w)
			result, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			if c.fault == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.fault)
			assert.Equal(t, 1, result.Count(integrate.Failed))
			assert.Equal(t, "inactive", w.Machines["controller"].Unit(volumeUnit).Active)
		})
	}
}

// TestAServiceThatRunsAgainIsTheLast: its unit did not run when the plan was made, and now no other host serves.
func TestAServiceThatRunsAgainIsTheLast(t *testing.T) {
	for _, runs := range []bool{true, false} {
		x := newThree(t, time.Minute)
		_, err := x.apply()
		require.NoError(t, err)
		x.Machines["controller"].StopUnit(volumeUnit)
		p := plan(t, x.in)
		require.Len(t, p.Changes, 1, "%s", p)
		if runs {
			startOn(t, x.World, "controller")
		}
		for _, host := range controllersOfThree[1:] {
			x.Machines[host].StopUnit(volumeUnit)
			x.API.SetUp("cinder-volume", host+"@ceph", false)
		}
		x.restarts = nil
		_, err = x.in.Apply(t.Context(), p, integrate.ApplyOptions{})
		assert.Equal(t, runs, err != nil, "%v", err)
		assert.Equal(t, runs, len(x.restarts) == 0, "%v", x.restarts)
		assert.True(t, x.serves("controller", "cinder-volume"))
	}
}

// TestTheLastOfHostsWithDomains: the APIs know the hosts by names with a domain, which the Spec leaves out.
func TestTheLastOfHostsWithDomains(t *testing.T) {
	s := threeControllers()
	w := integratetest.Open(t, s)
	for _, host := range controllersOfThree {
		w.Machines[host].AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\nhost = "+host+".example.org\n"), 0o640)
	}
	apply(t, w.Integration(t))
	s.Cinder.Backends[0].Options = map[string]string{"rbd_max_clone_depth": "3"}
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: time.Millisecond})
	require.NoError(t, err)
	p := plan(t, in)
	for _, host := range controllersOfThree[1:] {
		w.Machines[host].StopUnit(volumeUnit)
		w.API.SetUp("cinder-volume", host+".example.org@ceph", false)
	}
	result, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorContains(t, err, "no other host serves it: cinder-volume.service was not restarted, as cinder-volume "+
		"would then be down everywhere (the APIs report down: controller2.example.org@ceph, controller3.example.org@ceph): ")
	assert.Equal(t, 1, result.Count(integrate.Failed))
}

// TestACoordinatorOfBackups: it is that of cinder-volume, also on hosts and in containers that have only cinder-backup.
func TestACoordinatorOfBackups(t *testing.T) {
	for layout, path := range map[string]string{"debian": "/etc/cinder/cinder.conf",
		"kolla": "/etc/kolla/cinder-backup/cinder.conf"} {
		s := exampleSpec()
		if layout == "kolla" {
			s = kollaSpec()
		}
		s.Hosts = append(s.Hosts, spec.Host{Name: "backup1", Services: []string{"cinder-backup"}})
		s.Cinder.Cluster, s.Cinder.Coordination = "ha", spec.NewSecret("etcd3+http://:secret-word@203.0.113.5:2379")
		w := integratetest.Integrated(t, s)
		data, _ := w.Machines["backup1"].Contents(path)
		assert.Contains(t, string(data), "backend_url = etcd3+http://:secret-word@203.0.113.5:2379\n")
		assert.NotContains(t, string(data), "cluster = ha")
	}
}
