package remotetest

import (
	"path"

	"github.com/cephstack/cephstack/remote"
)

// linkPromises are about folders behind symlinks.
func linkPromises() []promise {
	return []promise{
		{"Stat tells where a symlink of root leads", func(c *check) {
			first, second := c.rootLink("a", "../run"), c.rootLink("b", "cephstack-suite-a")
			for _, name := range []string{first, second} {
				if f := c.must(remote.Stat{Path: name}).File; f.Kind != "symlink" || f.Real != "/run" {
					c.Fatalf("%+v", f)
				}
			}
			if f := c.must(remote.Stat{Path: "/run"}).File; f.Real != "" {
				c.Fatalf("%+v", f)
			}
		}},
		{"Stat does not tell where a symlink leads that others can change", func(c *check) {
			c.must(remote.Mkdir{Path: c.path("own"), Owner: "daemon", Mode: 0o755})
			c.symlink(c.path("own/link"), "/run")
			c.must(remote.Mkdir{Path: c.path("open"), Mode: 0o777})
			c.must(remote.Mkdir{Path: c.path("group"), Mode: 0o775})
			c.must(remote.Mkdir{Path: c.path("closed"), Mode: 0o700})
			c.must(remote.WriteFile{Path: c.path("file")})
			for name, target := range map[string]string{
				"owner": c.path("own"), "way": c.path("own/link"), "below": c.path("own/link/"), "all": c.path("open"),
				"group": c.path("group"), "closed": c.path("closed"), "file": c.path("file"), "none": c.path("none"),
				"loop": "cephstack-suite-loop", "up": c.path("own") + "/../open/..",
			} {
				if f := c.must(remote.Stat{Path: c.rootLink(name, target)}).File; f.Kind != "symlink" || f.Real != "" {
					c.Fatalf("%s: %+v", name, f)
				}
			}
		}},
		{"What is written through a symlink of a folder is in the folder", func(c *check) {
			c.must(remote.Mkdir{Path: c.path("real")})
			c.symlink(c.path("l"), "real")
			r := c.must(remote.WriteFile{Path: c.path("l/f"), Data: []byte("1"), Was: remote.Absent, Mode: 0o640})
			c.changed(r, true)
			if r.File.Path != c.path("l/f") {
				c.Fatalf("%+v", r.File)
			}
			c.holds(c.path("real/f"), "1")
			if f := c.must(remote.Stat{Path: c.path("l")}).File; f.Kind != "symlink" {
				c.Fatalf("the symlink is gone: %+v", f)
			}
			c.fails(remote.ErrConflict, remote.WriteFile{Path: c.path("l/f"), Data: []byte("2"), Was: sum([]byte("0"))})
			c.must(remote.WriteFile{Path: c.path("l/f"), Data: []byte("2"), Was: r.File.SHA256})
			c.holds(c.path("real/f"), "2")
			c.must(remote.Remove{Path: c.path("l/f")})
			c.absent(c.path("real/f"))
		}},
	}
}

// rootLink makes a symlink in a folder that root alone can change, as is each folder above, until the
// end of the test.
func (c *check) rootLink(name, target string) string {
	c.Helper()
	at := path.Join("/run", "cephstack-suite-"+name)
	c.must(remote.Remove{Path: at})
	c.symlink(at, target)
	c.Cleanup(func() { c.must(remote.Remove{Path: at}) })
	return at
}
