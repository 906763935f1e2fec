package integrate_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

const (
	someKey     = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"
	sourcesFile = "/etc/apt/sources.list.d/cephstack.sources"
	aptKeyFile  = "/etc/apt/keyrings/cephstack.asc"
	trialFile   = "/etc/apt/cephstack-trial.sources"
	trialKey    = "/etc/apt/cephstack-trial.asc"
)

// openApt gives a world whose hosts have folders for apt and dnf, and an
// apt-get that update answers.
func openApt(t *testing.T, s spec.Spec, update func(host, trial string) (stderr string,
	exit int)) (*integratetest.World, *integrate.Integration) {
	t.Helper()
	w, in := open(t, s)
	for name, m := range w.Machines {
		m.AddFile("/etc/apt/sources.list.d/README", nil, 0o644)
		m.AddFile("/etc/yum.repos.d/README", nil, 0o644)
		m.Handle("apt-get", func(run remote.Run) (stdout, stderr []byte, exit int) {
			trial, ok := m.Contents(trialFile)
			line := strings.Join(run.Argv, " ")
			if !ok || !strings.Contains(line, " update ") || !strings.Contains(line, "sourcelist="+trialFile) ||
				!strings.Contains(line, "sourceparts=-") {
				return nil, []byte("E: Invalid operation\n"), 100
			}
			if _, counts := m.Contents(sourcesFile); counts && name == "controller" {
				return nil, []byte("the repository counts before it was tried\n"), 100
			}
			text, exit := update(name, string(trial))
			return nil, []byte(text), exit
		})
	}
	return w, in
}

func aptSpec() spec.Spec {
	return preparing(spec.Prepare{Repository: &spec.Repository{Apt: "https://mirror.example/ceph", Key: someKey}})
}

func TestRepositoryComesBeforePackages(t *testing.T) {
	w, in := openApt(t, aptSpec(), func(string, string) (string, int) { return "", 0 })
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	repository := "repository/compute1/cephstack"
	require.NotNil(t, change(p, repository))
	for _, c := range p.Changes {
		if c.Kind == "packages" && c.Target == "compute1" {
			require.Equal(t, []string{repository}, c.Needs)
		}
	}
	apply(t, in)
	settled(t, in)
	m := w.Machines["compute1"]
	text, _ := m.Contents(sourcesFile)
	require.Equal(t, "# Written by cephstack.\nTypes: deb\nURIs: https://mirror.example/ceph\nSuites: bookworm\n"+
		"Components: main\nSigned-By: "+aptKeyFile+"\n", string(text))
	key, _ := m.Contents(aptKeyFile)
	require.Equal(t, someKey+"\n", string(key))
	_, left := m.Contents(trialFile)
	require.False(t, left)

	m.AddFile(aptKeyFile, []byte("another key\n"), 0o644)
	p = plan(t, in)
	require.Len(t, p.Changes, 1, "%s", p)
	require.NotContains(t, p.String(), "another key")
	apply(t, in)
	settled(t, in)
}

func TestARepositoryThatDoesNotWorkDoesNotCount(t *testing.T) {
	w, in := openApt(t, aptSpec(), func(host, _ string) (string, int) {
		if host == "compute2" {
			return "E: The repository is not signed.", 100
		}
		return "", 0
	})
	r, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.ErrorContains(t, err, "is not signed")
	m := w.Machines["compute2"]
	_, counts := m.Contents(sourcesFile)
	require.False(t, counts)
	_, counts = m.Contents(aptKeyFile)
	require.False(t, counts)
	_, left := m.Contents(trialFile)
	require.False(t, left)
	for _, o := range r.Outcomes {
		if o.Change.Target == "compute2" && o.Change.Kind == "unit" {
			require.Equal(t, integrate.Skipped, o.Status)
		}
		if o.Change.Target == "compute1" {
			require.Equal(t, integrate.Applied, o.Status, o.Change.ID)
		}
	}
}

