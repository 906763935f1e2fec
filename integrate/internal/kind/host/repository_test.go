package host_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

const (
	someKey     = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"
	sourcesFile = "/etc/apt/sources.list.d/cephstack.sources"
	aptKeyFile  = "/etc/apt/keyrings/cephstack.asc"
	trialFile   = "/etc/apt/cephstack-trial.sources"
	trialKey    = "/etc/apt/cephstack-trial.asc"
)

// rockyRelease is what a host of the RHEL family says that it is.
const rockyRelease = "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"

func withRepository(r spec.Repository) spec.Spec {
	r.Key = someKey
	return earlySpec(&spec.Prepare{Repository: &r})
}

// debianMachine has an apt-get that answers when a repository is tried.
func debianMachine(t *testing.T, says string) *remotetest.Host {
	t.Helper()
	m := remotetest.NewHost("compute1")
	m.AddFile("/etc/os-release", []byte("ID=debian\nVERSION_CODENAME=bookworm\n"), 0o644)
	m.AddFile("/etc/apt/sources.list.d/README", nil, 0o644)
	m.AddFile("/etc/yum.repos.d/README", nil, 0o644)
	m.AddFile("/etc/pki/rpm-gpg/README", nil, 0o644)
	m.Handle("apt-get", func(run remote.Run) (stdout, stderr []byte, exit int) {
		_, tried := m.Contents(trialFile)
		_, counts := m.Contents(sourcesFile)
		line := strings.Join(run.Argv, " ")
		assert.True(t, tried && !counts && strings.Contains(line, " update ") && strings.Contains(line,
			"sourcelist="+trialFile), line)
		if says != "" {
			return nil, []byte(says), 100
		}
		return nil, nil, 0
	})
	return m
}

func TestRepositoryWithApt(t *testing.T) {
	s, m := withRepository(spec.Repository{Apt: "https://mirror.example/ceph"}), debianMachine(t, "")
	e := compareOn(t, s, m)
	d := e.at(e.RepositoryID())
	text := "# Written by cephstack.\nTypes: deb\nURIs: https://mirror.example/ceph\nSuites: bookworm\nComponents: " +
		"main\nSigned-By: " + aptKeyFile + "\n"
	assert.Equal(t, step.Create, d.Action)
	assert.Equal(t, sourcesFile, d.Name)
	assert.Equal(t, "the repository is not known", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "content", Desired: strings.TrimSpace(text)},
		{Field: "key", Desired: words.Digest(someKey + "\n")}}, d.Diffs)
	assert.Equal(t, []step.ID{e.RepositoryID()}, e.view.Ledger.Changes([]step.ID{e.RepositoryID()}),
		"packages come after it")
	changed, err := perform(t, d, m)
	require.NoError(t, err)
	assert.True(t, changed)
	for path, want := range map[string]string{sourcesFile: text, aptKeyFile: someKey + "\n"} {
		have, _ := m.Contents(path)
		assert.Equal(t, want, string(have))
	}
	for _, path := range []string{trialFile, trialKey} {
		_, left := m.Contents(path)
		assert.False(t, left, path)
	}
	e = compareOn(t, s, m)
	assert.Nil(t, e.at(e.RepositoryID()).Do)
	assert.Equal(t, sourcesFile, e.at(e.RepositoryID()).Have)

	m.AddFile(aptKeyFile, []byte("another key\n"), 0o644)
	d = compareOn(t, s, m).at(e.RepositoryID())
	assert.Equal(t, step.Update, d.Action, "a key that was replaced is seen")
	assert.Equal(t, "the repository is not as asked for", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "key", Observed: words.Digest("another key\n"),
		Desired: words.Digest(someKey + "\n")}}, d.Diffs)

	s.Prepare.Repository.Suite, s.Prepare.Repository.Components = "reef/main", []string{"main", "extra"}
	d = compareOn(t, s, m).at(e.RepositoryID())
	assert.Contains(t, d.Diffs[0].Desired, "Suites: reef/main\nComponents: main extra\n")
}

