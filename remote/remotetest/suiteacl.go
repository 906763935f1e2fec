package remotetest

import (
	"os"

	"github.com/cephstack/cephstack/remote"
)

// acl gives a file or folder an access control list.
func (c *check) acl(name string) {
	c.Helper()
	switch r := c.must(remote.Run{Argv: []string{"setfacl", "-m", "u:daemon:r", name}}); {
	case r.Exit == 127 && os.Getenv("CEPHSTACK_LIVE") != "1":
		c.Skip("setfacl is not installed")
	case r.Exit != 0:
		c.Fatalf("setfacl: exit status %d: %s", r.Exit, r.Stderr)
	}
}

func aclPromises() []promise {
	return []promise{
		{"looks tell of an access control list", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("1"), Mode: 0o640})
			c.must(remote.WriteFile{Path: c.path("b"), Data: []byte("2"), Mode: 0o640})
			c.symlink(c.path("l"), "a")
			c.must(remote.Mkdir{Path: c.path("d")})
			c.acl(c.path("a"))
			c.acl(c.path("d"))
			r := c.do(remote.ReadFile{Path: c.path("a")}, remote.ReadFile{Path: c.path("b")}, remote.Stat{Path: c.path("a")},
				remote.Stat{Path: c.path("b")}, remote.ReadFile{Path: c.path("l")}, remote.Stat{Path: c.path("l")},
				remote.Stat{Path: c.path("d")}, remote.ReadDir{Path: c.dir, Suffix: "a"})
			r[7] = r[7].Files[0]
			for i, want := range []bool{true, false, true, false, true, false, true, true} {
				if r[i].Err != nil || r[i].File.ACL != want {
					c.Fatalf("%d: %v, ACL %v, want %v", i, r[i].Err, r[i].File.ACL, want)
				}
			}
		}},
		{"changes remove an access control list", func(c *check) {
			a, d := c.path("a"), c.path("d")
			for _, op := range []remote.Op{
				remote.WriteFile{Path: a, Data: []byte("1")},
				remote.WriteFile{Path: a, Data: []byte("2")},
				remote.SetAttr{Path: a, Mode: 0o640},
				remote.SetAttr{Path: d},
				remote.Mkdir{Path: d},
			} {
				c.must(remote.WriteFile{Path: a, Data: []byte("1"), Mode: 0o640})
				c.must(remote.Mkdir{Path: d, Mode: 0o750})
				_, name := remote.Describe(op)
				c.acl(name)
				before := c.must(remote.Stat{Path: name}).File
				r := c.must(op)
				c.changed(r, true)
				after := c.must(remote.Stat{Path: name}).File
				if !before.ACL || r.File.ACL || after.ACL || after.Mode != before.Mode {
					c.Fatalf("%v: %+v became %+v", op, before, after)
				}
				c.changed(c.must(op), false)
			}
		}},
	}
}
