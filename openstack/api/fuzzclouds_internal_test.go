package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// FuzzClouds: whatever clouds.yaml and secure.yaml say, they are a login or an error that can be shown. No error
// quotes the password.
func FuzzClouds(f *testing.F) {
	const password = "hunter2-in-clouds"
	for _, text := range []string{
		"clouds: {s: {auth: {auth_url: 'http://x/v3', username: a, password: " + password + "}}}",
		"clouds: {s: {auth: {password: [" + password + "]}}}", "clouds: {s: {auth: " + password + "}}",
		"clouds:\n  s:\n    auth:\n\t  password: " + password + "\n", "clouds: {s: {verify: 'no', auth: {token: " + password +
			"}}}", "clouds: &a {s: *a, password: " + password + "}", "", "---\n...\n" + password, "clouds: {s: null}",
		"clouds: {s: {cacert: \"a\\e[2J\"}}", "clouds: {\x1b[2J: " + password,
		"clouds: {s: {auth_type: v3" + password + "}}",
	} {
		f.Add([]byte(text), []byte(nil))
		f.Add([]byte("clouds: {s: {auth: {auth_url: x}}}"), []byte(text))
	}
	// One folder for all inputs: a file is written anew for each, as a folder is too slow to make.
	dir := f.TempDir()
	file, secure := filepath.Join(dir, "clouds.yaml"), filepath.Join(dir, "secure.yaml")
	f.Setenv("OS_CLIENT_CONFIG_FILE", file)
	f.Fuzz(func(t *testing.T, text, more []byte) {
		require.NoError(t, os.WriteFile(file, text, 0o600))
		require.NoError(t, os.RemoveAll(secure))
		if len(more) > 0 {
			require.NoError(t, os.WriteFile(secure, more, 0o600))
		}
		l, err := credentials(t.Context(), Config{Cloud: "s"})
		if err == nil {
			if l.auth.IdentityEndpoint == "" {
				t.Fatal("a login without auth_url")
			}
			return
		}
		odd := func(r rune) bool { return !unicode.IsPrint(r) }
		// The path of a certificate or of its key is named.
		both := string(text) + string(more)
		path := strings.Contains(both, "cert") || strings.Contains(both, "key")
		if !path && strings.Contains(err.Error(), password) || strings.ContainsFunc(err.Error(), odd) ||
			len(err.Error()) > 1500 {
			t.Fatalf("%q and %q: %q", text, more, err)
		}
	})
}

// TestCloudsWithoutAuth: a cloud without its section auth is an error that says so, whatever else the cloud has.
func TestCloudsWithoutAuth(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	for _, text := range []string{"clouds: {s: null}", "clouds: {s: {}}", "clouds: {s: {region_name: r}}",
		"clouds: {s: {auth: null}}", "clouds: {s: {auth_url: 'http://x/v3', username: a}}"} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := credentials(t.Context(), Config{Cloud: "s", CloudsFile: file})
		require.ErrorContains(t, err, "it needs a section auth with auth_url in it", text)
	}
}
