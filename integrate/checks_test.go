package integrate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/remote"
)

func static(t *testing.T, in *integrate.Integration) *integrate.Report {
	t.Helper()
	r, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.Equal(t, r.Err() == nil, err == nil)
	return r
}

// comparisons are the checks that compare what a plan compares.
func comparisons(r *integrate.Report) (checks []integrate.Check) {
	for _, c := range r.Checks {
		if !strings.HasPrefix(c.ID, "ceph-health/") && c.ID != "services-up" && c.ID != "availability-zones" {
			checks = append(checks, c)
		}
	}
	return checks
}

// told reports whether a check at a target did not pass, and says each of the words.
func told(r *integrate.Report, target string, words ...string) bool {
	for _, c := range comparisons(r) {
		all := c.Target == target && c.Status != integrate.Pass
		for _, word := range words {
			all = all && strings.Contains(c.Evidence, word)
		}
		if all {
			return true
		}
	}
	return false
}

// agree wants that a plan and a static report of the same world say the same.
func agree(t *testing.T, p *integrate.Plan, r *integrate.Report) {
	t.Helper()
	unable := map[string]bool{}
	for _, c := range r.Checks {
		unable[c.Target] = unable[c.Target] || c.Status == integrate.Unable
	}
	for _, c := range p.Changes {
		if unable[c.Target] { // whose evidence is what keeps the check from being made
			assert.True(t, told(r, c.Target), "no check fails for %s\n%s", c.ID, r)
			continue
		}
		assert.True(t, told(r, c.Target, c.Name), "no check names %s\n%s", c.ID, r)
	}
	for _, f := range p.Problems() {
		assert.True(t, told(r, f.Target), "no check fails for the problem %s\n%s", f, r)
		if !unable[f.Target] {
			assert.True(t, told(r, f.Target, f.Message), "no check says %s\n%s", f, r)
		}
	}
	if p.Empty() && len(p.Problems()) == 0 {
		for _, c := range comparisons(r) {
			if !strings.Contains(c.Evidence, "private, so libvirt does not give its value out") {
				assert.Equal(t, integrate.Pass, c.Status, "%s: %s", c.ID, c.Evidence)
			}
		}
		return
	}
	assert.ErrorIs(t, r.Err(), integrate.ErrChecks)
}

// TestAPlanAndAReportSayTheSame walks through all scenarios that are recorded, before and
// after each is applied.
func TestAPlanAndAReportSayTheSame(t *testing.T) {
	for i, c := range append(append(goldenScenarios(t), goldenFindings()...), goldenConflicts()...) {
		if i%oneIn(4) != 0 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			r := newGoldenRun(t, c.spec)
			look := func(in *integrate.Integration) *integrate.Plan {
				p := r.plan(in)
				agree(t, p, static(t, in))
				return p
			}
			for _, s := range c.steps {
				r.step(s)
				in := r.integration()
				p := look(in)
				if s.look {
					continue
				}
				if s.meanwhile != nil {
					s.meanwhile(t, r.world)
				}
				_, _ = r.apply(in, p)
				look(in)
			}
		})
	}
}

// A driftCase is a thing that somebody did, the check that fails because of it, and what the evidence says.
type driftCase struct {
	drift spoil
	check string
	says  string
}

