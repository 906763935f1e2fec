package cephcli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/remote"
)

// A script is a host without Python's bindings, on which every program ends alike.
type script struct {
	result remote.Result
	err    error
	runs   []remote.Run
}

func (s *script) Do(_ context.Context, ops ...remote.Op) ([]remote.Result, error) {
	var results []remote.Result
	for _, op := range ops {
		run := op.(remote.Run)
		if run.Argv[0] == "sh" {
			results = append(results, remote.Result{Exit: 126})
			continue
		}
		s.runs = append(s.runs, run)
		results = append(results, s.result)
	}
	return results, s.err
}

func Example() {
	ctx := context.Background()
	// A remote.SSH or remote.Local in earnest.
	host := &script{result: remote.Result{Exit: 2, Stderr: []byte("Error ENOENT: failed to find client.cinder in " +
		"keyring\n")}}
	cluster := ceph.New(cephcli.New(host, cephcli.Options{Conf: "/etc/ceph/ceph.conf"}))
	_, err := cluster.User(ctx, "client.cinder")
	fmt.Println(strings.Join(host.runs[0].Argv, " "))
	fmt.Println(errors.Is(err, ceph.ErrNotFound), err)
	// Output:
	// ceph --conf /etc/ceph/ceph.conf --connect-timeout 10 --format json auth get client.cinder
	// true ceph auth get client.cinder: errno 2: failed to find client.cinder in keyring
}

// TestEveryCommandHasArguments sends whatever package ceph sends.
func TestEveryCommandHasArguments(t *testing.T) {
	fake := cephtest.New()
	fake.AddErasureProfile(ceph.ErasureProfile{Name: "k2m1", K: 2, M: 1})
	host := &script{}
	cli := cephcli.New(host, cephcli.Options{})
	cluster := ceph.New(commander(func(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
		_, err := cli.Command(ctx, cmd)
		require.NoError(t, err, "%s", cmd.JSON)
		return fake.Command(ctx, cmd)
	}))
	ctx := t.Context()
	require.NoError(t, cluster.CreatePool(ctx, ceph.Pool{Name: "a", PGNum: 8, Autoscale: "off", Size: 2, MinSize: 1,
		CRUSHRule:   "replicated_rule",
		Application: "rbd", MaxBytes: 1, MaxObjects: 2}))
	require.NoError(t, cluster.UpdatePool(ctx, ceph.Pool{Name: "a", PGNum: 16, Size: 1, Autoscale: "warn"}))
	require.NoError(t, cluster.CreatePool(ctx, ceph.Pool{Name: "b", ErasureProfile: "k2m1"}))
	require.NoError(t, cluster.CreateErasureProfile(ctx,
		ceph.ErasureProfile{Name: "k4m2", K: 4, M: 2, DeviceClass: "hdd"}))
	_, err := cluster.ErasureProfile(ctx, "k4m2")
	require.NoError(t, err)
	_, err = cluster.CRUSHMap(ctx)
	require.NoError(t, err)
	u, err := cluster.CreateUser(ctx, "client.a", ceph.Caps{"mon": "allow r"})
	require.NoError(t, err)
	require.NoError(t, cluster.SetCaps(ctx, u.Entity, u.Caps,
		ceph.Caps{"mon": "profile rbd", "osd": "profile rbd pool=a"}))
	require.NoError(t, cluster.RemoveUser(ctx, u.Entity))
	_, err = cluster.Status(ctx)
	require.NoError(t, err)
	_, err = cluster.MinimalConf(ctx)
	require.NoError(t, err)
	var lines []string
	for _, r := range host.runs {
		assert.Equal(t, []string{"ceph", "--connect-timeout", "10", "--format", "json"}, r.Argv[:5])
		lines = append(lines, strings.Join(r.Argv[5:], "|"))
	}
	for _, want := range []string{
		"osd|pool|create|a|8|--autoscale_mode=off|--rule=replicated_rule|--size=2",
		"osd|pool|create|b|--erasure_code_profile=k2m1|--pool_type=erasure",
		"osd|erasure-code-profile|set|k4m2|k=4|m=2|crush-failure-domain=host|crush-device-class=hdd",
		"osd|erasure-code-profile|get|k4m2",
		"osd|pool|set|a|size|1|--yes-i-really-mean-it",
		"osd|pool|set-quota|a|max_objects|2",
		"osd|pool|application|enable|a|rbd",
		"osd|pool|ls|detail",
		"osd|crush|dump",
		"auth|caps|client.a|mon|profile rbd|osd|profile rbd pool=a",
	} {
		assert.Contains(t, lines, want)
	}
}

