package connect

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
)

// TestWhatNobodySaysIsAsSSHHasIt: a login that "ssh HOST" makes needs no word in the Spec.
func TestWhatNobodySaysIsAsSSHHasIt(t *testing.T) {
	home := atHome(t, "")
	t.Setenv("SSH_AUTH_SOCK", "")
	s := spec.Spec{Hosts: []spec.Host{{Name: "c1"}}}
	c, err := mustRoutes(t, s.SSH).host(s.Hosts[0])
	require.NoError(t, err)
	assert.NotEmpty(t, c.User, "the account that runs the program")
	assert.Empty(t, c.KeyFiles)
	for _, want := range []string{"spec: ssh.key_files: is missing: ", "~/.ssh has no id_rsa, id_ecdsa or id_ed25519",
		"spec: ssh.known_hosts: is not in the Spec, and stat " + home + "/.ssh/known_hosts: no such file or directory; " +
			"cephstack trust shows the hosts' keys"} {
		require.ErrorContains(t, errors.Join(checkRoutes(s, Options{})...), want)
	}
	targets, err := KeyTargets(s)
	require.NoError(t, err)
	require.NotEmpty(t, targets[0].KnownHosts)
	assert.Equal(t, home+"/.ssh/known_hosts", targets[0].KnownHosts[0], "trust writes there")

	var files []string
	for _, name := range []string{"id_ed25519", "id_rsa", "known_hosts2"} {
		files = append(files, filepath.Join(home, ".ssh", name))
		require.NoError(t, os.WriteFile(files[len(files)-1], nil, 0o600))
	}
	require.NoError(t, errors.Join(checkRoutes(s, Options{})...))
	c, err = mustRoutes(t, s.SSH).host(s.Hosts[0])
	require.NoError(t, err)
	assert.Equal(t, []string{files[1], files[0]}, c.KeyFiles, "in the order of ssh")
	assert.Equal(t, files[2:], c.KnownHosts)
	assert.True(t, c.OptionalKeyFiles)
	assert.False(t, c.OnlyKeyFiles)
	assert.Empty(t, c.From, "no line of a file says it")

	t.Setenv("SSH_AUTH_SOCK", "/env")
	c, err = mustRoutes(t, s.SSH).host(s.Hosts[0])
	require.NoError(t, err)
	assert.Len(t, c.KeyFiles, 2)
	assert.Equal(t, "/env", c.Agent)
	assert.False(t, c.OnlyKeyFiles, "the agent has keys of its own")
	c, err = mustRoutes(t, spec.SSH{KeyFiles: []string{"/k"}}).host(s.Hosts[0])
	require.NoError(t, err)
	assert.Equal(t, []string{"/k"}, c.KeyFiles)
	assert.False(t, c.OptionalKeyFiles)

	c, err = mustRoutes(t, spec.SSH{Config: "none"}).host(s.Hosts[0])
	require.NoError(t, err)
	assert.Empty(t, c.KeyFiles)
	assert.Empty(t, c.KnownHosts, "no file of ssh is read")
}

// TestFilesOfAllUsersCount, as a revocation may be there.
func TestFilesOfAllUsersCount(t *testing.T) {
	home := atHome(t, "UserKnownHostsFile ~/.ssh/known\nGlobalKnownHostsFile HOME/all HOME/none\n")
	all := filepath.Join(home, "all")
	require.NoError(t, os.WriteFile(all, nil, 0o600))
	c, err := mustRoutes(t, spec.SSH{}).host(spec.Host{Name: "c1"})
	require.NoError(t, err)
	assert.Equal(t, []string{home + "/.ssh/known", all}, c.KnownHosts)
	assert.Contains(t, c.From, "GlobalKnownHostsFile "+all)
	c, err = mustRoutes(t, spec.SSH{KnownHosts: []string{"/h"}}).host(spec.Host{Name: "c1"})
	require.NoError(t, err)
	assert.Equal(t, []string{"/h"}, c.KnownHosts, "the Spec has said which files count")
	assert.Empty(t, c.From)
}
