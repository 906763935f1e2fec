package step_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// TestFilesOfAFolderAreWhole: each has its owner, its mode and its digest, as a file that was read by its own name.
func TestFilesOfAFolderAreWhole(t *testing.T) {
	file := remote.File{Path: "/conf.d/1.conf", Kind: "file", Owner: "root", Group: "nova", Mode: 0o640, SHA256: "5a"}
	h := step.NewHost("h")
	require.NoError(t, h.Take([]remote.Op{remote.ReadDir{Path: "/conf.d"}}, []remote.Result{{Files: []remote.Result{
		{File: file, Data: []byte("1")}, {File: remote.File{Path: "/conf.d/gone"}, Err: opError(fs.ErrNotExist)}}}}))
	got := h.Files["/conf.d/1.conf"]
	assert.Equal(t, step.File{File: file, Data: []byte("1")}, got)
	assert.Equal(t, "5a", got.Was())
	assert.Equal(t, "root:nova 0640", got.Ownership())
	assert.True(t, h.Files["/conf.d/gone"].Missing, "it went away between two reads")
	require.NoError(t, h.Files["/conf.d/gone"].Err)
	assert.Len(t, h.Files, 2)
}

// TestWhatIsKnownOfAFile for each end of a look at it. Only "not there" is positive evidence that it is missing.
func TestWhatIsKnownOfAFile(t *testing.T) {
	dir := remote.File{Path: "/x", Kind: "dir", Owner: "root", Group: "root", Mode: 0o755}
	for _, op := range []remote.Op{remote.Stat{Path: "/x"}, remote.ReadFile{Path: "/x"}} {
		for _, c := range []struct {
			name      string
			result    remote.Result
			missing   bool
			err       error
			was, mode string
		}{
			{"there", remote.Result{File: remote.File{Owner: "a", Group: "b", Mode: 0o600, SHA256: "5a"}}, false, nil, "5a",
				"a:b 0600"},
			{"a folder", remote.Result{File: dir}, false, nil, remote.Absent, "root:root 0755"},
			{"not there", remote.Result{Err: opError(fs.ErrNotExist)}, true, nil, remote.Absent, ""},
			{"denied", remote.Result{Err: opError(fs.ErrPermission), File: dir}, false, fs.ErrPermission, remote.Absent, "?"},
			{"no answer", remote.Result{Err: remote.ErrTimeout}, false, remote.ErrTimeout, remote.Absent, "?"},
		} {
			h := step.NewHost("h")
			require.NoError(t, h.Take([]remote.Op{op}, []remote.Result{c.result}), c.name)
			f := h.Files["/x"]
			where := fmt.Sprintf("%T: %s", op, c.name)
			assert.Equal(t, c.missing, f.Missing, where)
			assert.True(t, errors.Is(f.Err, c.err), where)
			assert.Equal(t, c.was, f.Was(), where)
			if c.mode == "?" { // nobody shows it
				assert.Equal(t, step.File{Err: f.Err}, f, "%s: nothing else is known", where)
				continue
			}
			assert.Equal(t, c.mode, f.Ownership(), where)
		}
	}
}

// TestWhatAProgramSaid counts only where the program ended well; how it ended is kept in any case.
func TestWhatAProgramSaid(t *testing.T) {
	run := remote.Run{Argv: []string{"virsh", "version"}}
	for _, c := range []struct {
		name   string
		result remote.Result
		want   string
	}{
		{"well", remote.Result{Data: []byte("10\n"), Stderr: []byte("a warning")}, "10\n"},
		{"a failure", remote.Result{Data: []byte("10\n"), Exit: 1}, ""},
		{"cut short", remote.Result{Data: []byte("1"), Err: remote.ErrTimeout}, ""},
		{"both", remote.Result{Data: []byte("1"), Err: remote.ErrTimeout, Exit: 255}, ""},
	} {
		h := step.NewHost("h")
		require.NoError(t, h.Take([]remote.Op{run}, []remote.Result{c.result}), c.name)
		assert.Equal(t, c.want, h.Said(run), c.name)
		assert.Equal(t, c.result, h.Ran(run), c.name)
		assert.Equal(t, c.want, h.Said(remote.Run{Argv: run.Argv, Timeout: 5}), "%s: the arguments tell a program", c.name)
	}
}

