package sshconfig_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/sshconfig"
)

// target is what a text says about hosts; DIR in it is a folder, which is the user's home.
func target(t *testing.T, text string, host string) (sshconfig.Target, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".ssh", "conf.d"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".ssh/conf.d/a"), []byte("Host c*\nPort 23\n"), 0o600))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	c, err := sshconfig.Load(dir, sshconfig.Source{Path: path}, sshconfig.Source{Path: dir + "/none", Optional: true})
	if err != nil {
		return sshconfig.Target{}, err
	}
	got := c.Target("me", host)
	relative := func(s string) string { return strings.ReplaceAll(s, dir, "DIR") }
	for key, from := range got.From {
		got.From[key] = relative(from)
	}
	for i := range got.Unused {
		got.Unused[i].Text = relative(got.Unused[i].Text)
	}
	for i := range got.IdentityFiles {
		got.IdentityFiles[i] = relative(got.IdentityFiles[i])
	}
	var faults []error
	for _, fault := range got.Faults {
		faults = append(faults, fault)
	}
	return got, errors.Join(faults...)
}

func texts(all []sshconfig.Unused) (texts []string) {
	for _, u := range all {
		texts = append(texts, u.Text)
	}
	return texts
}

func TestWhereSettingsAreFrom(t *testing.T) {
	got, err := target(t, "Include conf.d/*\nUser me\nHost c1 c2\n  HostName 192.0.2.1\n  IdentityFile ~/a\nHost "+
		"*\nIdentityFile ~/b\n",
		"c1")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"Port":         "Port 23 of DIR/.ssh/conf.d/a:2 (Host c*)",
		"User":         "User me of DIR/config:2",
		"HostName":     "HostName 192.0.2.1 of DIR/config:4 (Host c1 c2)",
		"IdentityFile": "IdentityFile ~/a of DIR/config:5 (Host c1 c2), ~/b of DIR/config:7 (Host *)",
	}, got.From)
	assert.Equal(t, []string{"DIR/a", "DIR/b"}, got.IdentityFiles)
	assert.Empty(t, got.Unused)
}

func TestAPatternThatIsDenied(t *testing.T) {
	const text = "Host 192.0.2.*\nUser net\nHost c1\nPort 23\nHost * !192.0.2.1\nIdentityFile /x\n"
	got, err := target(t, text, "192.0.2.1")
	require.NoError(t, err)
	assert.Equal(t, "net", got.User)
	assert.Zero(t, got.Port)
	assert.Empty(t, got.IdentityFiles)
}

// TestTheFirstOfProxyCommandAndProxyJump counts, as in ssh.
func TestTheFirstOfProxyCommandAndProxyJump(t *testing.T) {
	for text, hops := range map[string]int{
		"Host c1\nProxyCommand none\nHost *\nProxyJump other\n": 0, "ProxyCommand x\nProxyJump other\n": 0,
		"ProxyJump other\nProxyCommand x\n": 1, "Host c2\nProxyCommand none\nHost *\nProxyJump other\n": 1,
	} {
		got, err := target(t, text, "c1")
		require.NoError(t, err)
		assert.Len(t, got.ProxyJump, hops, text)
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config")
	require.NoError(t, os.WriteFile(file, []byte("Include *\nUser me\n"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".ssh", "folder"), 0o700))
	c, err := sshconfig.Load(dir, sshconfig.Source{Path: file + "/.ssh/config", Optional: true},
		sshconfig.Source{Path: file})
	require.NoError(t, err, "a home that is not a folder has no file, and a folder is not included")
	assert.Equal(t, "me", c.Target("x", "c1").User)
}

func TestWhatIsNotUsedIsSaid(t *testing.T) {
	got, err := target(t, "Match exec \"true # x\" host c1\nUser no\nInclude conf.d/a\nIdentityFile /m\nHost "+
		"c1\nUser yes\n"+
		"ProxyCommand ssh -W %h:%p secret\nHostKeyAlias x\nMatch host c1\nUser late\nHost other\nProxyCommand "+
		"no\n", "c1")
	require.NoError(t, err)
	assert.Equal(t, "yes", got.User)
	assert.Empty(t, got.IdentityFiles)
	assert.Zero(t, got.Port)
	const match = " (Match exec …) is not used"
	assert.Equal(t, []string{"User no of DIR/config:2" + match, "Port 23 of DIR/.ssh/conf.d/a:2" + match,
		"IdentityFile /m of DIR/config:4" + match, "ProxyCommand of DIR/config:7 (Host c1) is not used",
		"HostKeyAlias of DIR/config:8 (Host c1) is not used"}, texts(got.Unused))

	got, err = target(t, "IdentityFile /a\nUser a\nMatch user a\nIdentityFile /b\nUser b\n", "c1")
	require.NoError(t, err)
	assert.Equal(t, []string{"IdentityFile /b of DIR/config:4 (Match user a) is not used"}, texts(got.Unused),
		"ssh adds up IdentityFile")

	got, err = target(t, "ProxyJump a\nProxyCommand b\n", "c1")
	require.NoError(t, err)
	assert.Empty(t, got.Unused, "ssh uses the first of both")
}

func TestWhatIsWrongInAFile(t *testing.T) {
	for text, want := range map[string]string{
		"UserKnownHostsFile /dev/null\n": "config:1: UserKnownHostsFile: /dev/null keeps no host keys, " +
			"and host keys are always",
		"Host c1\nUserKnownHostsFile /k /dev/null": "config:2 (Host c1): UserKnownHostsFile: /dev/null",
		"UserKnownHostsFile //dev/../dev/null\n":   "keeps no host keys",
		"UserKnownHostsFile none\n":                "none keeps no host keys",
		"UserKnownHostsFile '' /k\n":               "UserKnownHostsFile: a name is empty",
		"User 'a\n":                                "config:1: User: a quote does not end",
		"Port x\n":                                 "config:1: Port: \"x\" is not a port",
		"HostName %C\n":                            "config:1: HostName: the token %C is not supported",
		"IdentityFile ${NOT_SET_AT_ALL}/x\n":       "IdentityFile: the environment has no variable NOT_SET_AT_ALL",
		"HostName a b\n":                           "HostName: it is not one value",
		"ProxyJump %h-gw\n":                        "tokens such as %h are not read here: set jump in the Spec",
		"ProxyJump a,,b\n":                         "ProxyJump: \"\" is not [user@]host[:port]",
		"Include DIR\nInclude ~/config\n":          "more than 16 files include each other",
	} {
		_, err := target(t, text, "c1")
		assert.ErrorContains(t, err, want, text)
	}
	_, err := target(t, "Host other\nUserKnownHostsFile /dev/null\nPort x\n", "c1")
	assert.NoError(t, err, "it is not for the host")
}

func TestAFileThatOthersCanWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(path, []byte("User me\n"), 0o600))
	for mode, fine := range map[os.FileMode]bool{0o600: true, 0o644: true, 0o664: false, 0o602: false} {
		require.NoError(t, os.Chmod(path, mode))
		_, err := sshconfig.Load("/", sshconfig.Source{Path: path, Optional: true})
		if fine {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, path+" can be written by others than its owner")
	}
	_, err := sshconfig.Load("/", sshconfig.Source{Path: path + "2"})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzConfig(f *testing.F) {
	for _, text := range configs() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := target(t, text, "compute1")
		if err == nil && got.Port < 0 {
			t.Error("negative port")
		}
	})
}