func TestRepositoryOfHostsWithDnf(t *testing.T) {
	s := aptSpec()
	w, in := openApt(t, s, func(string, string) (string, int) { return "", 0 })
	w.Machines["compute1"].AddFile("/etc/os-release", []byte("ID=rocky\nID_LIKE=\"rhel centos fedora\"\n"), 0o644)
	w.Machines["compute2"].AddFile("/etc/os-release", []byte("ID=debian\n"), 0o644)
	said := ""
	for _, f := range plan(t, in).Problems() {
		said += f.Target + " " + f.Message + "\n"
	}
	require.Contains(t, said, "compute1 the repository cannot be set up: compute1 has dnf")
	require.Contains(t, said, "compute2 the repository cannot be set up: /etc/os-release does not say")
	s.Prepare.Repository.Dnf, s.Prepare.Repository.Suite = "https://mirror.example/el$releasever/$basearch", "bookworm"
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: time.Millisecond, Poll: time.Millisecond})
	require.NoError(t, err)
	apply(t, in)
	settled(t, in)
	text, _ := w.Machines["compute1"].Contents("/etc/yum.repos.d/cephstack.repo")
	require.Equal(t, `# Written by cephstack.
[cephstack]
name=Ceph, as cephstack was told
baseurl=https://mirror.example/el$releasever/$basearch
enabled=1
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-cephstack
`, string(text))
	_, apt := w.Machines["compute1"].Contents(sourcesFile)
	require.False(t, apt)
}

// A real apt trusts the repository by its key, and by no other.
func TestAptTakesTheRepository(t *testing.T) {
	for _, program := range []string{"apt-get", "gpg", "gpg-agent"} {
		_, err := exec.LookPath(program)
		if err == nil && os.Getenv("CEPHSTACK_LIVE") != "0" {
			continue
		}
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatal(program + " is needed")
		}
		t.Skip("live test: needs apt and gpg")
	}
	dir := t.TempDir()
	key, other := signRepository(t, dir), someoneElsesKey(t)
	for name, c := range map[string]struct {
		key   string
		wrong string
	}{"its key": {key, ""}, "another key": {other, "NO_PUBKEY"}} {
		t.Run(name, func(t *testing.T) {
			s := preparing(spec.Prepare{Repository: &spec.Repository{Apt: "file:" + dir + "/repo", Suite: "test", Key: c.key}})
			var w *integratetest.World
			w, in := openApt(t, s, func(host, trial string) (string, int) {
				if host != "compute1" {
					return "", 0
				}
				text, _ := w.Machines[host].Contents(trialKey)
				return realUpdate(t, trial, string(text))
			})
			_, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
			_, counts := w.Machines["compute1"].Contents(sourcesFile)
			if c.wrong != "" {
				require.ErrorContains(t, err, c.wrong)
				require.False(t, counts)
				return
			}
			require.NoError(t, err)
			require.True(t, counts)
			settled(t, in)
		})
	}
}

// realUpdate runs apt-get update on what the host has, in a folder of its own.
func realUpdate(t *testing.T, trial, key string) (string, int) {
	root := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
	}
	write(trialKey, key)
	write(trialFile, strings.ReplaceAll(trial, trialKey, root+trialKey))
	write("state/lists/partial/x", "")
	write("cache/archives/partial/x", "")
	write("status", "")
	out, err := exec.Command("apt-get", "-q", "update", "-o", "Dir::Etc::sourcelist="+root+trialFile, "-o",
		"Dir::Etc::sourceparts=-",
		"-o", "APT::Get::List-Cleanup=0", "-o", "APT::Update::Error-Mode=any", "-o", "Dir::State="+root+"/state", "-o",
		"Dir::Cache="+root+"/cache",
		"-o", "Dir::State::status="+root+"/status", "-o", "APT::Sandbox::User=root", "-o", "Dir::Etc::trustedparts=-", "-o",
		"Dir::Etc::trusted=/dev/null").CombinedOutput()
	if err != nil {
		return string(out), 100
	}
	lists, err := filepath.Glob(root + "/state/lists/*InRelease")
	require.NoError(t, err)
	require.Len(t, lists, 1, "%s", out)
	return "", 0
}

