//go:build unix

package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/world"
)

// drawsFor makes this program of tests draw on its terminal, and end when the file is gone that the variable names.
const drawsFor = "CEPHSTACK_TEST_DRAWS"

// TestDrawsOnItsTerminal is the program that TestNothingStaysInTmux runs.
func TestDrawsOnItsTerminal(t *testing.T) {
	file := os.Getenv(drawsFor)
	if file == "" {
		t.Skip("it is run by TestNothingStaysInTmux")
	}
	p := newProgress(os.Stderr, progressOptions{})
	p.event(world.Progress{Of: 40})
	for i := range 12 {
		p.event(integrate.ChangeStarted{Change: newFile(fmt.Sprint("compute", i), hard)})
	}
	for i := 0; ; i++ {
		time.Sleep(50 * time.Millisecond)
		if _, err := os.Stat(file); err != nil {
			break
		}
		if i%4 == 0 {
			p.say(fmt.Sprintf("stays     %d", i))
		}
	}
	p.close()
	fmt.Fprintln(os.Stderr, "the end")
}

// TestNothingStaysInTmux, a terminal that folds its lines when somebody makes it narrower.
func TestNothingStaysInTmux(t *testing.T) {
	tmux, err := exec.LookPath("tmux")
	if err != nil {
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatal(err)
		}
		t.Skip("tmux is not installed")
	}
	if os.Getenv("CEPHSTACK_LIVE") == "0" {
		t.Skip("CEPHSTACK_LIVE is 0")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "go-on")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(tmux, append([]string{"-u", "-S", filepath.Join(dir, "s"), "-f", os.DevNull}, args...)...).
			CombinedOutput()
		require.NoError(t, err, "%q: %s", args, out)
		return string(out)
	}
	self, err := os.Executable()
	require.NoError(t, err)
	run("new-session", "-d", "-x", "120", "-y", "30", "-s", "s", "-e", drawsFor+"="+file,
		"-e", "TERM=screen-256color", self, "-test.run", "^TestDrawsOnItsTerminal$", ";", "set", "-g", "remain-on-exit", "on")
	defer run("kill-server")
	run("set", "-g", "remain-on-exit", "on")
	for _, size := range [][2]string{{"120", "30"}, {"60", "30"}, {"21", "30"}, {"21", "8"}, {"200", "20"}, {"80", "24"}} {
		run("resize-window", "-t", "s", "-x", size[0], "-y", size[1])
		time.Sleep(600 * time.Millisecond)
		lines := strings.Split(strings.TrimRight(run("capture-pane", "-p", "-t", "s"), "\n"), "\n")
		totals, live := 0, 0
		for _, line := range lines {
			if strings.Contains(line, " 0 of 40") {
				totals++
			}
			if ticking.MatchString(line) {
				live++
			}
		}
		assert.Equal(t, 1, totals, "%v: %s", size, strings.Join(lines, "\n"))
		assert.LessOrEqual(t, live, min(13, len(lines)), "%v: %s", size, strings.Join(lines, "\n"))
		assert.Contains(t, lines[len(lines)-1], " 0 of 40", "%v", size)
	}
	require.NoError(t, os.Remove(file))
	time.Sleep(time.Second)
	last := run("capture-pane", "-p", "-t", "s")
	assert.Contains(t, last, "the end")
	assert.NotRegexp(t, ticking, last)
}
