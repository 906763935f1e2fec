package host_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

const (
	operatorKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f operator@example"
	keysFile    = "/home/deploy/.ssh/authorized_keys"
	ruleFile    = "/etc/sudoers.d/cephstack-deploy"
	ruleText    = "# Written by cephstack.\nDefaults:deploy !requiretty\ndeploy ALL=(root) NOPASSWD: ALL\n"
)

func bothWays() *spec.Prepare {
	return &spec.Prepare{Authorize: &spec.Authorize{Keys: []string{operatorKey}}, Sudo: &spec.Sudo{}}
}

// bareMachine has a user to log in, sudo, and a visudo that accepts everything.
func bareMachine(t *testing.T) *remotetest.Host {
	t.Helper()
	m := remotetest.NewHost("compute1")
	m.AddUser("deploy", "staff")
	must(t, m, remote.Mkdir{Path: "/home/deploy", Owner: "deploy", Group: "staff", Mode: 0o755})
	m.AddFile("/etc/sudoers", []byte("root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"), 0o440)
	m.AddFile("/etc/sudoers.d/README", []byte("# see sudoers(5)\n"), 0o440)
	m.Handle("visudo", func(remote.Run) (stdout, stderr []byte, exit int) { return []byte("parsed OK\n"), nil, 0 })
	return m
}

func must(t *testing.T, m *remotetest.Host, ops ...remote.Op) {
	t.Helper()
	results, err := m.Do(t.Context(), ops...)
	require.NoError(t, err)
	for _, r := range results {
		require.NoError(t, r.Err)
	}
}

// enter compares a machine that was read by its first entry.
func enter(t *testing.T, s spec.Spec, m *remotetest.Host) early {
	t.Helper()
	n := nodeOf(t, s, "compute1")
	h := look(t, n, m)
	h.Entered = true
	return compareEarly(t, n, h)
}

func TestTheWayInIsMade(t *testing.T) {
	m := bareMachine(t)
	e := enter(t, earlySpec(bothWays()), m)
	assert.Empty(t, e.codes())
	keys, rule := e.at(e.AuthorizedKeysID()), e.at(e.SudoRuleID())
	assert.Equal(t, step.Create, keys.Action)
	assert.Equal(t, "sshd would not let deploy in by the keys", keys.Reason)
	require.Len(t, keys.Diffs, 3)
	assert.Equal(t, "key", keys.Diffs[0].Field)
	assert.Regexp(t, `^SHA256:\S+ operator@example$`, keys.Diffs[0].Desired)
	assert.Equal(t, []step.FieldDiff{{Field: "mode of .ssh", Desired: "deploy:staff 0700"},
		{Field: "mode", Desired: "deploy:staff 0600"}},
		keys.Diffs[1:])
	assert.Equal(t, step.Create, rule.Action)
	assert.Equal(t, "there is no rule of its own for deploy", rule.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "content", Desired: strings.TrimSpace(ruleText)},
		{Field: "mode", Desired: "root:root 0440"}}, rule.Diffs)
	for _, d := range []step.Delta{keys, rule} {
		assert.True(t, d.Do.(step.HostStep).Entry, "it goes by the first entry")
		changed, err := perform(t, d, m)
		require.NoError(t, err)
		assert.True(t, changed)
	}
	assert.Equal(t, []step.ID{e.AuthorizedKeysID(), e.SudoRuleID()}, e.at(e.LoginID()).Needs,
		"all else on the host waits for them")
	text, _ := m.Contents(keysFile)
	assert.Equal(t, operatorKey+"\n", string(text))
	text, _ = m.Contents(ruleFile)
	assert.Equal(t, ruleText, string(text))

	e = compareOn(t, earlySpec(bothWays()), m)
	assert.Nil(t, e.at(e.AuthorizedKeysID()).Do)
	assert.Nil(t, e.at(e.SudoRuleID()).Do)
	assert.Equal(t, "the keys and the sudo rule that the Spec asks for are in place", e.at(e.LoginID()).Have)
	assert.Empty(t, e.at(e.LoginID()).Needs)

	e = enter(t, earlySpec(bothWays()), m)
	f := e.only(t, e.LoginID())
	assert.Equal(t, "no-way-in", f.Code)
	assert.Equal(t, "login", f.Object)
	assert.Contains(t, f.Message, "is refused, though its keys and its sudo rule are in place; see AuthorizedKeysFile")
	require.ErrorIs(t, f.Err, host.ErrNoWayIn)
	e.silent(t, e.PackagesID(), e.LoginID())
}