func gpg(t *testing.T, home string, args ...string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(home, 0o700))
	cmd := exec.Command("gpg", append([]string{"--homedir", home, "--batch", "--quiet", "--passphrase", ""}, args...)...)
	out, err := cmd.Output()
	require.NoError(t, err, "gpg %q: %s", args, out)
	return strings.TrimSpace(string(out))
}

func newGPG(t *testing.T) (home, public string) {
	home, err := os.MkdirTemp("", "gpg") // short: the agent's socket is in it
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "gpg-agent").Run()
		_ = os.RemoveAll(home)
	})
	gpg(t, home, "--quick-gen-key", "repository", "ed25519", "sign", "never")
	return home, gpg(t, home, "--armor", "--export")
}

func someoneElsesKey(t *testing.T) string {
	_, public := newGPG(t)
	return public
}

// signRepository makes a repository without packages, and gives its key.
func signRepository(t *testing.T, dir string) string {
	t.Helper()
	home, public := newGPG(t)
	base := filepath.Join(dir, "repo/dists/test")
	require.NoError(t, os.MkdirAll(base+"/main/binary-amd64", 0o755))
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.WriteFile(base+"/main/binary-amd64/Packages", nil, 0o644))
	release := fmt.Sprintf("Origin: test\nSuite: test\nCodename: test\nDate: %s\nArchitectures: amd64\n"+
		"Components: main\nSHA256:\n %x 0 main/binary-amd64/Packages\n",
		time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 UTC"), sha256.Sum256(nil))
	require.NoError(t, os.WriteFile(base+"/Release", []byte(release), 0o644))
	gpg(t, home, "--clearsign", "-o", base+"/InRelease", base+"/Release")
	require.NoError(t, os.Remove(base+"/Release"))
	return public
}

func floorSpec() spec.Spec {
	s := exampleSpec()
	s.Clusters[0].MinClient = "16.2.10"
	return s
}

// oldClients puts an old client on a compute, and an apt-get that upgrades.
func oldClients(t *testing.T, w *integratetest.World, newer string, held string) {
	m := w.Machines["compute1"]
	for _, name := range []string{"ceph-common", "librbd1"} {
		m.AddPackage(name, "2:16.2.9-1", true)
	}
	m.Handle("apt-mark", func(remote.Run) (stdout, stderr []byte, exit int) { return []byte(held), nil, 0 })
	var updated bool
	m.Handle("env", func(run remote.Run) (stdout, stderr []byte, exit int) {
		if run.Argv[len(run.Argv)-1] == "update" {
			updated = true
			return nil, []byte("E: some other repository does not answer"), 100
		}
		if !updated {
			t.Error("what the repositories have may be long ago")
		}
		if !strings.Contains(strings.Join(run.Argv, " "), "--only-upgrade") || !strings.HasSuffix(strings.Join(run.Argv, " "),
			"install ceph-common librbd1") {
			t.Errorf("%q", run.Argv)
		}
		if newer == "" {
			return nil, []byte("E: Unmet dependencies"), 100
		}
		m.AddPackage("ceph-common", newer, true)
		m.AddPackage("librbd1", newer, true)
		return nil, nil, 0
	})
}

func TestOldClientsAreUpgraded(t *testing.T) {
	w, in := open(t, floorSpec())
	apply(t, in)
	settled(t, in)
	oldClients(t, w, "16.2.15+ds-0+deb12u1", "ceph-common-not\n")
	p := plan(t, in)
	require.Len(t, p.Changes, 2, "%s", p)
	require.Equal(t, []integrate.FieldDiff{{Field: "ceph-common", Observed: "2:16.2.9-1", Desired: "16.2.10 or newer"},
		{Field: "librbd1", Observed: "2:16.2.9-1", Desired: "16.2.10 or newer"}}, p.Changes[0].Diffs)
	require.Equal(t, "unit", p.Changes[1].Kind)
	apply(t, in)
	settled(t, in)
}