type commander func(context.Context, ceph.Command) (ceph.Reply, error)

func (f commander) Command(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
	return f(ctx, cmd)
}

func TestKeysTravelByStandardInput(t *testing.T) {
	const secret = "AQBSdFxU0ECOHRAAjnmJMdI0AOBUBBQbGSxnLA=="
	host := &script{}
	cli := cephcli.New(host, cephcli.Options{Name: "client.op", Keyring: "/k", Timeout: time.Second})
	_, err := cli.Command(t.Context(), ceph.Command{JSON: []byte(`{"prefix":"auth import","format":"json"}`),
		Input: cephstack.Redact(secret)})
	require.NoError(t, err)
	assert.Equal(t, remote.Run{
		Argv: []string{"ceph", "--name", "client.op", "--keyring", "/k", "--connect-timeout", "10", "--format", "json",
			"-i", "-", "auth", "import"},
		Stdin:   cephstack.Redact(secret),
		Timeout: time.Second,
	}, host.runs[0])
}

func TestCommandsThatHaveNoArguments(t *testing.T) {
	host := &script{}
	cli := cephcli.New(host, cephcli.Options{})
	for _, text := range []string{"", "[]", `{"prefix":"osd tree"}`, `{"prefix":"status","format":"xml"}`,
		`{"prefix":"auth get","entity":"--help"}`,
		`{"prefix":"auth get","entity":""}`, `{"prefix":"auth get","entity":{}}`,
		`{"prefix":"auth caps","entity":"client.a","caps":["mon",1]}`} {
		_, err := cli.Command(t.Context(), ceph.Command{JSON: []byte(text)})
		require.ErrorIs(t, err, ceph.ErrInvalid, text)
	}
	err := cli.Lock(t.Context(), ceph.Lock{Pool: "p", Object: "--help", ID: "me", Term: time.Second})
	require.ErrorIs(t, err, ceph.ErrInvalid)
	assert.Empty(t, host.runs)
}

