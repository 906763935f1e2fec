package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/integrate/schema"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A strange cloud has two hosts whose keys nobody knows yet.
type strange struct {
	spec, known string
	prints      []string // of the hosts' keys
	address     []string
}

func newStrange(t *testing.T, dir string) strange {
	t.Helper()
	s := strange{spec: filepath.Join(dir, "cloud.yaml"), known: filepath.Join(dir, "known_hosts")}
	var key []byte
	for i := range 2 {
		serve := remotetest.Serve
		if i > 0 {
			serve = func(h *remotetest.Host) (*remotetest.Server, error) { return remotetest.ServeKey(h, key) }
		}
		server, err := serve(remotetest.NewHost(fmt.Sprintf("host%d", i)))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, server.Close()) })
		_, _, pub, _, _, err := ssh.ParseKnownHosts([]byte(server.KnownHost))
		require.NoError(t, err)
		key, s.prints, s.address = server.Key, append(s.prints, ssh.FingerprintSHA256(pub)), append(s.address,
			server.Address)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "id"), key, 0o600))
	require.NoError(t, os.WriteFile(s.spec, []byte("release: zed\nclusters: [{name: ceph, host: host0}]\n"+
		"ssh: {user: root, key_files: [id], known_hosts: [known_hosts]}\nglance: {}\n"+
		"hosts: [{name: host0, address: '"+s.address[0]+"'}, {name: host1, address: '"+s.address[1]+
		"', services: [glance-api]}]\n"), 0o600))
	return s
}

func (s strange) text(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(s.known)
	require.NoError(t, err)
	return string(data)
}

// TestHostKeysAreLearnedByTheirFingerprints, and by nothing else.
func TestHostKeysAreLearnedByTheirFingerprints(t *testing.T) {
	s := newStrange(t, t.TempDir())
	code, stdout, stderr := call(t, "trust", "-f", s.spec)
	assert.Equal(t, exitChanges, code)
	assert.Equal(t, fmt.Sprintf("not known host0 (%s): ssh-ed25519 %s\nnot known host1 (%s): ssh-ed25519 %s\n",
		s.address[0], s.prints[0], s.address[1], s.prints[1]), stdout)
	assert.Contains(t, stderr, "Hosts of which no key is known: 2; nothing was written.")
	assert.NotContains(t, stderr, s.prints[0], "no line to paste unread")
	_, err := os.Stat(s.known)
	require.ErrorIs(t, err, os.ErrNotExist)
	code, _, stderr = call(t, "plan", "-f", s.spec)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "spec: ssh.known_hosts[0]: ")
	assert.Contains(t, stderr, "no such file or directory; cephstack trust shows the hosts' keys")

	code, stdout, stderr = call(t, "trust", "-f", s.spec, "--fingerprint", "host0="+s.prints[0])
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "added     host0 ")
	assert.NotContains(t, stdout, "host1")
	one := s.text(t)
	assert.Equal(t, 1, strings.Count(one, "\n"))
	code, stdout, _ = call(t, "trust", "-f", s.spec, "--output", "json")
	assert.Equal(t, exitChanges, code)
	var told schema.HostKeys
	require.NoError(t, json.Unmarshal([]byte(stdout), &told))
	assert.Equal(t, schema.HostKeys{Format: 1, Keys: []schema.HostKey{
		{Host: "host0", Address: s.address[0], Type: "ssh-ed25519", Fingerprint: s.prints[0], State: schema.KeyKnown},
		{Host: "host1", Address: s.address[1], Type: "ssh-ed25519", Fingerprint: s.prints[1], State: schema.KeyUnknown},
	}}, told)
	assert.Equal(t, one, s.text(t))

	for range 2 { // the second time nothing is left to do
		code, _, stderr = call(t, "trust", "-f", s.spec, "--fingerprint", "host0="+s.prints[0], "--fingerprint",
			"host1="+s.prints[1])
		assert.Equal(t, exitDone, code, stderr)
		assert.Equal(t, 2, strings.Count(s.text(t), "\n"))
	}
	code, _, stderr = call(t, "trust", "-f", s.spec)
	assert.Equal(t, exitDone, code, stderr)
	assert.Empty(t, stderr)
	_, stdout, _ = call(t, "plan", "-f", s.spec)
	assert.NotContains(t, stdout, remote.ErrHostKey.Error(), "the hosts let the plan in")
	assert.Contains(t, stdout, "host1")
}

func TestOtherKeysAreRefused(t *testing.T) {
	s := newStrange(t, t.TempDir())
	code, stdout, stderr := call(t, "trust", "-f", s.spec, "--fingerprint", "host0="+s.prints[1], "--fingerprint",
		"host1="+s.prints[1])
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "host0: ")
	assert.Contains(t, stderr, "no scanned key has the fingerprint "+s.prints[1])
	assert.Contains(t, stdout, "not known host0 ")
	assert.Contains(t, stdout, "added     host1 ")
	one := s.text(t)
	assert.Equal(t, 1, strings.Count(one, "\n"))

	// Another key than the one that is known, although its fingerprint is given.
	_, port, _ := strings.Cut(s.address[0], ":")
	_, rest, _ := strings.Cut(one, " ")
	changed := "[127.0.0.1]:" + port + " " + rest + one
	require.NoError(t, os.WriteFile(s.known, []byte(changed), 0o600))
	for _, flags := range [][]string{nil, {"--fingerprint", "host0=" + s.prints[0]}} {
		code, stdout, stderr = call(t, append([]string{"trust", "-f", s.spec}, flags...)...)
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, stdout, "CHANGED   host0 ")
		assert.Contains(t, stderr, "the host's key CHANGED: it shows ssh-ed25519 "+s.prints[0])
		assert.Equal(t, changed, s.text(t))
	}
}

