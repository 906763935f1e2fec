package api_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// TestWarningsOfALogin: nothing but a plain verify: false turns the check of certificates off, and that is said.
func TestWarningsOfALogin(t *testing.T) {
	s := newSite(t, nil)
	s.Server.Close()
	s.Server = newTLS(t, s)
	for field, want := range map[string]string{"": "untrusted", "verify: true, ": "untrusted",
		"verify: null, ": "untrusted",
		"verify: 'no', ": "refused", "verify: '', ": "refused", "verify: 'false', ": "refused", "verify: 0, ": "refused",
		"insecure: true, ": "untrusted", "cacert: '', ": "untrusted",
		"Verify: false, ": "untrusted", "verify: false, ": "warned"} {
		t.Setenv("OS_INSECURE", "true")
		t.Setenv("OS_VERIFY", "false")
		cfg := s.config(t, time.Minute)
		data, err := os.ReadFile(cfg.CloudsFile)
		require.NoError(t, err)
		changed := strings.Replace(string(data), "{auth", "{"+field+"auth", 1)
		require.NoError(t, os.WriteFile(cfg.CloudsFile, []byte(changed), 0o600))
		c, err := api.Dial(t.Context(), cfg)
		switch want {
		case "untrusted":
			require.ErrorContains(t, err, "name the CA's file as cacert in clouds.yaml, or in OS_CACERT", field)
		case "refused":
			require.ErrorContains(t, err, "verify takes true or false without quotes", field)
		default:
			require.NoError(t, err, field)
			s.login = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
			_, refused := api.Dial(t.Context(), cfg)
			s.login = nil
			var e *api.Error
			require.ErrorAs(t, refused, &e)
			require.ErrorIs(t, e, api.ErrAuth)
			require.Equal(t, c.Warnings(), e.Warnings, "the password was sent all the same")
			require.Len(t, c.Warnings(), 1)
			w := c.Warnings()[0]
			assert.Equal(t, []string{api.TLSUnverified, cfg.CloudsFile}, []string{w.Code, w.Object})
			assert.Contains(t, w.Message, "can read the password and the token")
		}
	}
	cfg := s.config(t, time.Minute)
	data, err := os.ReadFile(cfg.CloudsFile)
	require.NoError(t, err)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, caOf(s), 0o600))
	changed := strings.Replace(string(data), "{auth", "{cacert: "+ca+", auth", 1)
	require.NoError(t, os.WriteFile(cfg.CloudsFile, []byte(changed), 0o600))
	c, err := api.Dial(t.Context(), cfg)
	require.NoError(t, err)
	assert.Empty(t, c.Warnings())
}

// TestAFileWithAPasswordThatIsOpen is said, with what to do; a file without one is well.
func TestAFileWithAPasswordThatIsOpen(t *testing.T) {
	s := newSite(t, nil)
	for mode, warned := range map[fs.FileMode]bool{0o600: false, 0o400: false, 0o640: false, 0o644: true, 0o604: true,
		0o660: true, 0o602: true} {
		cfg := s.config(t, time.Minute)
		require.NoError(t, os.Chmod(cfg.CloudsFile, mode))
		c, err := api.Dial(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, warned, len(c.Warnings()) == 1, "%o", mode)
		if warned {
			w := c.Warnings()[0]
			assert.Equal(t, []string{api.LoginFileOpen, cfg.CloudsFile}, []string{w.Code, w.Object})
			assert.Contains(t, w.Message, fmt.Sprintf("mode %04o", mode))
			assert.Contains(t, w.Message, "chmod 600 "+cfg.CloudsFile)
		}
	}
	cfg := s.config(t, time.Minute) // the password is in secure.yaml, and the other file is for everybody
	data, err := os.ReadFile(cfg.CloudsFile)
	require.NoError(t, err)
	before, after, _ := strings.Cut(string(data), "password: ")
	secret, rest, _ := strings.Cut(after, ", project")
	require.NoError(t, os.WriteFile(cfg.CloudsFile, []byte(before+"project"+rest), 0o600))
	require.NoError(t, os.Chmod(cfg.CloudsFile, 0o644))
	secure := filepath.Join(filepath.Dir(cfg.CloudsFile), "secure.yaml")
	require.NoError(t, os.WriteFile(secure, []byte("clouds: {s: {auth: {password: "+secret+"}}}"), 0o600))
	c, err := api.Dial(t.Context(), cfg)
	require.NoError(t, err)
	assert.Empty(t, c.Warnings())
	require.NoError(t, os.Chmod(secure, 0o644))
	t.Setenv("OS_CLIENT_CONFIG_FILE", cfg.CloudsFile)
	c, err = api.Dial(t.Context(), api.Config{Cloud: "s"})
	require.NoError(t, err)
	require.Len(t, c.Warnings(), 1)
	assert.Equal(t, secure, c.Warnings()[0].Object)
}

// TestHTTPIsWarnedOf: the address 0.0.0.0 leads to this machine, and is not a loopback address.
func TestHTTPIsWarnedOf(t *testing.T) {
	_, s := dial(t, openstacktest.Config{})
	cfg, err := s.CloudConfig(t.TempDir())
	require.NoError(t, err)
	c, err := api.Dial(t.Context(), cfg)
	require.NoError(t, err)
	assert.Empty(t, c.Warnings(), "of loopback")
	data, err := os.ReadFile(cfg.CloudsFile)
	require.NoError(t, err)
	changed := strings.ReplaceAll(string(data), "//127.0.0.1:", "//0.0.0.0:")
	require.NoError(t, os.WriteFile(cfg.CloudsFile, []byte(changed), 0o600))
	c, err = api.Dial(t.Context(), cfg)
	require.NoError(t, err)
	require.Len(t, c.Warnings(), 1)
	w := c.Warnings()[0]
	at := strings.Replace(strings.TrimSuffix(s.URL, "/identity"), "127.0.0.1", "0.0.0.0", 1)
	assert.Equal(t, []string{api.TLSNone, at}, []string{w.Code, w.Object})
	assert.Contains(t, w.Message, "can read the password and the token")
}
