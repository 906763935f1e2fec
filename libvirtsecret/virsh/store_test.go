package virsh_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/remote"
)

// A script is a host that gives its results in turn.
type script struct {
	results []remote.Result
	err     error
}

func (s *script) Do(context.Context, ...remote.Op) ([]remote.Result, error) {
	if len(s.results) == 0 {
		return nil, s.err
	}
	r := s.results[0]
	s.results = s.results[1:]
	return []remote.Result{r}, s.err
}

func store(results ...remote.Result) *virsh.Store {
	return virsh.New(&script{results: results}, virsh.Options{})
}

const one = "<#secret 1b63f79f-dd5b-5d25-bd38-f038b744ec2f<secret ephemeral='no' private='no'>\n" +
	"  <uuid>1b63f79f-dd5b-5d25-bd38-f038b744ec2f</uuid>\n" +
	"  <usage type='ceph'>\n    <name>u</name>\n  </usage>\n</secret>\n\n<#valueAQAB"

func TestConflictInAnyLanguage(t *testing.T) {
	s := secret(t, "client.cinder")
	s.UsageID = "u"
	german := remote.Result{Exit: 73, Stderr: []byte("error: Failed to set attributes from /dev/stdin\n" +
		"error: Interner Fehler: Ein Geheimnis ist bereits definiert\n")}
	err := store(german, remote.Result{Data: []byte(one + "<#end")}).Define(t.Context(), libvirtsecret.Change{Secret: s})
	require.ErrorIs(t, err, libvirtsecret.ErrConflict)
	require.ErrorContains(t, err, "Failed to set attributes from /dev/stdin; Interner Fehler")
	err = store(german, remote.Result{}).Define(t.Context(), libvirtsecret.Change{Secret: s})
	require.Error(t, err)
	require.NotErrorIs(t, err, libvirtsecret.ErrConflict)
	err = store(german, remote.Result{Exit: 71}).Define(t.Context(), libvirtsecret.Change{Secret: s})
	require.NotErrorIs(t, err, libvirtsecret.ErrConflict)
}

func TestHostErrors(t *testing.T) {
	down := &remote.HostError{Host: "c1", Step: "connect", Err: remote.ErrUnreachable}
	_, err := virsh.New(&script{err: down}, virsh.Options{}).List(t.Context())
	require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
	require.ErrorIs(t, err, remote.ErrUnreachable)

	unknown := &remote.HostError{Host: "c1", Step: "exchange", Err: remote.ErrUnknown}
	err = virsh.New(&script{err: unknown}, virsh.Options{}).Define(t.Context(),
		libvirtsecret.Change{Secret: secret(t, "client.a")})
	require.ErrorIs(t, err, remote.ErrUnknown)
	require.ErrorIs(t, err, libvirtsecret.ErrUnknown)
	require.NotErrorIs(t, err, libvirtsecret.ErrUnreachable)

	slow := &remote.OpError{Host: "c1", Op: "run", Object: "sh", Err: remote.ErrTimeout}
	_, err = store(remote.Result{Err: slow}).List(t.Context())
	require.ErrorIs(t, err, remote.ErrTimeout)

	_, err = virsh.New(&script{}, virsh.Options{}).List(t.Context())
	require.ErrorContains(t, err, "0 results")
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		exit   int
		stderr string
		want   error
	}{
		{72, "virsh is not installed", libvirtsecret.ErrUnreachable},
		{71, "error: failed to connect to the hypervisor\n" +
			"error: Failed to connect socket to '/run/x': No such file or directory", libvirtsecret.ErrUnreachable},
		{75, "error: Disconnected from qemu:///system due to end of file", libvirtsecret.ErrUnreachable},
		{71, "error: access denied", nil},
		{127, "timeout: failed to run command 'virsh': No such file or directory", libvirtsecret.ErrUnreachable},
		{126, "sh: not executable", nil},
	} {
		refusing := store(remote.Result{Exit: c.exit, Stderr: []byte(c.stderr)})
		_, err := refusing.Lookup(t.Context(), libvirtsecret.DeriveUUID("f", "e"))
		require.Error(t, err)
		for _, condition := range []error{
			libvirtsecret.ErrUnreachable, libvirtsecret.ErrNotFound, libvirtsecret.ErrConflict,
		} {
			assert.Equal(t, condition == c.want, errors.Is(err, condition), "%d %s: %v", c.exit, c.stderr, err)
		}
	}
}

