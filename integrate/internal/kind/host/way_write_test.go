package host_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// TestWhoseFilesTheWayInAre: of the user who logs in, and the rule of root, each with the
// mode that sshd and sudo ask for.
func TestWhoseFilesTheWayInAre(t *testing.T) {
	e := enter(t, earlySpec(bothWays()), bareMachine(t))
	keys, rule := e.at(e.AuthorizedKeysID()).Do.(step.HostStep), e.at(e.SudoRuleID()).Do.(step.HostStep)
	ops, err := keys.Ops(step.Late{})
	require.NoError(t, err)
	assert.Equal(t, step.Chain(remote.Mkdir{Path: "/home/deploy/.ssh", Owner: "deploy", Group: "staff", Mode: 0o700},
		remote.WriteFile{Path: keysFile, Data: []byte(operatorKey + "\n"), Owner: "deploy", Group: "staff", Mode: 0o600,
			Was: remote.Absent}), ops)
	assert.Equal(t, len(operatorKey)+1, keys.Size)
	ops, err = rule.Ops(step.Late{})
	require.NoError(t, err)
	assert.Equal(t, remote.WriteFile{Path: ruleFile, Data: []byte(ruleText), Owner: "root", Group: "root", Mode: 0o440,
		Was: remote.Absent}, ops[2].(remote.If).Op)
	assert.Equal(t, len(ruleText), rule.Size)
	m := bareMachine(t)
	m.AddFile(ruleFile, []byte("# older\n"), 0o440)
	e = compareOn(t, earlySpec(bothWays()), m)
	assert.Equal(t, len(ruleText)+len("# older\n"), e.at(e.SudoRuleID()).Do.(step.HostStep).Size, "it may be put back")
}

// TestHomesThatSSHDAccepts: those of the user or of root that nobody else writes to.
func TestHomesThatSSHDAccepts(t *testing.T) {
	for _, c := range []struct {
		home remote.File
		code string
	}{
		{remote.File{Kind: "dir", Owner: "deploy", Mode: 0o755}, ""},
		{remote.File{Kind: "dir", Owner: "root", Mode: 0o755}, ""},
		{remote.File{Kind: "dir", Owner: "mallory", Mode: 0o755}, "login-home-open"},
		{remote.File{Kind: "dir", Owner: "deploy", Mode: 0o757}, "login-home-open"},
		{remote.File{Kind: "dir", Owner: "root", Mode: 0o775}, "login-home-open"},
		{remote.File{Kind: "file", Owner: "deploy", Mode: 0o644}, "login-home-missing"},
	} {
		n := nodeOf(t, earlySpec(bothWays()), "compute1")
		h := look(t, n, bareMachine(t))
		h.Files["/home/deploy"] = step.File{File: c.home}
		d := compareEarly(t, n, h).at(n.AuthorizedKeysID())
		assert.Equal(t, c.code == "", d.Do != nil, "%+v", c.home)
		if c.code != "" {
			require.Len(t, d.Findings, 1)
			assert.Equal(t, c.code, d.Findings[0].Code, "%+v", c.home)
		}
	}
	for _, path := range []string{"/home/deploy", "/home/deploy/.ssh", keysFile} {
		n := nodeOf(t, earlySpec(bothWays()), "compute1")
		h := look(t, n, bareMachine(t))
		h.Files[path] = step.File{Err: errBroken}
		require.ErrorIs(t, compareEarly(t, n, h).only(t, n.AuthorizedKeysID()).Err, errBroken, path)
	}
}

// TestAnAccountThatIsNotWholeIsNoAccount: each of the two answers is needed.
func TestAnAccountThatIsNotWholeIsNoAccount(t *testing.T) {
	const entry = "deploy:x:1000:100513:Deploy:/home/deploy:/bin/sh\n"
	for _, c := range []struct{ passwd, group, want string }{
		{entry, "staff\n", ""}, {"", "staff\n", "login-user-missing"}, {entry, "", "login-user-missing"},
		{"", "domain users\n", "login-user-missing"}, {"deploy:x:1000\n", "staff\n", "login-user-missing"},
	} {
		m := bareMachine(t)
		say := func(text string) func(remote.Run) ([]byte, []byte, int) {
			return func(remote.Run) (stdout, stderr []byte, exit int) { return []byte(text), nil, 0 }
		}
		m.Handle("getent", say(c.passwd))
		m.Handle("id", say(c.group))
		e := enter(t, earlySpec(bothWays()), m)
		if d := e.at(e.AuthorizedKeysID()); c.want == "" {
			assert.NotNil(t, d.Do)
			assert.Empty(t, d.Findings)
		} else {
			assert.Equal(t, c.want, e.only(t, e.AuthorizedKeysID()).Code, "%+v", c)
		}
	}
}

