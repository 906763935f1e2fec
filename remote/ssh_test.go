package remote_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

func TestSSHRunsWhateverTheLoginShell(t *testing.T) {
	s := startSSHD(t)
	shells := map[string]string{
		"root": "/bin/sh", "admin": "/bin/bash", "fish": "/usr/bin/fish", "csh": "/bin/tcsh", "zsh": "/usr/bin/zsh",
	}
	for user, shell := range shells {
		t.Run(user, func(t *testing.T) {
			if _, err := os.Stat(shell); err != nil {
				if os.Getenv("CEPHSTACK_LIVE") == "1" {
					t.Fatal(shell + " is not installed: make deps installs it")
				}
				t.Skip(shell + " is not installed")
			}
			h := s.open(t, user)
			for range 2 {
				r, err := h.Do(t.Context(), remote.Run{Argv: []string{"id", "-un"}})
				require.NoError(t, err)
				require.NoError(t, r[0].Err)
				require.Equal(t, "root\n", string(r[0].Data))
			}
		})
	}
}

func TestSSHSaysWhyNoProgramRan(t *testing.T) {
	s := startSSHD(t)
	op := remote.WriteFile{Path: s.dir + "/x", Data: []byte("x")}
	t.Run("sudo refused", func(t *testing.T) {
		r, err := s.open(t, "plain").Do(t.Context(), op)
		require.ErrorIs(t, err, remote.ErrSudo)
		var h *remote.HostError
		require.ErrorAs(t, err, &h)
		require.Equal(t, "sudo", h.Step)
		require.False(t, h.Retryable())
		require.NotErrorIs(t, r[0].Err, remote.ErrUnknown)
	})
	t.Run("sudo with noexec", func(t *testing.T) {
		r, err := s.open(t, "noexec").Do(t.Context(), op, remote.Stat{Path: "/"})
		require.ErrorIs(t, err, remote.ErrSudo)
		require.ErrorContains(t, err, "write EXEC: before ALL in the rule of noexec")
		require.NotErrorIs(t, r[0].Err, remote.ErrUnknown)
		require.ErrorIs(t, r[1].Err, remote.ErrSudo)
	})
	t.Run("nologin", func(t *testing.T) {
		r, err := s.open(t, "daemon").Do(t.Context(), op)
		require.ErrorContains(t, err, "not available")
		require.NotErrorIs(t, r[0].Err, remote.ErrUnknown)
	})
	require.NoFileExists(t, s.dir+"/x")
}

// A program that waits on the host answers late, as it does where all is busy:
// it is still ours.
func TestAProgramThatAnswersLateIsKept(t *testing.T) {
	t.Parallel()
	s := startSSHD(t)
	p := newProxy(t, s.address, 0)
	h := open(t, s.config(t, "root", p.address))
	_, err := h.Do(t.Context(), remote.Stat{Path: "/"})
	require.NoError(t, err)
	time.Sleep(2100 * time.Millisecond) // then it is asked whether it is there
	p.delay.Store(int64(1600 * time.Millisecond))
	path := s.dir + "/late"
	r, err := h.Do(t.Context(), remote.WriteFile{Path: path, Data: []byte("x")})
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	require.FileExists(t, path)
	require.True(t, h.Waiting(), "its input must not have been ended")
}

func TestJumpHost(t *testing.T) {
	jump, target := startSSHD(t), startSSHD(t)
	cfg := target.config(t, "root", target.address)
	via := jump.config(t, "root", jump.address)
	via.Name = "bastion"
	cfg.Jump = &via
	h := open(t, cfg)
	for range 2 {
		r, err := h.Do(t.Context(), remote.Stat{Path: "/"})
		require.NoError(t, err)
		require.NoError(t, r[0].Err)
	}
	via.KnownHosts = []string{writeKnown(t, "")}
	_, err := open(t, cfg).Do(t.Context())
	require.ErrorIs(t, err, remote.ErrHostKey)
	require.ErrorContains(t, err, "bastion: host key")
}

