package integrate_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

const (
	operatorKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f operator@example"
	operatorSum = "SHA256:"
	keysFile    = "/home/deploy/.ssh/authorized_keys"
	ruleFile    = "/etc/sudoers.d/cephstack-deploy"
)

func bareSpec() spec.Spec {
	s := preparing(spec.Prepare{Authorize: &spec.Authorize{Keys: []string{operatorKey}}, Sudo: &spec.Sudo{}})
	s.SSH = spec.SSH{User: "deploy", Sudo: true}
	return s
}

// openBare gives a world in which hosts are bare.
func openBare(t *testing.T, s spec.Spec, names ...string) (*integratetest.World, *integrate.Integration) {
	t.Helper()
	w, err := integratetest.New(s)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	for _, h := range s.Hosts {
		w.Bare(h.Name)
	}
	for _, h := range s.Hosts { // the others have what it takes
		if len(names) > 0 && h.Name != names[0] {
			w.Machines[h.Name].AddFile(keysFile, []byte(operatorKey+"\n"), 0o600)
			_, err := w.Machines[h.Name].Do(t.Context(), remote.SetAttr{Path: "/home/deploy/.ssh", Owner: "deploy",
				Group: "deploy", Mode: 0o700}, remote.SetAttr{Path: keysFile, Owner: "deploy", Group: "deploy"})
			require.NoError(t, err)
			w.Machines[h.Name].AddFile(ruleFile, []byte("# Written by cephstack.\nDefaults:deploy !requiretty\n"+
				"deploy ALL=(root) NOPASSWD: ALL\n"), 0o440)
		}
	}
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	return w, in
}

func TestBareHostsAreEnteredOnce(t *testing.T) {
	w, in := openBare(t, bareSpec())
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	for _, c := range p.Changes {
		if c.Target == "compute1" && c.Kind != "authorized-keys" && c.Kind != "sudo-rule" {
			assert.Contains(t, c.Needs, "authorized-keys/compute1/"+keysFile, c.ID)
			assert.Contains(t, c.Needs, "sudo-rule/compute1/"+ruleFile, c.ID)
		}
	}
	data, err := json.Marshal(p) // stored, and applied by another run
	require.NoError(t, err)
	stored, err := integrate.ParsePlan(data)
	require.NoError(t, err)
	r, err := in.Apply(t.Context(), stored, integrate.ApplyOptions{})
	require.NoError(t, err)
	require.Equal(t, len(p.Changes), r.Count(integrate.Applied))
	for name := range w.Entries {
		delete(w.Entries, name) // the normal login does from now on
	}
	settled(t, in)
	stat, err := w.Machines["compute1"].Do(t.Context(), remote.Stat{Path: "/home/deploy/.ssh"},
		remote.ReadFile{Path: keysFile}, remote.ReadFile{Path: ruleFile})
	require.NoError(t, err)
	for i, want := range []string{"deploy:deploy 0700", "deploy:deploy 0600", "root:root 0440"} {
		assert.Equal(t, want, stat[i].File.Owner+":"+stat[i].File.Group+" "+octalOf(stat[i].File))
	}
	assert.Equal(t, operatorKey+"\n", string(stat[1].Data))
	assert.Equal(t, "# Written by cephstack.\nDefaults:deploy !requiretty\ndeploy ALL=(root) NOPASSWD: ALL\n",
		string(stat[2].Data))
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
	assert.Contains(t, report.String(), "login compute1")
}

func TestConvergeEntersBareHosts(t *testing.T) {
	_, in := openBare(t, bareSpec())
	for part := range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
		require.NoError(t, part.Err())
	}
	settled(t, in)
}

func TestWithoutAnEntryABareHostIsAProblem(t *testing.T) {
	w, in := openBare(t, bareSpec(), "compute1")
	delete(w.Entries, "compute1")
	p := plan(t, in)
	require.Len(t, p.Problems(), 1, "%s", p)
	require.ErrorIs(t, p.Problems()[0].Err, remote.ErrAuth)
	require.Nil(t, change(p, "authorized-keys/compute1/"+keysFile))
	require.NotNil(t, change(p, "unit/compute2/nova-compute.service"))
}

func TestKeysAreAddedToWhatIsThere(t *testing.T) {
	w, in := openBare(t, bareSpec(), "compute1")
	m := w.Machines["compute1"]
	m.AddFile(keysFile, []byte("# mine\nssh-rsa AAAA other"), 0o644)
	p := plan(t, in)
	c := change(p, "authorized-keys/compute1/"+keysFile)
	require.NotNil(t, c, "%s", p)
	require.Equal(t, integrate.Update, c.Action)
	require.Len(t, c.Diffs, 3)
	require.True(t, strings.HasPrefix(c.Diffs[0].Desired, operatorSum) && strings.HasSuffix(c.Diffs[0].Desired,
		" operator@example"), "%v", c.Diffs)
	m.AddFile(keysFile, []byte("# somebody else was here\n"), 0o600)
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	for _, o := range r.Outcomes {
		if o.Change.Target == "compute1" && o.Change.Kind != "authorized-keys" && o.Change.Kind != "sudo-rule" {
			require.Equal(t, integrate.Skipped, o.Status, o.Change.ID)
		}
	}
	m.AddFile(keysFile, []byte("# mine\nssh-rsa AAAA other"), 0o644)
	apply(t, in)
	data, _ := m.Contents(keysFile)
	require.Equal(t, "# mine\nssh-rsa AAAA other\n"+operatorKey+"\n", string(data))
	settled(t, in)
}

