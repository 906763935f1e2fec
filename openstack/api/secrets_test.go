package api_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

const adminPassword = "hunter2-of-admin"

// printed are values of all exported types of packages openstack and openstack/api, as a program has them.
func printed(t *testing.T, cloud *api.Cloud, failed *api.Error) map[string][]any {
	t.Helper()
	return map[string][]any{
		"api.Cloud": {cloud, *cloud}, "api.Config": {api.Config{}},
		"api.Error":   {failed, *failed, fmt.Errorf("x: %w", failed)},
		"api.Warning": {cloud.Warnings()}, "api.Image": {api.Image{}}, "api.ImageRequest": {api.ImageRequest{}},
		"api.Volume": {api.Volume{}}, "api.VolumeRequest": {api.VolumeRequest{}}, "api.Snapshot": {api.Snapshot{}},
		"api.SnapshotRequest": {api.SnapshotRequest{}},
		"api.Backup":          {api.Backup{}}, "api.BackupRequest": {api.BackupRequest{}}, "api.Server": {api.Server{}},
		"api.ServerRequest": {api.ServerRequest{}}, "api.FlavorRequest": {api.FlavorRequest{}},
		"api.ServiceRecord": {api.ServiceRecord{}},
		"api.Aggregate":     {api.Aggregate{}}, "api.Migration": {api.Migration{}},
		"api.Attachment": {api.Attachment{}}, "api.Room": {api.Room{}},
		"api.Flavor": {api.Flavor{}}, "api.Hypervisor": {api.Hypervisor{}},
		"openstack.VolumeBackend": {openstack.VolumeBackend{}}, "openstack.GlanceStore": {openstack.GlanceStore{}},
		"openstack.InForce":       {openstack.InForce{}},
		"openstack.VolumeCluster": {openstack.VolumeCluster{Coordinator: cephstack.Redact(adminPassword)}},
	}
}

// harmless are exported types without a login, a token or what a service answered.
var harmless = "Finding Setting BackupDriver ComputeDisks OptionName"

// TestNoSecretIsPrinted prints values of all exported types, and what holds them, in the ways that fmt, slog, JSON and
// YAML have.
func TestNoSecretIsPrinted(t *testing.T) {
	var armed bool
	cloud, fake := dial(t, openstacktest.Config{Password: adminPassword,
		Fail: func(r *http.Request) (int, string, bool) {
			return 400, r.Header.Get("X-Auth-Token") + " and " + adminPassword, armed
		}})
	require.Contains(t, string(fake.CloudsYAML()), adminPassword)
	var known []string
	for _, secret := range cloud.Secrets() {
		known = append(known, secret.Reveal())
	}
	require.Len(t, known, 2, "the token and the password")
	require.Contains(t, known, adminPassword)
	armed = true
	_, err := cloud.Volumes(t.Context())
	var failed *api.Error
	require.ErrorAs(t, err, &failed)
	all := printed(t, cloud, failed)
	for name := range exportedTypes(t, "..", "openstack") {
		if !strings.Contains(" "+harmless+" ", " "+strings.TrimPrefix(name, "openstack.")+" ") {
			assert.Contains(t, all, name, "an exported type is not in the table of this test")
		}
	}
	for name := range exportedTypes(t, ".", "api") {
		assert.Contains(t, all, name, "an exported type is not in the table of this test")
	}
	for name, values := range all {
		for _, v := range values {
			for _, text := range prints(v) {
				for _, secret := range []string{adminPassword, fmt.Sprintf("%x", adminPassword), "gAAAAAfake"} {
					assert.NotContains(t, text, secret, name)
				}
			}
		}
	}
}

// prints are the texts that a program may print of a value.
func prints(v any) []string {
	type inside struct {
		hidden any
		Shown  any
	}
	var all []string
	for _, v := range []any{v, inside{v, v}, []any{v}, map[string]any{"v": v}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			all = append(all, fmt.Sprintf(verb, v))
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		data, _ := json.Marshal(v) // what has nothing to show may be refused
		all = append(all, log.String(), string(data), toYAML(v))
	}
	return all
}

func toYAML(v any) (text string) {
	defer func() { _ = recover() }() // a function cannot be YAML
	data, _ := yaml.Marshal(v)
	return string(data)
}

// exportedTypes are the struct types that a package exports.
func exportedTypes(t *testing.T, dir, name string) map[string]bool {
	t.Helper()
	noTests := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	packages, err := parser.ParseDir(token.NewFileSet(), dir, noTests, 0) //nolint:staticcheck // only names are needed
	require.NoError(t, err)
	all := map[string]bool{}
	for _, p := range packages {
		ast.Inspect(p, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if ok && spec.Name.IsExported() {
				if _, ok := spec.Type.(*ast.StructType); ok {
					all[name+"."+spec.Name.Name] = true
				}
			}
			return true
		})
	}
	require.NotEmpty(t, all)
	return all
}

