package connect

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// atHome makes a home folder whose .ssh has a config; HOME in it is the folder.
func atHome(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("SSH_AUTH_SOCK", "/env")
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".ssh"), 0o700))
	for _, name := range []string{"id", "known", "config"} {
		text := strings.ReplaceAll(config, "HOME", dir)
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".ssh", name), []byte(text), 0o600))
	}
	return dir
}

const operators = `Host c*
  HostName 192.0.2.1
  Port 2222
  User ops
  IdentityFile ~/.ssh/id
  IdentityFile ~/.ssh/none
  UserKnownHostsFile ~/.ssh/known ~/.ssh/later
  StrictHostKeyChecking no
  ForwardAgent yes
Host c* d*
  ProxyJump bastion,me@inner:23
Host bastion
  HostName 192.0.2.9
  User jumper
Host inner d1
  Port 24
Host *
  UserKnownHostsFile ~/.ssh/known
`

func TestTheFilesOfSSHSayWhatTheSpecDoesNot(t *testing.T) {
	home := atHome(t, operators)
	file := home + "/.ssh/config"
	known := []string{home + "/.ssh/known"}
	c, err := mustRoutes(t, spec.SSH{}).host(spec.Host{Name: "c1"})
	require.NoError(t, err)
	require.NotNil(t, c.Jump)
	require.NotNil(t, c.Jump.Jump)
	bastion, inner := *c.Jump.Jump, *c.Jump
	inner.Jump, c.Jump = nil, nil
	assert.Equal(t, remote.Config{Name: "c1", Address: "192.0.2.1:2222", User: "ops", OptionalKeyFiles: true,
		KeyFiles: []string{home +
			"/.ssh/id"},
		Agent: "/env", KnownHosts: known, From: fmt.Sprintf("HostName 192.0.2.1 of %[1]s:2 (Host c*); Port 2222 "+
			"of %[1]s:3 (Host c*); "+
			"User ops of %[1]s:4 (Host c*); UserKnownHostsFile ~/.ssh/known ~/.ssh/later of %[1]s:7 (Host c*); "+
			"IdentityFile ~/.ssh/id of %[1]s:5 (Host c*), ~/.ssh/none of %[1]s:6 (Host c*); %[2]s/.ssh/none is "+
			"not there; "+
			"ProxyJump bastion,me@inner:23 of %[1]s:11 (Host c* d*)", file, home)}, c)
	assert.Equal(t, remote.Config{Name: "bastion", Address: "192.0.2.9", User: "jumper", Agent: "/env",
		KnownHosts: known,
		From: fmt.Sprintf("HostName 192.0.2.9 of %[1]s:13 (Host bastion); User jumper of %[1]s:14 (Host bastion); "+
			"UserKnownHostsFile ~/.ssh/known of %[1]s:18 (Host *)", file)}, bastion)
	assert.Equal(t, "inner:23", inner.Address, "the port of ProxyJump counts")
	assert.Equal(t, "me", inner.User)
	assert.Equal(t, known, inner.KnownHosts)
}

func TestWhatTheSpecSaysWins(t *testing.T) {
	home := atHome(t, operators+"Match host c1\nUser no\nProxyCommand no\n")
	s := spec.SSH{User: "root", KeyFiles: []string{"/k"}, KnownHosts: []string{"/h"}, Jump: "bastion:25", Agent: "/a"}
	c, err := mustRoutes(t, s).host(spec.Host{Name: "c1", Address: "198.51.100.1:22"})
	require.NoError(t, err)
	jump := *c.Jump
	c.Jump = nil
	assert.Equal(t, remote.Config{Name: "c1", Address: "198.51.100.1:22", User: "root", KeyFiles: []string{"/k"},
		Agent:      "/a",
		KnownHosts: []string{"/h"}}, c, "and no word of what was not used")
	assert.Equal(t, remote.Config{Name: "bastion:25", Address: "192.0.2.9:25", User: "root",
		KeyFiles: []string{"/k"}, Agent: "/a",
		KnownHosts: []string{"/h"}, From: "HostName 192.0.2.9 of " + home + "/.ssh/config:13 (Host bastion); " +
			"ProxyCommand of " + home + "/.ssh/config:21 (Match host c1) is not used"}, jump)

	c, err = mustRoutes(t, spec.SSH{User: "root", KnownHosts: []string{"/h"}}).host(spec.Host{Name: "d1",
		Address: "198.51.100.1"})
	require.NoError(t, err)
	assert.Equal(t, "198.51.100.1", c.Address, "another cloud may have a host of this name")
	assert.Nil(t, c.Jump)
	c, err = mustRoutes(t, spec.SSH{User: "root", KnownHosts: []string{"/h"}}).host(spec.Host{Name: "x", Address: "d1"})
	require.NoError(t, err)
	assert.Equal(t, "d1:24", c.Address, "an address without a port leaves the port to the file")
	require.NotNil(t, c.Jump)

	for _, config := range []string{"none", home + "/empty"} {
		require.NoError(t, os.WriteFile(home+"/empty", nil, 0o600))
		c, err = mustRoutes(t, spec.SSH{User: "root", Config: config}).host(spec.Host{Name: "c1"})
		require.NoError(t, err)
		want := remote.Config{Name: "c1", Address: "c1", User: "root", Agent: "/env"}
		if config != "none" { // as with ssh -F
			want.KnownHosts = []string{home + "/.ssh/known_hosts", home + "/.ssh/known_hosts2"}
		}
		assert.Equal(t, want, c)
	}
}