// TestLinesOfAuthorizedKeys: what is there stays in its bytes, and no line is empty.
func TestLinesOfAuthorizedKeys(t *testing.T) {
	for have, want := range map[string]string{
		"":                             operatorKey + "\n",
		"# mine\n":                     "# mine\n" + operatorKey + "\n",
		"# mine":                       "# mine\n" + operatorKey + "\n",
		operatorKey:                    operatorKey,
		"# a\n" + operatorKey + "\n\n": "# a\n" + operatorKey + "\n\n",
	} {
		m := bareMachine(t)
		m.AddFile(keysFile, []byte(have), 0o644)
		e := compareOn(t, earlySpec(bothWays()), m)
		_, err := perform(t, e.at(e.AuthorizedKeysID()), m)
		require.NoError(t, err)
		text, _ := m.Contents(keysFile)
		assert.Equal(t, want, string(text))
	}
	s := earlySpec(bothWays())
	s.Prepare.Authorize.Keys = []string{"ssh-ed25519 !!!!"} // validation refuses it before
	site := want.Resolve(s)
	n := host.NewNode(site, site.Host("compute1"))
	f := compareEarly(t, n, look(t, n, bareMachine(t))).only(t, n.AuthorizedKeysID())
	assert.Equal(t, "public-key-invalid", f.Code)
}

// TestWhichLinesIncludeTheFolder of rules; sudoers(5) has two words for that.
func TestWhichLinesIncludeTheFolder(t *testing.T) {
	for text, included := range map[string]bool{
		"@includedir /etc/sudoers.d\n": true, "  #includedir\t/etc/sudoers.d\n": true,
		"@includedir \"/etc/sudoers.d\"\n": true,
		"@includedir /etc/sudoers.old\n":   false, "#includedir /opt\n": false, "@include /etc/sudoers.d\n": false,
		"@includedir\n": false, "# @includedir /etc/sudoers.d\n": false, "includedir /etc/sudoers.d\n": false, "": false,
	} {
		m := bareMachine(t)
		m.AddFile("/etc/sudoers", []byte("root ALL=(ALL:ALL) ALL\n"+text), 0o440)
		e := compareOn(t, earlySpec(bothWays()), m)
		d := e.at(e.SudoRuleID())
		assert.Equal(t, included, d.Do != nil, text)
		assert.Equal(t, included, len(d.Findings) == 0, text)
	}
	n := nodeOf(t, earlySpec(bothWays()), "compute1")
	for _, path := range []string{"/etc/sudoers", ruleFile} {
		h := look(t, n, bareMachine(t))
		h.Files[path] = step.File{Err: errBroken}
		require.ErrorIs(t, compareEarly(t, n, h).only(t, n.SudoRuleID()).Err, errBroken, path)
	}
}

// ruleStep is the step that writes the rule over what is there.
func ruleStep(t *testing.T, m *remotetest.Host) step.HostStep {
	t.Helper()
	e := compareOn(t, earlySpec(bothWays()), m)
	return e.at(e.SudoRuleID()).Do.(step.HostStep)
}

// TestTakingARuleBack is done where it was written and is not known to be accepted, and
// only as long as the file is as it was written.
func TestTakingARuleBack(t *testing.T) {
	written := remote.Result{Changed: true, File: remote.File{SHA256: "sum"}}
	older := bareMachine(t)
	must(t, older, remote.WriteFile{Path: ruleFile, Data: []byte("# older\n"), Owner: "deploy", Group: "staff",
		Mode: 0o400})
	remove := []remote.Op{remote.Remove{Path: ruleFile, Was: "sum"}}
	restore := []remote.Op{remote.WriteFile{Path: ruleFile, Data: []byte("# older\n"), Owner: "deploy", Group: "staff",
		Mode: 0o400, Was: "sum"}}
	for name, c := range map[string]struct {
		results []remote.Result
		back    bool
		is      error
	}{
		"accepted":  {[]remote.Result{{}, {}, written, {}}, false, nil},
		"refused":   {[]remote.Result{{}, {}, written, {Exit: 1}}, true, nil},
		"not asked": {[]remote.Result{{}, {}, written, {Err: remote.ErrTimeout}}, true, remote.ErrTimeout},
		"not written": {[]remote.Result{{}, {}, {Err: remote.ErrConflict}, {Err: remote.ErrSkipped}}, false,
			remote.ErrConflict},
		"the host went away": {[]remote.Result{{}, {}}, false, nil},
	} {
		for m, undo := range map[*remotetest.Host][]remote.Op{bareMachine(t): remove, older: restore} {
			do := ruleStep(t, m)
			if !c.back {
				undo = nil
			}
			assert.Equal(t, undo, do.Undo(c.results), name)
			changed, err := do.Judge(c.results)
			assert.Equal(t, name == "accepted", changed, name)
			assert.Equal(t, name == "accepted", err == nil, name)
			if c.is != nil {
				require.ErrorIs(t, err, c.is, name)
			}
		}
	}
	changed, err := ruleStep(t, older).Judge([]remote.Result{{}, {}, {}, {}})
	require.NoError(t, err)
	assert.False(t, changed, "the file was there already")
}