// TestADefineThatMayHaveHadAnEffect is told from one that had none.
func TestADefineThatMayHaveHadAnEffect(t *testing.T) {
	s := secret(t, "client.a")
	change := libvirtsecret.Change{Secret: s, Was: &s}
	slow := &remote.OpError{Host: "c1", Op: "run", Object: "sh", Err: remote.ErrTimeout}
	said := func(status, words string) remote.Result {
		return remote.Result{Exit: 77, Data: []byte("<#defined " + s.UUID + " " + status + "\n" + words + "\n")}
	}
	for name, c := range map[string]struct {
		result  remote.Result
		unknown bool
	}{
		"compared, and not as it was": {said("79", "its value was changed since it was seen"), false},
		"not compared":                {said("71", "error: End of file while reading data"), false},
		"no daemon":                   {said("73", "error: failed to connect to the hypervisor"), false},
		"refused":                     {said("73", "error: already defined for use with x"), false},
		"lost while defining":         {said("73", "error: End of file while reading data"), true},
		"not set":                     {said("74", "error: failed to connect to the hypervisor"), true},
		"not as it was set":           {said("0", "AQAB"), true},
		"ended for its time":          {remote.Result{Err: slow}, true},
		"said too much":               {remote.Result{Err: &remote.OpError{Err: remote.ErrTooLarge}}, true},
		"not a word":                  {remote.Result{}, true},
	} {
		err := store(c.result).Define(t.Context(), change)
		require.Error(t, err, name)
		assert.Equal(t, c.unknown, errors.Is(err, libvirtsecret.ErrUnknown), "%s: %v", name, err)
	}
	late := &remote.HostError{Host: "c1", Step: "connect", Err: remote.ErrTimeout}
	err := virsh.New(&script{err: late}, virsh.Options{}).Define(t.Context(), change)
	require.ErrorIs(t, err, remote.ErrTimeout)
	require.NotErrorIs(t, err, libvirtsecret.ErrUnknown, "there was no connection")
}

// TestAnExchangeThatFailed has the error of the exchange, and the result that says whether the
// change may have had an effect.
func TestAnExchangeThatFailed(t *testing.T) {
	s := secret(t, "client.a")
	lost := &remote.HostError{Host: "c1", Step: "exchange", Err: remote.ErrUnreachable}
	for _, unknown := range []bool{true, false} {
		cause := fmt.Errorf("not done: %w", lost)
		if unknown {
			cause = fmt.Errorf("%w: %w", remote.ErrUnknown, lost)
		}
		result := remote.Result{Err: &remote.OpError{Host: "c1", Op: "run", Object: "sh", Err: cause}}
		for name, call := range map[string]func(*virsh.Store) error{
			"define":   func(v *virsh.Store) error { return v.Define(t.Context(), libvirtsecret.Change{Secret: s}) },
			"undefine": func(v *virsh.Store) error { return v.Undefine(t.Context(), s.UUID) },
			"list":     func(v *virsh.Store) error { _, err := v.List(t.Context()); return err },
		} {
			err := call(virsh.New(&script{results: []remote.Result{result}, err: lost}, virsh.Options{}))
			require.ErrorIs(t, err, libvirtsecret.ErrUnreachable, name)
			require.ErrorIs(t, err, remote.ErrUnreachable, name)
			assert.Equal(t, unknown && name != "list", errors.Is(err, libvirtsecret.ErrUnknown), "%s: %v", name, err)
		}
	}
	done := remote.Result{Data: []byte("<#defined " + s.UUID + " 0\n" + s.Value.Reveal() + "\n")}
	cut := virsh.New(&script{results: []remote.Result{done}, err: lost}, virsh.Options{})
	require.NoError(t, cut.Define(t.Context(), libvirtsecret.Change{Secret: s}), "the result came back before")
}

// TestKilled has a status of timeout, or of a container's engine, for a program that a signal ended.
func TestKilled(t *testing.T) {
	s := secret(t, "client.a")
	killed := remote.Result{Exit: 143}
	for name, c := range map[string]struct {
		err     error
		unknown bool
	}{
		"define":   {store(killed).Define(t.Context(), libvirtsecret.Change{Secret: s}), true},
		"undefine": {store(killed).Undefine(t.Context(), s.UUID), true},
		"no value": {store(remote.Result{Exit: 78}).Define(t.Context(), libvirtsecret.Change{Secret: s}), false},
		"unable":   {store(remote.Result{Exit: 126}).Undefine(t.Context(), s.UUID), false},
		"engine":   {store(remote.Result{Exit: 1}).Undefine(t.Context(), s.UUID), true},
	} {
		require.Error(t, c.err, name)
		assert.Equal(t, c.unknown, errors.Is(c.err, libvirtsecret.ErrUnknown), "%s: %v", name, c.err)
	}
	_, err := store(killed).List(t.Context())
	require.ErrorContains(t, err, "ended too soon: virsh was killed by signal 15")
	require.NotErrorIs(t, err, libvirtsecret.ErrUnknown)

	b := secret(t, "client.b")
	_, judge, err := store().DefineOp(libvirtsecret.Change{Secret: s}, libvirtsecret.Change{Secret: b})
	require.NoError(t, err)
	killed.Data = []byte("<#defined " + s.UUID + " 0\n" + s.Value.Reveal() + "\n")
	errs := judge(killed)
	require.NoError(t, errs[0], "it was defined before")
	require.ErrorIs(t, errs[1], libvirtsecret.ErrUnknown)
	require.ErrorContains(t, errs[1], "signal 15")
}