func TestTrustsUsage(t *testing.T) {
	s := newStrange(t, t.TempDir())
	for _, flags := range [][]string{{"--fingerprint", "host0"}, {"--fingerprint", "host0=MD5:00"},
		{"--fingerprint", "=SHA256:x"}, {"--fingerprint", "nobody=SHA256:x"}} {
		code, stdout, stderr := call(t, append([]string{"trust", "-f", s.spec}, flags...)...)
		assert.Equal(t, exitUsage, code, "%q", flags)
		assert.Empty(t, stdout)
		assert.NotEmpty(t, stderr)
	}
	code, _, stderr := call(t, "trust", "-f", write(t, "ssh: {user: root, config: none}\nhosts: [{name: a}]\n"))
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "spec: ssh.known_hosts: is missing")
	code, stdout, stderr := call(t, "trust", "-f",
		write(t, "ssh: {known_hosts: [known]}\nhosts: [{name: a, address: '127.0.0.1:1'}]\n"))
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, remote.ErrUnreachable.Error())
}

// TestTheJumpHostComesFirst: hosts behind one whose key is not known are not asked.
func TestTheJumpHostComesFirst(t *testing.T) {
	s := newStrange(t, t.TempDir())
	data, err := os.ReadFile(s.spec)
	require.NoError(t, err)
	text := strings.Replace(string(data), "ssh: {user: root,", "ssh: {jump: '"+s.address[1]+"', user: root,", 1)
	text = strings.Replace(text, ", {name: host1, address: '"+s.address[1]+"', services: [glance-api]}", "", 1)
	require.NoError(t, os.WriteFile(s.spec, []byte(text), 0o600))
	code, stdout, stderr := call(t, "trust", "-f", s.spec)
	assert.Equal(t, exitChanges, code, stderr)
	assert.Equal(t, fmt.Sprintf("not known %s (%[1]s): ssh-ed25519 %s\n", s.address[1], s.prints[1]), stdout)
	assert.Contains(t, stderr, "Hosts behind it, which are asked once its key is known: 1\n")
	code, stdout, stderr = call(t, "trust", "-f", s.spec, "--fingerprint", s.address[1]+"="+s.prints[1])
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "added     "+s.address[1])

	// The jump host is known from another file, and the first one is only to be made.
	// It lets nobody through, which is why there is an error.
	require.NoError(t, os.WriteFile(s.spec, []byte(strings.Replace(text, "[known_hosts]", "[new, known_hosts]", 1)),
		0o600))
	code, stdout, stderr = call(t, "trust", "-f", s.spec)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "known     "+s.address[1])
	assert.Contains(t, stderr, "host0: ")
	assert.NotContains(t, stderr, "no such file")
}

// TestTrustSaysWhatIsFromAFileOfSSH, and writes where that file says.
func TestTrustSaysWhatIsFromAFileOfSSH(t *testing.T) {
	s := newStrange(t, t.TempDir())
	home := t.TempDir()
	t.Setenv("HOME", home)
	host, port, _ := strings.Cut(s.address[0], ":")
	file := filepath.Join(home, ".ssh", "config")
	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte("Host host0\nHostName "+host+"\nPort "+
		""+port+"\nUserKnownHostsFile "+s.known+
		"\nUser root\n"), 0o600))
	require.NoError(t, os.WriteFile(s.spec, []byte("clusters: [{name: ceph, host: host0}]\nhosts: [{name: "+
		"host0}]\n"), 0o600))
	from := fmt.Sprintf("HostName %s of %[2]s:2 (Host host0); Port %[3]s of %[2]s:3 (Host host0); User root of "+
		"%[2]s:5 (Host host0); "+
		"UserKnownHostsFile %[4]s of %[2]s:4 (Host host0)", host, file, port, s.known)
	code, stdout, stderr := call(t, "trust", "-f", s.spec, "--fingerprint", "host0="+s.prints[0])
	assert.Equal(t, exitDone, code, stderr)
	assert.Equal(t, fmt.Sprintf("host0: %s\nadded     host0 (%s): ssh-ed25519 %s\n", from, s.address[0],
		s.prints[0]), stdout)
	assert.Contains(t, s.text(t), "]:"+port+" ssh-ed25519 ")

	_, stdout, _ = call(t, "trust", "-f", s.spec, "--output", "json")
	assert.Contains(t, stdout, `"from": "HostName `+host+" of "+file+":2 (Host host0); ")
	require.NoError(t, os.WriteFile(file, []byte("Host *\nUserKnownHostsFile /dev/null\n"), 0o600))
	code, _, stderr = call(t, "trust", "-f", s.spec)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "spec: ssh.config: "+file+":2 (Host *): UserKnownHostsFile: /dev/null keeps no "+
		"host keys")
}
