package host_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

func TestMissingPackages(t *testing.T) {
	m := remotetest.NewHost("compute1")
	needed := []string{"ceph-common", "python3-rados", "python3-rbd", "qemu-block-extra"}
	for _, name := range needed {
		m.AddPackage(name, "16.2.15-1", name == "ceph-common")
	}
	e := compareOn(t, earlySpec(nil), m)
	d := e.at(e.PackagesID())
	assert.Equal(t, step.Create, d.Action)
	assert.Equal(t, "python3-rados python3-rbd qemu-block-extra", d.Name)
	assert.Equal(t, "not installed", d.Reason)
	gate := e.at(e.ServiceID("nova-compute"))
	assert.False(t, gate.Refused)
	assert.Equal(t, []step.ID{e.PackagesID()}, e.view.Ledger.Changes([]step.ID{e.ServiceID("nova-compute")}),
		"what needs the service waits")
	changed, err := perform(t, d, m)
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Nil(t, compareOn(t, earlySpec(nil), m).at(e.PackagesID()).Do)
}

// TestInstalledPackages are the evidence: each once, in order.
func TestInstalledPackages(t *testing.T) {
	m := remotetest.NewHost("controller")
	for name, version := range map[string]string{"python3-rbd": "3", "python3-rados": "2", "ceph-common": "1"} {
		m.AddPackage(name, version, true)
	}
	e := compareAt(t, earlySpec(nil), "controller", m)
	assert.Equal(t, step.Delta{Have: "ceph-common 1, python3-rados 2, python3-rbd 3"}, e.at(e.PackagesID()))
	s := earlySpec(nil)
	s.Hosts[0].Services = []string{"nova-compute", "glance-api", "cinder-volume", "cinder-backup"}
	e = compareAt(t, s, "controller", remotetest.NewHost("controller"))
	assert.Equal(t, "ceph-common python3-rados python3-rbd qemu-block-extra", e.at(e.PackagesID()).Name)
}

// TestJudgingAnInstallation: what is installed has to be new enough, as far as it is
// Ceph's.
func TestJudgingAnInstallation(t *testing.T) {
	m := remotetest.NewHost("compute1")
	m.AddPackage("ceph-common", "16.2.15-1", true)
	m.AddPackage("python3-rados", "16.2.15-1", true)
	install := func(s spec.Spec) step.HostStep {
		e := compareOn(t, s, m)
		return e.at(e.PackagesID()).Do.(step.HostStep)
	}
	do := install(withFloor())
	ops, err := do.Ops(step.Late{})
	require.NoError(t, err)
	names := []string{"python3-rbd", "qemu-block-extra"}
	assert.Equal(t, []remote.Op{remote.InstallPackages{Names: names}, remote.Packages{Names: names}}, ops)
	now := func(rbd, qemu string) remote.Result {
		return remote.Result{Versions: map[string]string{"python3-rbd": rbd, "qemu-block-extra": qemu}}
	}
	done := remote.Result{Changed: true}
	for name, c := range map[string]struct {
		results []remote.Result
		changed bool
		says    string
	}{
		"new enough": {[]remote.Result{done, now("16.2.10-1", "1:7.2")}, true, ""},
		"too old": {[]remote.Result{done, now("16.2.9-1", "1:7.2")}, true, "compute1: python3-rbd is 16.2.9-1 now, " +
			"and not 16.2.10 or newer: see which version the repositories of that host have"},
		"not installed":       {[]remote.Result{{Err: errBroken}, now("16.2.10-1", "1:7.2")}, false, "I/O error"},
		"cannot be looked at": {[]remote.Result{done, {Err: errBroken}}, true, "I/O error"},
		"was there":           {[]remote.Result{{}, now("16.2.10-1", "1:7.2")}, false, ""},
		"no results":          {nil, false, "compute1: 0 results for 2 operations"},
	} {
		changed, err := do.Judge(c.results)
		assert.Equal(t, c.changed, changed, name)
		if c.says == "" {
			require.NoError(t, err, name)
			continue
		}
		require.EqualError(t, err, c.says, name)
	}
	_, err = install(earlySpec(nil)).Judge([]remote.Result{done, now("0.1", "0.1")})
	require.NoError(t, err, "no version is asked for")
	several := remotetest.NewHost("compute1")
	e := compareOn(t, withFloor(), several)
	_, err = e.at(e.PackagesID()).Do.(step.HostStep).Judge([]remote.Result{done, {Versions: map[string]string{
		"ceph-common": "15", "python3-rados": "15", "python3-rbd": "17", "qemu-block-extra": "1"}}})
	require.ErrorContains(t, err, "ceph-common is 15 now")
	require.ErrorContains(t, err, "python3-rados is 15 now")
}

