package integrate_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestNotesOfTheLogin: how the APIs are reached is said in the plan and in the report, and keeps nothing from passing.
func TestNotesOfTheLogin(t *testing.T) {
	w := integratetest.Integrated(t, exampleSpec())
	cfg, err := w.API.CloudConfig(t.TempDir())
	require.NoError(t, err)
	data, err := os.ReadFile(cfg.CloudsFile)
	require.NoError(t, err)
	changed := strings.Replace(string(data), "    region_name:", "    verify: false\n    region_name:", 1)
	changed = strings.ReplaceAll(changed, "//127.0.0.1:", "//0.0.0.0:") // this machine, but not by a loopback address
	require.NoError(t, os.WriteFile(cfg.CloudsFile, []byte(changed), 0o600))
	require.NoError(t, os.Chmod(cfg.CloudsFile, 0o644))
	w.Cloud, err = api.Dial(t.Context(), cfg)
	require.NoError(t, err)
	cloud := w.Cloud
	refused := strings.ReplaceAll(changed, "fake-password", "fake-password-of-yesterday")
	require.NoError(t, os.WriteFile(cfg.CloudsFile, []byte(refused), 0o600))
	w.Cloud, w.CloudErr = api.Dial(t.Context(), cfg)
	require.ErrorIs(t, w.CloudErr, api.ErrAuth)
	codes := map[string]bool{}
	for _, f := range plan(t, w.Integration(t)).Findings {
		codes[f.Code] = true
	}
	assert.True(t, codes["apis-unreachable"] && codes["tls-unverified"] && codes["login-file-open"], "%v", codes)
	w.Cloud, w.CloudErr = cloud, nil
	in := w.Integration(t)
	p, report := plan(t, in), static(t, in)
	require.NoError(t, report.Err())
	assert.Empty(t, p.Problems())
	assert.True(t, p.Empty())
	require.Len(t, report.Notes, 3)
	at := strings.Replace(strings.TrimSuffix(w.API.URL, "/identity"), "127.0.0.1", "0.0.0.0", 1)
	for i, c := range []struct{ code, object, says string }{
		{"tls-unverified", cfg.CloudsFile, "can read the password and the token"},
		{"login-file-open", cfg.CloudsFile, "chmod 600 " + cfg.CloudsFile},
		{"tls-none", at, "auth_url begins with http://, so nothing is encrypted"}} {
		f := report.Notes[i]
		assert.Equal(t, []any{c.code, "cloud", c.object, false}, []any{f.Code, f.Target, f.Object, f.Problem})
		assert.Contains(t, p.Findings, f)
		for _, text := range []string{p.String(), report.String(), asJSON(t, p), asJSON(t, report)} {
			assert.Contains(t, text, c.says)
			assert.NotContains(t, text, "fake-password")
		}
	}
}
