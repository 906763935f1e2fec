package remotetest

import (
	"io/fs"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/remote"
)

func allBytes() []byte {
	b := make([]byte, 0, 70000)
	for i := range 70000 {
		b = append(b, byte(i), byte(i>>8))
	}
	return b
}

// texts are texts that a shell might change on the way.
func texts() []string {
	var every []byte
	for i := 1; i < 256; i++ {
		every = append(every, byte(i))
	}
	return []string{
		"\n", "\n\n\n", "a", " a \t\n b ", `\n %s $HOME $(id) \`, "'\"", "-n\n", "x\r\ny\r\n",
		string(every), string(every) + "\n",
		strings.Repeat("\n", 4096), strings.Repeat("é", 2048), strings.Repeat("a", 4097) + "\n",
	}
}

func writePromises() []promise {
	return []promise{
		{"WriteFile writes texts as they are, and many of them at once", func(c *check) {
			var ops []remote.Op
			all := append(texts(), string(allBytes()), "last")
			for i, text := range all {
				name := c.path(strconv.Itoa(i))
				ops = append(ops, remote.WriteFile{Path: name, Data: []byte(text)}, remote.Stat{Path: name})
			}
			for i, r := range c.do(ops...) {
				if r.Err != nil {
					c.Fatalf("%d: %v", i, r.Err)
				}
			}
			for i, text := range all {
				c.holds(c.path(strconv.Itoa(i)), text)
			}
		}},
		{"WriteFile creates a file of root's with mode 0600", func(c *check) {
			r := c.must(remote.WriteFile{Path: c.path("a"), Data: allBytes()})
			c.changed(r, true)
			c.attrs(r.File, "root", "root", 0o600)
			f := c.holds(c.path("a"), string(allBytes()))
			if r.File.SHA256 != f.SHA256 || r.File.Kind != "file" || !f.Changed.Equal(r.File.Changed) {
				c.Fatalf("%+v, then %+v", r.File, f)
			}
		}},
		{"WriteFile writes an empty file", func(c *check) {
			c.changed(c.must(remote.WriteFile{Path: c.path("a")}), true)
			c.holds(c.path("a"), "")
			c.changed(c.must(remote.WriteFile{Path: c.path("a")}), false)
		}},
		{"WriteFile sets owner, group and mode, and keeps those of the old file", func(c *check) {
			r := c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("1"), Owner: "daemon", Group: "daemon", Mode: 0o640})
			c.attrs(r.File, "daemon", "daemon", 0o640)
			r = c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("2")})
			c.attrs(r.File, "daemon", "daemon", 0o640)
			c.attrs(c.holds(c.path("a"), "2"), "daemon", "daemon", 0o640)
		}},
	}
}

func rewritePromises() []promise {
	return []promise{
		{"WriteFile of what is there already writes nothing", func(c *check) {
			op := remote.WriteFile{Path: c.path("a"), Data: []byte("1"), Owner: "daemon", Mode: 0o644}
			before := c.must(op)
			after := c.must(op)
			c.changed(after, false)
			if after.File != before.File {
				c.Fatalf("%+v became %+v", before.File, after.File)
			}
		}},
		{"WriteFile of the same content with other attributes changes only these", func(c *check) {
			before := c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("1"), Mode: 0o644})
			after := c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("1"), Group: "daemon", Mode: 0o440})
			c.changed(after, true)
			c.attrs(after.File, "root", "daemon", 0o440)
			if !after.File.Modified.Equal(before.File.Modified) {
				c.Fatal("the content was written again")
			}
			if after.File.Changed.Before(before.File.Changed) {
				c.Fatal("the time of the change went back")
			}
		}},
	}
}

func refusalPromises() []promise {
	return []promise{
		{"WriteFile compares and swaps", func(c *check) {
			name := c.path("a")
			one := c.must(remote.WriteFile{Path: name, Data: []byte("1"), Was: remote.Absent})
			c.fails(remote.ErrConflict, remote.WriteFile{Path: name, Data: []byte("2"), Was: remote.Absent})
			c.must(remote.WriteFile{Path: name, Data: []byte("2"), Was: one.File.SHA256})
			c.fails(remote.ErrConflict, remote.WriteFile{Path: name, Data: []byte("3"), Was: one.File.SHA256})
			c.fails(remote.ErrConflict, remote.WriteFile{Path: c.path("b"), Data: []byte("3"), Was: one.File.SHA256})
			c.holds(name, "2")
			c.absent(c.path("b"))
		}},
		{"WriteFile of what is there already is in conflict with nobody", func(c *check) {
			name := c.path("a")
			c.must(remote.WriteFile{Path: name, Data: []byte("1"), Mode: 0o600})
			for _, was := range []string{remote.Absent, sum([]byte("0"))} {
				c.changed(c.must(remote.WriteFile{Path: name, Data: []byte("1"), Was: was}), false)
			}
			r := c.must(remote.WriteFile{Path: name, Data: []byte("1"), Mode: 0o640, Was: remote.Absent})
			c.changed(r, true)
			c.attrs(r.File, "root", "root", 0o640)
		}},
		{"WriteFile for an unknown user or group has no effect", func(c *check) {
			c.fails(nil, remote.WriteFile{Path: c.path("a"), Data: []byte("1"), Owner: "no-such-user"})
			c.fails(nil, remote.WriteFile{Path: c.path("a"), Data: []byte("1"), Group: "no-such-group"})
			c.absent(c.path("a"))
		}},
		{"WriteFile into a missing folder is fs.ErrNotExist", func(c *check) {
			c.fails(fs.ErrNotExist, remote.WriteFile{Path: c.path("no/a"), Data: []byte("1")})
			c.absent(c.path("no"))
		}},
		{"WriteFile below a file fails, and not as missing", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("1")})
			r := c.fails(nil, remote.WriteFile{Path: c.path("a/b"), Data: []byte("1")})
			if strings.Contains(r.Err.Error(), fs.ErrNotExist.Error()) {
				c.Fatal(r.Err)
			}
		}},
		{"WriteFile follows no symlink", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("1")})
			c.symlink(c.path("l"), c.path("a"))
			c.symlink(c.path("m"), c.path("no"))
			c.fails(nil, remote.WriteFile{Path: c.path("l"), Data: []byte("2")})
			c.fails(nil, remote.WriteFile{Path: c.path("m"), Data: []byte("2")})
			c.holds(c.path("a"), "1")
			c.absent(c.path("no"))
		}},
		{"WriteFile does not replace a folder", func(c *check) {
			c.must(remote.Mkdir{Path: c.path("d")})
			c.fails(nil, remote.WriteFile{Path: c.path("d"), Data: []byte("2")})
		}},
		{"WriteFile writes any name", func(c *check) {
			for _, name := range []string{"a b", "it's", `q"$(x)`, "-f", "ü", "*"} {
				c.must(remote.WriteFile{Path: c.path(name), Data: []byte(name)})
				c.holds(c.path(name), name)
			}
		}},
	}
}
