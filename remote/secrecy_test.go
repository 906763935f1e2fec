package remote_test

import (
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

const canary = "AQCanaryOfAKeyThatNobodyMaySee=="

// secretOps bring a canary in every way there is.
func secretOps(s *sshd) []remote.Op {
	return []remote.Op{
		remote.Stat{Path: "/"},
		remote.WriteFile{Path: s.dir + "/secret", Data: []byte("[client.x]\n\tkey = " + canary + "\n")},
		remote.Run{Argv: []string{"cat"}, Stdin: cephstack.Redact(canary)},
	}
}

// Whatever reads standard input where the program should: it gets nothing that is private, and
// the error has nothing of the kind.
func TestNothingPrivateIsSentBeforeTheProgramAnswers(t *testing.T) {
	script := func(text string) (string, string) { return text, "" }
	forced := func(command string) (string, string) { return "", command }
	for name, reader := range map[string]func() (script, command string){
		"a script that reads a line": func() (string, string) {
			return script(`read -r c; echo "$c" >GOT; echo "invalid choice: $c"; exit 1`)
		},
		"a script that reads all":     func() (string, string) { return script("tee GOT; exit 1\n") },
		"a script that goes on":       func() (string, string) { return script("tee GOT\n") },
		"a script that speaks of all": func() (string, string) { return script("set -x; exec 2>&1; tee GOT; exit 1\n") },
		"a command that echoes":       func() (string, string) { return forced("tee GOT") },
		"a command that only echoes":  func() (string, string) { return forced("cat") },
		"a command that echoes its line": func() (string, string) {
			return forced(`echo "no: $SSH_ORIGINAL_COMMAND" >&2; echo "$SSH_ORIGINAL_COMMAND"; tee GOT`)
		},
		"a command that echoes on standard error": func() (string, string) { return forced("tee GOT >&2") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSSHD(t)
			s.withPassword(t, canary, "admin ALL=(ALL) ALL\n")
			got := filepath.Join(s.dir, "got")
			rc, command := reader()
			s.put(t, "home/admin/.bashrc", strings.ReplaceAll(rc, "GOT", got), 0o644)
			if command != "" {
				key, err := os.ReadFile(s.dir + "/authorized")
				require.NoError(t, err)
				line := fmt.Sprintf("command=%q %s", strings.ReplaceAll(command, "GOT", got), key)
				s.put(t, "authorized", line, 0o644)
			}
			for _, sudo := range []bool{false, true} {
				s.put(t, "got", "", 0o666)
				require.NoError(t, os.Chmod(got, 0o666))
				cfg := s.config(t, "admin", s.address)
				cfg.Sudo, cfg.Password, cfg.Timeouts.Start = sudo, remote.NewPassword(canary), 6*time.Second
				results, err := open(t, cfg).Do(t.Context(), secretOps(s)...)
				require.Error(t, err)
				require.NotContains(t, err.Error(), canary)
				for _, r := range results {
					require.NotContains(t, r.Err.Error(), canary)
					require.NotErrorIs(t, r.Err, remote.ErrUnknown)
				}
				data, err := os.ReadFile(got)
				require.NoError(t, err)
				require.NotContains(t, string(data), canary)
				require.NoFileExists(t, s.dir+"/secret")
			}
		})
	}
}

// Sudo asks, and a script before it has moved standard error to standard output. Nothing but
// the words of sudo counts as a question.
func TestThePasswordIsForSudoAlone(t *testing.T) {
	s := startSSHD(t)
	s.withPassword(t, canary, "Defaults:admin lecture=always\nadmin ALL=(ALL) ALL\n")
	for name, script := range map[string]string{
		"both outputs are the same": "exec 2>&1\n",
		"noise":                     noisyRC,
		"something like a question": "echo '[sudo] password for admin: ' >&2\n",
	} {
		t.Run(name, func(t *testing.T) {
			s.put(t, "home/admin/.bashrc", script, 0o644)
			cfg := s.config(t, "admin", s.address)
			cfg.Password = remote.NewPassword(canary)
			h := open(t, cfg)
			for range 2 {
				results, err := h.Do(t.Context(), secretOps(s)...)
				require.NoError(t, err)
				for _, r := range results {
					require.NoError(t, r.Err)
				}
				require.Equal(t, canary, string(results[2].Data))
			}
		})
	}
}

func TestAKeyThatIsRefusedByItsWidth(t *testing.T) {
	s := startSSHD(t)
	file := filepath.Join(t.TempDir(), "key")
	for mode, good := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o644: false, 0o604: false} {
		require.NoError(t, os.WriteFile(file, s.clientKey, 0o600))
		require.NoError(t, os.Chmod(file, mode))
		cfg := s.config(t, "root", s.address)
		cfg.Keys, cfg.KeyFiles = nil, []string{file}
		_, err := open(t, cfg).Do(t.Context())
		if good {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, remote.ErrLocal)
		require.ErrorIs(t, err, remote.ErrAuth)
		require.ErrorContains(t, err, "chmod 600 "+file)
		require.False(t, strings.Contains(err.Error(), "PRIVATE"))
	}
}
