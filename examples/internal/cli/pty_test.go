//go:build unix

package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// TestProgressOnARealTerminal draws through the kernel's terminal, whose size changes meanwhile.
func TestProgressOnARealTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "")
	user, program, err := pty.Open()
	require.NoError(t, err)
	defer user.Close()
	defer program.Close()
	sized := func(width, height uint16) {
		require.NoError(t, pty.Setsize(user, &pty.Winsize{Rows: height, Cols: width}))
	}
	sized(80, 24)
	var mu sync.Mutex
	s := &shown{t: t, width: 80, height: 24, folds: true}
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			n, err := user.Read(buffer)
			if err != nil {
				return
			}
			mu.Lock()
			_, _ = s.Write(buffer[:n])
			mu.Unlock()
		}
	}()
	shows := func(pattern string) {
		t.Helper()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			mu.Lock()
			defer mu.Unlock()
			assert.Regexp(c, pattern, fmt.Sprintf("%q", s.text()))
		}, time.Minute, 20*time.Millisecond)
	}
	colored, err := colorsOf(colorAuto, program)
	require.NoError(t, err)
	assert.True(t, bool(colored))
	p := newProgress(program, progressOptions{colors: colored})
	p.event(world.Progress{Of: 2})
	change := newFile("compute1", hard)
	p.event(integrate.ChangeStarted{Change: change})
	shows(`compute1: create file /etc/ceph/日本語.*0 of 2`)
	mu.Lock()
	s.resize(20, 10)
	mu.Unlock()
	sized(20, 10)
	shows(`^\["  0:\d\d compute1: c…" "  0:\d\d 0 of 2, 1 a…"\]$`)
	p.event(integrate.ChangeFinished{Outcome: integrate.Outcome{Change: change, Status: integrate.Applied}})
	shows(`^\["applied   compute1…" `)
	p.close()
	shows(`^\["applied   compute1…" ""\]$`)
	assert.Zero(t, s.wrapped)

	t.Setenv("TERM", "dumb")
	assert.Nil(t, newProgress(program, progressOptions{}).screen)
	t.Setenv("TERM", "xterm")
	assert.Nil(t, newProgress(program, progressOptions{quiet: true}).screen)
}

// TestWhatIsPrintedIsWholeOnATerminal that has progress, too.
func TestWhatIsPrintedIsWholeOnATerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	c := newCloud(t, 40)
	_, plan, _ := c.run(t.Context(), "", "plan")
	for _, args := range [][]string{{"plan"}, {"apply", "--yes"}, {"converge", "--yes"}, {"verify", "--static"}} {
		user, program, err := pty.Open()
		require.NoError(t, err)
		require.NoError(t, pty.Setsize(user, &pty.Winsize{Rows: 12, Cols: 100}))
		s := &shown{t: t, width: 100, height: 12}
		read := make(chan struct{})
		go func() {
			defer close(read)
			buffer := make([]byte, 64<<10)
			for {
				n, err := user.Read(buffer)
				if err != nil {
					return
				}
				_, _ = s.Write(buffer[:n])
			}
		}()
		world := func(context.Context, spec.Spec) (*connect.World, error) {
			return &connect.World{World: c.World.World}, nil
		}
		Program{strings.NewReader(""), program, program, world, 1}.Run(t.Context(), append(args, "-f", c.file))
		require.NoError(t, program.Close())
		<-read
		text := strings.Join(s.text(), "\n")
		assert.NotRegexp(t, ticking, text, args)
		assert.NotContains(t, text, "at work", args)
		if args[0] == "plan" {
			last := strings.Split(strings.TrimSpace(plan), "\n")
			assert.Contains(t, text, last[len(last)-1])
		}
		require.NoError(t, user.Close())
	}
}

// TestWhatHasColors: a terminal that shows them, unless somebody has said something else.
func TestWhatHasColors(t *testing.T) {
	_, program, err := pty.Open()
	require.NoError(t, err)
	pipe, _, err := os.Pipe()
	require.NoError(t, err)
	for _, c := range []struct {
		when, term, not string
		stream          *os.File
		want            bool
	}{
		{colorAuto, "xterm", "", program, true}, {colorAuto, "xterm", "1", program, false},
		{colorAuto, "dumb", "", program, false}, {colorAuto, "xterm", "", pipe, false},
		{colorAlways, "dumb", "1", pipe, true}, {colorNever, "xterm", "", program, false},
	} {
		t.Setenv("TERM", c.term)
		t.Setenv("NO_COLOR", c.not)
		got, err := colorsOf(c.when, &output{w: c.stream})
		require.NoError(t, err)
		assert.Equal(t, c.want, bool(got), "%+v", c)
	}
	_, err = colorsOf("sometimes", pipe)
	require.ErrorContains(t, err, "none of auto, always and never")
	text := "Computes\n  + compute1: file /a  (why)\n      ~ content of a file\n    ! unit x\nPROBLEM: it is\nno more\n" +
		"applied   x\nnot known h\nunchangedness\n"
	assert.Equal(t, "Computes\n  \x1b[32m+\x1b[0m compute1: file /a  (why)\n      ~ content of a file\n"+
		"    \x1b[35m!\x1b[0m unit x\n\x1b[31mPROBLEM\x1b[0m: it is\nno more\n"+
		"\x1b[32mapplied\x1b[0m   x\n\x1b[33mnot known\x1b[0m h\nunchangedness\n", colors(true).text(text))
	assert.Equal(t, text, colors(false).text(text))
}

// TestTrustAsksWhoeverSeesTheKeys, and takes no other word than yes.
func TestTrustAsksWhoeverSeesTheKeys(t *testing.T) {
	s := newStrange(t, t.TempDir())
	for _, c := range []struct {
		typed, says string
		code, lines int
	}{
		{"y\n", "Nothing was written.", exitChanges, 0}, {"\n", "Nothing was written.", exitChanges, 0},
		{"\x04", "Nothing was written.", exitChanges, 0}, {"yes\n", "added     host1 ", exitDone, 2},
	} {
		user, program, err := pty.Open()
		require.NoError(t, err)
		out := make(chan string)
		go func() {
			var all strings.Builder
			buffer := make([]byte, 4096)
			for {
				n, err := user.Read(buffer)
				all.Write(buffer[:n])
				if err != nil {
					out <- all.String()
					return
				}
				if strings.Contains(string(buffer[:n]), "to write nothing: ") {
					_, _ = user.WriteString(c.typed)
				}
			}
		}()
		p := Program{Stdin: program, Stdout: program, Stderr: program}
		code := p.Run(t.Context(), []string{"trust", "-f", s.spec, "--color", "never"})
		require.NoError(t, program.Close())
		text := <-out
		require.NoError(t, user.Close())
		assert.Equal(t, c.code, code, text)
		assert.Contains(t, text, "not known host0 ("+s.address[0]+"): ssh-ed25519 "+s.prints[0])
		assert.Contains(t, text, "Hosts of which no key is known: 2.")
		assert.Contains(t, text, "Are these 2 keys right?")
		assert.Contains(t, text, c.says)
		known, _ := os.ReadFile(s.known)
		assert.Equal(t, c.lines, strings.Count(string(known), "\n"))
	}
}