func TestValueIsProved(t *testing.T) {
	s := secret(t, "client.a")
	said := func(text string) *virsh.Store {
		return store(remote.Result{Data: []byte("<#defined " + s.UUID + " 0\n" + text)})
	}
	require.NoError(t, said(s.Value.Reveal()+"\n").Define(t.Context(), libvirtsecret.Change{Secret: s}))
	for _, back := range []string{"", "notbase6", "AQAB", "error"} {
		err := said(back).Define(t.Context(), libvirtsecret.Change{Secret: s})
		require.ErrorContains(t, err, "does not read back")
		assert.NotContains(t, err.Error(), s.Value.Reveal())
	}
	err := said("error: no space\nAQAB").Define(t.Context(), libvirtsecret.Change{Secret: s})
	require.ErrorContains(t, err, "no space", "it has its old value still")
	assert.NotContains(t, err.Error(), "AQAB")
	s.Private = true
	require.NoError(t, said("").Define(t.Context(), libvirtsecret.Change{Secret: s}))
	require.Error(t, store(remote.Result{}).Define(t.Context(), libvirtsecret.Change{Secret: s}), "not a word")
}

// TestEachSecretIsJudged defines several at once.
func TestEachSecretIsJudged(t *testing.T) {
	a, b, c := secret(t, "client.a"), secret(t, "client.b"), secret(t, "client.c")
	op, judge, err := store().DefineOp(libvirtsecret.Change{Secret: a}, libvirtsecret.Change{Secret: b},
		libvirtsecret.Change{Secret: c})
	require.NoError(t, err)
	run := op.(remote.Run)
	assert.Equal(t, strings.Repeat(a.Value.Reveal()+"\n", 3), run.Stdin.Reveal())
	assert.NotContains(t, strings.Join(run.Argv, " "), a.Value.Reveal())
	errs := judge(remote.Result{Exit: 77, Data: []byte("<#defined " + a.UUID + " 0\n" + a.Value.Reveal() + "\n" +
		"<#defined " + b.UUID + " 73\nerror: Failed to set attributes\n" +
		"error: internal error: already defined for use with x\n")})
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], libvirtsecret.ErrConflict)
	require.ErrorContains(t, errs[2], "unexpected output")
}

func TestErrorsHoldNoValue(t *testing.T) {
	s := secret(t, "client.a")
	words := "error: bad " + s.Value.Reveal() + "\x1b[31m" + strings.Repeat("é", 1000)
	err := store(remote.Result{Exit: 74, Stderr: []byte(words)}).Define(t.Context(), libvirtsecret.Change{Secret: s})
	assert.NotContains(t, err.Error(), s.Value.Reveal())
	assert.NotContains(t, err.Error(), "\x1b")
	assert.Less(t, len(err.Error()), 600)
}

func TestOutputs(t *testing.T) {
	const uuid = "1b63f79f-dd5b-5d25-bd38-f038b744ec2f"
	list := func(out string) ([]libvirtsecret.Secret, error) {
		return store(remote.Result{Data: []byte(out)}).List(t.Context())
	}
	all, err := list(one + "\n" + one + "\n<#end\n")
	require.NoError(t, err)
	require.Len(t, all, 1, "a UUID twice in the table")
	assert.Equal(t, "AQAB", all[0].Value.Reveal())
	all, err = list("<#secret " + uuid + "\n<#value\n<#end\n other")
	require.NoError(t, err, "went away")
	assert.Empty(t, all)
	for _, bad := range []string{"x", one, "x" + one + "<#end", "<#end", "<#secret x<#end",
		"<#secret " + uuid + "<#value<#end " + uuid,
		"<#secret " + uuid + "<secret<#value<#end", strings.Replace(one, "AQAB", "A", 1) + "<#end"} {
		_, err = list(bad)
		require.Error(t, err, "%q", bad)
		require.NotErrorIs(t, err, libvirtsecret.ErrNotFound)
	}
}

// A lab is a Host with one secret, for the example.
type lab struct{}

func (lab) Do(context.Context, ...remote.Op) ([]remote.Result, error) {
	return []remote.Result{{Data: []byte(one + "<#end")}}, nil
}

func ExampleNew() {
	var host remote.Host = lab{} // or from remote.New
	store := virsh.New(host, virsh.Options{})
	secrets, err := store.List(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range secrets {
		fmt.Println(s.UUID, s.UsageID, s.Value)
	}
	// Output: 1b63f79f-dd5b-5d25-bd38-f038b744ec2f u [redacted]
}

// TestErrorsHoldNoOtherValue: virsh may repeat what the value was, or the value in base64.
func TestErrorsHoldNoOtherValue(t *testing.T) {
	const key = "AQBSKTlnAAAAABAAmYJxJJ8S8CUXVxfLNbHQXw=="
	for _, said := range []string{key, "QVFCU0tUbG5BQUFBQUJBQW1ZSnhKSjhTOENVWFZ4ZkxOYkhRWHc9PQ=="} {
		err := store(remote.Result{Exit: 75, Stderr: []byte("error: not " + said + "\n")}).Undefine(t.Context(),
			"1b63f79f-dd5b-5d25-bd38-f038b744ec2f")
		require.ErrorContains(t, err, "not [redacted]")
		require.NotContains(t, err.Error(), said)
	}
}
