package integrate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// twoControllers is a cloud whose services each run twice.
func twoControllers() spec.Spec {
	s := exampleSpec()
	s.Hosts = append(s.Hosts, spec.Host{Name: "controller2", Services: s.Hosts[0].Services})
	return s
}

func TestTwoControllers(t *testing.T) {
	s := twoControllers()
	s.Cinder.Cluster, s.Cinder.Coordination = "ha", spec.NewSecret("etcd3+http://203.0.113.5:2379")
	w, in := open(t, s)
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	evidence := check(report, "services up").Evidence
	for _, name := range []string{"cinder-volume controller@ceph", "cinder-volume controller2@ceph",
		"cinder-backup controller2"} {
		assert.Contains(t, evidence, name)
	}
	assert.Empty(t, w.API.Violations())
}

// TestBackendHostOfTheSpec: the service reports under a name that is not on
// the host yet when the plan is made.
func TestBackendHostOfTheSpec(t *testing.T) {
	s := twoControllers()
	s.Cinder.Backends[0].Options = map[string]string{"backend_host": "rbd:volumes"}
	_, in := open(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // less than is waited for a service
	defer cancel()
	result, err := in.Apply(ctx, plan(t, in), integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.Equal(t, len(result.Outcomes), result.Count(integrate.Applied))
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
	assert.Contains(t, check(report, "services up").Evidence, "cinder-volume rbd:volumes@ceph")
}

// TestHostOfTheSpec: the same for the backend without a name, whose option names
// cinder-backup, too.
func TestHostOfTheSpec(t *testing.T) {
	s := twoControllers()
	s.Release = "newton"
	s.Cinder.Backends[0].Name, s.Cinder.Backends[0].VolumeType = "DEFAULT", ""
	s.Cinder.Backends[0].Options = map[string]string{"host": "all"}
	w, in := open(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	result, err := in.Apply(ctx, plan(t, in), integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.Equal(t, len(result.Outcomes), result.Count(integrate.Applied))
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
	assert.Contains(t, check(report, "services up").Evidence, "cinder-volume all")
	assert.Contains(t, check(report, "services up").Evidence, "cinder-backup all")
	assert.Empty(t, w.API.Violations())
}

// TestSeveralHostsOfABackend: each way to serve a backend from several hosts, and
// what a plan says of it.
func TestSeveralHostsOfABackend(t *testing.T) {
	const (
		own = "PROBLEM: cloud backend ceph: is served by controller, controller2, by each under its own name (controller, " +
			"controller2): a volume belongs to one of them"
		locks = "cloud backend ceph: is served by controller, controller2 as one, but what locks a volume on one of " +
			"them does not on the others: "
		twice  = "note: cloud backend ceph: backend_host is one name for controller, controller2 (active/passive)"
		shared = "note: cloud backend ceph: is served by controller, controller2 in cluster ha under one name, rbd:volumes"
		etcd   = "[coordination]\nbackend_url = etcd3+http://203.0.113.5:2379\n"
	)
	for name, c := range map[string]struct{ release, option, first, second, says string }{
		"alike":                     {"zed", "", "", "", own},
		"a release before clusters": {"queens", "", "[DEFAULT]\ncluster = ha\n", "[DEFAULT]\ncluster = ha\n", own},
		"one in a cluster":          {"zed", "", "[DEFAULT]\ncluster = ha\n", "", own},
		"active/passive, one lock":  {"zed", "rbd:volumes", etcd, etcd, twice},
		"active/passive, locks apart": {"zed", "rbd:volumes", "", "",
			locks + "controller, controller2 are without a coordinator"},
		"active/passive, one has none": {"zed", "rbd:volumes", etcd, "[coordination]\nbackend_url = file:///var/lib/cinder\n",
			locks + "controller2 is without a coordinator"},
		"before there were any": {"newton", "rbd:volumes", "", "", twice},
		"host in place of it":   {"zed", "", "[DEFAULT]\nhost = all\n" + etcd, "[DEFAULT]\nhost = all\n" + etcd, ""},
		"active/active": {"zed", "", "[DEFAULT]\ncluster = ha\n" + etcd,
			"[DEFAULT]\ncluster = ha\n" + etcd, ""},
		"active/active without locks": {"zed", "", "[DEFAULT]\ncluster = ha\n", "[DEFAULT]\ncluster = ha\n",
			locks + "controller, controller2 are without a coordinator"},
		"active/active under one name": {"zed", "rbd:volumes", "[DEFAULT]\ncluster = ha\n" + etcd,
			"[DEFAULT]\ncluster = ha\n" + etcd, shared},
	} {
		t.Run(name, func(t *testing.T) {
			s := twoControllers()
			s.Release = c.release
			if c.option != "" {
				s.Cinder.Backends[0].Options = map[string]string{"backend_host": c.option}
			}
			w, in := open(t, s)
			w.Machines["controller"].AddFile("/etc/cinder/cinder.conf", []byte(c.first), 0o640)
			w.Machines["controller2"].AddFile("/etc/cinder/cinder.conf", []byte(c.second), 0o640)
			said := func(findings []integrate.Finding) (text string) {
				for _, f := range findings {
					if strings.HasPrefix(f.Object, "backend ") {
						text += f.String() + "\n"
					}
				}
				return text
			}
			text := said(plan(t, in).Findings)
			assert.True(t, (c.says != "") == (text != "") && strings.Contains(text, c.says), text)
			cluster := map[bool]string{true: "to ha, ", false: "to a name, "}[c.first != ""]
			assert.Equal(t, c.says == own && c.release == "zed", strings.Contains(text, "set cinder.cluster "+cluster), text)
			for part := range in.Converge(t.Context(), integrate.ConvergeOptions{PlanOnly: true}) {
				if part.Target == "cloud" {
					assert.Equal(t, text, said(part.Plan.Findings))
				}
			}
		})
	}
}

// TestStandbyInAClusterOfTheFiles: hosts of a cluster that is in cinder.conf alone do not serve under one name.
func TestStandbyInAClusterOfTheFiles(t *testing.T) {
	for conf, says := range map[string]string{
		"[DEFAULT]\ncluster = ha\n": "cinder-volume.service: it runs in cluster ha, as cinder.conf says, in which all " +
			"hosts serve at once, each under a name of its own. The Spec says that cinder-volume stands by here: take " +
			"standby off this host, and set cinder.cluster: ha in the Spec",
		"[DEFAULT]\ncluster = ha\nhost = all\n": "two that run under one name clean up each other's work",
		"[DEFAULT]\nhost = all\n":               "two that run under one name clean up each other's work",
	} {
		s := twoControllers()
		s.Hosts[len(s.Hosts)-1].Standby = []string{"cinder-volume"}
		w, in := open(t, s)
		for _, host := range []string{"controller", "controller2"} {
			w.Machines[host].AddFile("/etc/cinder/cinder.conf", []byte(conf), 0o640)
		}
		text := plan(t, in).String()
		assert.Contains(t, text, says)
		assert.Equal(t, strings.Contains(says, "one name"), strings.Contains(text, "one name clean up"), text)
	}
}
