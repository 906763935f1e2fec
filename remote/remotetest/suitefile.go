package remotetest

import (
	"errors"
	"io/fs"

	"github.com/cephstack/cephstack/remote"
)

func readPromises() []promise {
	return []promise{
		{"ReadFile and Stat of a missing path are fs.ErrNotExist", func(c *check) {
			c.fails(fs.ErrNotExist, remote.ReadFile{Path: c.path("no")})
			c.fails(fs.ErrNotExist, remote.Stat{Path: c.path("no/no")})
		}},
		{"ReadFile below a file is not fs.ErrNotExist", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a")})
			for _, op := range []remote.Op{remote.ReadFile{Path: c.path("a/b")}, remote.Stat{Path: c.path("a/b")}} {
				if r := c.fails(nil, op); errors.Is(r.Err, fs.ErrNotExist) {
					c.Fatal(r.Err)
				}
			}
		}},
		{"ReadFile of a folder fails", func(c *check) { c.fails(nil, remote.ReadFile{Path: c.dir}) }},
		{"ReadFile stops at Max", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("12345")})
			c.must(remote.ReadFile{Path: c.path("a"), Max: 5})
			r := c.fails(remote.ErrTooLarge, remote.ReadFile{Path: c.path("a"), Max: 4})
			if len(r.Data) != 0 {
				c.Fatal("some of the data came all the same")
			}
		}},
		{"ReadFile follows a symlink, Stat does not", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("1")})
			c.symlink(c.path("l"), "a")
			if f := c.holds(c.path("l"), "1"); f.Kind != "file" || f.Target != "a" {
				c.Fatalf("%+v", f)
			}
			if f := c.must(remote.Stat{Path: c.path("l")}).File; f.Kind != "symlink" || f.Target != "a" {
				c.Fatalf("%+v", f)
			}
		}},
	}
}

func attrPromises() []promise {
	return []promise{
		{"Mkdir makes missing parents", func(c *check) {
			r := c.must(remote.Mkdir{Path: c.path("x/y/z"), Owner: "daemon", Group: "daemon", Mode: 0o750 | fs.ModeSetgid})
			c.changed(r, true)
			c.attrs(r.File, "daemon", "daemon", 0o750|fs.ModeSetgid)
			parent := c.must(remote.Stat{Path: c.path("x/y")}).File
			c.attrs(parent, "root", "root", 0o755)
			if r.File.Kind != "dir" || parent.Kind != "dir" {
				c.Fatal("not a folder")
			}
		}},
		{"Mkdir of what is there sets only what differs", func(c *check) {
			first := c.must(remote.Mkdir{Path: c.path("d")})
			c.attrs(first.File, "root", "root", 0o755)
			c.changed(c.must(remote.Mkdir{Path: c.path("d")}), false)
			r := c.must(remote.Mkdir{Path: c.path("d"), Mode: 0o700})
			c.changed(r, true)
			c.attrs(r.File, "root", "root", 0o700)
		}},
		{"Mkdir does not replace a file, and follows no symlink", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a")})
			c.symlink(c.path("l"), c.path("no"))
			c.fails(nil, remote.Mkdir{Path: c.path("a")})
			c.fails(nil, remote.Mkdir{Path: c.path("a/b")})
			c.fails(nil, remote.Mkdir{Path: c.path("l")})
		}},
		{"SetAttr sets what is not zero", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Mode: 0o644})
			r := c.must(remote.SetAttr{Path: c.path("a"), Group: "daemon"})
			c.changed(r, true)
			c.attrs(r.File, "root", "daemon", 0o644)
			r = c.must(remote.SetAttr{Path: c.path("a"), Owner: "daemon", Mode: 0o600})
			c.attrs(r.File, "daemon", "daemon", 0o600)
			c.changed(c.must(remote.SetAttr{Path: c.path("a"), Owner: "daemon", Mode: 0o600}), false)
		}},
		{"SetAttr fails on what is missing, a symlink or for an unknown user", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Mode: 0o644})
			c.symlink(c.path("l"), c.path("a"))
			c.fails(fs.ErrNotExist, remote.SetAttr{Path: c.path("no"), Mode: 0o600})
			c.fails(nil, remote.SetAttr{Path: c.path("l"), Mode: 0o600})
			c.fails(nil, remote.SetAttr{Path: c.path("a"), Owner: "no-such-user"})
			c.attrs(c.must(remote.Stat{Path: c.path("a")}).File, "root", "root", 0o644)
		}},
	}
}

func removePromises() []promise {
	return []promise{
		{"Remove removes once", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a")})
			c.changed(c.must(remote.Remove{Path: c.path("a")}), true)
			c.absent(c.path("a"))
			c.changed(c.must(remote.Remove{Path: c.path("a")}), false)
			c.changed(c.must(remote.Remove{Path: c.path("no/a")}), false)
		}},
		{"Remove compares first, and removes no folder", func(c *check) {
			a := c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("1")}).File
			c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("2")})
			c.fails(remote.ErrConflict, remote.Remove{Path: c.path("a"), Was: a.SHA256})
			c.fails(remote.ErrConflict, remote.Remove{Path: c.path("a"), Was: remote.Absent})
			c.fails(nil, remote.Remove{Path: c.dir})
			c.holds(c.path("a"), "2")
			c.must(remote.Remove{Path: c.path("a"), Was: sum([]byte("2"))})
			c.absent(c.path("a"))
		}},
		{"Remove removes a symlink, not what it points to", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a")})
			c.symlink(c.path("l"), c.path("a"))
			c.changed(c.must(remote.Remove{Path: c.path("l")}), true)
			c.absent(c.path("l"))
			c.holds(c.path("a"), "")
		}},
	}
}
