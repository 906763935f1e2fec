package remote_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

const booting = "\"System is booting up. Unprivileged users are not permitted to log in yet. \033[31mSee " +
	"pam_nologin(8).\"\n"

// TestAHostThatIsStillBooting lets in root alone, by pam_nologin of a real sshd: it says why, and hangs up.
func TestAHostThatIsStillBooting(t *testing.T) {
	s := startSSHD(t, withHelper, "UsePAM yes", "PasswordAuthentication yes", "KbdInteractiveAuthentication yes")
	s.put(t, "etc/pam.d/sshd", "auth required pam_permit.so\naccount required pam_nologin.so\naccount required "+
		"pam_permit.so\n"+
		"session required pam_permit.so\n", 0o644)
	s.put(t, "etc/nologin", booting, 0o644)
	cfg := s.config(t, "admin", s.address)
	cfg.Timeouts.Retry = time.Millisecond
	h := s.fails(t, cfg)
	require.Equal(t, "authenticate", h.Step)
	require.ErrorIs(t, h, remote.ErrUnreachable)
	require.NotErrorIs(t, h, remote.ErrAuth)
	require.True(t, h.Retryable())
	require.ErrorContains(t, h, "it hung up during the login: ")
	require.ErrorContains(t, h, "System is booting up. Unprivileged users are not permitted to log in yet. "+
		"?[31mSee pam_nologin(8).")

	cfg.Keys, cfg.Password = nil, remote.NewPassword(canary)
	h = s.fails(t, cfg)
	require.ErrorIs(t, h, remote.ErrUnreachable)
	require.True(t, h.Retryable())
	require.NotContains(t, h.Error(), "System is booting", "what has the password may repeat it")
	require.ErrorContains(t, h, "it said that it is starting or going down, and lets nobody in")

	s.put(t, "etc/nologin", "password: "+canary+"\n", 0o644)
	require.NotContains(t, s.fails(t, cfg).Error(), canary)
}

// TestABannerOfAHostThatRefuses is in the error.
func TestABannerOfAHostThatRefuses(t *testing.T) {
	banner := filepath.Join(t.TempDir(), "banner")
	require.NoError(t, os.WriteFile(banner, []byte("Linux, and no others\n"), 0o644))
	s := startSSHD(t, "Banner "+banner)
	cfg := s.config(t, "root", s.address)
	wrong, _ := newKey(t)
	cfg.Keys = []cephstack.Redacted{cephstack.Redact(wrong)}
	h := s.fails(t, cfg)
	require.ErrorIs(t, h, remote.ErrAuth)
	require.False(t, h.Retryable())
	require.ErrorContains(t, h, "; it said: Linux, and no others")
}

func (s *sshd) fails(t *testing.T, cfg remote.Config) *remote.HostError {
	t.Helper()
	_, err := open(t, cfg).Do(t.Context(), remote.Stat{Path: "/"})
	var h *remote.HostError
	require.ErrorAs(t, err, &h)
	return h
}
