package remotetest

import (
	"errors"
	"io/fs"

	"github.com/cephstack/cephstack"
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
			c.symlink(c.path("m"), "no")
			if r := c.fails(fs.ErrNotExist, remote.ReadFile{Path: c.path("m")}); r.File.Target != "no" {
				c.Fatalf("%+v", r.File)
			}
			if f := c.must(remote.Stat{Path: c.path("l")}).File; f.Kind != "symlink" || f.Target != "a" {
				c.Fatalf("%+v", f)
			}
		}},
	}
}

func manyPromises() []promise {
	return []promise{
		{"ReadFile of several files in one exchange gives each its own", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Data: allBytes(), Mode: 0o640, Group: "daemon"})
			c.must(remote.WriteFile{Path: c.path("b")})
			c.must(remote.WriteFile{Path: c.path("c d"), Data: []byte("third")})
			c.symlink(c.path("l"), "c d")
			r := c.do(remote.ReadFile{Path: c.path("a")}, remote.ReadFile{Path: c.path("b")}, remote.ReadFile{Path: c.path("l")})
			for i, want := range []string{string(allBytes()), "", "third"} {
				if r[i].Err != nil || string(r[i].Data) != want || r[i].File.SHA256 != sum([]byte(want)) {
					c.Fatalf("%d: %v, %d bytes, %s", i, r[i].Err, len(r[i].Data), r[i].File.SHA256)
				}
			}
			c.attrs(r[0].File, "root", "daemon", 0o640)
			if r[2].File.Target != "c d" || r[1].File.Target != "" {
				c.Fatal(r[2].File.Target, r[1].File.Target)
			}
		}},
		{"ReadFile of several files fails for those that cannot be read alone", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("1")})
			c.must(remote.WriteFile{Path: c.path("long"), Data: []byte("12345")})
			r := c.do(remote.ReadFile{Path: c.path("a"), Max: 3}, remote.ReadFile{Path: c.path("no"), Max: 3},
				remote.ReadFile{Path: c.dir, Max: 3}, remote.ReadFile{Path: c.path("long"), Max: 3},
				remote.ReadFile{Path: c.path("long")})
			if string(r[0].Data) != "1" || string(r[4].Data) != "12345" || r[0].Err != nil || r[4].Err != nil {
				c.Fatal(r[0].Err, r[4].Err)
			}
			if !errors.Is(r[1].Err, fs.ErrNotExist) || r[2].Err == nil || !errors.Is(r[3].Err, remote.ErrTooLarge) {
				c.Fatal(r[1].Err, r[2].Err, r[3].Err)
			}
		}},
		{"ReadFile and Stat together give each its own", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Data: []byte("1"), Mode: 0o640})
			c.must(remote.Mkdir{Path: c.path("d"), Mode: 0o750})
			c.symlink(c.path("l"), "d")
			read := func(name string) remote.Op { return remote.ReadFile{Path: c.path(name)} }
			stat := func(name string) remote.Op { return remote.Stat{Path: c.path(name)} }
			r := c.do(stat("d"), read("a"), stat("a"), read("d"), stat("l"), stat("no"), read("no"), read("a"))
			if r[0].Err != nil || r[0].File.Kind != "dir" || r[0].File.Mode != 0o750 || r[2].File.Mode != 0o640 ||
				r[4].File.Kind != "symlink" {
				c.Fatalf("%+v %+v %+v", r[0], r[2], r[4])
			}
			if string(r[1].Data) != "1" || string(r[7].Data) != "1" || r[3].Err == nil || len(r[2].Data) != 0 {
				c.Fatal(r[1].Err, r[7].Err, r[3].Err, r[2].Data)
			}
			for _, i := range []int{5, 6} {
				if !errors.Is(r[i].Err, fs.ErrNotExist) {
					c.Fatal(r[i].Err)
				}
			}
			if r := c.do(stat("d"), read("a")); string(r[1].Data) != "1" || r[0].File.Kind != "dir" {
				c.Fatal(r[0].Err, r[1].Err)
			}
		}},
	}
}