// TestSecretsInAnswers are hidden however a service writes them, and what is left can be printed.
func TestSecretsInAnswers(t *testing.T) {
	var body string
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(body))
	})
	c := s.dial(t, time.Second)
	const p = hostilePassword
	asJSON, err := json.Marshal(map[string]any{"badRequest": map[string]string{"message": "no " + p + " here"}})
	require.NoError(t, err)
	ascii := &strings.Builder{}
	for _, r := range p {
		fmt.Fprintf(ascii, `\u%04x`, r)
	}
	bodies := map[string]string{"plain": "no " + p + " here", "JSON": string(asJSON),
		"JSON in ASCII": `{"x": {"message": "no ` + ascii.String() + ` here"}}`, "escapes": "no " + ascii.String() + " here",
		"HTML":           "<html><body>no " + html.EscapeString(p) + " here</body></html>",
		"HTML, raw":      "<html><body>no " + p + " here</body></html>",
		"HTML in a head": "<head>" + p + "</head> here",
		"URL":            "no " + url.QueryEscape(p) + " here", "path": "no " + url.PathEscape(p) + " here",
		"URL in small letters": strings.ToLower("no %3C ") + strings.ReplaceAll(url.QueryEscape(p), "%3C", "%3c"),
		"URL, twice":           "no " + url.QueryEscape(url.QueryEscape(p)) + " here",
		"HTML of URL":          "no " + html.EscapeString(url.PathEscape(p)) + " here",
		"JSON of HTML":         `{"message": "no ` + html.EscapeString(p) + ` here"}`,
		"base64":               base64.StdEncoding.EncodeToString([]byte(p)),
		"base64 of a login":    base64.StdEncoding.EncodeToString([]byte("admin:" + p)),
		"base64 of two":        base64.RawURLEncoding.EncodeToString([]byte("ad:" + p + "!")),
		"hexadecimal":          hex.EncodeToString([]byte(p)),
		"at the end":           strings.Repeat("<b></b>", 9362) + "\n" + p,
		"decimal entities":     "no pass&#60;b&#62;&#38;&#34;word&#8249;&#246;&#8250;/+%1 here"}
	for name, text := range bodies {
		body = text
		_, err := c.Volumes(t.Context())
		var e *api.Error
		require.ErrorAs(t, err, &e)
		for _, part := range []string{"pass<", "word‹", `"word`, "pass&lt", "pass%3", "pass%253", "pass\\u", "ö›",
			base64.StdEncoding.EncodeToString([]byte(p))[:8], hex.EncodeToString([]byte(p))[:8], "cGFzcz", "pass"} {
			assert.NotContains(t, err.Error(), part, "%s: %s", name, err)
		}
	}
	body = "a\x1b[2J\x07b\u202e c\x00\xff" + strings.Repeat("long ", 100)
	_, err = c.Volumes(t.Context())
	for _, r := range err.Error() {
		assert.True(t, unicode.IsPrint(r), "%q in %q", r, err)
	}
	assert.Less(t, len(err.Error()), 400)
}

// TestCausesAreClean: what HTTP itself says of an answer quotes the answer.
func TestCausesAreClean(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", hostilePassword)
			conn.Close()
		}
	})
	_, err := s.dial(t, 500*time.Millisecond).Volumes(t.Context())
	require.ErrorIs(t, err, api.ErrUnreachable)
	for _, text := range prints(err) {
		assert.NotContains(t, text, "pass<")
		assert.NotContains(t, text, "word‹")
	}
	var fault *url.Error
	assert.True(t, errors.As(err, &fault), "the cause is there for who asks: %v", err)
}

// TestObjectsThatAServiceNames fit into an error: the ID of what was made, its state, and what it is attached to.
func TestObjectsThatAServiceNames(t *testing.T) {
	token := ""
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		token = r.Header.Get("X-Auth-Token")
		odd := "\x1b[2J\u202e" + token + strings.Repeat(" long", 1000)
		object := map[string]any{"id": odd, "status": odd, "attachments": []any{map[string]any{"server_id": odd}}}
		_ = json.NewEncoder(w).Encode(map[string]any{"volume": object, "snapshot": object, "backup": object, "id": odd,
			"image_id": odd, "status": odd, "server": object, "flavors": []any{map[string]any{"id": "f", "name": "f"}}})
	})
	c := s.dial(t, 5*time.Second)
	for name, call := range map[string]func(context.Context) error{
		"volume":   func(ctx context.Context) error { _, err := c.CreateVolume(ctx, api.VolumeRequest{}); return err },
		"snapshot": func(ctx context.Context) error { _, err := c.CreateSnapshot(ctx, api.SnapshotRequest{}); return err },
		"backup":   func(ctx context.Context) error { _, err := c.CreateBackup(ctx, api.BackupRequest{}); return err },
		"image": func(ctx context.Context) error {
			_, err := c.UploadImage(ctx, api.ImageRequest{}, strings.NewReader("data"))
			return err
		},
		"server": func(ctx context.Context) error {
			_, err := c.CreateServer(ctx, api.ServerRequest{ImageID: "i", Flavor: "f"})
			return err
		},
		"attached": func(ctx context.Context) error { return c.ForceDeleteVolume(ctx, "v") },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := call(ctx)
		cancel()
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), token, name)
		assert.Less(t, len(err.Error()), 1000, name)
		odd := func(r rune) bool { return !unicode.IsPrint(r) }
		assert.False(t, strings.ContainsFunc(err.Error(), odd), "%s: %q", name, err)
	}
}
