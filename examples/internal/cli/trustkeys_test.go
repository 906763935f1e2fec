package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTrustOfAFreshMachine writes where ssh would look, which is not there yet, and then the hosts let the plan in.
func TestTrustOfAFreshMachine(t *testing.T) {
	s := newStrange(t, t.TempDir())
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("SSH_AUTH_SOCK", "")
	data, err := os.ReadFile(s.spec)
	require.NoError(t, err)
	text := strings.Replace(string(data), "key_files: [id], known_hosts: [known_hosts]", "sudo: false", 1)
	require.NoError(t, os.WriteFile(s.spec, []byte(text), 0o600))
	code, _, stderr := call(t, "plan", "-f", s.spec)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "ssh.known_hosts: is not in the Spec, and stat "+home+"/.ssh/known_hosts: ")
	assert.Contains(t, stderr, "ssh.key_files: is missing: ")
	code, _, stderr = call(t, "trust", "-f", s.spec)
	assert.Equal(t, exitChanges, code, stderr)
	_, err = os.Stat(filepath.Join(home, ".ssh"))
	require.ErrorIs(t, err, os.ErrNotExist, "nothing is written unasked")

	prints := write(t, "256 "+s.prints[0]+" root@host0.example.com (ED25519)\n256 "+s.prints[1]+" host1 (ED25519)\n")
	code, stdout, stderr := call(t, "trust", "-f", s.spec, "--keys", prints)
	assert.Equal(t, exitDone, code, stderr)
	assert.Equal(t, 2, strings.Count(stdout, "added     host"))
	for name, mode := range map[string]os.FileMode{".ssh": 0o700, ".ssh/known_hosts": 0o600} {
		info, err := os.Stat(filepath.Join(home, name))
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm(), name)
	}
	id, err := os.ReadFile(filepath.Join(filepath.Dir(s.spec), "id"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(home, ".ssh", "id_ed25519"), id, 0o600))
	code, stdout, stderr = call(t, "plan", "-f", s.spec)
	assert.NotEqual(t, exitUsage, code, stderr)
	assert.NotContains(t, stdout+stderr, "not trusted")
	assert.NotContains(t, stdout+stderr, "no key")
	assert.NotContains(t, stdout+stderr, "authenticate")
}

// TestKeysOfAFile are learned where the host shows the same, and a host that shows another key is refused.
func TestKeysOfAFile(t *testing.T) {
	s := newStrange(t, t.TempDir())
	line := func(host int, print string) string { return fmt.Sprintf("256 %s root@host%d (ED25519)\n", print, host) }
	run := func(text string, flags ...string) (int, string, string) {
		return call(t, append([]string{"trust", "-f", s.spec, "--keys", write(t, text)}, flags...)...)
	}
	for text, want := range map[string]string{
		"nothing\n":       "--keys: ",
		"@revoked x y z":  "line 1: it begins with @revoked",
		"256 x c (RSA)\n": "no line has a host and its key",
		"256 " + s.prints[0] + " host0.a (ED25519)\n256 " + s.prints[0] + " host0.b (ED25519)\n": "" +
			"it has keys of host0.a and of host0.b",
	} {
		code, stdout, stderr := run(text)
		assert.Equal(t, exitUsage, code, text)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, want)
	}
	code, _, stderr := call(t, "trust", "-f", s.spec, "--keys", "/nonexistent")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "--keys: open /nonexistent: ")

	// host1 has a key of host0, as a file for other hosts says, and host0 has its own.
	code, stdout, stderr := run(line(0, s.prints[0]) + line(1, s.prints[0]) + line(7, s.prints[1]))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "added     host0 ")
	assert.Contains(t, stdout, "not known host1 ")
	assert.Contains(t, stderr, "host1: remote: host key not trusted: it shows ssh-ed25519 "+s.prints[1]+", and the key "+
		"that was verified is "+s.prints[0]+": somebody else may be answering")
	assert.Equal(t, 1, strings.Count(s.text(t), "\n"))

	code, stdout, stderr = run(line(0, s.prints[0]))
	assert.Equal(t, exitChanges, code)
	assert.Contains(t, stdout, "known     host0 ")
	assert.Regexp(t, "^Hosts of which no key is known, and of which .* says nothing: host1\n$", stderr)
	code, stdout, stderr = run("[127.0.0.1]"+s.address[1][9:]+" "+strings.Join(strings.Fields(s.text(t))[1:3], " ")+"\n",
		"--limit", "host1")
	assert.Equal(t, exitFailed, code, stderr)
	assert.NotContains(t, stdout, "host0", "it was left out")
	code, stdout, stderr = run(line(1, s.prints[1]), "--limit", "host1")
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "added     host1 ")
	code, _, stderr = call(t, "trust", "-f", s.spec, "--limit", "host0")
	assert.Equal(t, exitDone, code, stderr+": a host without services can be named")
	code, _, stderr = call(t, "trust", "-f", s.spec, "--limit", "host9")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, `--limit: the Spec has no host or group "host9"`)
}

// TestHostsThatDoNotAnswerAreToldOnce, with their names as a range.
func TestHostsThatDoNotAnswerAreToldOnce(t *testing.T) {
	file := write(t, "clusters: [{name: ceph, host: mon}]\nssh: {user: root, known_hosts: [known]}\nhosts:\n"+
		"- {name: mon, address: '127.0.0.1:1'}\n- {name: 'c[001-200]', address: '127.0.1.[1-200]:1'}\n- {name: gw, address: "+
		"gw.invalid}\n")
	code, _, stderr := call(t, "trust", "-f", file)
	assert.Equal(t, exitFailed, code)
	assert.Regexp(t, `mon, c\[001-200\]: connect: .*ADDRESS`, stderr)
	assert.LessOrEqual(t, strings.Count(stderr, "\n"), 4, stderr)
	assert.Contains(t, stderr, "gw: connect: ")
}
