package remotetest

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"testing"

	"github.com/cephstack/cephstack/remote"
)

// TestHost is the contract of remote.Host as tests. It calls newHost for each of
// the tests, and gets a host and an empty folder on it. The folder belongs to
// root and has mode 0755; the test may do there what it wants. The host must
// have the user and group daemon and the packages coreutils and acl.
func TestHost(t *testing.T, newHost func(t *testing.T) (h remote.Host, dir string)) {
	for _, part := range [][]promise{
		writePromises(), rewritePromises(), refusalPromises(), readPromises(), attrPromises(), setuidPromises(),
		removePromises(), runPromises(), exitPromises(), userPromises(), hostPromises(), otherPromises(), manyPromises(),
		dirPromises(), linkPromises(), aclPromises(), ifPromises(), badIfPromises(),
	} {
		for _, p := range part {
			t.Run(p.text, func(t *testing.T) {
				h, dir := newHost(t)
				p.test(&check{t, h, dir})
			})
		}
	}
}

// A promise is a sentence and the test of it.
type promise struct {
	text string
	test func(c *check)
}

// A check is a test of a host.
type check struct {
	*testing.T
	host remote.Host
	dir  string
}

func (c *check) path(name string) string { return path.Join(c.dir, name) }

// do runs ops in one exchange that must succeed.
func (c *check) do(ops ...remote.Op) []remote.Result {
	c.Helper()
	r, err := c.host.Do(context.Background(), ops...)
	if err != nil {
		c.Fatalf("exchange: %v", err)
	}
	if len(r) != len(ops) {
		c.Fatalf("%d results for %d ops", len(r), len(ops))
	}
	return r
}

// must runs an op that must succeed.
func (c *check) must(op remote.Op) remote.Result {
	c.Helper()
	r := c.do(op)[0]
	if r.Err != nil {
		c.Fatalf("%T: %v", op, r.Err)
	}
	return r
}

// fails runs an op that must fail with target, or with any *remote.OpError
// when target is nil, and change nothing.
func (c *check) fails(target error, op remote.Op) remote.Result {
	c.Helper()
	r := c.do(op)[0]
	c.isOpError(op, r.Err)
	if target != nil && !errors.Is(r.Err, target) {
		c.Fatalf("%T: %v, want %v", op, r.Err, target)
	}
	if r.Changed {
		c.Fatalf("%T: failed, but says that it changed something", op)
	}
	return r
}

func (c *check) isOpError(op remote.Op, err error) {
	c.Helper()
	var e *remote.OpError
	if !errors.As(err, &e) {
		c.Fatalf("%T: error %v (%[2]T), want an *OpError", op, err)
	}
	name, object := remote.Describe(op)
	if e.Host == "" || e.Op != name || e.Object != object {
		c.Fatalf("%T: the OpError has Host %q, Op %q and Object %q, want the name of the host, %q and %q", op, e.Host, e.Op,
			e.Object, name, object)
	}
}

// holds checks the contents of a file.
func (c *check) holds(name, want string) remote.File {
	c.Helper()
	r := c.must(remote.ReadFile{Path: name})
	if string(r.Data) != want {
		c.Fatalf("%s holds %d bytes that were not expected (want %d)", name, len(r.Data), len(want))
	}
	if r.File.SHA256 != sum(r.Data) || r.File.Size != int64(len(want)) || r.File.Path != name {
		c.Fatalf("%s: wrong description %+v", name, r.File)
	}
	return r.File
}

// absent checks that there is nothing at a path.
func (c *check) absent(name string) {
	c.Helper()
	if r := c.do(remote.Stat{Path: name})[0]; !errors.Is(r.Err, fs.ErrNotExist) {
		c.Fatalf("stat %s: %v, want fs.ErrNotExist", name, r.Err)
	}
}

// attrs checks owner, group and mode.
func (c *check) attrs(f remote.File, owner, group string, mode fs.FileMode) {
	c.Helper()
	if f.Owner != owner || f.Group != group || f.Mode != mode {
		c.Fatalf("%s is %s:%s %v, want %s:%s %v", f.Path, f.Owner, f.Group, f.Mode, owner, group, mode)
	}
}

func (c *check) changed(r remote.Result, want bool) {
	c.Helper()
	if r.Changed != want {
		c.Fatalf("Changed is %v, want %v", r.Changed, want)
	}
}

// symlink makes a symlink.
func (c *check) symlink(name, target string) {
	c.Helper()
	if r := c.must(remote.Run{Argv: []string{"ln", "-s", target, name}}); r.Exit != 0 {
		c.Fatalf("ln: %s", r.Stderr)
	}
}
