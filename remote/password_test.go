package remote_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote"
)

const aPassword = `s3cret 'of "nobody' \n$HOME`

func TestPasswordDoesNotPrint(t *testing.T) {
	p := remote.NewPassword(aPassword)
	cfg := remote.Config{Address: "a", User: "u", Password: p}
	hidden := struct{ p remote.Password }{p} // fmt calls no methods of unexported fields
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "p", p, "c", cfg)
	data, err := json.Marshal(struct {
		P remote.Password
		C remote.Config
	}{p, cfg})
	require.NoError(t, err)
	for _, text := range []string{
		fmt.Sprint(p), fmt.Sprintf("%v %+v %#v %q %x %s %d", p, p, p, p, p, p, p), fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg),
		fmt.Sprintf("%+v", struct{ P remote.Password }{p}), log.String(), string(data),
		fmt.Sprintf("%v %+v %#v", hidden, hidden, &hidden),
	} {
		assert.NotContains(t, text, "s3cret")
		assert.NotContains(t, text, "733363726574")
	}
	_, err = remote.New(remote.Config{
		Address: "a", User: "u", KnownHosts: []string{"k"}, Password: remote.NewPassword("a\nb"),
	})
	require.ErrorContains(t, err, "remote: Password: a line end")
}

// withPassword gives users of the server a password, and a rule of sudo's.
func (s *sshd) withPassword(t *testing.T, password, sudoers string) {
	t.Helper()
	hash := exec.Command("openssl", "passwd", "-6", "-stdin")
	hash.Stdin = strings.NewReader(password)
	out, err := hash.Output()
	require.NoError(t, err)
	var shadow strings.Builder
	for _, user := range []string{"root", "admin", "plain", "csh", "fish", "greedy"} {
		fmt.Fprintf(&shadow, "%s:%s:19000:0:99999:7:::\n", user, bytes.TrimSpace(out))
	}
	s.put(t, "shadow", shadow.String(), 0o600)
	s.put(t, "sudoers", testSudoers+sudoers, 0o440)
}

func TestPasswordLetsInAndMakesRoot(t *testing.T) {
	s := startSSHD(t, "PasswordAuthentication yes")
	s.withPassword(t, aPassword, "plain ALL=(ALL) ALL\nDefaults:plain passwd_tries=3\n")
	for _, user := range []string{"root", "admin", "plain", "csh", "fish"} {
		t.Run(user, func(t *testing.T) {
			cfg := s.config(t, user, s.address)
			cfg.Keys, cfg.Password = nil, remote.NewPassword(aPassword)
			h := open(t, cfg)
			for range 2 {
				r, err := h.Do(t.Context(), remote.Run{Argv: []string{"id", "-un"}},
					remote.WriteFile{Path: s.dir + "/by-" + user, Data: []byte("x")})
				require.NoError(t, err)
				require.Equal(t, "root\n", string(r[0].Data))
				require.NoError(t, r[1].Err)
				require.Equal(t, "root", r[1].File.Owner)
			}
		})
	}
	t.Run("a wrong one", func(t *testing.T) {
		cfg := s.config(t, "plain", s.address)
		cfg.Keys, cfg.Password = nil, remote.NewPassword("wrong s3cret")
		_, err := open(t, cfg).Do(t.Context())
		require.ErrorIs(t, err, remote.ErrAuth)
		require.ErrorContains(t, err, "with 0 keys and a password")
		require.NotContains(t, err.Error(), "s3cret")
	})
	t.Run("a wrong one for sudo", func(t *testing.T) {
		cfg := s.config(t, "plain", s.address)
		cfg.Password = remote.NewPassword("wrong s3cret")
		begin := time.Now()
		_, err := open(t, cfg).Do(t.Context())
		require.ErrorIs(t, err, remote.ErrSudo)
		require.NotContains(t, err.Error(), "s3cret")
		require.Less(t, time.Since(begin), 10*time.Second, "it waits for another password")
	})
	t.Run("no sudo at all", func(t *testing.T) {
		s.put(t, "sudoers", testSudoers, 0o440)
		cfg := s.config(t, "plain", s.address)
		cfg.Password = remote.NewPassword(aPassword)
		_, err := open(t, cfg).Do(t.Context())
		require.ErrorIs(t, err, remote.ErrSudo)
	})
}

// The rule that integrate calls narrow is enough for the program, and does not
// reach others.
func TestNarrowSudoRule(t *testing.T) {
	s := startSSHD(t)
	s.put(t, "sudoers", testSudoers+"Defaults:plain !requiretty\nplain ALL=(root) NOPASSWD: /bin/sh -c *\n", 0o440)
	r, err := s.open(t, "plain").Do(t.Context(), remote.Run{Argv: []string{"id", "-un"}},
		remote.WriteFile{Path: s.dir + "/narrow", Data: []byte("x")})
	require.NoError(t, err)
	require.Equal(t, "root\n", string(r[0].Data))
	require.NoError(t, r[1].Err)
	cfg := s.config(t, "plain", s.address)
	cfg.Sudo = false
	for _, argv := range [][]string{
		{"sudo", "-n", "id"}, {"sudo", "-n", "/bin/sh"}, {"sudo", "-n", "-u", "daemon", "/bin/sh", "-c", "id"},
	} {
		r, err := open(t, cfg).Do(t.Context(), remote.Run{Argv: argv})
		require.NoError(t, err)
		require.Equal(t, 1, r[0].Exit, "%q: %s", argv, r[0].Data)
		require.Contains(t, string(r[0].Stderr), "a password is required")
	}
}

// Many servers ask for the password by questions.
func TestPasswordAsAnAnswer(t *testing.T) {
	_, hostKey := newKey(t)
	for name, ask := range map[string]struct {
		questions []string
		echo      bool
		asked     int
	}{
		"one hidden question":              {[]string{"Password: "}, false, 1},
		"a question that shows the answer": {[]string{"Name: "}, true, 0},
		"two questions":                    {[]string{"Password: ", "Code: "}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			answers := make(chan []string, 9)
			echos := make([]bool, len(ask.questions))
			echos[0] = ask.echo
			server := &ssh.ServerConfig{KeyboardInteractiveCallback: func(
				_ ssh.ConnMetadata, client ssh.KeyboardInteractiveChallenge,
			) (*ssh.Permissions, error) {
				if got, err := client("", "", ask.questions, echos); err == nil {
					answers <- got
				}
				return nil, errors.New("no")
			}}
			server.AddHostKey(hostKey)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer l.Close()
			go func() {
				for c, err := l.Accept(); err == nil; c, err = l.Accept() {
					go func() { _, _, _, _ = ssh.NewServerConn(c, server) }()
				}
			}()
			port := strings.TrimPrefix(l.Addr().String(), "127.0.0.1:")
			cfg := remote.Config{Address: l.Addr().String(), User: "u", Password: remote.NewPassword("pw"),
				KnownHosts: []string{writeKnown(t, "[127.0.0.1]:"+port+" "+string(ssh.MarshalAuthorizedKey(hostKey.PublicKey())))}}
			_, err = open(t, cfg).Do(t.Context())
			require.Error(t, err)
			require.Len(t, answers, ask.asked)
			if ask.asked > 0 {
				require.Equal(t, []string{"pw"}, <-answers)
			}
		})
	}
}