func TestTheLoginNeedsOnlyWhatIsPlanned(t *testing.T) {
	m := bareMachine(t)
	m.AddFile(ruleFile, []byte(ruleText), 0o440)
	e := enter(t, earlySpec(bothWays()), m)
	assert.Equal(t, []step.ID{e.AuthorizedKeysID()}, e.at(e.LoginID()).Needs)
	e = compareOn(t, earlySpec(bothWays()), m)
	keys, ok := e.at(e.AuthorizedKeysID()).Do.(step.HostStep)
	assert.True(t, ok && !keys.Entry, "it goes by the normal login")
	assert.Empty(t, e.at(e.LoginID()).Needs, "the normal login gets in all the same")
	assert.Empty(t, compareOn(t, earlySpec(nil), m).at(e.LoginID()).Have)
}

func TestKeysAreAddedToWhatIsThere(t *testing.T) {
	m := bareMachine(t)
	m.AddFile(keysFile, []byte("# mine\nssh-rsa AAAA other"), 0o644)
	e := compareOn(t, earlySpec(bothWays()), m)
	d := e.at(e.AuthorizedKeysID())
	assert.Equal(t, step.Update, d.Action)
	assert.Equal(t, step.FieldDiff{Field: "mode", Observed: "root:root 0644", Desired: "deploy:staff 0600"}, d.Diffs[2])
	m.AddFile(keysFile, []byte("# somebody else was here\n"), 0o600)
	_, err := perform(t, d, m)
	require.ErrorIs(t, err, remote.ErrConflict)
	m.AddFile(keysFile, []byte("# mine\nssh-rsa AAAA other"), 0o644)
	_, err = perform(t, d, m)
	require.NoError(t, err)
	text, _ := m.Contents(keysFile)
	assert.Equal(t, "# mine\nssh-rsa AAAA other\n"+operatorKey+"\n", string(text))
}

func TestHomes(t *testing.T) {
	for name, c := range map[string]struct {
		user, home string
		want       string
	}{"root": {"root", "", "/root/.ssh/authorized_keys"}, "given": {"deploy", "/srv/deploy",
		"/srv/deploy/.ssh/authorized_keys"}} {
		t.Run(name, func(t *testing.T) {
			s := earlySpec(bothWays())
			s.SSH = spec.SSH{User: c.user, Sudo: c.user != "root"}
			s.Prepare.Authorize.Home = c.home
			if c.user == "root" {
				s.Prepare.Sudo = nil
			}
			assert.Equal(t, c.want, nodeOf(t, s, "compute1").AuthorizedKeysID().Name)
		})
	}
	s := earlySpec(bothWays())
	s.SSH.User = "jane.doe"
	assert.Equal(t, "/etc/sudoers.d/cephstack-jane_doe", nodeOf(t, s, "compute1").SudoRuleID().Name,
		"sudo ignores names with a dot")
}

