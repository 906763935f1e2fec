package remote_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

// TestSudoThatLogsEachProgram is a real sudo with log_subcmds, or with intercept. It reads the environment of each
// program
// that root's shell starts, and kills a program with a string of more than some 4 KiB there. What sudo keeps of its own
// command line (SUDO_COMMAND) is longer.
func TestSudoThatLogsEachProgram(t *testing.T) {
	for _, defaults := range []string{"log_subcmds", "intercept"} {
		t.Run(defaults, func(t *testing.T) {
			s := startSSHD(t)
			s.put(t, "sudoers", testSudoers+"Defaults:admin "+defaults+"\n", 0o440)
			h := s.open(t, "admin")
			path := s.dir + "/file"
			r, err := h.Do(t.Context(), remote.Stat{Path: "/etc"},
				remote.Run{Argv: []string{"sh", "-c", "id -u; env | grep -c SUDO_COMMAND"}},
				remote.WriteFile{Path: path, Data: []byte("text\n"), Mode: 0o600},
				remote.ReadFile{Path: path})
			require.NoError(t, err)
			require.NoError(t, r[0].Err)
			require.NoError(t, r[1].Err)
			require.Equal(t, "0\n0\n", string(r[1].Data))
			require.NoError(t, r[2].Err)
			require.Equal(t, "text\n", string(r[3].Data))
			r, err = h.Do(t.Context(), remote.Run{Argv: []string{"printf", "%s", strings.Repeat("a", 4000)},
				Stdin: cephstack.Redact("x")})
			require.NoError(t, err)
			require.NoError(t, r[0].Err)
			require.Len(t, r[0].Data, 4000)
		})
	}
}