// TestHowARepositoryIsWritten: apt tries it first, where apt does not look by itself.
func TestHowARepositoryIsWritten(t *testing.T) {
	s, m := withRepository(spec.Repository{Apt: "https://mirror.example/ceph"}), debianMachine(t, "")
	m.AddFile(aptKeyFile, []byte("another key\n"), 0o600)
	n := nodeOf(t, s, "compute1")
	h := look(t, n, m)
	do := compareEarly(t, n, h).at(n.RepositoryID()).Do.(step.HostStep)
	ops, err := do.Ops(step.Late{})
	require.NoError(t, err)
	text, key := "# Written by cephstack.\nTypes: deb\nURIs: https://mirror.example/ceph\nSuites: bookworm\n"+
		"Components: main\nSigned-By: ", someKey+"\n"
	write := func(path, text, was string) remote.WriteFile {
		return remote.WriteFile{Path: path, Data: []byte(text), Owner: "root", Group: "root", Mode: 0o644, Was: was}
	}
	try := remote.Run{Timeout: 14 * time.Minute, Argv: strings.Fields("apt-get -q update -o Dir::Etc::sourcelist=" +
		trialFile + " -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any " +
		"-o DPkg::Lock::Timeout=300")}
	assert.Equal(t, append(step.Chain(write(trialKey, key, ""), write(trialFile, text+trialKey+"\n", ""), try,
		remote.Mkdir{Path: "/etc/apt/keyrings"}, write(aptKeyFile, key, h.Files[aptKeyFile].SHA256),
		write(sourcesFile, text+aptKeyFile+"\n", remote.Absent)),
		remote.Remove{Path: trialFile}, remote.Remove{Path: trialKey}), ops)
	assert.Equal(t, 2*len(text+aptKeyFile+"\n"+key), do.Size, "it is written two times")

	s = withRepository(spec.Repository{Dnf: "https://mirror.example"})
	m.AddFile("/etc/os-release", []byte(rockyRelease), 0o644)
	e := compareOn(t, s, m)
	ops, err = e.at(e.RepositoryID()).Do.(step.HostStep).Ops(step.Late{})
	require.NoError(t, err)
	require.Len(t, ops, 3, "dnf reads it when packages are installed")
	assert.Equal(t, remote.Mkdir{Path: "/etc/pki/rpm-gpg"}, ops[0])
	assert.Equal(t, write("/etc/pki/rpm-gpg/RPM-GPG-KEY-cephstack", key, remote.Absent), ops[1].(remote.If).Op)
}

func TestARepositoryThatDoesNotWorkDoesNotCount(t *testing.T) {
	m := debianMachine(t, "E: The repository is not signed.")
	e := compareOn(t, withRepository(spec.Repository{Apt: "https://mirror.example/ceph"}), m)
	_, err := perform(t, e.at(e.RepositoryID()), m)
	require.ErrorContains(t, err, "is not signed")
	for _, path := range []string{sourcesFile, aptKeyFile, trialFile, trialKey} {
		_, there := m.Contents(path)
		assert.False(t, there, path)
	}
}

func TestRepositoryWithDnf(t *testing.T) {
	s, m := withRepository(spec.Repository{Dnf: "https://mirror.example/el$releasever/$basearch"}), debianMachine(t, "")
	m.AddFile("/etc/os-release", []byte(rockyRelease), 0o644)
	e := compareOn(t, s, m)
	d := e.at(e.RepositoryID())
	assert.Equal(t, "/etc/yum.repos.d/cephstack.repo", d.Name)
	_, err := perform(t, d, m)
	require.NoError(t, err)
	text, _ := m.Contents(d.Name)
	assert.Equal(t, `# Written by cephstack.
[cephstack]
name=Ceph, as cephstack was told
baseurl=https://mirror.example/el$releasever/$basearch
enabled=1
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-cephstack
`, string(text))
	assert.Nil(t, compareOn(t, s, m).at(e.RepositoryID()).Do)
}

// TestRepositoriesThatCannotBeSetUp: then nothing is fetched from elsewhere.
func TestRepositoriesThatCannotBeSetUp(t *testing.T) {
	for name, c := range map[string]struct {
		repository spec.Repository
		release    string
		code, says string
	}{
		"no URL for dnf": {spec.Repository{Apt: "https://mirror.example"}, rockyRelease, "repository-url-missing",
			"compute1 has dnf, and prepare.repository.dnf is not given"},
		"no URL for apt": {spec.Repository{Dnf: "https://mirror.example"}, "ID=debian\nVERSION_CODENAME=bookworm\n",
			"repository-url-missing",
			"compute1 has apt, and prepare.repository.apt is not given"},
		"no codename": {spec.Repository{Apt: "https://mirror.example"}, "ID=debian\n", "codename-unknown",
			"/etc/os-release does not say the codename of its release; set prepare.repository.suite"},
	} {
		t.Run(name, func(t *testing.T) {
			m := debianMachine(t, "")
			m.AddFile("/etc/os-release", []byte(c.release), 0o644)
			e := compareOn(t, withRepository(c.repository), m)
			f := e.only(t, e.RepositoryID())
			assert.Equal(t, c.code, f.Code)
			assert.Equal(t, "packages", f.Object)
			assert.Equal(t, "the repository cannot be set up: "+c.says, f.Message)
			e.silent(t, e.PackagesID(), e.RepositoryID())
			e.silent(t, e.ServiceID("nova-compute"), e.RepositoryID())
		})
	}
	n := nodeOf(t, withRepository(spec.Repository{Apt: "https://mirror.example"}), "compute1")
	h := look(t, n, debianMachine(t, ""))
	for _, path := range []string{aptKeyFile, sourcesFile} {
		before := h.Files[path]
		h.Files[path] = step.File{Err: errBroken}
		f := compareEarly(t, n, h).only(t, n.RepositoryID())
		assert.Equal(t, "file-unreadable", f.Code, path)
		require.ErrorIs(t, f.Err, errBroken, path)
		h.Files[path] = before
	}
}
