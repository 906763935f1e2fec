package virsh_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch/batchtest"
	"github.com/cephstack/cephstack/libvirtsecret/internal/libvirtd"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/remote"
)

// A here is this machine, as the user who runs the test.
type here struct {
	env []string // further environment

	mu   sync.Mutex
	runs []remote.Run
}

func (h *here) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	var results []remote.Result
	for _, op := range ops {
		run, ok := op.(remote.Run)
		if !ok {
			return results, errors.New("not a Run")
		}
		h.mu.Lock()
		h.runs = append(h.runs, run)
		h.mu.Unlock()
		cmd := exec.CommandContext(ctx, run.Argv[0], run.Argv[1:]...)
		cmd.Env = append(os.Environ(), h.env...)
		// Grandchildren keep the pipes, so all are ended together.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
		var out, errs bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(run.Stdin.Reveal()), &out, &errs
		err := cmd.Run()
		var exit *exec.ExitError
		if ctx.Err() != nil {
			return results, &remote.HostError{Host: "here", Step: "exchange", Err: ctx.Err()}
		} else if err != nil && !errors.As(err, &exit) {
			return results, &remote.HostError{Host: "here", Step: "start", Err: err}
		}
		results = append(results, remote.Result{Data: out.Bytes(), Stderr: errs.Bytes(), Exit: cmd.ProcessState.ExitCode()})
	}
	return results, nil
}

func TestConformance(t *testing.T) {
	d := libvirtd.Start(t)
	host := &here{}
	store := virsh.New(host, virsh.Options{URI: d.URI})
	secrettest.TestStore(t, func(*testing.T) libvirtsecret.Store { return store })
	batchtest.TestStore(t, func(*testing.T) (hostbatch.Store, remote.Host) { return store, host })
}

func value(t testing.TB, text string) libvirtsecret.Value {
	t.Helper()
	v, err := libvirtsecret.ParseValue(text)
	require.NoError(t, err)
	return v
}

func secret(t testing.TB, name string) libvirtsecret.Secret {
	t.Helper()
	v := value(t, "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==")
	id, usage := libvirtsecret.DeriveUUID("f", name), libvirtsecret.UsageID("f", name)
	return libvirtsecret.Secret{UUID: id, UsageID: usage, Value: v}
}

// virshDo runs virsh itself: what an operator would do and see.
func virshDo(t *testing.T, uri, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("virsh", append([]string{"-q", "-c", uri}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var said strings.Builder
	cmd.Stderr = &said // where polkit does not run, virsh says so
	out, err := cmd.Output()
	require.NoError(t, err, "%s%s", out, said.String())
	return strings.TrimSpace(string(out))
}

// TestAsVirshSees uses virsh as the oracle, and secrets that others made.
func TestAsVirshSees(t *testing.T) {
	d := libvirtd.Start(t)
	host := &here{}
	store := virsh.New(host, virsh.Options{URI: d.URI})
	s := secret(t, "client.cinder")
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: s}))
	assert.Equal(t, s.Value.Reveal(), virshDo(t, d.URI, "", "secret-get-value", s.UUID))
	assert.Contains(t, virshDo(t, d.URI, "", "secret-list"), "ceph "+s.UsageID)

	const (
		volume  = "11111111-0000-4000-8000-000000000000"
		bare    = "22222222-0000-4000-8000-000000000000"
		noUsage = "33333333-0000-4000-8000-000000000000"
	)
	for uuid, usage := range map[string]string{
		volume:  "<usage type='volume'><volume>/x</volume></usage>",
		bare:    "<usage type='ceph'><name>bare\n" + volume + "</name></usage>",
		noUsage: "",
	} {
		xml := "<secret><uuid>" + uuid + "</uuid>" + usage + "</secret>"
		virshDo(t, d.URI, xml, "secret-define", "/dev/stdin")
	}
	host.runs = nil
	all, err := store.List(t.Context())
	require.NoError(t, err)
	assert.Len(t, host.runs, 1, "one exchange")
	require.Len(t, all, 2)
	assert.Equal(t, bare, all[0].UUID)
	assert.True(t, all[0].Value.IsZero())
	assert.Equal(t, s.UUID, all[1].UUID)
	assert.True(t, all[1].Value.Equal(s.Value))
	for _, foreign := range []string{volume, noUsage} {
		_, err = store.Lookup(t.Context(), foreign)
		require.ErrorIs(t, err, libvirtsecret.ErrNotFound)
		require.ErrorIs(t, store.Undefine(t.Context(), foreign), libvirtsecret.ErrNotFound)
		assert.Contains(t, virshDo(t, d.URI, "", "secret-list"), foreign)
	}
	taken := secret(t, "client.glance")
	taken.UUID = volume
	require.ErrorIs(t, store.Define(t.Context(), libvirtsecret.Change{Secret: taken}), libvirtsecret.ErrConflict)
}