func TestErrors(t *testing.T) {
	exit := func(code int, stderr string) script {
		return script{result: remote.Result{Exit: code, Stderr: []byte(stderr)}}
	}
	for _, c := range []struct {
		host script
		want error
		not  error
	}{
		{exit(2, "2026-11-22T21:54:02.366+0000 7f -1 warning\nError ENOENT: no such thing"), ceph.ErrNotFound, nil},
		{exit(22, "Invalid command: unused\nError EINVAL: invalid command"), ceph.ErrInvalid, nil},
		{exit(13, "Error EACCES: access denied"), ceph.ErrDenied, nil},
		{exit(1, "2026-01-01T00:00:00 monclient(hunting): authenticate timed out\ntimed out"),
			ceph.ErrUnreachable, nil},
		{exit(1, "[errno 110] RADOS timed out (error connecting to the cluster)"), ceph.ErrUnreachable, nil},
		{exit(1, "[errno 13] RADOS permission denied (error connecting to the cluster)"), ceph.ErrDenied, nil},
		{exit(1, "[errno 2] RADOS object not found (error connecting to the cluster)"), ceph.ErrDenied,
			ceph.ErrNotFound},
		{exit(2, "python3: can't open file"), nil, ceph.ErrNotFound},
		{exit(127, ""), nil, ceph.ErrNotFound},
		{script{err: &remote.HostError{Host: "h", Step: "connect", Err: remote.ErrUnreachable}},
			remote.ErrUnreachable, nil},
		{script{err: &remote.HostError{Host: "h", Step: "connect", Err: remote.ErrUnreachable}},
			ceph.ErrUnreachable, nil},
		{script{result: remote.Result{Err: &remote.OpError{Err: remote.ErrTimeout}}}, ceph.ErrUnreachable, nil},
		{script{result: remote.Result{Err: &remote.OpError{Err: remote.ErrUnknown}}}, ceph.ErrUnreachable, nil},
		{script{result: remote.Result{Err: &remote.OpError{Err: fs.ErrNotExist}}}, fs.ErrNotExist, ceph.ErrNotFound},
	} {
		_, err := cephcli.New(&c.host, cephcli.Options{}).Command(t.Context(),
			ceph.Command{JSON: []byte(`{"prefix":"fsid"}`)})
		require.Error(t, err)
		if c.want != nil {
			require.ErrorIs(t, err, c.want)
		}
		if c.not != nil {
			assert.NotErrorIs(t, err, c.not)
		}
	}
	for text, advice := range map[string]bool{"sh: 1: exec: ceph: not found": true, "": true,
		"/usr/bin/env: 'python3': No such file or directory": false} {
		none := exit(127, text)
		_, err := cephcli.New(&none, cephcli.Options{}).Command(t.Context(),
			ceph.Command{JSON: []byte(`{"prefix":"fsid"}`)})
		require.ErrorContains(t, err, "exit status 127: "+text)
		const says = "install ceph-common there, name a host for the cluster"
		assert.Equal(t, advice, strings.Contains(err.Error(), says), text)
	}
	tool := exit(1, "error opening pool x: (2) No such file or directory")
	lock := ceph.Lock{Pool: "x", Object: "o", ID: "me", Term: time.Second}
	err := cephcli.New(&tool, cephcli.Options{}).Lock(t.Context(), lock)
	require.ErrorIs(t, err, ceph.ErrNotFound)
	tool = exit(1, "couldn't connect to cluster: error code -2")
	err = cephcli.New(&tool, cephcli.Options{}).Lock(t.Context(), lock)
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	assert.NotErrorIs(t, err, ceph.ErrNotFound)
}

func TestAnswersThatAreNone(t *testing.T) {
	cli := cephcli.New(&script{result: remote.Result{Data: []byte("{")}}, cephcli.Options{})
	_, err := cli.List(t.Context(), "p")
	require.Error(t, err)
	_, err = cli.Inspect(t.Context(), "p", "i")
	require.Error(t, err)
	_, err = cli.Trash(t.Context(), "p")
	require.Error(t, err)
}

func TestInspectIsOneExchange(t *testing.T) {
	info, _ := json.Marshal(map[string]any{"size": 5, "parent": map[string]any{"pool": "images", "image": "i",
		"snapshot": "snap", "trash": false}})
	host := &answers{data: []string{string(info), `[{"id":9,"name":"b","size":1,"protected":true},{"id":3,"name":"a",` +
		`"size":2,"protected":"false"}]`}}
	img, err := cephcli.New(host, cephcli.Options{}).Inspect(t.Context(), "volumes", "v")
	require.NoError(t, err)
	assert.Equal(t, ceph.Image{Pool: "volumes", Name: "v", Size: 5,
		Parent:    &ceph.Parent{Pool: "images", Image: "i", Snapshot: "snap"},
		Snapshots: []ceph.Snapshot{{Name: "a", Size: 2}, {Name: "b", Size: 1, Protected: true}}}, img)
	assert.Equal(t, 1, host.exchanges)
}

// answers is a host whose programs print one text after another.
type answers struct {
	data      []string
	exchanges int
}

func (a *answers) Do(_ context.Context, ops ...remote.Op) ([]remote.Result, error) {
	a.exchanges++
	var results []remote.Result
	for range ops {
		results = append(results, remote.Result{Data: []byte(a.data[0])})
		a.data = a.data[1:]
	}
	return results, nil
}
