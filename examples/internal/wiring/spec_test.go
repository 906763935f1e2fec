package wiring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// small is a Spec that lacks only ssh.
const small = `release: zed
clusters: [{name: ceph, host: mon1}]
hosts:
  - {name: mon1, address: "ADDRESS"}
  - {name: compute1, address: 192.0.2.1, services: [nova-compute]}
nova: {}
cloud: {name: fake, clouds_file: clouds.yaml}
`

func put(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestPathsAreRelativeToTheSpec(t *testing.T) {
	dir, home := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	key := put(t, filepath.Join(dir, "keys", "id"), "")
	known := put(t, filepath.Join(home, ".ssh", "known_hosts"), "")
	path := put(t, filepath.Join(dir, "cloud.yaml"), small+`
prepare: {sudo: {}}
ssh:
  user: deploy
  sudo: true
  key_files: [keys/id, `+key+`]
  known_hosts: [~/.ssh/known_hosts]
  entry: {user: installer, key_files: [keys/id], password_file: ~/password}
  timeouts: {connect: 2s}
`)
	s, err := Load(path)
	require.NoError(t, err)
	assert.Equal(t, spec.SSH{User: "deploy", Sudo: true, KeyFiles: []string{key, key}, KnownHosts: []string{known},
		Entry:    &spec.Entry{User: "installer", KeyFiles: []string{key}, PasswordFile: filepath.Join(home, "password")},
		Timeouts: spec.Timeouts{Connect: "2s"}}, s.SSH)
	assert.Equal(t, filepath.Join(dir, "clouds.yaml"), s.Cloud.CloudsFile)
}

func TestFilesThatAreMissingAreSaidWithTheOtherFaults(t *testing.T) {
	dir := t.TempDir()
	key := put(t, filepath.Join(dir, "id"), "")
	_, err := Load(put(t, filepath.Join(dir, "cloud.yaml"), strings.Replace(small, "zed", "atlantis", 1)+
		"ssh: {key_files: [id, none], known_hosts: [known_hosts], entry: {user: i, key_files: [entry]}, timeouts: {connect: 10, idle: -1s}}\n"))
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, field := range []string{"release", "ssh.key_files[1]", "ssh.known_hosts[0]", "ssh.entry.key_files[0]", "ssh.timeouts.connect", "ssh.timeouts.idle"} {
		assert.ErrorContains(t, err, "spec: "+field+": ")
	}
	assert.NotContains(t, err.Error(), key+":")
	assert.NotContains(t, err.Error(), "ssh.key_files[0]")
}

func TestASpecIsOneKnownDocument(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"nothing":         {"# nothing\n", "is empty"},
		"two":             {small + "---\n" + small, "more than one document"},
		"unknown":         {small + "sssh: {}\n", "sssh"},
		"unknown timeout": {small + "ssh: {timeouts: {conect: 1s}}\n", "conect"},
		"not YAML":        {"\t{", "cloud.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(put(t, filepath.Join(t.TempDir(), "cloud.yaml"), c.text))
			assert.ErrorContains(t, err, c.says)
		})
	}
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestASpecMayBeJSON(t *testing.T) {
	s, err := Load(put(t, filepath.Join(t.TempDir(), "cloud.json"), `{"release": "zed", "clusters": [{"name": "ceph"}],
		"hosts": [{"name": "compute1", "services": ["nova-compute"]}], "nova": {}, "ssh": {"timeouts": {"handshake": "1m"}}}`))
	require.NoError(t, err)
	assert.Equal(t, "1m", s.SSH.Timeouts.Handshake)
}

func TestAReleaseThatIsMissingIsNoFaultYet(t *testing.T) {
	without := strings.Replace(small, "release: zed\n", "", 1)
	s, err := Load(put(t, filepath.Join(t.TempDir(), "cloud.yaml"), without))
	require.NoError(t, err)
	assert.Empty(t, s.Release)
	_, err = Load(put(t, filepath.Join(t.TempDir(), "cloud.yaml"), without+"packages: maybe\n"))
	require.ErrorContains(t, err, "spec: packages: ")
	assert.NotContains(t, err.Error(), "spec: release: ")
}