func TestRestart(t *testing.T) {
	d := libvirtd.Start(t)
	store := virsh.New(&here{}, virsh.Options{URI: d.URI})
	stays, goes := secret(t, "client.stays"), secret(t, "client.goes")
	goes.Ephemeral = true
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: stays}))
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: goes}))
	d.Stop()
	_, err := store.List(t.Context())
	require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
	err = store.Define(t.Context(), libvirtsecret.Change{Secret: stays, Was: &libvirtsecret.Secret{}})
	require.ErrorIs(t, err, libvirtsecret.ErrUnreachable, "it is not known whether the secret is as it was seen")
	require.NotErrorIs(t, err, libvirtsecret.ErrConflict)
	require.ErrorIs(t, store.Define(t.Context(), libvirtsecret.Change{Secret: stays}), libvirtsecret.ErrUnreachable)
	require.ErrorIs(t, store.Undefine(t.Context(), stays.UUID), libvirtsecret.ErrUnreachable)
	_, err = store.Lookup(t.Context(), stays.UUID)
	require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
	require.NotErrorIs(t, err, libvirtsecret.ErrNotFound)
	d.Restart(t)
	all, err := store.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, stays.UUID, all[0].UUID)
	assert.True(t, all[0].Value.Equal(stays.Value))
}

// TestValueStaysOffTheCommandLine puts a virsh in front of the real one that
// records its arguments and environment.
func TestValueStaysOffTheCommandLine(t *testing.T) {
	d := libvirtd.Start(t)
	program, err := exec.LookPath("virsh")
	require.NoError(t, err)
	dir := t.TempDir()
	seen := filepath.Join(dir, "seen")
	script := "#!/bin/sh\n{ printf '%s\\n' \"$@\"; env; } >>" + seen + "\nexec " + program + " \"$@\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "virsh"), []byte(script), 0o755))
	host := &here{env: []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "LC_ALL=de_DE.UTF-8"}}
	store := virsh.New(host, virsh.Options{URI: d.URI})
	s := secret(t, "client.cinder")
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: s}))
	was := s
	s.Value = value(t, "bmV3")
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: s, Was: &was}))
	_, err = store.Lookup(t.Context(), s.UUID)
	require.NoError(t, err)
	record, err := os.ReadFile(seen)
	require.NoError(t, err)
	assert.Contains(t, string(record), "secret-set-value")
	assert.Contains(t, string(record), "LC_ALL=C\n")
	for _, secret := range []libvirtsecret.Secret{was, s} {
		assert.NotContains(t, string(record), secret.Value.Reveal())
		for _, run := range host.runs {
			assert.NotContains(t, strings.Join(run.Argv, " "), secret.Value.Reveal())
		}
	}
}

// TestShells runs the scripts in other shells than the machine's sh.
func TestShells(t *testing.T) {
	d := libvirtd.Start(t)
	for _, shell := range []string{"dash", "bash", "busybox"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			require.NotEqual(t, "1", os.Getenv("CEPHSTACK_LIVE"), "%s is not installed: make deps installs it", shell)
			t.Logf("no %s", shell)
			continue
		}
		t.Run(shell, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.Symlink(path, filepath.Join(dir, "sh")))
			store := virsh.New(&shellHost{path: filepath.Join(dir, "sh")}, virsh.Options{URI: d.URI})
			s := secret(t, "client."+shell)
			old := s
			old.Value = value(t, "b2xk")
			absent := libvirtsecret.Change{Secret: old, Was: &libvirtsecret.Secret{}}
			gone := libvirtsecret.Change{Secret: s, Was: &s}
			require.ErrorIs(t, store.Define(t.Context(), gone), libvirtsecret.ErrConflict)
			require.NoError(t, store.Define(t.Context(), absent))
			require.ErrorIs(t, store.Define(t.Context(), gone), libvirtsecret.ErrConflict)
			require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: s, Was: &old}))
			err := store.Define(t.Context(), absent)
			require.ErrorIs(t, err, libvirtsecret.ErrConflict)
			require.ErrorContains(t, err, "somebody defined the secret since")
			got, err := store.Lookup(t.Context(), s.UUID)
			require.NoError(t, err)
			assert.True(t, got.Value.Equal(s.Value))
			require.NoError(t, store.Undefine(t.Context(), s.UUID))
			_, err = store.Lookup(t.Context(), s.UUID)
			require.ErrorIs(t, err, libvirtsecret.ErrNotFound)
		})
	}
}

