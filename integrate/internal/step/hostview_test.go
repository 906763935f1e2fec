package step_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// opError is how a host reports an operation that failed.
func opError(err error) error { return &remote.OpError{Host: "h", Op: "read", Object: "/x", Err: err} }

// TestTakeSortsEveryAnswer takes an answer of each sort, and looks for it in the Host.
func TestTakeSortsEveryAnswer(t *testing.T) {
	h := step.NewHost("h")
	run, fails := remote.Run{Argv: []string{"id", "-un"}}, remote.Run{Argv: []string{"id", "-gn"}}
	ops := []remote.Op{remote.Stat{Path: "/dir"}, remote.ReadFile{Path: "/file"}, remote.ReadFile{Path: "/missing"},
		remote.ReadFile{Path: "/denied"}, remote.ReadDir{Path: "/conf.d"}, remote.ReadDir{Path: "/none.d"},
		remote.UnitState{Unit: "a.service"},
		remote.Packages{Names: []string{"x", "y"}}, remote.Packages{Names: []string{"z"}}, run, fails}
	results := []remote.Result{{File: remote.File{Path: "/dir", Kind: "dir"}},
		{File: remote.File{Path: "/file", SHA256: "5a"}, Data: []byte("text")}, {Err: opError(fs.ErrNotExist)},
		{Err: opError(fs.ErrPermission)},
		{Files: []remote.Result{{File: remote.File{Path: "/conf.d/1.conf"}, Data: []byte("1")},
			{File: remote.File{Path: "/conf.d/2.conf"}, Err: opError(remote.ErrTooLarge)}}},
		{Err: opError(fs.ErrNotExist)},
		{Unit: remote.Unit{Name: "a.service", Active: "active"}}, {Versions: map[string]string{"x": "1"}},
		{Versions: map[string]string{"z": "3"}}, {Data: []byte("root\n")}, {Exit: 1, Data: []byte("no"),
			Stderr: []byte("bad")}}
	require.NoError(t, h.Take(ops, results))
	assert.Equal(t, "dir", h.Files["/dir"].Kind)
	assert.Equal(t, "text", string(h.Files["/file"].Data))
	assert.Equal(t, step.File{Missing: true}, h.Files["/missing"])
	require.ErrorIs(t, h.Files["/denied"].Err, fs.ErrPermission)
	assert.False(t, h.Files["/denied"].Missing, "unknown is never absent")
	assert.Equal(t, "1", string(h.Files["/conf.d/1.conf"].Data))
	require.ErrorIs(t, h.Files["/conf.d/2.conf"].Err, remote.ErrTooLarge)
	assert.NotContains(t, h.Files, "/conf.d")
	assert.Equal(t, "active", h.Units["a.service"].Active)
	assert.Equal(t, map[string]string{"x": "1", "z": "3"}, h.Packages)
	assert.Equal(t, "root\n", h.Said(run))
	assert.Empty(t, h.Said(fails))
	assert.Equal(t, 1, h.Ran(fails).Exit)
	assert.Zero(t, h.Ran(remote.Run{Argv: []string{"never"}}))
}

// TestTakeFailsWhereNothingWouldBeKnown: a folder, a unit or packages that could not be
// read make the host unknown.
func TestTakeFailsWhereNothingWouldBeKnown(t *testing.T) {
	for _, op := range []remote.Op{remote.ReadDir{Path: "/d"}, remote.UnitState{Unit: "u"},
		remote.Packages{Names: []string{"p"}}} {
		err := step.NewHost("h").Take([]remote.Op{op}, []remote.Result{{Err: opError(fs.ErrPermission)}})
		require.ErrorIs(t, err, fs.ErrPermission, "%T", op)
	}
	require.NoError(t, step.NewHost("h").Take([]remote.Op{remote.Run{Argv: []string{"x"}}},
		[]remote.Result{{Err: remote.ErrTimeout}}))
	assert.Empty(t, step.NewHost("h").Said(remote.Run{Argv: []string{"x"}}))
}

// TestTakeKnowsNoOtherOperation: Take refuses operations that do not only read, and a
// number of results that is not the number of operations.
func TestTakeKnowsNoOtherOperation(t *testing.T) {
	for _, op := range []remote.Op{remote.WriteFile{Path: "/x"}, remote.SetAttr{Path: "/x"}, remote.Mkdir{Path: "/x"},
		remote.Remove{Path: "/x"},
		remote.RestartUnit{Unit: "x"}, remote.InstallPackages{}, remote.If{Op: remote.Stat{Path: "/x"}}, nil} {
		err := step.NewHost("h").Take([]remote.Op{op}, make([]remote.Result, 1))
		require.EqualError(t, err, fmt.Sprintf("h: %T is not an operation that reads", op))
	}
	require.EqualError(t, step.NewHost("h").Take([]remote.Op{remote.Stat{Path: "/x"}}, nil),
		"h: 0 results for 1 operations")
}

