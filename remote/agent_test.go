package remote_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

// An agentProgram is a real ssh-agent, with a folder for keys.
type agentProgram struct {
	t           *testing.T
	dir, socket string
}

func startAgent(t *testing.T) agentProgram {
	t.Helper()
	needRoot(t, "/usr/bin/ssh-agent")
	a := agentProgram{t, t.TempDir(), ""}
	a.socket = filepath.Join(a.dir, "socket")
	cmd := exec.Command("ssh-agent", "-D", "-a", a.socket)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	for range 200 {
		if _, err := os.Stat(a.socket); err == nil {
			return a
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("ssh-agent makes no socket")
	return a
}

const passphrase = "open sesame"

// key makes a key with the passphrase, by ssh-keygen and its args.
func (a agentProgram) key(name string, args ...string) string {
	a.t.Helper()
	file := filepath.Join(a.dir, name)
	args = append([]string{"-q", "-N", passphrase, "-f", file}, args...)
	out, err := exec.Command("ssh-keygen", args...).CombinedOutput()
	require.NoError(a.t, err, "%s", out)
	return file
}

// add gives a key to the agent.
func (a agentProgram) add(file string) {
	a.t.Helper()
	ask := filepath.Join(a.dir, "ask")
	require.NoError(a.t, os.WriteFile(ask, []byte("#!/bin/sh\necho '"+passphrase+"'\n"), 0o700))
	cmd := exec.Command("ssh-add", "-q", file)
	cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+a.socket, "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force")
	out, err := cmd.CombinedOutput()
	require.NoError(a.t, err, "%s", out)
}

func (a agentProgram) public(file string) string {
	a.t.Helper()
	text, err := os.ReadFile(file + ".pub")
	require.NoError(a.t, err)
	return string(text)
}

// TestAKeyOfTheAgentIsChosen where the agent holds more keys than the host lets anybody try.
func TestAKeyOfTheAgentIsChosen(t *testing.T) {
	s := startSSHD(t, "MaxAuthTries 2")
	a := startAgent(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		a.add(a.key(name, "-t", "ed25519"))
	}
	good := a.key("good", "-t", "ed25519")
	pkcs8 := a.key("pkcs8", "-t", "rsa", "-b", "2048", "-m", "PKCS8")
	old := a.key("old", "-t", "rsa", "-b", "2048", "-m", "PEM")
	alone := a.key("alone", "-t", "rsa", "-b", "2048", "-m", "PKCS8")
	require.NoError(t, os.Rename(alone+".pub", alone+".elsewhere"))
	missing := a.key("missing", "-t", "ed25519")
	s.put(t, "authorized", a.public(good)+a.public(pkcs8)+a.public(old), 0o644)
	for _, file := range []string{good, pkcs8, old} {
		a.add(file)
	}
	try := func(only bool, socket string, files ...string) error {
		cfg := s.config(t, "root", s.address)
		cfg.Keys, cfg.KeyFiles, cfg.Agent, cfg.OnlyKeyFiles = nil, files, socket, only
		_, err := open(t, cfg).Do(t.Context())
		return err
	}
	require.ErrorIs(t, try(false, a.socket), remote.ErrAuth, "the keys that do not fit come first")
	for _, file := range []string{good + ".pub", pkcs8 + ".pub", good, pkcs8, old} {
		require.NoError(t, try(false, a.socket, file), file)
		require.NoError(t, try(true, a.socket, file), file)
	}
	for file, want := range map[string]string{
		good: "encrypted: load it into an ssh-agent with ssh-add", pkcs8: "encrypted: load it into an ssh-agent",
		old: "encrypted: load it", good + ".pub": "a public key chooses a key of an agent, and no agent is given",
	} {
		err := try(false, "", file)
		require.ErrorIs(t, err, remote.ErrLocal, file)
		require.ErrorContains(t, err, file+": ")
		require.ErrorContains(t, err, want)
	}
	for file, want := range map[string]string{
		missing:           "the key is encrypted, and the agent does not hold it: run ssh-add ",
		alone:             "the key is encrypted: load it into an ssh-agent",
		missing + ".pub":  "the agent does not hold the private key of this public key (SHA256:",
		a.socket + ".pub": "no such file",
	} {
		err := try(false, a.socket, file)
		require.ErrorIs(t, err, remote.ErrLocal, file)
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, os.Rename(good, good+".pub"))
	err := try(false, a.socket, good+".pub")
	require.ErrorContains(t, err, "not a public key")
	require.False(t, strings.Contains(err.Error(), "PRIVATE"))
}

// TestOnlyKeyFiles offers no key of the agent that no file names.
func TestOnlyKeyFiles(t *testing.T) {
	s := startSSHD(t)
	a := startAgent(t)
	good, other := a.key("good", "-t", "ed25519"), a.key("other", "-t", "ed25519")
	a.add(good)
	a.add(other)
	s.put(t, "authorized", a.public(good), 0o644)
	cfg := s.config(t, "root", s.address)
	cfg.Keys, cfg.KeyFiles, cfg.Agent = nil, []string{other}, a.socket
	_, err := open(t, cfg).Do(t.Context())
	require.NoError(t, err)
	cfg.OnlyKeyFiles = true
	_, err = open(t, cfg).Do(t.Context())
	require.ErrorIs(t, err, remote.ErrAuth)
	require.ErrorContains(t, err, "with 1 keys")
}

// TestOptionalKeyFiles passes over what cannot be used, as ssh does with the files that its own files name.
func TestOptionalKeyFiles(t *testing.T) {
	s := startSSHD(t)
	a := startAgent(t)
	open0644, held := a.key("open", "-t", "ed25519"), a.key("held", "-t", "ed25519")
	require.NoError(t, os.Chmod(open0644, 0o644))
	good := filepath.Join(t.TempDir(), "good")
	require.NoError(t, os.WriteFile(good, s.clientKey, 0o600))
	cfg := s.config(t, "root", s.address)
	cfg.Keys, cfg.Agent = nil, a.socket
	unfit := []string{open0644, held + ".pub", open0644 + "-not-there"}
	for _, optional := range []bool{false, true} {
		cfg.OptionalKeyFiles = optional
		for _, file := range unfit {
			cfg.KeyFiles = []string{file, good}
			_, err := open(t, cfg).Do(t.Context())
			require.Equal(t, optional, err == nil, "%s: %v", file, err)
		}
	}
	cfg.KeyFiles = unfit
	_, err := open(t, cfg).Do(t.Context())
	require.ErrorContains(t, err, "held.pub: the agent does not hold the private key")
}

// TestTheAgentComesBeforeFilesThatSSHTakesByDefault, as a host takes few keys; and where nobody has named it, an agent
// that is gone, or a file that is of no use, keeps nobody out who has another key.
func TestTheAgentComesBeforeFilesThatSSHTakesByDefault(t *testing.T) {
	s := startSSHD(t)
	a := startAgent(t)
	good := a.key("good", "-t", "ed25519")
	a.add(good)
	s.put(t, "authorized", a.public(good), 0o644)
	plain := func(file string) {
		out, err := exec.Command("ssh-keygen", "-q", "-p", "-P", passphrase, "-N", "", "-f", file).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	var files []string
	for i := range 7 { // one more than sshd lets anybody try
		files = append(files, a.key(fmt.Sprintf("file%d", i), "-t", "ed25519"))
		plain(files[i])
	}
	cfg := s.config(t, "root", s.address)
	cfg.Keys, cfg.KeyFiles, cfg.Agent, cfg.OptionalKeyFiles = nil, files, a.socket, true
	_, err := open(t, cfg).Do(t.Context())
	require.NoError(t, err)

	cfg.KeyFiles = []string{files[0] + "-not-there"}
	_, err = open(t, cfg).Do(t.Context())
	require.NoError(t, err, "the agent has the key")
	plain(good)
	cfg.KeyFiles, cfg.Agent = []string{good}, a.socket+"-gone"
	_, err = open(t, cfg).Do(t.Context())
	require.NoError(t, err, "the file is the key")
	cfg.KeyFiles = []string{files[0] + "-not-there"}
	_, err = open(t, cfg).Do(t.Context())
	require.ErrorIs(t, err, remote.ErrLocal)
}