func dirPromises() []promise {
	return []promise{
		{"ReadDir reads the files with the suffix, in order", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("b.conf"), Data: []byte("2"), Mode: 0o640})
			c.must(remote.WriteFile{Path: c.path("a b.conf"), Data: []byte("12345")})
			c.must(remote.WriteFile{Path: c.path("a.conf~")})
			c.must(remote.WriteFile{Path: c.path(".hidden.conf")})
			c.must(remote.Mkdir{Path: c.path("dir.conf")})
			c.symlink(c.path("l.conf"), "b.conf")
			r := c.must(remote.ReadDir{Path: c.dir, Suffix: ".conf", Max: 4})
			if len(r.Files) != 3 {
				c.Fatalf("%d files", len(r.Files))
			}
			if f := r.Files[0]; f.File.Path != c.path("a b.conf") || !errors.Is(f.Err, remote.ErrTooLarge) {
				c.Fatalf("%+v", f)
			}
			if f := r.Files[1]; f.File.Path != c.path("b.conf") || f.Err != nil || string(f.Data) != "2" ||
				f.File.SHA256 != sum([]byte("2")) || f.File.Mode != 0o640 {
				c.Fatalf("%+v", f)
			}
			if f := r.Files[2]; f.File.Path != c.path("l.conf") || f.File.Target != "b.conf" {
				c.Fatalf("%+v", f)
			}
		}},
		{"ReadDir of an empty folder has no files, of a missing one is fs.ErrNotExist", func(c *check) {
			if r := c.must(remote.ReadDir{Path: c.dir, Suffix: ".conf"}); len(r.Files) != 0 {
				c.Fatal(r.Files)
			}
			c.fails(fs.ErrNotExist, remote.ReadDir{Path: c.path("no"), Suffix: ".conf"})
			c.must(remote.WriteFile{Path: c.path("file")})
			c.fails(nil, remote.ReadDir{Path: c.path("file"), Suffix: ".conf"})
			c.fails(fs.ErrInvalid, remote.ReadDir{Path: c.dir, Suffix: "a/b"})
		}},
	}
}

func ifPromises() []promise {
	write := func(c *check, name string) remote.Op { return remote.WriteFile{Path: c.path(name), Data: []byte(name)} }
	return []promise{
		{"If runs an op after those that it needs ended well", func(c *check) {
			r := c.do(write(c, "a"), remote.Run{Argv: []string{"true"}},
				remote.If{OK: []int{0, 1}, Op: write(c, "b")}, remote.If{Op: remote.ReadFile{Path: c.path("b")}})
			if r[2].Err != nil || !r[2].Changed || string(r[3].Data) != "b" {
				c.Fatal(r[2].Err, r[3].Err)
			}
		}},
		{"If skips an op when one that it needs failed, and what needs that", func(c *check) {
			data := remote.WriteFile{Path: c.path("b"), Data: make([]byte, 100_000)}
			skipped := remote.If{OK: []int{0}, Op: data}
			r := c.do(remote.Remove{Path: c.dir}, skipped, write(c, "c"), remote.If{OK: []int{2, 1}, Op: write(c, "d")},
				remote.If{OK: []int{2}, Op: write(c, "e")})
			c.isOpError(skipped, r[1].Err)
			if !errors.Is(r[1].Err, remote.ErrSkipped) || !errors.Is(r[3].Err, remote.ErrSkipped) ||
				errors.Is(r[1].Err, remote.ErrUnknown) {
				c.Fatal(r[1].Err, r[3].Err)
			}
			if r[2].Err != nil || r[4].Err != nil {
				c.Fatal(r[2].Err, r[4].Err)
			}
			c.absent(c.path("b"))
			c.absent(c.path("d"))
			c.holds(c.path("e"), "e")
		}},
		{"If skips an op after a program with another exit status than 0", func(c *check) {
			r := c.do(remote.Run{Argv: []string{"false"}}, remote.If{OK: []int{0}, Op: write(c, "a")},
				remote.ReadFile{Path: c.path("no")},
				remote.If{OK: []int{2}, Op: remote.Run{Argv: []string{"true"},
					Stdin: cephstack.Redact("end\n")}})
			if !errors.Is(r[1].Err, remote.ErrSkipped) || !errors.Is(r[3].Err, remote.ErrSkipped) {
				c.Fatal(r[1].Err, r[3].Err)
			}
			c.absent(c.path("a"))
		}},
	}
}