// TestProgramsAreTheSameByTheirArguments: "b c" as one argument is not the same as the two
// arguments "b" and "c".
func TestProgramsAreTheSameByTheirArguments(t *testing.T) {
	h := step.NewHost("h")
	require.NoError(t, h.Take([]remote.Op{remote.Run{Argv: []string{"a", "b c"}}},
		[]remote.Result{{Data: []byte("x")}}))
	assert.Equal(t, "x", h.Said(remote.Run{Argv: []string{"a", "b c"}}))
	assert.Empty(t, h.Said(remote.Run{Argv: []string{"a", "b", "c"}}))
}

// TestWasIsWhatAWriteHasToFind.
func TestWasIsWhatAWriteHasToFind(t *testing.T) {
	assert.Equal(t, remote.Absent, step.File{Missing: true}.Was())
	assert.Equal(t, "5a", step.File{File: remote.File{SHA256: "5a"}}.Was())
	assert.Empty(t, step.File{Missing: true}.Ownership())
	assert.Equal(t, "root:ceph 0640", step.File{File: remote.File{Owner: "root", Group: "ceph",
		Mode: 0o640}}.Ownership())
}

// TestDeriveWorksOutOnce: a value is worked out once for each key of each type, even if
// many ask for it at the same time.
func TestDeriveWorksOutOnce(t *testing.T) {
	type one struct{ name string }
	type two struct{ name string }
	h := step.NewHost("h")
	var times atomic.Int32
	work := func() int { return int(times.Add(1)) }
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { assert.Equal(t, 1, step.Derive(h, one{"a"}, work)) })
	}
	wg.Wait()
	assert.Equal(t, 2, step.Derive(h, two{"a"}, work))
	assert.Equal(t, 3, step.Derive(h, one{"b"}, work))
	assert.Equal(t, "other", step.Derive(h, one{"a"}, func() string { return "other" }), "another type under the key")
	assert.Equal(t, 4, step.Derive(step.NewHost("h"), one{"a"}, work), "another host")
}

// TestKeysOfAView are known only where the cluster is, and has the user.
func TestKeysOfAView(t *testing.T) {
	key, err := ceph.ParseKey("AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==")
	require.NoError(t, err)
	users := map[string]ceph.User{"client.a": {Key: key}, "client.none": {}}
	v := step.View{Clusters: map[string]*step.Cluster{"c": {Users: users}, "lost": {Users: users,
		Err: errors.New("lost")}, "nil": nil}}
	got, ok := v.Key("c", "client.a")
	assert.True(t, ok)
	assert.True(t, got.Equal(key))
	for _, x := range [][2]string{{"c", "client.none"}, {"c", "client.b"}, {"lost", "client.a"}, {"nil", "client.a"},
		{"other", "client.a"}} {
		_, ok = v.Key(x[0], x[1])
		assert.False(t, ok, "%v", x)
	}
}

// TestDeltasAndTheirFindings.
func TestDeltasAndTheirFindings(t *testing.T) {
	d := step.Refuse("bad", "pool x", fmt.Errorf("is bad: %w", fs.ErrPermission))
	d.Note("also", "pool x", "has %d", 3)
	assert.True(t, d.Refused)
	assert.Nil(t, d.Do)
	assert.Equal(t, []step.Finding{{Code: "bad", Problem: true, Object: "pool x", Message: "is bad: permission denied",
		Err: fs.ErrPermission},
		{Code: "also", Object: "pool x", Message: "has 3"}}, d.Findings)
}

// TestQuestionsToAClusterAreJoined: the joined query has each question once, in the order of
// the queries. The two queries stay as they are.
func TestQuestionsToAClusterAreJoined(t *testing.T) {
	a := ceph.Query{Users: []string{"x", "y"}, Profiles: []string{"p"}, Images: []string{"vms"}}
	b := ceph.Query{Users: []string{"y", "z", "z"}, CRUSH: true, Images: []string{"vms", "volumes"}}
	want := ceph.Query{Users: []string{"x", "y", "z"}, Profiles: []string{"p"}, CRUSH: true, Images: []string{"vms",
		"volumes"}}
	assert.Equal(t, want, joined(a, b))
	assert.Equal(t, want, joined(want, want))
	assert.Equal(t, want, joined(want, ceph.Query{}))
	assert.Equal(t, want, joined(ceph.Query{}, want))
	assert.Equal(t, []string{"x", "y"}, a.Users)
}

// FuzzContentDiffs: what a plan shows of a file never holds more than the wanted
// content.
func FuzzContentDiffs(f *testing.F) {
	f.Add("old secret", "new", false)
	f.Add("", "a\nb\n\n", true)
	f.Fuzz(func(t *testing.T, old, wanted string, missing bool) {
		diffs := step.File{Data: []byte(old), Missing: missing}.ContentDiffs([]byte(wanted))
		require.Len(t, diffs, 1)
		assert.Equal(t, strings.TrimRight(wanted, "\n"), diffs[0].Desired)
		assert.Equal(t, missing, diffs[0].Observed == "")
		assert.Contains(t, []string{"", "other content"}, diffs[0].Observed, "the old content may be a secret")
	})
}