func TestKeysThatCannotBePlaced(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*integratetest.World, *spec.Spec)
		says  string
	}{
		"a forced command": {func(w *integratetest.World, _ *spec.Spec) {
			w.Machines["compute1"].AddFile(keysFile, []byte(`command="echo no" `+operatorKey+"\n"+operatorKey+"\n"), 0o600)
		}, "has options on the key"},
		"a symlink": {func(w *integratetest.World, _ *spec.Spec) {
			w.Machines["compute1"].AddFile("/home/deploy/.ssh/x", nil, 0o600)
			w.Machines["compute1"].AddSymlink(keysFile, "/home/deploy/.ssh/x")
		}, "is a symlink"},
		"another home": {func(_ *integratetest.World, s *spec.Spec) {
			s.Prepare.Authorize.Home = "/srv/deploy"
		}, "set prepare.authorize.home"},
		"a home that others write to": {func(w *integratetest.World, _ *spec.Spec) {
			_, _ = w.Machines["compute1"].Do(t.Context(), remote.SetAttr{Path: "/home/deploy", Mode: 0o775})
		}, "sshd heeds no keys"},
		"no sudo": {func(w *integratetest.World, _ *spec.Spec) {
			_, _ = w.Machines["compute1"].Do(t.Context(), remote.Remove{Path: "/etc/sudoers"})
		}, "install sudo"},
		"rules that read no folder": {func(w *integratetest.World, _ *spec.Spec) {
			w.Machines["compute1"].AddFile("/etc/sudoers", []byte("# @includedir /etc/sudoers.d\n"), 0o440)
		}, "does not read /etc/sudoers.d"},
	} {
		t.Run(name, func(t *testing.T) {
			given := bareSpec()
			w, _ := openBare(t, given, "compute1")
			c.spoil(w, &given)
			in, err := integrate.New(integrate.Config{Spec: given, World: w.World, Settle: 1, Poll: 1})
			require.NoError(t, err)
			p := plan(t, in)
			var said string
			for _, f := range p.Problems() {
				if f.Target == "compute1" {
					said += f.Message
				}
			}
			require.Contains(t, said, c.says, "%s", p)
			require.Nil(t, change(p, "unit/compute1/nova-compute.service"), "%s", p)
		})
	}
}

func TestARuleThatVisudoRefusesDoesNotStay(t *testing.T) {
	for _, refused := range []string{"-c -f -", "-c"} {
		for _, old := range []string{"", "# older\n"} {
			w, in := openBare(t, bareSpec(), "compute1")
			m := w.Machines["compute1"]
			if old != "" {
				m.AddFile(ruleFile, []byte(old), 0o400)
			}
			m.Handle("visudo", func(run remote.Run) (stdout, stderr []byte, exit int) {
				now, _ := m.Contents(ruleFile)
				if strings.Join(run.Argv[1:], " ") == refused && (refused != "-c" || strings.Contains(string(now), "NOPASSWD")) {
					return nil, []byte("syntax error near line 3"), 1
				}
				return nil, nil, 0
			})
			r, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
			require.ErrorContains(t, err, "syntax error near line 3")
			require.Positive(t, r.Count(integrate.Skipped))
			now, there := m.Contents(ruleFile)
			require.Equal(t, old != "", there)
			require.Equal(t, old, string(now))
		}
	}
}

func TestTheLoginStaysRefused(t *testing.T) {
	w, in := openBare(t, bareSpec(), "compute1")
	apply(t, in)
	w.Hosts["compute1"] = refusing{}
	p := plan(t, in)
	require.Len(t, p.Problems(), 1, "%s", p)
	require.Contains(t, p.Problems()[0].Message, "though its keys and its sudo rule are in place")
	require.True(t, p.Empty())
}

// refusing is a host that never lets the normal login in.
type refusing struct{}

func (refusing) Do(_ context.Context, ops ...remote.Op) ([]remote.Result, error) {
	return make([]remote.Result, len(ops)), &remote.HostError{Host: "compute1", Step: "authenticate", Err: remote.ErrAuth}
}

// The rules that are written mean to the real visudo what they should.
func TestSudoRulesAreSudos(t *testing.T) {
	program, err := exec.LookPath("visudo")
	if err != nil || os.Getenv("CEPHSTACK_LIVE") == "0" {
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatal("visudo is needed")
		}
		t.Skip("live test: needs visudo")
	}
	for _, narrow := range []bool{false, true} {
		s := bareSpec()
		s.Prepare.Sudo.Narrow = narrow
		w, in := openBare(t, s)
		for _, m := range w.Machines {
			m.Handle("visudo", func(run remote.Run) (stdout, stderr []byte, exit int) {
				if strings.Join(run.Argv, " ") == "visudo -c" {
					return nil, nil, 0 // the rules of this machine are not those of the fake
				}
				cmd := exec.Command(program, run.Argv[1:]...)
				cmd.Stdin = strings.NewReader(run.Stdin.Reveal())
				out, err := cmd.CombinedOutput()
				if err != nil {
					return nil, out, 1
				}
				return out, nil, 0
			})
		}
		apply(t, in)
		settled(t, in)
	}
}
