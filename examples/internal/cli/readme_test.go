package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readmeCommands are the commands of the program in the README, without their comments, each on one line.
func readmeCommands(t *testing.T) (text string, commands [][]string) {
	t.Helper()
	data, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	text = string(data)
	comment := regexp.MustCompile(`\s+#.*`)
	for line := range strings.Lines(strings.ReplaceAll(comment.ReplaceAllString(text, ""), "\\\n", "")) {
		if rest, ok := strings.CutPrefix(line, "    cephstack "); ok {
			commands = append(commands, strings.Fields(strings.ReplaceAll(rest, "'", "")))
		}
	}
	return text, commands
}

// TestTheFirstHourOfTheREADME runs its first commands on a fresh machine, where no host answers. None of them is wrong
// usage, and none asks for what the README does not name. The release is what a host would tell.
func TestTheFirstHourOfTheREADME(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("SSH_AUTH_SOCK", "")
	_, commands := readmeCommands(t)
	t.Chdir(home)
	steps := map[string]int{"init": exitDone, "validate": exitDone, "trust": exitFailed}
	for _, c := range commands[:3] {
		want, known := steps[c[0]]
		require.True(t, known, c)
		delete(steps, c[0])
		if c[0] == "init" {
			c = append(c, "--release", "zed", "--address", "ceph01=127.0.0.1:1", "--address", "controller=127.0.0.2:1", "--address",
				"compute[001-400]=127.0.1.[1-400]:1")
		}
		code, stdout, stderr := call(t, c...)
		assert.Equal(t, want, code, "%q\n%s%s", c, stdout, stderr)
		if c[0] == "trust" {
			assert.Contains(t, stderr, "ceph01, controller, compute[001-400]: connect: ")
			assert.LessOrEqual(t, strings.Count(stderr, "\n"), 3, stderr)
		}
	}
	assert.Empty(t, steps)
	// Once known_hosts is there, the login lacks nothing either: it is the network that fails.
	require.NoError(t, os.Mkdir(filepath.Join(home, ".ssh"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, ".ssh", "known_hosts"), nil, 0o600))
	key, err := os.ReadFile(filepath.Join(filepath.Dir(newStrange(t, t.TempDir()).spec), "id"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(home, ".ssh", "id_ed25519"), key, 0o600))
	code, stdout, stderr := call(t, "plan", "--limit", "controller")
	assert.Equal(t, exitFailed, code, stderr)
	assert.NotContains(t, stdout+stderr, "spec: ssh")
}

// TestCommandsOfTheREADME have the flags that it shows, and each command of the first lines has a command line.
func TestCommandsOfTheREADME(t *testing.T) {
	text, commands := readmeCommands(t)
	shown := map[string]bool{}
	for _, c := range commands {
		shown[c[0]] = true
		cmd, err := find(Commands(), c)
		require.NoError(t, err, c)
		cmd.InitDefaultHelpFlag()
		assert.NoError(t, cmd.ParseFlags(c[1:]), c)
	}
	for _, name := range []string{"init", "validate", "trust", "plan", "apply", "verify", "adopt", "drift", "audit",
		"rotate", "retire"} {
		assert.True(t, shown[name], name)
	}
	_, limits, ok := strings.Cut(strings.ReplaceAll(text, "\n", " "), "`--limit` restricts ")
	require.True(t, ok)
	limits, whole, ok := strings.Cut(limits, " to some hosts; ")
	require.True(t, ok)
	whole, _, _ = strings.Cut(whole, " are ")
	for _, c := range Commands().Commands() {
		has, named := c.Flags().Lookup("limit") != nil, regexp.MustCompile(`\b`+c.Name()+`\b`)
		assert.Equal(t, has, named.MatchString(limits), c.Name())
		if named.MatchString(whole) {
			assert.False(t, has, c.Name())
		}
	}
	_, block, _ := strings.Cut(text, "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	code, stdout, stderr := call(t, "validate", "-f", write(t, block))
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "402 hosts")
	assert.LessOrEqual(t, strings.Count(text, "\n"), 155)
}