// TestPackagesAreOnlyChecked: only the services that miss packages are left alone.
func TestPackagesAreOnlyChecked(t *testing.T) {
	s := earlySpec(nil)
	s.Packages = "check"
	s.Hosts = []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup",
		"nova-compute"}}}
	m := remotetest.NewHost("controller")
	for _, name := range []string{"ceph-common", "python3-rados", "python3-rbd"} {
		m.AddPackage(name, "16.2.15-1", true)
	}
	e := compareAt(t, s, "controller", m)
	f := e.only(t, e.PackagesID())
	assert.Equal(t, "packages-missing", f.Code)
	assert.Equal(t, "packages", f.Object)
	assert.Equal(t, "not installed: qemu-block-extra; install them, or set packages: install in the Spec", f.Message)
	assert.True(t, f.Problem)
	e.silent(t, e.ServiceID("nova-compute"), e.PackagesID())
	assert.False(t, e.at(e.ServiceID("glance-api")).Refused)
}

// TestEitherPackageWillDo: of some packages there are two, for either Python.
func TestEitherPackageWillDo(t *testing.T) {
	s := earlySpec(nil)
	s.Release = "rocky"
	m := remotetest.NewHost("controller")
	m.AddPackage("ceph-common", "12.2.13-1", true)
	e := compareAt(t, s, "controller", m)
	assert.Equal(t, "python3-rbd", e.at(e.PackagesID()).Name)
	m.AddPackage("python-rbd", "12.2.13-1", true)
	assert.Equal(t, step.Delta{Have: "ceph-common 12.2.13-1, python-rbd 12.2.13-1"},
		compareAt(t, s, "controller", m).at(e.PackagesID()))
}

func withFloor() spec.Spec {
	s := earlySpec(nil)
	s.Clusters[0].MinClient = "16.2.10"
	return s
}

// oldMachine has an old client, which apt-get upgrades to newer.
func oldMachine(t *testing.T, newer, held string) *remotetest.Host {
	t.Helper()
	m := remotetest.NewHost("compute1")
	for _, name := range []string{"python3-rados", "python3-rbd", "qemu-block-extra"} {
		m.AddPackage(name, "17.2.5-1", true)
	}
	for _, name := range []string{"ceph-common", "librbd1"} {
		m.AddPackage(name, "2:16.2.9-1", true)
	}
	m.Handle("apt-mark", func(remote.Run) (stdout, stderr []byte, exit int) { return []byte(held), nil, 0 })
	updated := false
	m.Handle("env", func(run remote.Run) (stdout, stderr []byte, exit int) {
		line := strings.Join(run.Argv, " ")
		if strings.HasSuffix(line, " update") {
			updated = true
			return nil, []byte("E: some other repository does not answer"), 100
		}
		assert.True(t, updated, "what the repositories have may be long ago")
		assert.True(t, strings.Contains(line, "--only-upgrade") && strings.HasSuffix(line,
			"install ceph-common librbd1"), line)
		if newer == "" {
			return nil, []byte("E: Unmet dependencies"), 100
		}
		m.AddPackage("ceph-common", newer, true)
		m.AddPackage("librbd1", newer, true)
		return nil, nil, 0
	})
	return m
}

func TestOldClientsAreUpgraded(t *testing.T) {
	m := oldMachine(t, "16.2.15+ds-0+deb12u1", "ceph-common-not\n")
	e := compareOn(t, withFloor(), m)
	d := e.at(e.UpgradeID())
	assert.Equal(t, step.Update, d.Action)
	assert.Equal(t, "ceph-common librbd1", d.Name)
	assert.Equal(t, "older than min_client", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "ceph-common", Observed: "2:16.2.9-1", Desired: "16.2.10 or newer"},
		{Field: "librbd1", Observed: "2:16.2.9-1", Desired: "16.2.10 or newer"}}, d.Diffs)
	assert.Equal(t, []step.ID{e.UpgradeID()}, e.view.Ledger.Changes([]step.ID{e.ServiceID("nova-compute")}))
	changed, err := perform(t, d, m)
	require.NoError(t, err, "a repository that does not answer need not be that of the clients")
	assert.True(t, changed)
	assert.Nil(t, compareOn(t, withFloor(), m).at(e.UpgradeID()).Do)
}

