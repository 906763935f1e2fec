package wire

import (
	"bytes"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// finish runs an op, and gives what came back about it. An err of a fact is decoded.
func (p trial) finish(t *testing.T, op Op) (facts map[string]string, raw map[string]string) {
	t.Helper()
	c, r := p.start(t, op)
	kill := time.AfterFunc(20*time.Second, func() { _ = c.Process.Kill() })
	defer kill.Stop()
	all, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, c.Wait())
	require.True(t, kill.Stop(), "it hangs")
	facts, raw = map[string]string{}, map[string]string{}
	a := NewAnswerReader(bytes.NewReader(all), mark, []Room{{1 << 20, 8 << 20}}, 64<<20)
	for line := (Line{}); line.Word != "bye"; {
		line, err = a.Next()
		require.NoError(t, err, "%s", all)
		switch {
		case line.Word == "raw":
			raw[line.Value] = string(line.Raw)
		case strings.HasPrefix(line.Word, "err"):
			class, text, _ := strings.Cut(line.Value, " ")
			b, err := base64.StdEncoding.DecodeString(text)
			require.NoError(t, err)
			facts[line.Word] = strings.TrimSpace(class + " " + string(b))
		default:
			facts[line.Word] = line.Value
		}
	}
	return facts, raw
}

// faster are the limits of a test.
func faster() *strings.Replacer {
	return strings.NewReplacer("timeout -k 5 20 ", "timeout -k 1 1 ", "y + 9000", "y + 200",
		"timeout 20 head", "timeout 1 head")
}

// shownUnit is what systemctl shows.
const shownUnit = `shown() { printf "Id=x.service\nLoadState=loaded\nActiveState=$1\nSubState=s\nMainPID=0\n"
printf "NRestarts=0\nInvocationID=$2\n\nId=sysinit.target\nActiveState=active\nInvocationID=b\n"; }
`

// within wants something to take less than most. A busy machine adds time: the best of some attempts counts.
func within(t *testing.T, most time.Duration, do func()) {
	t.Helper()
	best := time.Hour
	for n := 0; n < 4 && best >= most; n++ {
		begin := time.Now()
		do()
		best = min(best, time.Since(begin))
	}
	require.Less(t, best, most, "the best of some attempts")
}

// TestASystemdThatHangs has a systemctl that does not answer, or that fails, from some moment on.
func TestASystemdThatHangs(t *testing.T) {
	const hung = "systemctl show did not return in 20 s"
	for _, shell := range shells() {
		for name, c := range map[string]struct {
			op      string
			before  string // of the restart
			restart string
			after   string
			want    string
		}{
			"a look hangs":               {"unit", "exec sleep 30", "", "", "sys " + hung},
			"a look fails":               {"unit", "echo no bus; exit 1", "", "", "sys no bus"},
			"the first look hangs":       {"restart", "exec sleep 30", "", "", "sys " + hung},
			"a look after it hangs":      {"restart", "shown active 1", "", "exec sleep 30", "unknown " + hung},
			"a look after it fails":      {"restart", "shown active 1", "", "echo no bus; exit 1", "unknown no bus"},
			"a look after a fault fails": {"restart", "shown active 1", "exit 1", "echo no bus; exit 1", "unknown no bus"},
			"it tries again for ever": {"restart", "shown active 1", "echo failed; exit 1",
				"sleep 0.5; shown activating 2", "unit failed\nwords"},
			"the looks are slow": {"restart", "shown active 1", "", "sleep 0.7; shown active 2", ""},
		} {
			t.Run(shell+" "+name, func(t *testing.T) {
				dir := t.TempDir()
				restarted := filepath.Join(dir, "restarted")
				script := "#!/bin/sh\n" + shownUnit +
					"case \"$*\" in *restart*) touch " + restarted + "\n" + c.restart + "\nexit ;; esac\n" +
					"if [ -e " + restarted + " ]; then :\n" + c.after + "\nelse :\n" + c.before + "\nfi\n"
				journal := "#!/bin/sh\necho words\nexec sleep 30\n"
				require.NoError(t, os.WriteFile(filepath.Join(dir, "systemctl"), []byte(script), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, "journalctl"), []byte(journal), 0o755))
				op := Op{Name: "unit", Args: []string{"x.service"}}
				if c.op == "restart" {
					op = Op{Name: "restart", Args: []string{"x.service", "15", "0.2"}}
				}
				within(t, 9*time.Second, func() {
					_ = os.Remove(restarted)
					facts, _ := trial{shell, dir, faster()}.finish(t, op)
					require.Equal(t, c.want, facts["err"])
				})
			})
		}
	}
}

// TestPackagesThatCannotBeReadAfterwards: nobody knows what the installation did.
func TestPackagesThatCannotBeReadAfterwards(t *testing.T) {
	for _, shell := range shells() {
		dir := t.TempDir()
		begun := filepath.Join(dir, "begun")
		query := "#!/bin/sh\n[ ! -e " + begun + " ] || exit 2\nexit 1\n"
		for name, text := range map[string]string{
			"dpkg-query": query, "apt-get": "#!/bin/sh\ntouch " + begun + "\n", "dpkg": "#!/bin/sh\n",
		} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
		}
		facts, _ := trial{shell, dir, faster()}.finish(t, Op{Name: "install", List: []string{"no-such-package"}})
		require.Equal(t, "unknown dpkg-query does not work: it ended with the status 2", facts["err"], shell)
	}
}

