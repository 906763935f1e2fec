package remote_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

// onBoth runs a test on the machine itself, and through SSH and sudo.
func onBoth(t *testing.T, test func(t *testing.T, h remote.Host)) {
	needRoot(t, "/usr/bin/sha256sum")
	t.Run("local", func(t *testing.T) { test(t, remote.Local{}) })
	t.Run("ssh", func(t *testing.T) { test(t, startSSHD(t).open(t, "admin")) })
}

// TestAChildThatStays: a program ends, and a child of it holds what the program had open.
func TestAChildThatStays(t *testing.T) {
	onBoth(t, func(t *testing.T, h remote.Host) {
		scripts := []string{
			"sleep 90 2>/dev/null &", "sleep 90 >/dev/null &", "sleep 90 &", "setsid sleep 90 &",
			"exec 5<&0; sleep 90 <&5 >/dev/null 2>&1 &",
		}
		begin := time.Now()
		outcomes := remote.Each(t.Context(), scripts, 0, func(ctx context.Context, script string) (remote.Result, error) {
			r, err := h.Do(ctx, remote.Run{
				Argv:  []string{"sh", "-c", "echo out; echo err >&2; " + script + " exit 3"},
				Stdin: cephstack.Redact(strings.Repeat("x\n", 100_000)), Timeout: 2 * time.Second,
			}, remote.Run{Argv: []string{"true"}})
			if err == nil {
				err = r[1].Err
			}
			return r[0], err
		})
		for _, o := range outcomes {
			require.NoError(t, o.Err, o.Name)
			require.NoError(t, o.Value.Err, o.Name)
			require.Equal(t, "out\n3\nerr\n", fmt.Sprintf("%s%d\n%s", o.Value.Data, o.Value.Exit, o.Value.Stderr), o.Name)
		}
		require.Less(t, time.Since(begin), 80*time.Second)
	})
}

// forger tries to say that it ended well, by all that a program of another user can see.
const forger = `for d in /proc/[0-9]*; do
	m=$(tr "\000" " " 2>/dev/null <$d/cmdline | grep -o "cephstack 2 [0-9a-f]*" | head -n 1)
	m=${m##* }
	[ -z "$m" ] || { printf "<%s:0>" "$m"; printf "\n%s exit 0\n" "$m"; } >&2
done
echo 0: >&2
for fd in 3 4 5 6 7 8 9; do eval "echo 0: >&$fd"; done
exit 3`

func TestAProgramCannotForgeItsStatus(t *testing.T) {
	s := startSSHD(t)
	for _, user := range []string{"root", "admin"} {
		r, err := s.open(t, user).Do(t.Context(),
			remote.Run{Argv: []string{"sh", "-c", forger}, User: "daemon"})
		require.NoError(t, err)
		require.NoError(t, r[0].Err)
		require.Equal(t, 3, r[0].Exit)
		require.Contains(t, string(r[0].Stderr), "0:\n")
	}
}

// TestALostStatusIsUnknown: the shell that waits for the program is killed.
func TestALostStatusIsUnknown(t *testing.T) {
	onBoth(t, func(t *testing.T, h remote.Host) {
		script := `read -r _ _ _ shell _ </proc/$PPID/stat; kill -9 "$shell"; echo 0: >&2`
		r, err := h.Do(t.Context(), remote.Run{Argv: []string{"sh", "-c", script}},
			remote.Run{Argv: []string{"true"}})
		require.NoError(t, err)
		require.ErrorIs(t, r[0].Err, remote.ErrUnknown)
		require.NoError(t, r[1].Err)
	})
}

// sameNamespace lists the processes, but for sshd, in the mount namespace of a process.
func sameNamespace(t *testing.T, of string) []string {
	t.Helper()
	var found []string
	all, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	for _, dir := range all {
		name, err := os.ReadFile(dir + "/comm")
		if ns, _ := os.Readlink(dir + "/ns/mnt"); err == nil && ns == of && strings.TrimSpace(string(name)) != "sshd" {
			args, _ := os.ReadFile(dir + "/cmdline") // a process that has just ended has none
			found = append(found, dir+" "+strings.ReplaceAll(string(args[:min(len(args), 200)]), "\x00", " "))
		}
	}
	return found
}

// TestNothingOutlivesItsClient: the connection is lost while a program runs.
func TestNothingOutlivesItsClient(t *testing.T) {
	s := startSSHD(t)
	p := newProxy(t, s.address, 0)
	h := open(t, s.config(t, "admin", p.address))
	_, err := h.Do(t.Context(), remote.Stat{Path: "/"})
	require.NoError(t, err)
	file := s.dir + "/namespace"
	script := `readlink /proc/self/ns/mnt >$0.new; mv $0.new $0; trap : TERM PIPE; while :; do sleep 0.1; echo x; done`
	go func() {
		_ = waitFor(file)
		p.down.limit(0) // it is cut as soon as something comes
	}()
	begin := time.Now()
	_, err = h.Do(t.Context(), remote.Run{Argv: []string{"sh", "-c", script, file}, Timeout: time.Second},
		remote.Run{Argv: []string{"touch", s.dir + "/next"}})
	require.ErrorIs(t, err, remote.ErrUnreachable)
	ns, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(sameNamespace(t, strings.TrimSpace(string(ns)))) == 0 },
		15*time.Second, 100*time.Millisecond, "%v", sameNamespace(t, strings.TrimSpace(string(ns))))
	t.Logf("all ended after %v", time.Since(begin))
	require.NoFileExists(t, s.dir+"/next")
}

// waitFor waits until there is a file.
func waitFor(name string) error {
	var err error
	for range 1000 {
		if _, err = os.Stat(name); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}