func TestOldClientsThatStayOld(t *testing.T) {
	for newer, says := range map[string]string{
		"": "compute1: librbd1 is 2:16.2.9-1 and not 16.2.10 or newer: E: Unmet dependencies",
		"2:16.2.9-2": "compute1: librbd1 is 2:16.2.9-2 and not 16.2.10 or newer: nothing newer was found that is not " +
			"held back",
	} {
		m := oldMachine(t, newer, "")
		e := compareOn(t, withFloor(), m)
		_, err := perform(t, e.at(e.UpgradeID()), m)
		require.EqualError(t, err, says)
	}
}

func TestJudgingAnUpgrade(t *testing.T) {
	e := compareOn(t, withFloor(), oldMachine(t, "", ""))
	judge := e.at(e.UpgradeID()).Do.(step.HostStep).Judge
	newer := remote.Result{Versions: map[string]string{"ceph-common": "16.2.15-1", "librbd1": "16.2.15-1"}}
	changed, err := judge([]remote.Result{{}, {Exit: 100, Stderr: []byte("a trigger failed")}, newer})
	assert.True(t, changed)
	require.EqualError(t, err, "compute1: exit status 100: a trigger failed")
	half := remote.Result{Versions: map[string]string{"ceph-common": "16.2.15-1", "librbd1": "2:16.2.9-1"}}
	changed, err = judge([]remote.Result{{}, {}, half})
	assert.True(t, changed, "a package is another, though the last of them is not")
	require.ErrorContains(t, err, "librbd1 is 2:16.2.9-1 and not")
	same := remote.Result{Versions: map[string]string{"ceph-common": "2:16.2.9-1", "librbd1": "2:16.2.9-1"}}
	changed, err = judge([]remote.Result{{}, {}, same})
	assert.False(t, changed)
	require.ErrorContains(t, err, "nothing newer was found")
	changed, err = judge([]remote.Result{{}, {}, newer})
	assert.True(t, changed)
	require.NoError(t, err)
	_, err = judge([]remote.Result{{Err: remote.ErrTimeout}, {}, newer})
	require.NoError(t, err)
	_, err = judge([]remote.Result{{}, {Err: remote.ErrTimeout}, newer})
	require.ErrorIs(t, err, remote.ErrTimeout)
	_, err = judge([]remote.Result{{}, {}, {Err: errBroken}})
	require.ErrorIs(t, err, errBroken)
	_, err = judge(nil)
	require.EqualError(t, err, "compute1: 0 results for 3 operations")
}

// TestUpgradeWithApt: nobody is asked, nothing is removed, and files that were changed
// stay.
func TestUpgradeWithApt(t *testing.T) {
	e := compareOn(t, withFloor(), oldMachine(t, "", ""))
	ops, err := e.at(e.UpgradeID()).Do.(step.HostStep).Ops(step.Late{})
	require.NoError(t, err)
	require.Len(t, ops, 3)
	const apt = "env DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 " +
		"apt-get -y -q -o DPkg::Lock::Timeout=300 "
	for i, want := range []string{apt + "update", apt + "--no-install-recommends --no-remove --only-upgrade " +
		"-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install ceph-common librbd1"} {
		run := ops[i].(remote.Run)
		assert.Equal(t, want, strings.Join(run.Argv, " "))
		assert.Equal(t, 14*time.Minute, run.Timeout)
	}
	assert.Equal(t, remote.Packages{Names: []string{"ceph-common", "librbd1"}}, ops[2])
	assert.Contains(t, e.asks(e.UpgradeID()), remote.Op(remote.Run{Argv: []string{"apt-mark", "showhold"}}))
}

func TestUpgradeWithDnf(t *testing.T) {
	m := oldMachine(t, "", "")
	m.AddFile("/etc/os-release", []byte(rockyRelease), 0o644)
	e := compareOn(t, withFloor(), m)
	ops, err := e.at(e.UpgradeID()).Do.(step.HostStep).Ops(step.Late{})
	require.NoError(t, err)
	require.Len(t, ops, 2)
	assert.Equal(t, []string{"sh", "-c", `umask 022; exec dnf "$@"`, "dnf", "-y", "-q", "--refresh",
		"--setopt=install_weak_deps=False",
		"upgrade", "ceph-common", "librbd1"}, ops[0].(remote.Run).Argv)
	assert.Equal(t, remote.Packages{Names: []string{"ceph-common", "librbd1"}}, ops[1])
}