// TestNoJumpHostIsAsked where the Spec wants a direct connection.
func TestNoJumpHostIsAsked(t *testing.T) {
	atHome(t, "Host c1\nProxyJump bastion\nHost c2\nProxyCommand nc gw %h\nMatch host c3\nProxyJump gw\n")
	for _, name := range []string{"c1", "c2", "c3"} {
		c, err := mustRoutes(t, spec.SSH{User: "root", Jump: "none"}).host(spec.Host{Name: name})
		require.NoError(t, err)
		assert.Nil(t, c.Jump, name)
		assert.Empty(t, c.From, name)
	}
}

func TestOnlyTheKeysThatAFileNames(t *testing.T) {
	home := atHome(t, "IdentitiesOnly yes\nHost c1\nIdentityFile ~/.ssh/id\n")
	for name, files := range map[string][]string{"c1": {home + "/.ssh/id"}, "c2": nil} {
		c, err := mustRoutes(t, spec.SSH{User: "root"}).host(spec.Host{Name: name})
		require.NoError(t, err)
		assert.Equal(t, files, c.KeyFiles)
		assert.Equal(t, files != nil, c.OnlyKeyFiles, "without a file, ssh asks for its own files")
	}
}

func TestAFileOfSSHCannotTakeTrustAway(t *testing.T) {
	home := atHome(t, "Host *\nUserKnownHostsFile /dev/null\nStrictHostKeyChecking no\n")
	s := spec.Spec{SSH: spec.SSH{User: "root"}, Hosts: []spec.Host{{Name: "c1"}, {Name: "c2"}}}
	want := "spec: ssh.config: " + home + "/.ssh/config:2 (Host *): UserKnownHostsFile: /dev/null keeps no host keys"
	_, err := KeyTargets(s)
	require.ErrorContains(t, err, want)
	assert.Equal(t, 1, strings.Count(err.Error(), "keeps no host keys"), "it is one fault")
	require.ErrorContains(t, check(s, Options{}), want)
	s.SSH.KnownHosts = []string{home + "/.ssh/known"}
	targets, err := KeyTargets(s)
	require.NoError(t, err)
	assert.Empty(t, targets[0].From)

	require.NoError(t, os.Chmod(home+"/.ssh/config", 0o666))
	_, err = KeyTargets(s)
	require.ErrorContains(t, err, "can be written by others")
	require.ErrorContains(t, err, `"ssh: {config: none}" in the Spec reads no file of ssh`)
	s.SSH.Config = "none"
	_, err = KeyTargets(s)
	require.NoError(t, err)
}

func TestJumpHostsThatLeadToEachOther(t *testing.T) {
	atHome(t, "Host a c1\nProxyJump b\nHost b\nProxyJump a\nHost *\nProxyJump last\n")
	_, err := mustRoutes(t, spec.SSH{User: "root"}).host(spec.Host{Name: "c1"})
	require.ErrorContains(t, err, "is behind more than 4 jump hosts; do they lead to each other?")
	c, err := mustRoutes(t, spec.SSH{User: "root"}).host(spec.Host{Name: "last"})
	require.NoError(t, err)
	assert.Nil(t, c.Jump, "a host is not reached through itself")
	c, err = mustRoutes(t, spec.SSH{User: "root"}).host(spec.Host{Name: "c2"})
	require.NoError(t, err)
	assert.Nil(t, c.Jump.Jump)
}

// TestHostsThatAreReachedAlikeShareAFleet and its one connection to the jump host, although each has its own address.
func TestHostsThatAreReachedAlikeShareAFleet(t *testing.T) {
	atHome(t, "Host c*\nHostName %h.example.com\nHost c9\nUser other\nHost *\nProxyJump "+
		"bastion\nUserKnownHostsFile ~/.ssh/known\n")
	f, err := newFleets(spec.Spec{SSH: spec.SSH{Entry: &spec.Entry{User: "first", KeyFiles: []string{"/x"}}}})
	require.NoError(t, err)
	for i := range 10 {
		h := spec.Host{Name: fmt.Sprintf("c%d", i)}
		f.routes.ssh.User = map[bool]string{false: "ops"}[i == 9]
		f.routes.base.User = f.routes.ssh.User
		_, err = f.host(h)
		require.NoError(t, err)
		_, err = f.first(h)
		require.NoError(t, err)
	}
	assert.Len(t, f.all, 4)
}

func TestTargetsOfTheFilesOfSSH(t *testing.T) {
	home := atHome(t, operators)
	targets, err := KeyTargets(spec.Spec{Hosts: []spec.Host{{Name: "c1"}, {Name: "c2"}, {Name: "d1"}}})
	require.NoError(t, err)
	var names []string
	for _, c := range targets {
		names = append(names, c.Name+" "+c.Address)
	}
	assert.Equal(t, []string{"bastion 192.0.2.9", "inner:23 inner:23", "c1 192.0.2.1:2222", "c2 192.0.2.1:2222",
		"d1 d1:24"}, names)
	assert.Equal(t, []string{home + "/.ssh/known", home + "/.ssh/later"}, targets[2].KnownHosts)
	assert.Contains(t, targets[2].From, "HostName 192.0.2.1 of ")
}