func driftCases() map[string]driftCase {
	return map[string]driftCase{
		"the key of the repository": {func(_ *testing.T, w *integratetest.World) {
			addFile(w, "compute2", "/etc/apt/keyrings/cephstack.asc", "another key\n")
		}, "packages compute2", "key: sha256:"},
		"the file of the repository": {func(_ *testing.T, w *integratetest.World) {
			addFile(w, "compute2", "/etc/apt/sources.list.d/cephstack.sources", "Types: deb\n")
		}, "packages compute2", "content"},
		"an upgrade that is owed": {func(_ *testing.T, w *integratetest.World) {
			m := w.Machines["controller"]
			m.AddPackage("ceph-common", "2:16.2.9-1", true)
			m.AddPackage("ceph-common", "16.2.15+ds-0+deb12u1", false)
		}, "packages controller", "ceph-common: 2:16.2.9-1 -> 16.2.10 or newer"},
		"a secret that ends with the daemon": {func(t *testing.T, w *integratetest.World) {
			secrets, err := w.Secrets["compute1"].List(t.Context())
			require.NoError(t, err)
			secrets[0].Ephemeral = true
			w.Libvirt["compute1"].Put(secrets[0])
		}, "secrets compute1", "ephemeral: yes -> no"},
		"a folder that is open to all": {func(t *testing.T, w *integratetest.World) {
			do(t, w, "compute1", remote.SetAttr{Path: "/etc/ceph", Mode: 0o777})
		}, "files compute1", "0777"},
		"a keyring that is open to all": {func(t *testing.T, w *integratetest.World) {
			do(t, w, "controller", remote.SetAttr{Path: "/etc/ceph/ceph.client.glance.keyring", Mode: 0o644})
		}, "files controller", "0644"},
		"an option of a service": {func(_ *testing.T, w *integratetest.World) {
			conf, _ := w.Machines["compute1"].Contents("/etc/nova/nova.conf")
			addFile(w, "compute1", "/etc/nova/nova.conf", strings.Replace(string(conf), "images_type = rbd",
				"images_type = qcow2", 1))
		}, "settings compute1", "qcow2 -> rbd"},
		"a user's rights": {func(t *testing.T, w *integratetest.World) {
			u, err := ceph.New(w.Ceph["ceph"]).User(t.Context(), "client.glance")
			require.NoError(t, err)
			u.Caps = ceph.Caps{"mon": "profile rbd"}
			w.Ceph["ceph"].AddUser(u)
		}, "users ceph", "client.glance"},
		"a pool without an application": {func(t *testing.T, w *integratetest.World) {
			pool := poolOf(t, w, "vms")
			pool.Application = ""
			require.NoError(t, w.Ceph["ceph"].AddPool(pool))
		}, "pools ceph", "vms"},
		"a unit that was stopped": {func(_ *testing.T, w *integratetest.World) {
			w.Machines["controller"].StopUnit("glance-api.service")
		}, "units controller", "glance-api.service"},
	}
}

// TestDriftIsNoticed changes one thing of an integrated cloud in each case. The plan then
// changes something, and the check of that thing fails. Both are well after an apply.
func TestDriftIsNoticed(t *testing.T) {
	for name, c := range driftCases() {
		t.Run(name, func(t *testing.T) {
			r := newGoldenRun(t, []string{goldenExample, goldenPrepared})
			in := r.integration()
			_, err := r.apply(in, r.plan(in))
			require.NoError(t, err)
			require.True(t, r.plan(in).Empty())
			agree(t, r.plan(in), static(t, in))
			c.drift(t, r.world)
			p, report := r.plan(in), static(t, in)
			require.NotEmpty(t, p.Changes)
			agree(t, p, report)
			failed := check(report, c.check)
			assert.Equal(t, integrate.Fail, failed.Status)
			assert.Contains(t, failed.Evidence, c.says)
			_, err = r.apply(in, p)
			require.NoError(t, err)
			agree(t, r.plan(in), static(t, in))
			assert.True(t, r.plan(in).Empty())
		})
	}
}