func TestKeysThatCannotBePlaced(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*remotetest.Host, *spec.Spec)
		code  string
		says  string
	}{
		"no user": {func(_ *remotetest.Host, s *spec.Spec) { s.SSH.User = "nobody-here" },
			"login-user-missing", "there is no user nobody-here on this host"},
		"another home": {func(_ *remotetest.Host, s *spec.Spec) { s.Prepare.Authorize.Home = "/srv/deploy" },
			"login-home-differs", "the home of deploy is /home/deploy here, not /srv/deploy; set " +
				"prepare.authorize.home in " +
				"the Spec"},
		"no home": {func(m *remotetest.Host, _ *spec.Spec) { m.RemoveDir("/home/deploy") },
			"login-home-missing", "the home /home/deploy does not exist"},
		"a home that others write to": {func(m *remotetest.Host, _ *spec.Spec) {
			must(t, m,
				remote.SetAttr{Path: "/home/deploy", Mode: 0o775})
		},
			"login-home-open", "/home/deploy belongs to deploy and has the mode 0775: sshd heeds no keys where " +
				"others may " +
				"write"},
		"a forced command": {func(m *remotetest.Host, _ *spec.Spec) {
			m.AddFile(keysFile, []byte(`command="echo no" `+operatorKey+"\n"+operatorKey+"\n"), 0o600)
		}, "public-key-has-options", keysFile + " has options on the key SHA256:"},
	} {
		t.Run(name, func(t *testing.T) {
			s, m := earlySpec(bothWays()), bareMachine(t)
			c.spoil(m, &s)
			e := enter(t, s, m)
			f := e.only(t, e.AuthorizedKeysID())
			assert.Equal(t, c.code, f.Code)
			assert.Equal(t, e.AuthorizedKeysID().Name, f.Object)
			assert.Contains(t, f.Message, "the keys cannot be placed: "+c.says)
			assert.True(t, f.Problem && f.Err != nil)
			e.silent(t, e.LoginID(), e.AuthorizedKeysID())
			assert.True(t, e.view.Ledger.Refused(e.PackagesID()))

			e = compareOn(t, s, m)
			assert.False(t, e.at(e.LoginID()).Refused, "the normal login gets in without them")
			assert.NotNil(t, e.at(e.PackagesID()).Do)
		})
	}
}

func TestKeysOfWhichNothingIsKnown(t *testing.T) {
	n, m := nodeOf(t, earlySpec(bothWays()), "compute1"), bareMachine(t)
	h := look(t, n, m)
	h.Files[keysFile] = step.File{Err: errBroken}
	h.Files["/etc/sudoers"] = step.File{Err: errBroken}
	e := compareEarly(t, n, h)
	for _, id := range []step.ID{n.AuthorizedKeysID(), n.SudoRuleID()} {
		f := e.only(t, id)
		assert.Equal(t, "file-unreadable", f.Code)
		require.ErrorIs(t, f.Err, errBroken)
	}
	h.Files[keysFile], h.Files["/home/deploy/.ssh"] = step.File{Missing: true},
		step.File{File: remote.File{Kind: "file"}}
	f := compareEarly(t, n, h).only(t, n.AuthorizedKeysID())
	assert.Equal(t, "ssh-folder-is-not-a-folder", f.Code)
	assert.Equal(t, "the keys cannot be placed: /home/deploy/.ssh is a file, not a folder", f.Message)
	h.Files["/home/deploy/.ssh"] = step.File{Missing: true}
	h.Files[keysFile] = step.File{File: remote.File{Kind: "symlink", Target: "/home/deploy/x"}}
	assert.Equal(t, "authorized-keys-is-symlink", compareEarly(t, n, h).only(t, n.AuthorizedKeysID()).Code)
}

func TestSudoRulesThatCannotBeWritten(t *testing.T) {
	for name, c := range map[string]struct {
		spoil      func(*remotetest.Host)
		code, says string
	}{
		"no sudo": {func(m *remotetest.Host) { must(t, m, remote.Remove{Path: "/etc/sudoers"}) },
			"sudo-missing", "there is no /etc/sudoers: install sudo"},
		"rules that read no folder": {func(m *remotetest.Host) {
			m.AddFile("/etc/sudoers",
				[]byte("# @includedir /etc/sudoers.d\n"), 0o440)
		},
			"sudoers-ignores-folder", `/etc/sudoers does not read /etc/sudoers.d: ` +
				`add the line "@includedir /etc/sudoers.d" with visudo`},
	} {
		t.Run(name, func(t *testing.T) {
			m := bareMachine(t)
			c.spoil(m)
			e := compareOn(t, earlySpec(bothWays()), m)
			f := e.only(t, e.SudoRuleID())
			assert.Equal(t, c.code, f.Code)
			assert.Equal(t, ruleFile, f.Object)
			assert.Equal(t, "the sudo rule cannot be written: "+c.says, f.Message)
		})
	}
	m := bareMachine(t)
	m.AddFile("/etc/sudoers", []byte("#includedir \"/etc/sudoers.d\"\n"), 0o440)
	e := compareOn(t, earlySpec(bothWays()), m)
	assert.NotNil(t, e.at(e.SudoRuleID()).Do, "that line is not a comment")
}

