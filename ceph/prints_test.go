package ceph_test

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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

// secretValues are values of all exported types, full of a secret wherever they can have one.
func secretValues(t *testing.T, text string) map[string][]any {
	t.Helper()
	key, err := ceph.ParseKey(text)
	require.NoError(t, err)
	user := ceph.User{Entity: "client.x", Key: key, Caps: ceph.Caps{"mon": "profile rbd"}}
	command := ceph.Command{JSON: []byte(`{"prefix":"auth import"}`), Input: cephstack.Redact(text)}
	reply := ceph.Reply{Data: cephstack.Redact(text), Status: "ok"}
	conf, err := ceph.ParseConf([]byte("[client.rgw]\nrgw keystone admin password = " + text + "\n"))
	require.NoError(t, err)
	request, answer := ceph.Request{Command: command}, ceph.Answer{Reply: reply}
	fake := cephtest.New()
	cluster := ceph.New(fake)
	_, err = cluster.CreateUser(t.Context(), "client.x", user.Caps)
	require.NoError(t, err)
	change := ceph.UserChange{Was: user, Want: user}
	return map[string][]any{
		"Key":     {key, &key, struct{ k ceph.Key }{key}},
		"User":    {user, &user, []ceph.User{user}, struct{ u ceph.User }{user}},
		"Keyring": {ceph.Keyring{Users: []ceph.User{user}}, &ceph.Keyring{Users: []ceph.User{user}}},
		"Command": {command, &command, struct{ ceph.Command }{command}},
		"Reply":   {reply, &reply, struct{ ceph.Reply }{reply}},
		"Request": {request, &request, []ceph.Request{request}}, "Answer": {answer, &answer, []ceph.Answer{answer}},
		"Conf":       {conf, struct{ *ceph.Conf }{conf}},
		"View":       {ceph.View{Users: map[string]ceph.User{"client.x": user}}},
		"Done":       {ceph.Done{User: user}, []ceph.Done{{User: user}}},
		"Work":       {ceph.Work{User: &change}, []ceph.Work{{User: &change}}},
		"UserChange": {change, &change}, "Cluster": {cluster}, "Commander": {fake}, "Batcher": nil, "Images": nil,
		"CommandError": {&ceph.CommandError{Op: "auth get", Object: "client.x", Code: 13}},
		// These have nothing but names and numbers.
		"Caps": nil, "Status": nil, "CRUSHMap": nil, "ErasureProfile": nil, "Lock": nil, "Locker": nil, "Image": nil,
		"Parent": nil, "Snapshot": nil, "TrashEntry": nil, "Layout": nil, "Query": nil, "Pool": nil, "Setting": nil,
		"PoolChange": nil,
	}
}

// Every exported type is in the table, and none of them prints a secret.
func TestNoTypePrintsASecret(t *testing.T) {
	const text = "zQ7canaryOfASecretKeyNr9"
	require.True(t, leaks(printed(t, text), []byte(text)), "the test sees nothing")
	values := secretValues(t, text)
	for _, name := range exported(t, ".") {
		require.Contains(t, values, name, "put the type into the table")
		for _, v := range values[name] {
			hidden := []any{inside(v)}
			if name == "Conf" {
				hidden = nil // it is the text of a file, and fmt prints it there; the documentation says so
			}
			all := printed(t, v, hidden...)
			assert.False(t, leaks(all, []byte(text)), "%s (%T) prints a secret", name, v)
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
