package remote_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
	"github.com/cephstack/cephstack/remote/upstart"
)

// secretValues are values of all exported types, full of a secret wherever they can have one.
func secretValues(t *testing.T, key, secret []byte) map[string]map[string][]any {
	text := string(secret)
	password := remote.NewPassword(text)
	cfg := remote.Config{Address: "c1", User: "root",
		Keys: []cephstack.Redacted{cephstack.Redact(key)}, Password: password,
		KnownHosts: []string{"known"}}
	jump := cfg
	cfg.Jump = &jump
	ssh, err := remote.New(cfg)
	require.NoError(t, err)
	fleet, err := remote.NewFleet(cfg)
	require.NoError(t, err)
	write, run := remote.WriteFile{Path: "/k", Data: secret}, remote.Run{Argv: []string{"cat"},
		Stdin: cephstack.Redact(secret)}
	result := remote.Result{Data: secret, Stderr: secret, File: remote.File{Path: "/k"}, Unit: remote.Unit{Name: "u"}}
	results := remote.Result{Files: []remote.Result{result}, Versions: map[string]string{"a": "1"}}
	failed := &remote.OpError{Host: "c1", Op: "write", Object: "/k", Err: remote.ErrUnknown}
	fake := remotetest.NewHost("fake")
	fake.AddFile("/root/key", secret, 0o600)
	_, err = fake.Do(t.Context(), write, run)
	require.NoError(t, err)
	server, err := remotetest.ServeKey(fake, key)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return map[string]map[string][]any{
		".": {
			"Config":   {cfg, &cfg, struct{ remote.Config }{cfg}, struct{ *remote.Config }{&cfg}},
			"Password": {password, &password, struct{ p remote.Password }{password}},
			"SSH":      {ssh, struct{ s *remote.SSH }{ssh}, struct{ *remote.SSH }{ssh}},
			"Fleet":    {fleet, struct{ f *remote.Fleet }{fleet}, struct{ *remote.Fleet }{fleet}},
			"WriteFile": {write, &write, struct{ remote.WriteFile }{write}, struct {
				remote.Config
				Op remote.WriteFile
			}{cfg, write}},
			"Run": {run, &run, struct{ remote.Run }{run}},
			"If":  {remote.If{Op: write}, &remote.If{Op: run}, []remote.Op{write, run}},
			"Op":  {[]remote.Op{write}}, "Host": {[]remote.Host{ssh, fake}},
			"Result": {result, &result, results, []remote.Result{result}, struct{ remote.Result }{result}},
			"Outcome": {remote.Outcome[[]remote.Result]{Value: []remote.Result{result}},
				remote.Outcome[*remote.SSH]{Value: ssh},
				&remote.Outcome[remote.Result]{Value: result}},
			"OpError": {failed}, "HostError": {&remote.HostError{Host: "c1", Step: "exchange", Err: failed}},
			// These have nothing but names, numbers and times.
			"Timeouts": nil, "Local": nil, "InstallPackages": nil, "Mkdir": nil, "Packages": nil,
			"ReadDir": nil, "ReadFile": nil,
			"Remove": nil, "RestartUnit": nil, "SetAttr": nil, "Stat": nil, "UnitState": nil, "File": nil, "Unit": nil,
		},
		"hostkeys": {"Key": nil, "Verified": nil},
		"upstart":  {"Host": {upstart.New("c1", ssh)}},
		"remotetest": {
			"Host":   {fake, struct{ *remotetest.Host }{fake}},
			"Server": {server, struct{ *remotetest.Server }{server}}, "Turns": nil,
		},
	}
}

// seenInside are the types that hold the content of a file, or what a program said, as bytes: fmt prints them from an
// unexported field of a struct of somebody else, and their documentation says so. The fakes protect nothing there.
func seenInside(dir, name string) bool {
	return dir == "remotetest" || slices.Contains([]string{"WriteFile", "If", "Op", "Host", "Result", "Outcome"}, name)
}