// TestSudoOfRust refuses what the other sudo knows: its visudo does not accept a rule with requiretty, or with a
// digest.
func TestSudoOfRust(t *testing.T) {
	rust := func(run remote.Run) (stdout, stderr []byte, exit int) {
		text := run.Stdin.Reveal()
		switch {
		case run.Argv[1] == "-V":
			return []byte("visudo-rs 0.2.15\n"), nil, 0
		case strings.Contains(text, "requiretty"):
			return nil, []byte("stdin:2:18: syntax error: unknown setting: 'requiretty'\nvisudo: invalid sudoers " +
				"file\n"), 1
		case strings.Contains(text, "sha256:"):
			return nil, []byte("stdin:1:29: syntax error: digest specifications are not supported\n"), 1
		}
		return []byte("stdin: parsed OK\n"), nil, 0
	}
	for narrow, what := range map[bool]string{false: "ALL", true: "/bin/sh -c *"} {
		m := bareMachine(t)
		m.Handle("visudo", rust)
		m.AddFile(ruleFile, []byte(ruleText), 0o440) // the host had another sudo before
		s := earlySpec(bothWays())
		s.Prepare.Sudo.Narrow = narrow
		e := compareOn(t, s, m)
		_, err := perform(t, e.at(e.SudoRuleID()), m)
		require.NoError(t, err)
		text, _ := m.Contents(ruleFile)
		assert.Equal(t, "# Written by cephstack.\ndeploy ALL=(root) NOPASSWD: "+what+"\n", string(text))
		e = compareOn(t, s, m)
		assert.Nil(t, e.at(e.SudoRuleID()).Do)
	}
	m := bareMachine(t)
	m.Handle("visudo", rust)
	s := earlySpec(bothWays())
	s.Prepare.Sudo.Helper, s.SSH.Sudo = true, true
	s.SSH.Entry = &spec.Entry{User: "root", KeyFiles: []string{"k"}}
	e := compareOn(t, s, m)
	f := e.only(t, e.SudoRuleID())
	assert.Equal(t, "sudo-without-digests", f.Code)
	assert.Contains(t, f.Message, "sudo-rs, which knows no digests of programs")
}

func TestNarrowSudoRules(t *testing.T) {
	m := bareMachine(t)
	m.AddFile(ruleFile, []byte(ruleText), 0o400)
	s := earlySpec(bothWays())
	s.Prepare.Sudo.Narrow = true
	e := compareOn(t, s, m)
	d := e.at(e.SudoRuleID())
	assert.Equal(t, step.Update, d.Action)
	assert.Equal(t, "the rule is not as asked for", d.Reason)
	assert.Equal(t, "other content", d.Diffs[0].Observed)
	assert.Equal(t, step.FieldDiff{Field: "mode", Observed: "root:root 0400", Desired: "root:root 0440"}, d.Diffs[1])
	_, err := perform(t, d, m)
	require.NoError(t, err)
	text, _ := m.Contents(ruleFile)
	assert.Contains(t, string(text), "\ndeploy ALL=(root) NOPASSWD: /bin/sh -c *\n")
}

func TestARuleThatVisudoRefusesDoesNotStay(t *testing.T) {
	for _, refused := range []string{"-c -f -", "-c, before", "-c"} {
		for _, old := range []string{"", "# older\n"} {
			m := bareMachine(t)
			if old != "" {
				m.AddFile(ruleFile, []byte(old), 0o400)
			}
			e := compareOn(t, earlySpec(bothWays()), m)
			m.Handle("visudo", func(run remote.Run) (stdout, stderr []byte, exit int) {
				now, _ := m.Contents(ruleFile)
				args, before := strings.Join(run.Argv[1:], " "), !strings.Contains(string(now), "NOPASSWD")
				if args == "-c -f -" {
					assert.Equal(t, ruleText, run.Stdin.Reveal())
				}
				if before && args == "-c" {
					args = "-c, before"
				}
				if args == refused {
					return nil, []byte("syntax error near line 3"), 1
				}
				return nil, nil, 0
			})
			changed, err := perform(t, e.at(e.SudoRuleID()), m)
			assert.False(t, changed)
			if refused == "-c" {
				require.EqualError(t, err, "with the rule, visudo does not accept the rules of compute1: "+
					"syntax error near line 3")
			} else {
				require.EqualError(t, err, "compute1: visudo: exit status 1: syntax error near line 3")
			}
			now, there := m.Contents(ruleFile)
			assert.Equal(t, old != "", there)
			assert.Equal(t, old, string(now))
			assert.Equal(t, refused != "-c", m.Changes("write") == 0, "nothing is written before it is checked")
		}
	}
}