// TestAProblemFailsTheCheckOfItsResource gives each user of Ceph all rights in turn.
func TestAProblemFailsTheCheckOfItsResource(t *testing.T) {
	all := ceph.Caps{"mon": "allow *", "osd": "allow *", "mgr": "allow *"}
	for user, services := range map[string][]string{
		"client.glance":        {"settings controller"},
		"client.cinder":        {"settings controller", "settings compute1", "settings compute2"},
		"client.cinder-backup": {"settings controller"},
	} {
		w := integratetest.Integrated(t, exampleSpec())
		u, err := ceph.New(w.Ceph["ceph"]).User(t.Context(), user)
		require.NoError(t, err)
		u.Caps = all
		w.Ceph["ceph"].AddUser(u)
		in := w.Integration(t)
		p, report := plan(t, in), static(t, in)
		require.NotEmpty(t, p.Problems(), user)
		agree(t, p, report)
		users := check(report, "users ceph")
		assert.Equal(t, integrate.Fail, users.Status)
		assert.Contains(t, users.Evidence, p.Problems()[0].Message)
		assert.Equal(t, "do as the problem says, and then look at the plan", users.Next)
		for _, name := range services {
			c := check(report, name)
			assert.Equal(t, integrate.Fail, c.Status, "%s: %s", user, name)
			assert.Equal(t, "user/ceph/"+user, c.Because, name)
			assert.Contains(t, c.Evidence, "user "+user)
		}
		assert.Equal(t, integrate.Pass, check(report, "pools ceph").Status, "has to do with no user")
	}
}

// TestEvidenceHasTheDifference in the text and in JSON, and a consequence names its cause.
func TestEvidenceHasTheDifference(t *testing.T) {
	w := integratetest.Integrated(t, exampleSpec())
	conf, _ := w.Machines["compute1"].Contents("/etc/nova/nova.conf")
	addFile(w, "compute1", "/etc/nova/nova.conf", strings.Replace(string(conf), "rbd_user = cinder",
		"rbd_user = somebody", 1))
	report := static(t, w.Integration(t))
	settings, units := check(report, "settings compute1"), check(report, "units compute1")
	assert.Contains(t, settings.Evidence, "rbd_user: somebody -> cinder")
	require.Contains(t, settings.Diffs, integrate.FieldDiff{Field: "[libvirt] rbd_user", Observed: "somebody",
		Desired: "cinder", Why: "Nova and QEMU log in to Ceph as this user",
		Of: "settings/compute1//etc/nova/nova.conf"})
	assert.Empty(t, settings.Because, "it is a cause")
	require.Equal(t, integrate.Fail, units.Status)
	assert.Equal(t, "settings/compute1//etc/nova/nova.conf", units.Because, "%s", units.Evidence)
	assert.Contains(t, report.String(), "rbd_user: somebody -> cinder")
	var read struct {
		Format int
		Checks []struct {
			ID, Evidence, Because string
			Diffs                 []struct{ Field, Observed, Desired string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, report)), &read))
	assert.Equal(t, 1, read.Format)
	for _, c := range read.Checks {
		switch c.ID {
		case settings.ID:
			assert.Equal(t, "somebody", c.Diffs[0].Observed)
		case units.ID:
			assert.Equal(t, units.Because, c.Because)
		}
	}
	for _, c := range comparisons(report) {
		if c.ID != settings.ID && c.ID != units.ID {
			assert.Equal(t, integrate.Pass, c.Status, c.ID)
		}
	}
}

// TestAFreshCinderBackupIsWaitedFor: Cinder's scheduler refuses backups for a while after the
// restart, though the record of the service is up.
func TestAFreshCinderBackupIsWaitedFor(t *testing.T) {
	w, in := open(t, exampleSpec())
	apply(t, in)
	w.RefuseBackups(4)
	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	assert.Contains(t, check(report, "full backup of an in-use volume").Evidence, "backups/")

	w.RefuseBackups(1000)
	report, err = verify(t, in)
	require.ErrorIs(t, err, integrate.ErrChecks)
	full := check(report, "full backup of an in-use volume")
	assert.Equal(t, integrate.Fail, full.Status)
	assert.Contains(t, full.Evidence, "Service not found for creating backup.")
	assert.Contains(t, full.Evidence, "the scheduler said so 15 times in 70")
	assert.Contains(t, full.Next, "cinder-backup's log")
	assert.Equal(t, integrate.Pass, check(report, "nothing is left behind").Status, "%s", report)
}