func TestOldClientsThatAreLeftAlone(t *testing.T) {
	for name, c := range map[string]struct{ packages, held, code, says string }{
		"both held": {"install", "librbd1:amd64\nceph-common\n", "client-held",
			"older than min_client 16.2.10: ceph-common 2:16.2.9-1, librbd1 2:16.2.9-1; " +
				"librbd1:amd64, ceph-common held there (apt-mark showhold), so nothing is changed: release what may be upgraded"},
		"held": {"install", "linux-image\nlibrbd1:amd64\n", "client-held",
			"older than min_client 16.2.10: ceph-common 2:16.2.9-1, librbd1 2:16.2.9-1; " +
				"librbd1:amd64 held there (apt-mark showhold), so nothing is changed: release what may be upgraded"},
		"checked": {"check", "", "client-too-old", "older than min_client 16.2.10: ceph-common 2:16.2.9-1, librbd1 " +
			"2:16.2.9-1; " +
			"upgrade them, or set packages: install in the Spec"},
	} {
		t.Run(name, func(t *testing.T) {
			s := withFloor()
			s.Packages = c.packages
			e := compareOn(t, s, oldMachine(t, "17.2", c.held))
			f := e.only(t, e.UpgradeID())
			assert.Equal(t, c.code, f.Code)
			assert.Equal(t, "packages", f.Object)
			assert.Equal(t, c.says, f.Message)
			assert.True(t, f.Problem)
			e.silent(t, e.ServiceID("nova-compute"), e.UpgradeID())
		})
	}
}

// TestLockedClients: the locks of dnf count where they are on the version that is
// there.
func TestLockedClients(t *testing.T) {
	for locks, held := range map[string]bool{
		"ceph-common-0:16.2.9-2.el8.*\nlibrbd1-2:16.2.9-1.*\n":                     true,
		"# Added lock on Thu Nov 26 09:26:44 2026\nlibrbd1-2:16.2.9-1.*\n":         true,
		"ceph-common-0:16.2.9-2.el8.*\n":                                           true, // that has no epoch
		"librbd1-2:16.2.10-1.*\n!librbd1-2:16.2.9-1.*\nlibrbd1-devel-2:16.2.9-1.*": false,
		"": false,
	} {
		m := oldMachine(t, "", "ceph-common\n")
		m.AddFile("/etc/os-release", []byte(rockyRelease), 0o644)
		m.AddFile("/etc/dnf/plugins/versionlock.list", []byte(locks), 0o644)
		m.AddPackage("ceph-common", "16.2.9-2.el8", true)
		e := compareOn(t, withFloor(), m)
		d := e.at(e.UpgradeID())
		assert.Equal(t, held, d.Refused, locks)
		if held {
			assert.Contains(t, d.Findings[0].Message, " held there (dnf versionlock), so nothing is changed")
			for _, name := range []string{"ceph-common", "librbd1"} {
				_, named, _ := strings.Cut(d.Findings[0].Message, "; ")
				assert.Equal(t, strings.Contains(locks, name), strings.Contains(named, name), "%s: %s", locks, named)
			}
		}
	}
}

// TestTheFloorOfAHost: it is that of the clusters which its services use.
func TestTheFloorOfAHost(t *testing.T) {
	s := earlySpec(nil)
	s.Clusters = []spec.Cluster{{Name: "ceph", MinClient: "16.2.10"}, {Name: "second", MinClient: "16.2.9"},
		{Name: "third", MinClient: "18"}}
	s.Glance.Cluster, s.Backup.Cluster = "third", "second"
	assert.Equal(t, "18", nodeOf(t, s, "controller").Floor())
	assert.Equal(t, "16.2.10", nodeOf(t, s, "compute1").Floor())
	s.Clusters[0].MinClient, s.Clusters[2].MinClient = "18", "16.2.10"
	assert.Equal(t, "18", nodeOf(t, s, "controller").Floor(), "the order of clusters does not matter")
	s.Clusters[2].MinClient = ""
	assert.Equal(t, "18", nodeOf(t, s, "controller").Floor())
	s.Clusters[0].MinClient = ""
	assert.Equal(t, "16.2.9", nodeOf(t, s, "controller").Floor())
	assert.Empty(t, nodeOf(t, s, "compute1").Floor())
}

func TestUpgradesNeedTheRepository(t *testing.T) {
	s := withFloor()
	s.Prepare = &spec.Prepare{Repository: &spec.Repository{Dnf: "https://mirror.example", Key: someKey}}
	e := compareOn(t, s, oldMachine(t, "", ""))
	e.silent(t, e.UpgradeID(), e.RepositoryID())
	require.ErrorContains(t, errors.Join(e.only(t, e.RepositoryID()).Err), "prepare.repository.apt is not given")
}