// TestARefusedRuleOfSomebodyElseStays: a run takes back only what it wrote itself.
func TestARefusedRuleOfSomebodyElseStays(t *testing.T) {
	for _, old := range []string{"", "# older\n"} {
		m := bareMachine(t)
		if old != "" {
			m.AddFile(ruleFile, []byte(old), 0o440)
		}
		e := compareOn(t, earlySpec(bothWays()), m)
		looks := 0
		m.Handle("visudo", func(run remote.Run) (stdout, stderr []byte, exit int) {
			if strings.Join(run.Argv[1:], " ") != "-c" {
				return nil, nil, 0
			}
			if looks++; looks == 1 {
				m.AddFile(ruleFile, []byte(ruleText), 0o440)
				return nil, nil, 0
			}
			return nil, []byte("syntax error near line 3"), 1
		})
		changed, err := perform(t, e.at(e.SudoRuleID()), m)
		assert.False(t, changed)
		require.EqualError(t, err, "with the rule, visudo does not accept the rules of compute1: syntax error "+
			"near line 3; "+
			"somebody else has written "+ruleFile+" since the plan, so the file stays: correct the rules with visudo")
		now, _ := m.Contents(ruleFile)
		assert.Equal(t, ruleText, string(now))
	}
}

func TestASudoRuleThatSomebodyWrote(t *testing.T) {
	m := bareMachine(t)
	e := compareOn(t, earlySpec(bothWays()), m)
	d := e.at(e.SudoRuleID())
	m.AddFile(ruleFile, []byte("# theirs\n"), 0o440)
	_, err := perform(t, d, m)
	require.ErrorIs(t, err, remote.ErrConflict)
	text, _ := m.Contents(ruleFile)
	assert.Equal(t, "# theirs\n", string(text))
	_, err = d.Do.(step.HostStep).Judge(nil)
	require.EqualError(t, err, "compute1: "+ruleFile+": 0 results for 4 operations")
	assert.Empty(t, d.Do.(step.HostStep).Undo(nil))
}

// TestAGroupWithASpaceIsSetByItsNumber: directories of accounts have such groups, as
// "domain users".
func TestAGroupWithASpaceIsSetByItsNumber(t *testing.T) {
	m := bareMachine(t)
	m.Handle("getent", func(remote.Run) (stdout, stderr []byte, exit int) {
		return []byte("deploy:x:1000:100513:Deploy:/home/deploy:/bin/sh\n"), nil, 0
	})
	m.Handle("id", func(remote.Run) (stdout, stderr []byte, exit int) { return []byte("domain users\n"), nil, 0 })
	e := enter(t, earlySpec(bothWays()), m)
	d := e.at(e.AuthorizedKeysID())
	require.NotNil(t, d.Do)
	ops, err := d.Do.(step.HostStep).Ops(step.Late{})
	require.NoError(t, err)
	assert.Equal(t, "100513", ops[0].(remote.Mkdir).Group)
	assert.Equal(t, "deploy:domain users 0600", d.Diffs[2].Desired)
	for _, op := range ops {
		require.NoError(t, remote.Check(op))
	}
	m.Handle("getent", func(remote.Run) (stdout, stderr []byte, exit int) {
		return []byte("deploy:x:1000:no number:Deploy:/home/deploy:/bin/sh\n"), nil, 0
	})
	e = enter(t, earlySpec(bothWays()), m)
	assert.Equal(t, []string{"login-user-missing"}, e.codes()[:1])
}
