package remotetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

func runPromises() []promise {
	return []promise{
		{"Run hands over arguments as they are", func(c *check) {
			args := []string{"", " a  b ", "it's", `"$HOME" $(id) \n %s`, "*", "two\nlines\n", "ü", "-x", "a=b"}
			r := c.must(remote.Run{Argv: append([]string{"printf", `%s\n`}, args...)})
			if got := string(r.Data); got != strings.Join(args, "\n")+"\n" {
				c.Fatalf("%q", got)
			}
		}},
		{"Run hands over standard input, and gives standard output, byte for byte", func(c *check) {
			r := c.must(remote.Run{Argv: []string{"cat"}, Stdin: cephstack.Redact(allBytes())})
			if string(r.Data) != string(allBytes()) || r.Exit != 0 || len(r.Stderr) != 0 {
				c.Fatalf("%d bytes, exit %d, %q", len(r.Data), r.Exit, r.Stderr)
			}
		}},
		{"Run hands over texts as they are", func(c *check) {
			var ops []remote.Op
			for _, text := range texts() {
				ops = append(ops,
					remote.Run{Argv: []string{"cat"}, Stdin: cephstack.Redact(text)},
					remote.Run{Argv: []string{"printf", `%s\n`, text}})
			}
			for i, r := range c.do(ops...) {
				if want := texts()[i/2] + strings.Repeat("\n", i%2); string(r.Data) != want || r.Exit != 0 {
					c.Fatalf("%q became %q, exit %d", want, r.Data, r.Exit)
				}
			}
		}},
		{"Run without Stdin has an empty one", func(c *check) {
			if r := c.must(remote.Run{Argv: []string{"cat"}}); len(r.Data) != 0 {
				c.Fatalf("%q", r.Data)
			}
		}},
	}
}

func exitPromises() []promise {
	return []promise{
		{"Run gives the exit status, which is no error", func(c *check) {
			if r := c.must(remote.Run{Argv: []string{"false"}}); r.Exit != 1 {
				c.Fatal(r.Exit)
			}
			r := c.must(remote.Run{Argv: []string{"/no/such/program", "secret"}})
			if r.Exit != 127 || len(r.Stderr) == 0 {
				c.Fatal(r.Exit)
			}
		}},
		{"Run gives the last 64 KiB of standard error", func(c *check) {
			r := c.must(remote.Run{Argv: []string{"/no/" + strings.Repeat("x", 100_000)}})
			if r.Exit == 0 || len(r.Stderr) != 64<<10 || r.Stderr[len(r.Stderr)-1] != '\n' {
				c.Fatalf("exit %d, %d bytes", r.Exit, len(r.Stderr))
			}
		}},
		{"Run that does not read its input spoils nothing", func(c *check) {
			r := c.do(remote.Run{Argv: []string{"true"}, Stdin: cephstack.Redact(make([]byte, 1<<20))},
				remote.Run{Argv: []string{"false"}})
			if r[0].Err != nil || r[0].Exit != 0 || r[1].Exit != 1 {
				c.Fatal(r[0].Err, r[0].Exit, r[1].Exit)
			}
		}},
	}
}

func userPromises() []promise {
	return []promise{
		{"Run can be another user's", func(c *check) {
			r := c.do(remote.Run{Argv: []string{"id", "-un"}},
				remote.Run{Argv: []string{"id", "-un"}, User: "daemon"})
			if string(r[0].Data) != "root\n" || string(r[1].Data) != "daemon\n" {
				c.Fatalf("%q %q %q", r[0].Data, r[1].Data, r[1].Stderr)
			}
			c.fails(nil, remote.Run{Argv: []string{"id", "-un"}, User: "no-such-user"})
		}},
		{"Run ends a program after Timeout", func(c *check) {
			long := remote.Run{Argv: []string{"sleep", "30"}, Timeout: 200 * time.Millisecond}
			r := c.do(long, remote.Run{Argv: []string{"false"}})
			if !errors.Is(r[0].Err, remote.ErrTimeout) || r[1].Exit != 1 {
				c.Fatal(r[0].Err, r[1].Exit)
			}
		}},
	}
}

func hostPromises() []promise {
	return []promise{
		{"Do runs ops in order, each for itself", func(c *check) {
			r := c.do(
				remote.Stat{Path: c.path("a")},
				remote.Mkdir{Path: c.path("d")},
				remote.WriteFile{Path: c.path("d/a"), Data: []byte("1")},
				nil,
				remote.ReadFile{Path: "relative"},
				remote.ReadFile{Path: c.path("d/a")},
				remote.Run{},
				remote.Remove{Path: c.path("d/a")},
				remote.Stat{Path: c.path("d/a")},
			)
			if !errors.Is(r[0].Err, fs.ErrNotExist) || r[1].Err != nil || r[2].Err != nil || string(r[5].Data) != "1" ||
				r[7].Err != nil || !errors.Is(r[8].Err, fs.ErrNotExist) {
				c.Fatalf("%+v", r)
			}
			for _, i := range []int{3, 4, 6} {
				if !errors.Is(r[i].Err, fs.ErrInvalid) {
					c.Fatalf("op %d: %v, want fs.ErrInvalid", i, r[i].Err)
				}
			}
		}},
		{"Do without ops is a question whether the host answers", func(c *check) { c.do() }},
		{"Do with an ended context has no effect", func(c *check) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			op := remote.WriteFile{Path: c.path("a")}
			r, err := c.host.Do(ctx, op)
			var h *remote.HostError
			if !errors.Is(err, context.Canceled) || !errors.As(err, &h) {
				c.Fatal(err)
			}
			c.isOpError(op, r[0].Err)
			if errors.Is(r[0].Err, remote.ErrUnknown) {
				c.Fatal(r[0].Err)
			}
			c.absent(c.path("a"))
		}},
	}
}

func otherPromises() []promise {
	return []promise{
		{"Do can be called at the same time", func(c *check) {
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					op := remote.WriteFile{Path: c.path(fmt.Sprint("f", i)), Data: []byte(fmt.Sprint(i))}
					if r, err := c.host.Do(context.Background(), op); err != nil || r[0].Err != nil {
						c.Error(err, r)
					}
				})
			}
			all.Wait()
			for i := range 20 {
				c.holds(c.path(fmt.Sprint("f", i)), fmt.Sprint(i))
			}
		}},
		{"Packages knows what is installed, InstallPackages installs nothing twice", func(c *check) {
			r := c.must(remote.Packages{Names: []string{"coreutils", "no-such-package"}})
			if len(r.Versions) != 1 || r.Versions["coreutils"] == "" {
				c.Fatal(r.Versions)
			}
			again := c.must(remote.InstallPackages{Names: []string{"coreutils"}})
			c.changed(again, false)
			if again.Versions["coreutils"] != r.Versions["coreutils"] {
				c.Fatal(again.Versions)
			}
			if none := c.must(remote.Packages{}); len(none.Versions) != 0 {
				c.Fatal(none.Versions)
			}
		}},
	}
}
