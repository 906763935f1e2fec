package wire

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAFifoThatSomebodyWritesTo is put in place of the file that is to be replaced or removed, by a user who owns the
// folder and keeps the fifo open: the program can open the fifo, and would read for ever.
func TestAFifoThatSomebodyWritesTo(t *testing.T) {
	const swap = `case $* in "-c %d.%i -- ./file") rm -f FILE; mkfifo FILE
(exec >/dev/null 2>&1 3<&- 4>&- 9>&-; exec timeout 15 sh -c "exec sleep 15 >FILE") & ;; esac` + "\n"
	old := fmt.Sprintf("%x", sha256.Sum256([]byte("old")))
	longer := fmt.Sprintf("%x", sha256.Sum256([]byte("longer")))
	for _, shell := range shells() {
		for when, script := range map[string]string{
			"before it is asked for": swap + `exec /usr/bin/stat "$@"`,
			"after that":             `/usr/bin/stat "$@"` + "\nz=$?\n" + swap + `exit $z`,
		} {
			for _, name := range []string{"write", "remove"} {
				t.Run(shell+" "+name+" "+when, func(t *testing.T) {
					dir, _ := ofDaemon(t)
					file := filepath.Join(dir, "file")
					require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
					bin := programs(t, map[string]string{"stat": strings.ReplaceAll(script, "FILE", file)})
					op := Op{Name: "remove", Args: []string{file, old}}
					if name == "write" {
						op = Op{Name: "write", Args: []string{file, old, "", "", "", longer, "r"}, Data: []byte("longer")}
					}
					begin := time.Now()
					facts, _ := trial{shell, bin, faster()}.finish(t, op)
					require.Equal(t, "conflict", facts["err"])
					require.Less(t, time.Since(begin), 10*time.Second)
				})
			}
		}
	}
}

// TestASignalThatIsIgnored: the login user starts the program with TERM ignored, which nothing that the program starts
// can change. All limits hold all the same.
func TestASignalThatIsIgnored(t *testing.T) {
	signal.Ignore(syscall.SIGTERM)
	defer signal.Reset(syscall.SIGTERM)
	limits := strings.NewReplacer("sleep 20;", "sleep 1;", "n=$((ms / 1000 + 7))", "n=2")
	for _, shell := range shells() {
		t.Run(shell+" a fifo in place of a file", func(t *testing.T) {
			dir, _ := ofDaemon(t)
			file := filepath.Join(dir, "file")
			require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
			script := `case $* in "-c %d.%i -- ./file") rm -f FILE; mkfifo FILE ;; esac; exec /usr/bin/stat "$@"`
			bin := programs(t, map[string]string{"stat": strings.ReplaceAll(script, "FILE", file)})
			op := Op{Name: "remove", Args: []string{file, strings.Repeat("0", 64)}}
			_, took := ended(t, trial{shell, bin, limits}, op)
			require.Less(t, took, 10*time.Second)
		})
		t.Run(shell+" a child of a program", func(t *testing.T) {
			op := Op{Name: "run", Args: []string{"", "1.000", "1000", "text"}, List: []string{"sh", "-c", "sleep 14 & exit 0"}}
			_, took := ended(t, trial{shell, t.TempDir(), limits}, op)
			require.Less(t, took, 10*time.Second)
		})
	}
}

// reused runs the program $2 with the shell $1, on the request $3, until that waits for a fifo, and kills the
// program. The next process has the number of the program. It says whether that process is left alone.
const reused = `$1 -c "$2" sh "" <$3 >/dev/null &
p=$!
until [ -p FILE ]; do sleep 0.05; done
sleep 0.3
kill -9 $p
wait $p 2>/dev/null
echo $((p - 1)) >/proc/sys/kernel/ns_last_pid
sleep 30 &
[ $! = $p ] || { echo "the number is $!, and not $p"; exit; }
sleep 3.5
kill -0 $p && echo alone`

// TestADogWithoutItsShell: what ends the shell after a while ends no process of others that has the number of the
// shell by then.
func TestADogWithoutItsShell(t *testing.T) {
	for _, shell := range shells() {
		t.Run(shell, func(t *testing.T) {
			dir, _ := ofDaemon(t)
			file := filepath.Join(dir, "file")
			require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
			script := `case $* in "-c %d.%i -- ./file") rm -f FILE; mkfifo FILE ;; esac; exec /usr/bin/stat "$@"`
			bin := programs(t, map[string]string{"stat": strings.ReplaceAll(script, "FILE", file)})
			input := filepath.Join(t.TempDir(), "request")
			remove := Op{Name: "remove", Args: []string{file, strings.Repeat("0", 64)}}
			require.NoError(t, os.WriteFile(input, request([]Op{remove}), 0o600))
			text := strings.NewReplacer("sleep 20;", "sleep 1;", "PATH=/usr/sbin", "PATH="+bin+":/usr/sbin").Replace(Program())
			c := exec.Command("unshare", "-pf", "--kill-child", "--mount-proc", "sh", "-c",
				strings.ReplaceAll(reused, "FILE", file), "sh", shell, text, input)
			out, err := c.CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Equal(t, "alone\n", string(out))
		})
	}
}
