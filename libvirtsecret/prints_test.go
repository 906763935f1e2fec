package libvirtsecret_test

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
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
)

// Every exported type is in the table, and none of them prints a secret.
func TestNoTypePrintsASecret(t *testing.T) {
	const text = "zQ7canaryOfASecretKeyNr9"
	require.True(t, leaks(printed(t, text), []byte(text)), "the test sees nothing")
	value, err := libvirtsecret.ParseValue(text)
	require.NoError(t, err)
	secret := libvirtsecret.Secret{UUID: "457eb676-33da-42ec-9a8c-9293d545c337", UsageID: "client.x", Value: value}
	store := secrettest.New()
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: secret}))
	values := map[string][]any{
		"Value":  {value, &value, []libvirtsecret.Value{value}, struct{ v libvirtsecret.Value }{value}},
		"Secret": {secret, &secret},
		"Change": {libvirtsecret.Change{Secret: secret, Was: &secret}},
		"Store":  {store},
		"Error":  {&libvirtsecret.Error{Op: "define", UUID: secret.UUID}},
	}
	for _, name := range exported(t, ".") {
		require.Contains(t, values, name, "put the type into the table")
		for _, v := range values[name] {
			all := printed(t, v)
			require.False(t, leaks(all, []byte(text)), "%s (%T) prints a secret: %.3000s", name, v, all)
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
func printed(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	text, inJSON := slog.New(slog.NewTextHandler(&b, nil)), slog.New(slog.NewJSONHandler(&b, nil))
	for _, v := range []any{v, &v, []any{v}, map[string]any{"k": v}, struct{ V any }{v}, inside(v)} {
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