// Every exported type of the room is in the table, and none of them prints a secret.
func TestNoTypePrintsASecret(t *testing.T) {
	key, _ := newKey(t)
	secret := []byte("zQ7canaryOfASecret9")
	ofKey := []byte(strings.Split(string(key), "\n")[2])[:20]
	require.True(t, leaks(printed(t, string(secret)), secret), "the test sees nothing")
	require.True(t, leaks(fmt.Sprint(secret), secret) && leaks(fmt.Sprintf("%#v", secret), secret))
	for dir, values := range secretValues(t, key, secret) {
		for _, name := range exported(t, dir) {
			require.Contains(t, values, name, "put the type of package %s into the table", dir)
			for _, v := range values[name] {
				var hidden []any
				if !seenInside(dir, name) {
					hidden = append(hidden, inside(v))
				}
				text := printed(t, v, hidden...)
				assert.False(t, leaks(text, secret), "%s.%s (%T) prints a secret", dir, name, v)
				assert.False(t, leaks(text, ofKey), "%s.%s (%T) prints a key", dir, name, v)
			}
		}
	}
}

// leaks reports whether a text has the secret in any form that fmt, JSON or YAML give to
// a string or to bytes.
func leaks(text string, secret []byte) bool {
	in64 := base64.StdEncoding.EncodeToString(secret)
	if strings.Contains(text, string(secret)) || strings.Contains(text, in64) ||
		strings.Contains(strings.ToLower(text), hex.EncodeToString(secret)) {
		return true
	}
	odd := func(r rune) bool { return !unicode.IsDigit(r) && !unicode.IsLetter(r) }
	words := strings.FieldsFunc(strings.ToLower(text), odd)
	for _, base := range []int{2, 8, 10, 16} {
		at := 0
		for _, w := range words {
			n, err := strconv.ParseUint(strings.TrimPrefix(w, "0x"), base, 64)
			if at++; err != nil || byte(n) != secret[at-1] {
				at = 0
			}
			if at == len(secret) {
				return true
			}
		}
	}
	return false
}

// printed is a value in every form that is at hand, apart from %p and %w of what is not a pointer or an
// error: fmt does not ask the value then, and go vet refuses both.
func printed(t *testing.T, v any, more ...any) string {
	t.Helper()
	var b strings.Builder
	text, inJSON := slog.New(slog.NewTextHandler(&b, nil)), slog.New(slog.NewJSONHandler(&b, nil))
	for _, v := range append([]any{v, &v, []any{v}, map[string]any{"k": v}, struct{ V any }{v}}, more...) {
		for _, verb := range "vsqxXdobtcUe" {
			fmt.Fprintf(&b, "%"+string(verb)+"\n", v)
		}
		fmt.Fprintf(&b, "%+v %#v %#x % x\n", v, v, v, v)
		text.Info("x", "v", v)
		inJSON.Info("x", "v", v)
		if data, err := json.Marshal(v); err == nil {
			b.Write(data)
		}
		func() {
			defer func() { _ = recover() }() // yaml panics over what it does not know, such as a function
			data, _ := yaml.Marshal(v)
			b.Write(data)
		}()
	}
	return b.String()
}

// inside is a value in an unexported field of a struct, of the type of the value: fmt calls no methods there.
func inside(v any) any {
	of := reflect.TypeOf(v)
	field := reflect.StructField{Name: "hidden", PkgPath: "example.org/embedder", Type: of}
	whole := reflect.New(reflect.StructOf([]reflect.StructField{field})).Elem()
	at := reflect.NewAt(of, whole.Field(0).Addr().UnsafePointer()).Elem()
	at.Set(reflect.ValueOf(v))
	return whole.Interface()
}

// exported are the exported types of the package in a folder.
func exported(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			for i := 0; ok && i < len(g.Specs); i++ {
				if s, ok := g.Specs[i].(*ast.TypeSpec); ok && s.Name.IsExported() {
					names = append(names, s.Name.Name)
				}
			}
		}
	}
	require.NotEmpty(t, names)
	return names
}