// TestVirshIsKilled has a virsh that gets a signal at one of its commands.
func TestVirshIsKilled(t *testing.T) {
	s := secret(t, "client.a")
	for _, shell := range []string{"dash", "bash", "busybox"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			require.NotEqual(t, "1", os.Getenv("CEPHSTACK_LIVE"), "%s is not installed: make deps installs it", shell)
			continue
		}
		dir := t.TempDir()
		require.NoError(t, os.Symlink(path, filepath.Join(dir, "sh")))
		host := &shellHost{path: filepath.Join(dir, "sh"), here: here{env: []string{"PATH=" + dir + ":" + os.Getenv("PATH")}}}
		store := virsh.New(host, virsh.Options{})
		for name, c := range map[string]struct {
			at      string
			unknown bool
			call    func() error
		}{
			"list": {"secret-list", false, func() error { _, err := store.List(t.Context()); return err }},
			"read": {"secret-dumpxml", false, func() error { _, err := store.List(t.Context()); return err }},
			"compare": {"secret-dumpxml", false, func() error {
				return store.Define(t.Context(), libvirtsecret.Change{Secret: s, Was: &s})
			}},
			"define": {"secret-define", true, func() error {
				return store.Define(t.Context(), libvirtsecret.Change{Secret: s})
			}},
			"set": {"secret-set-value", true, func() error {
				return store.Define(t.Context(), libvirtsecret.Change{Secret: s})
			}},
			"undefine": {"secret-undefine", true, func() error { return store.Undefine(t.Context(), s.UUID) }},
		} {
			script := "#!/bin/bash\ncase $* in *" + c.at + "*) kill $$ ;; *secret-list*) echo '" + s.UUID + " ceph x' ;; esac\n"
			require.NoError(t, os.WriteFile(filepath.Join(dir, "virsh"), []byte(script), 0o755))
			err := c.call()
			require.ErrorContains(t, err, "ended too soon", "%s %s", shell, name)
			require.ErrorContains(t, err, "virsh was killed by signal 15", "%s %s", shell, name)
			require.Equal(t, c.unknown, errors.Is(err, libvirtsecret.ErrUnknown), "%s %s: %v", shell, name, err)
		}
	}
}

type shellHost struct {
	here
	path string
}

func (h *shellHost) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	run := ops[0].(remote.Run)
	run.Argv = append([]string{h.path}, run.Argv[1:]...)
	return h.here.Do(ctx, run)
}

func BenchmarkList(b *testing.B) {
	d := libvirtd.Start(b)
	store := virsh.New(&here{}, virsh.Options{URI: d.URI})
	for _, name := range []string{"client.cinder", "client.nova"} {
		require.NoError(b, store.Define(b.Context(), libvirtsecret.Change{Secret: secret(b, name)}))
	}
	for b.Loop() {
		if all, err := store.List(b.Context()); err != nil || len(all) != 2 {
			b.Fatal(len(all), err)
		}
	}
}

// TestLocal goes through remote's own protocol.
func TestLocal(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatal("remote.Local runs as root, and the test does not")
		}
		t.Skip("remote.Local runs as root")
	}
	d := libvirtd.Start(t)
	store := virsh.New(remote.Local{}, virsh.Options{URI: d.URI})
	s := secret(t, "client.cinder")
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: s}))
	got, err := store.Lookup(t.Context(), s.UUID)
	require.NoError(t, err)
	assert.True(t, got.Value.Equal(s.Value))
	require.NoError(t, store.Undefine(t.Context(), s.UUID))
	_, err = store.Lookup(t.Context(), s.UUID)
	require.ErrorIs(t, err, libvirtsecret.ErrNotFound)
}

// TestListOp lists with the secrets that are expected: those, some, or others.
func TestListOp(t *testing.T) {
	d := libvirtd.Start(t)
	host := &here{}
	store := virsh.New(host, virsh.Options{URI: d.URI})
	a, b := secret(t, "client.a"), secret(t, "client.b")
	others := 0
	list := func(expected ...string) []libvirtsecret.Secret {
		t.Helper()
		op, parse := store.ListOp(expected...)
		results, err := host.Do(t.Context(), op)
		require.NoError(t, err)
		all, whole, err := parse(results[0])
		require.NoError(t, err)
		if !whole {
			require.Nil(t, all)
			all, err = store.List(t.Context())
			require.NoError(t, err)
			others++
		}
		return all
	}
	require.Empty(t, list())
	require.Empty(t, list(a.UUID, b.UUID), "none of those expected is there")
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: a}))
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: b}))
	want, err := store.List(t.Context())
	require.NoError(t, err)
	require.Len(t, want, 2)
	for _, expected := range [][]string{
		{}, {a.UUID}, {a.UUID, b.UUID}, {b.UUID, secret(t, "client.c").UUID, a.UUID}, {"not a uuid; id"},
	} {
		require.Equal(t, want, list(expected...), "%v", expected)
	}
	require.Equal(t, 3, others, "nothing, a part, and no UUID are expected")
	d.Stop()
	op, parse := store.ListOp(a.UUID)
	results, err := host.Do(t.Context(), op)
	require.NoError(t, err)
	_, _, err = parse(results[0])
	require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
}