func TestAWrongHostKeyIsRefused(t *testing.T) {
	s := startSSHD(t)
	_, other := newKey(t)
	changed := "[127.0.0.1]:" + strings.TrimPrefix(s.address, "127.0.0.1:") + " " +
		string(ssh.MarshalAuthorizedKey(other.PublicKey()))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	rsaSigner, err := ssh.NewSignerFromKey(rsaKey)
	require.NoError(t, err)
	onlyRSA := "127.0.0.1 " + string(ssh.MarshalAuthorizedKey(rsaSigner.PublicKey()))
	for want, lines := range map[string]string{"is unknown": "", "CHANGED": changed, "no key of the types": onlyRSA} {
		cfg := s.config(t, "root", s.address)
		cfg.KnownHosts = []string{writeKnown(t, lines)}
		r, err := open(t, cfg).Do(t.Context(), remote.Remove{Path: s.dir + "/x"})
		require.ErrorIs(t, err, remote.ErrHostKey)
		require.ErrorContains(t, err, want)
		require.NotErrorIs(t, r[0].Err, remote.ErrUnknown)
	}
}

func TestAuthentication(t *testing.T) {
	s := startSSHD(t)
	good := s.config(t, "root", s.address)
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, s.clientKey, 0o600))
	wrong, _ := newKey(t)

	t.Run("key file", func(t *testing.T) {
		cfg := good
		cfg.Keys, cfg.KeyFiles = nil, []string{file}
		_, err := open(t, cfg).Do(t.Context())
		require.NoError(t, err)
	})
	t.Run("agent", func(t *testing.T) {
		key, err := ssh.ParseRawPrivateKey(s.clientKey)
		require.NoError(t, err)
		ring := agent.NewKeyring()
		require.NoError(t, ring.Add(agent.AddedKey{PrivateKey: key}))
		socket := filepath.Join(t.TempDir(), "agent")
		l, err := net.Listen("unix", socket)
		require.NoError(t, err)
		defer l.Close()
		go func() {
			for c, err := l.Accept(); err == nil; c, err = l.Accept() {
				go func() { _ = agent.ServeAgent(ring, c) }()
			}
		}()
		cfg := good
		cfg.Keys, cfg.Agent = nil, socket
		_, err = open(t, cfg).Do(t.Context())
		require.NoError(t, err)
	})
	t.Run("refused, and once only", func(t *testing.T) {
		cfg := good
		cfg.Keys = []cephstack.Redacted{cephstack.Redact(wrong)}
		p := newProxy(t, s.address, 0)
		cfg.Address, cfg.KnownHosts = p.address, []string{s.knownHosts(t, p.address)}
		r, err := open(t, cfg).Do(t.Context(), remote.Stat{Path: "/"})
		require.ErrorIs(t, err, remote.ErrAuth)
		require.ErrorIs(t, r[0].Err, remote.ErrAuth)
		require.Less(t, p.up.count(), int64(6000))
	})
	t.Run("encrypted key", func(t *testing.T) {
		key, err := ssh.ParseRawPrivateKey(s.clientKey)
		require.NoError(t, err)
		block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("secret"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
		cfg := good
		cfg.Keys, cfg.KeyFiles = nil, []string{file}
		_, err = open(t, cfg).Do(t.Context())
		require.ErrorIs(t, err, remote.ErrAuth)
		require.ErrorContains(t, err, "encrypted")
		_, err = remote.New(remote.Config{Keys: []cephstack.Redacted{cephstack.Redact(pem.EncodeToMemory(block))}})
		require.ErrorContains(t, err, "remote: Keys[0]: the key is encrypted")
		require.ErrorContains(t, err, "remote: Address: missing")
	})
}

func TestUserCertificate(t *testing.T) {
	_, ca := newKey(t)
	pub := filepath.Join(t.TempDir(), "ca.pub")
	require.NoError(t, os.WriteFile(pub, ssh.MarshalAuthorizedKey(ca.PublicKey()), 0o644))
	s := startSSHD(t, "TrustedUserCAKeys "+pub)
	key, signer := newKey(t)
	cert := &ssh.Certificate{
		Key: signer.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"root"}, ValidBefore: ssh.CertTimeInfinity,
	}
	require.NoError(t, cert.SignCert(rand.Reader, ca))
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, key, 0o600))
	require.NoError(t, os.WriteFile(file+"-cert.pub", ssh.MarshalAuthorizedKey(cert), 0o644))
	cfg := s.config(t, "root", s.address)
	cfg.Keys, cfg.KeyFiles = nil, []string{file}
	_, err := open(t, cfg).Do(t.Context())
	require.NoError(t, err)
}