// TestPackagesThatNobodyCouldCount: a query that is killed or hangs says nothing of what is missing, whatever it said
// before.
func TestPackagesThatNobodyCouldCount(t *testing.T) {
	const there, missing = "echo \"ii  a 1\"", "echo \"package b is not installed\""
	limits := []string{"timeout -k 5 60 ", "timeout -k 1 1 "}
	withRPM := append([]string{"[ -s /var/lib/dpkg/status ]", "false"}, limits...)
	for _, shell := range shells() {
		for name, c := range map[string]struct {
			program, script string
			limits          []string
			err             string
		}{
			"dpkg-query answers":       {"dpkg-query", there + "; exit 1", limits, ""},
			"dpkg-query is killed":     {"dpkg-query", there + "; kill -9 $$", limits, "dpkg-query was killed"},
			"dpkg-query hangs":         {"dpkg-query", there + "; exec sleep 30", limits, "dpkg-query was killed"},
			"dpkg-query does not stop": {"dpkg-query", "trap \"\" TERM; sleep 5; sleep 5", limits, "dpkg-query was killed"},
			"rpm answers":              {"rpm", there + "; " + missing + "; exit 1", withRPM, ""},
			"rpm misses many":          {"rpm", there + "; " + missing + "; exit 137", withRPM, ""},
			"rpm is killed":            {"rpm", there + "; kill -9 $$", withRPM, "rpm was killed, or did not return"},
			"rpm is ended":             {"rpm", there + "; kill $$", withRPM, "rpm does not work"},
			"rpm fails":                {"rpm", "echo no memory; exit 1", withRPM, "rpm does not work"},
			"rpm hangs":                {"rpm", there + "; exec sleep 30", withRPM, "rpm was killed, or did not return"},
			"rpm is without database": {"rpm", "echo error: cannot open Packages; " + there + "; " + missing, withRPM,
				"error: cannot open Packages"},
		} {
			t.Run(shell+" "+name, func(t *testing.T) {
				dir := programs(t, map[string]string{c.program: c.script})
				var facts map[string]string
				within(t, 9*time.Second, func() {
					facts, _ = trial{shell, dir, strings.NewReplacer(c.limits...)}.finish(t,
						Op{Name: "packages", List: []string{"a", "b"}})
				})
				if c.err != "" {
					require.Regexp(t, "^sys [^|]*"+c.err, facts["err"])
					require.NotContains(t, facts, "pkgs0")
					return
				}
				require.NotContains(t, facts, "err")
				require.Equal(t, "ii  a 1", facts["pkgs0"])
			})
		}
	}
}

// TestAFifoInPlaceOfAFile is put there right before the file is opened: for several files at once,
// and for one by itself.
func TestAFifoInPlaceOfAFile(t *testing.T) {
	for _, shell := range shells() {
		for program, at := range map[string]string{"head": "*", "stat": `"-L -c "*"-- FILE"`} {
			t.Run(shell+" "+program, func(t *testing.T) {
				work := t.TempDir()
				file, other := filepath.Join(work, "file"), filepath.Join(work, "other")
				require.NoError(t, os.WriteFile(file, []byte("content"), 0o600))
				require.NoError(t, os.WriteFile(other, []byte("other"), 0o600))
				swap := "case $* in " + strings.ReplaceAll(at, "FILE", file) + ") rm " + file + "; mkfifo " + file + " ;; esac"
				dir := programs(t, map[string]string{program: swap + "\nexec /usr/bin/" + program + ` "$@"`})
				if program == "stat" { // which tells of the file that was there
					dir = programs(t, map[string]string{program: "/usr/bin/stat \"$@\"; z=$?\n" + swap + "\nexit $z"})
				}
				list := []string{"r" + file, "r/proc/sys/kernel/ostype", "r" + other}
				op := Op{Name: "files", Args: []string{"100"}, List: list}
				facts, raw := trial{shell, dir, faster()}.finish(t, op)
				require.Equal(t, "notreg", facts["err0"])
				require.Equal(t, "Linux\n", raw["data1"])
				require.Equal(t, "other", raw["data2"])
			})
		}
	}
}

// TestACutRequest ends in the lines of an op, or in data behind what was done.
func TestACutRequest(t *testing.T) {
	for _, shell := range shells() {
		dir := t.TempDir()
		data := strings.Repeat("x", 5000)
		write := Op{Name: "write", Args: []string{filepath.Join(dir, "file"), "", "", "", "", strings.Repeat("0", 64), "r"},
			Data: []byte(data)}
		whole := request([]Op{write})
		for cut, exit := range map[int]int{
			bytes.Index(whole, []byte("\n\n")): 90, bytes.Index(whole, []byte(data)) + len(data): 92,
		} {
			c, r := trial{shell, dir, faster()}.startCut(t, whole[:cut])
			_, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Error(t, c.Wait())
			require.Equal(t, exit, c.ProcessState.ExitCode(), "%s %d", shell, cut)
		}
	}
}