func badIfPromises() []promise {
	write := func(c *check, name string) remote.Op { return remote.WriteFile{Path: c.path(name), Data: []byte(name)} }
	return []promise{
		{"If with an index of no earlier op is invalid, and skipped for an invalid one", func(c *check) {
			invalid := remote.Remove{Path: "relative"}
			cases := []struct {
				op   remote.Op
				want error
			}{
				{invalid, fs.ErrInvalid},
				{remote.If{OK: []int{0}, Op: write(c, "a")}, remote.ErrSkipped},
				{remote.If{OK: []int{2}, Op: write(c, "b")}, fs.ErrInvalid},
				{remote.If{OK: []int{-1}, Op: write(c, "c")}, fs.ErrInvalid},
				{remote.If{Op: invalid}, fs.ErrInvalid},
				{remote.If{Op: remote.If{Op: write(c, "d")}}, fs.ErrInvalid},
				{remote.If{OK: []int{2}, Op: write(c, "e")}, remote.ErrSkipped},
			}
			var ops []remote.Op
			for _, one := range cases {
				ops = append(ops, one.op)
			}
			for i, r := range c.do(ops...) {
				if !errors.Is(r.Err, cases[i].want) {
					c.Fatalf("%d: %v, want %v", i, r.Err, cases[i].want)
				}
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
		{"an account without a name is known by its number", func(c *check) {
			c.must(remote.WriteFile{Path: c.path("a"), Owner: "142401", Group: "142402", Mode: 0o640})
			f := c.must(remote.Stat{Path: c.path("a")}).File
			c.attrs(f, "142401", "142402", 0o640)
			again := remote.WriteFile{Path: c.path("a"), Owner: f.Owner, Group: f.Group, Mode: f.Mode}
			c.changed(c.must(again), false)
			r := c.must(remote.SetAttr{Path: c.path("a"), Owner: "142403"})
			c.attrs(r.File, "142403", "142402", 0o640)
			r = c.must(remote.Mkdir{Path: c.path("d"), Owner: "142401", Group: "daemon", Mode: 0o700})
			c.attrs(r.File, "142401", "daemon", 0o700)
			c.fails(fs.ErrInvalid, remote.SetAttr{Path: c.path("a"), Owner: "0142401"})
			c.fails(fs.ErrInvalid, remote.SetAttr{Path: c.path("a"), Group: "12345678901"})
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

func setuidPromises() []promise {
	return []promise{
		{"a file with another owner or group runs as nobody else, unless that is asked for", func(c *check) {
			const both = fs.ModeSetuid | fs.ModeSetgid
			file, folder := c.path("a"), c.path("d")
			for _, op := range []remote.Op{
				remote.SetAttr{Path: file, Owner: "daemon"}, remote.SetAttr{Path: file, Group: "daemon"},
				remote.WriteFile{Path: file, Owner: "daemon"}, remote.WriteFile{Path: file, Group: "daemon", Data: []byte("x")},
			} {
				c.must(remote.WriteFile{Path: file, Owner: "root", Group: "root", Mode: 0o755 | both})
				if r := c.must(op); r.File.Mode != 0o755 {
					c.Fatalf("%#v: the mode is %v", op, r.File.Mode)
				}
				c.changed(c.must(op), false)
			}
			r := c.must(remote.SetAttr{Path: file, Owner: "root", Group: "root", Mode: 0o755 | both})
			c.attrs(r.File, "root", "root", 0o755|both)
			c.changed(c.must(remote.SetAttr{Path: file, Owner: "root"}), false)
			c.must(remote.Mkdir{Path: folder, Mode: 0o755 | fs.ModeSetgid})
			c.attrs(c.must(remote.SetAttr{Path: folder, Group: "daemon"}).File, "root", "daemon", 0o755|fs.ModeSetgid)
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