// TestWhyAHostIsUnknown: the error says what could not be read, and nothing of it is taken for absent.
func TestWhyAHostIsUnknown(t *testing.T) {
	denied := opError(fs.ErrPermission)
	for _, c := range []struct {
		op   remote.Op
		want string
	}{
		{remote.ReadDir{Path: "/d"}, "configuration folders cannot be read: " + denied.Error()},
		{remote.UnitState{Unit: "u"}, denied.Error()},
		{remote.Packages{Names: []string{"p"}}, denied.Error()},
	} {
		h := step.NewHost("h")
		ops := []remote.Op{remote.Stat{Path: "/before"}, c.op, remote.Stat{Path: "/after"}}
		require.EqualError(t, h.Take(ops, []remote.Result{{}, {Err: denied}, {}}), c.want, "%T", c.op)
		assert.Empty(t, h.Units, "%T", c.op)
		assert.Empty(t, h.Packages, "%T", c.op)
		assert.NotContains(t, h.Files, "/after", "%T", c.op)
	}
	none := opError(fs.ErrNotExist)
	require.NoError(t, step.NewHost("h").Take([]remote.Op{remote.ReadDir{Path: "/d"}}, []remote.Result{{Err: none}}),
		"a folder that is not there has no files")
	for _, op := range []remote.Op{remote.UnitState{Unit: "u"}, remote.Packages{Names: []string{"p"}}} {
		require.ErrorIs(t, step.NewHost("h").Take([]remote.Op{op}, []remote.Result{{Err: none}}), fs.ErrNotExist, "%T", op)
	}
	require.EqualError(t, step.NewHost("h").Take(nil, make([]remote.Result, 2)), "h: 2 results for 0 operations")
}

// TestLooksAddUp: a second look adds to the first, and what was read last counts.
func TestLooksAddUp(t *testing.T) {
	h := step.NewHost("h")
	take := func(op remote.Op, r remote.Result) { require.NoError(t, h.Take([]remote.Op{op}, []remote.Result{r})) }
	take(remote.ReadFile{Path: "/a"}, remote.Result{Data: []byte("old")})
	take(remote.ReadFile{Path: "/b"}, remote.Result{Err: opError(fs.ErrNotExist)})
	take(remote.ReadFile{Path: "/a"}, remote.Result{Data: []byte("new")})
	take(remote.Packages{}, remote.Result{Versions: map[string]string{"x": "1", "y": "1"}})
	take(remote.Packages{}, remote.Result{Versions: map[string]string{"x": "2"}})
	take(remote.UnitState{Unit: "u"}, remote.Result{Unit: remote.Unit{Active: "active"}})
	take(remote.UnitState{Unit: "v"}, remote.Result{Unit: remote.Unit{Active: "failed"}})
	assert.Equal(t, "new", string(h.Files["/a"].Data))
	assert.True(t, h.Files["/b"].Missing)
	assert.Equal(t, map[string]string{"x": "2", "y": "1"}, h.Packages)
	assert.Equal(t, "active", h.Units["u"].Active)
	assert.Equal(t, "failed", h.Units["v"].Active)
}

// TestAHostOfWhichNothingWasRead is known by its name alone.
func TestAHostOfWhichNothingWasRead(t *testing.T) {
	h := step.NewHost("compute1")
	assert.Equal(t, "compute1", h.Name)
	require.NoError(t, h.Err)
	assert.Empty(t, h.Files)
	assert.Zero(t, h.Ran(remote.Run{}))
	assert.Empty(t, h.Said(remote.Run{Argv: []string{"id"}}), "a program that was not run said nothing")
	assert.False(t, h.Files["/x"].Missing, "a file that was not looked for is not missing")
	_, ok := step.View{}.Key("c", "client.a")
	assert.False(t, ok)
}

// TestAValueThatIsEmptyIsKept, too: it was worked out.
func TestAValueThatIsEmptyIsKept(t *testing.T) {
	type key struct{}
	h, times := step.NewHost("h"), 0
	for range 3 {
		got := step.Derive(h, key{}, func() []string { times++; return nil })
		assert.Nil(t, got)
	}
	assert.Equal(t, 1, times)
	assert.Zero(t, step.Derive(step.NewHost("g"), key{}, func() int { times++; return 0 }))
	assert.Equal(t, 2, times)
}

// TestAKeyIsOfItsClusterAndItsUser.
func TestAKeyIsOfItsClusterAndItsUser(t *testing.T) {
	one, err := ceph.ParseKey("AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==")
	require.NoError(t, err)
	two, err := ceph.ParseKey("AQBTo2NmAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==")
	require.NoError(t, err)
	v := step.View{Clusters: map[string]*step.Cluster{"a": {Users: map[string]ceph.User{"client.x": {Key: one},
		"client.y": {Key: two}}}, "b": {Users: map[string]ceph.User{"client.x": {Key: two}}}, "empty": {}}}
	for _, c := range []struct {
		cluster, entity string
		want            ceph.Key
	}{{"a", "client.x", one}, {"a", "client.y", two}, {"b", "client.x", two}} {
		got, ok := v.Key(c.cluster, c.entity)
		assert.True(t, ok, "%+v", c)
		assert.True(t, got.Equal(c.want), "%+v", c)
	}
	for _, cluster := range []string{"b", "empty"} {
		got, ok := v.Key(cluster, "client.y")
		assert.False(t, ok, cluster)
		assert.True(t, got.IsZero(), cluster)
	}
}
