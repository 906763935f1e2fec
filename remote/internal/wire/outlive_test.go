package wire

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shells are those that a host may have as /bin/sh.
func shells() []string { return []string{"dash", "bash"} }

// A trial is the program with a changed text, which finds other programs in dir first.
type trial struct {
	shell, dir string
	changed    *strings.Replacer
}

// start runs the program, and gives it an op.
func (p trial) start(t *testing.T, op Op) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	return p.startCut(t, request([]Op{op}))
}

// startCut gives the program a request, which may be cut.
func (p trial) startCut(t *testing.T, request []byte) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	shell := p.shell
	if os.Getenv("CEPHSTACK_LIVE") == "0" {
		t.Skip("live test: CEPHSTACK_LIVE=0")
	}
	if _, err := exec.LookPath(shell); err != nil {
		require.NotEqual(t, "1", os.Getenv("CEPHSTACK_LIVE"), "%s is not installed: make deps installs it", shell)
		t.Skip(shell + " is not installed")
	}
	text := strings.Replace(Program(), "PATH=/usr/sbin", "PATH="+p.dir+":/usr/sbin", 1)
	c := exec.Command(shell, "-c", p.changed.Replace(text))
	c.Stdin = bytes.NewReader(request)
	r, w, err := os.Pipe() // not of exec, which would wait for all that hold it
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	c.Stdout = w
	require.NoError(t, c.Start())
	require.NoError(t, w.Close())
	return c, bufio.NewReader(r)
}

// programs writes scripts into a new folder.
func programs(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range scripts {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755))
	}
	return dir
}

// TestABeatEndsWithItsShell: only the main shell is killed, as a machine without memory may do.
func TestABeatEndsWithItsShell(t *testing.T) {
	restart := Op{Name: "restart", Args: []string{"x.service", "0", "0.1"}}
	install := Op{Name: "install", List: []string{"no-such-package"}}
	for _, shell := range shells() {
		for _, op := range []Op{restart, install} {
			t.Run(shell+" "+op.Name, func(t *testing.T) {
				dir := programs(t, map[string]string{
					"systemctl":  `case "$*" in *restart*) exec sleep 20 ;; esac; echo ActiveState=active`,
					"dpkg-query": "exit 1", "apt-get": "exec sleep 20", "dpkg": "", "dnf": "exec sleep 20", "rpm": "exit 1",
				})
				c, r := trial{shell, dir, strings.NewReplacer("sleep 15 ", "sleep 0.3 ")}.start(t, op)
				for line := ""; !strings.HasSuffix(line, "beat\n"); {
					var err error
					line, err = r.ReadString('\n')
					require.NoError(t, err)
				}
				begin := time.Now()
				require.NoError(t, c.Process.Signal(syscall.SIGKILL))
				_ = c.Wait() // it was killed
				_, err := io.ReadAll(r)
				require.NoError(t, err)
				require.Less(t, time.Since(begin), 5*time.Second, "nobody else holds the answer open")
			})
		}
	}
}

// TestAnInstallationHasALimit: apt or dnf hangs, or leaves a child that holds its output.
func TestAnInstallationHasALimit(t *testing.T) {
	limits := strings.NewReplacer("end=$((y + 180000))", "end=$((y + 100))", "n=1840", "n=2")
	for _, shell := range shells() {
		for _, script := range []string{"exec sleep 20", "sleep 20 & exit 0"} {
			t.Run(shell+" "+script, func(t *testing.T) {
				dir := programs(t, map[string]string{
					"dpkg-query": "exit 1", "apt-get": script, "dpkg": "", "dnf": script, "rpm": "exit 1",
				})
				begin := time.Now()
				c, r := trial{shell, dir, limits}.start(t, Op{Name: "install", List: []string{"no-such-package"}})
				all, err := io.ReadAll(r)
				require.NoError(t, err)
				require.NoError(t, c.Wait())
				require.Less(t, time.Since(begin), 10*time.Second)
				a := NewAnswerReader(bytes.NewReader(all), mark, []Room{{1 << 20, 8 << 20}}, 64<<20)
				var reply string
				for line := (Line{}); line.Word != "bye"; {
					line, err = a.Next()
					require.NoError(t, err)
					if line.Word == "err" {
						_, text, _ := strings.Cut(line.Value, " ")
						b, err := base64.StdEncoding.DecodeString(text)
						require.NoError(t, err)
						reply = string(b)
					}
				}
				require.Contains(t, reply, "the installation was ended after 30 minutes")
			})
		}
	}
}