// TestARepositoryThatHangs need not be that of the clients.
func TestARepositoryThatHangs(t *testing.T) {
	w, in := open(t, floorSpec())
	oldClients(t, w, "16.2.15+ds-0+deb12u1", "")
	m := w.Machines["compute1"]
	m.Handle("env", func(remote.Run) (stdout, stderr []byte, exit int) {
		m.AddPackage("ceph-common", "16.2.15+ds-0+deb12u1", true)
		m.AddPackage("librbd1", "16.2.15+ds-0+deb12u1", true)
		return nil, nil, 0
	})
	m.Fail = func(_ context.Context, op remote.Op) error {
		if run, ok := op.(remote.Run); ok && run.Argv[len(run.Argv)-1] == "update" {
			return remote.ErrTimeout
		}
		return nil
	}
	apply(t, in)
	settled(t, in)
}

func TestOldClientsThatStayOld(t *testing.T) {
	for newer, says := range map[string]string{"": "Unmet dependencies",
		"2:16.2.9-2": "is 2:16.2.9-2 and not 16.2.10 or newer"} {
		w, in := open(t, floorSpec())
		oldClients(t, w, newer, "")
		r, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
		require.ErrorContains(t, err, says)
		for _, o := range r.Outcomes {
			if o.Change.Target == "compute1" && o.Change.Kind == "settings" {
				require.Equal(t, integrate.Skipped, o.Status)
			}
		}
	}
}

func TestHeldClientsAreLeftAlone(t *testing.T) {
	for _, packages := range []string{"install", "check"} {
		s := floorSpec()
		s.Packages = packages
		w, in := open(t, s)
		held := ""
		if packages == "install" {
			held = "linux-image\nlibrbd1:amd64\n"
		}
		oldClients(t, w, "17.2", held)
		p := plan(t, in)
		require.Len(t, p.Problems(), 2, "%s", p)
		require.Equal(t, "packages", p.Problems()[0].Object)
		want := "librbd1:amd64 held there"
		if held == "" {
			want = "set packages: install"
		}
		assert.Contains(t, p.Problems()[0].Message, want)
		assert.Contains(t, p.Problems()[0].Message, "librbd1 2:16.2.9-1")
		for _, c := range p.Changes {
			assert.False(t, c.Target == "compute1" && (c.Kind == "upgrade" || c.Kind == "settings"), c.ID)
		}
	}
}

// dnf's locks count where they are on the version that is there.
func TestLockedClientsAreLeftAlone(t *testing.T) {
	for locks, held := range map[string]bool{
		"# Added lock on Thu Nov 26 09:26:44 2026\nlibrbd1-2:16.2.9-1.*\n":         true,
		"ceph-common-0:16.2.9-2.el8.*\n":                                           true, // that has no epoch
		"librbd1-2:16.2.10-1.*\n!librbd1-2:16.2.9-1.*\nlibrbd1-devel-2:16.2.9-1.*": false,
		"": false,
	} {
		w, in := open(t, floorSpec())
		m := w.Machines["compute1"]
		m.AddFile("/etc/os-release", []byte("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), 0o644)
		m.AddFile("/etc/dnf/plugins/versionlock.list", []byte(locks), 0o644)
		m.AddPackage("ceph-common", "16.2.9-2.el8", true)
		m.AddPackage("librbd1", "2:16.2.9-1", true)
		p := plan(t, in)
		assert.Equal(t, held, strings.Contains(p.String(), " held there (dnf versionlock)"), "%s%s", locks, p)
		assert.Equal(t, !held, change(p, "upgrade/compute1/ceph-common librbd1") != nil, "%s%s", locks, p)
	}
}
