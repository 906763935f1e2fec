package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Program{strings.NewReader(""), &out, &errs, opener(nil), 1}.Run(t.Context(), args)
	return code, out.String(), errs.String()
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cloud.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"destroy"}, {"plan", "--frob"}, {"plan", "extra"}, {"plan", "--canaries", "1"},
		{"apply", "--output", "json"}, {"converge", "--output", "json"}, {"converge", "--plan", "x"},
		{"converge", "--canaries", "-1"},
		{"verify", "--limit", "a"}, {"verify", "--clean", "--static"},
		{"verify", "--clean", "--image", "x"}, {"verify", "--older", "-1h"}, {"plan", "--clean"},
		{"plan", "--limit", "a,"}, {"plan", "--limit", ""}, {"plan", "--limit", "a[1,2"},
		{"verify", "--full"}, {"verify", "--check", ""}, {"verify", "--check", "a,"}, {"verify", "--guests", "-1"},
		{"verify", "--timeout", "-1s"}, {"verify", "--static", "--guests", "2"}, {"verify", "--clean", "--check", "files"},
		{"verify", "--computes", "a", "--guests", "1"}, {"verify", "--computes", "a[1"}, {"plan", "--check", "files"},
		{"trust", "--limit", "a"},
		{"apply", "--max-wait", "-1s"}, {"apply", "--max-failed", "-1"}, {"converge", "--parallel", "0"}} {
		code, _, stderr := call(t, args...)
		assert.Equal(t, exitUsage, code, "%q", args)
		assert.NotEmpty(t, stderr, "%q", args)
	}
}

func TestBadSpecNamesEveryFaultBeforeAnyConnection(t *testing.T) {
	file := write(t, "release: atlantis\nclusters: [{name: 'a b'}]\nglance: {}\n")
	code, _, stderr := call(t, "plan", "-f", file)
	assert.Equal(t, exitUsage, code)
	for _, want := range []string{":1:1: release:", ":2:13: clusters[0].name:", ": hosts:"} {
		assert.Contains(t, stderr, "spec: "+file+want)
	}
}

func TestUnknownFieldIsRefused(t *testing.T) {
	code, _, stderr := call(t, "apply", "-f", write(t, "release: zed\nglanse: {}\n"))
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, `cloud.yaml:2:1: glanse: is not a field of a Spec; did you mean "glance"?`)
}

func TestHelpIsNoFault(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"--help"}, {"-h"}, {"converge", "-h"}, {"help", "plan"}, {"help", "help"},
		{"exit-status"}, {"help", "interrupts"}} {
		code, stdout, stderr := call(t, args...)
		assert.Equal(t, exitDone, code, "%q", args)
		assert.Empty(t, stderr, "%q", args)
		assert.NotEmpty(t, stdout, "%q", args)
	}
}

// TestWrongUsageSaysWhatWasMeant, and what to do.
func TestWrongUsageSaysWhatWasMeant(t *testing.T) {
	for args, want := range map[string]string{
		"": "cephstack: a command is missing\nRun 'cephstack --help' to see what is possible.\n",
		"aply --yes": `cephstack: "aply" is not a command; did you mean "apply"?` +
			"\nRun 'cephstack --help' to see what is possible.\n",
		"version": `cephstack: "version" is not a command; did you mean "--version"?` +
			"\nRun 'cephstack --help' to see what is possible.\n",
		"lint -f cloud.yaml": `cephstack: "lint" is not a command; did you mean "validate"?` +
			"\nRun 'cephstack --help' to see what is possible.\n",
		"help pln": `cephstack: "pln" is not a command; did you mean "plan"?` +
			"\nRun 'cephstack help --help' to see what is possible.\n",
		"--versio": `cephstack: unknown flag: --versio; did you mean "--version"?` +
			"\nRun 'cephstack --help' to see what is possible.\n",
		"apply --canarys 2": `cephstack: unknown flag: --canarys; did you mean "--canaries"?` +
			"\nRun 'cephstack apply --help' to see what is possible.\n",
		"verify -static": `cephstack: unknown shorthand flag: 's' in -static; did you mean "--static"?` +
			"\nRun 'cephstack verify --help' to see what is possible.\n",
		"plan --output xml": `cephstack: invalid argument "xml" for "-o, --output" flag: it is text, json or html` +
			"\nRun 'cephstack plan --help' to see what is possible.\n",
		"plan --parallel 0": `cephstack: invalid argument "0" for "--parallel" flag: it is a whole number of at least 1` +
			"\nRun 'cephstack plan --help' to see what is possible.\n",
		"apply --max-wait -1s": `cephstack: invalid argument "-1s" for "--max-wait" flag: it is a time such as 90s, 30m ` +
			"or 2h, and not negative\nRun 'cephstack apply --help' to see what is possible.\n",
		"completion csh": `cephstack: completion is for one shell: bash, zsh or fish` +
			"\nRun 'cephstack completion --help' to see what is possible.\n",
	} {
		code, stdout, stderr := call(t, strings.Fields(args)...)
		assert.Equal(t, exitUsage, code, args)
		assert.Empty(t, stdout, args)
		assert.Equal(t, want, stderr, args)
	}
}

func TestASpecWithoutALoginSaysWhatIsMissing(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("HOME", t.TempDir())
	const small = "release: zed\nclusters: [{name: ceph, host: h}]\nhosts: [{name: h, address: '127.0.0.1:1', services: " +
		"[glance-api]}]\nglance: {}\n"
	code, stdout, stderr := call(t, "plan", "-f", write(t, small))
	assert.Equal(t, exitUsage, code)
	assert.Empty(t, stdout)
	for _, want := range []string{"spec: ssh.key_files: is missing: name a private key, or give ssh.agent",
		"spec: ssh.known_hosts: is not in the Spec, and ", "/.ssh/known_hosts: no such file or directory; cephstack trust"} {
		assert.Contains(t, stderr, want)
	}
	known := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(known, nil, 0o600))
	code, _, stderr = call(t, "plan", "-f", write(t, small+"ssh: {user: root, known_hosts: ["+known+"]}\n"))
	assert.Equal(t, exitUsage, code)
	assert.Equal(t, "cephstack: spec: ssh.key_files: is missing: name a private key, or give ssh.agent the path "+
		"of an agent's socket (SSH_AUTH_SOCK, which is the default, is not set), or make a key: ~/.ssh has no id_rsa, "+
		"id_ecdsa or id_ed25519, which ssh takes by default\n", stderr)
}

func TestAPasswordThatOthersCanReadEndsTheRun(t *testing.T) {
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	require.NoError(t, os.WriteFile(password, []byte("secret"), 0o600))
	require.NoError(t, os.Chmod(password, 0o640))
	known := filepath.Join(dir, "known_hosts")
	require.NoError(t, os.WriteFile(known, nil, 0o600))
	spec := write(t, "release: zed\nclusters: [{name: ceph, host: h}]\nssh: {user: deploy, sudo: true, known_hosts: ["+
		known+"], agent: /nonexistent, entry: {user: i, password_file: "+password+"}}\n"+
		"prepare: {sudo: {}}\nhosts: [{name: h, address: '127.0.0.1:1', services: [glance-api]}]\nglance: {}\n")
	code, stdout, stderr := call(t, "plan", "-f", spec)
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "ssh.entry.password_file: "+password+" is open to others than its owner (mode 0640)")
}

func TestUnreachablePartsAreProblems(t *testing.T) {
	dir := t.TempDir()
	clouds := filepath.Join(dir, "clouds.yaml")
	require.NoError(t, os.WriteFile(clouds, []byte("clouds: {x: {auth: {auth_url: 'http://127.0.0.1:1/v3', username: a, "+
		"password: b, project_name: c, user_domain_name: d, project_domain_name: d}}}\n"), 0o600))
	known := filepath.Join(dir, "known_hosts")
	require.NoError(t, os.WriteFile(known, nil, 0o600))
	spec := write(t, "release: zed\nclusters: [{name: ceph, host: h}]\nssh: {user: root, known_hosts: ["+known+
		"], agent: /nonexistent}\n"+
		"hosts: [{name: h, address: '127.0.0.1:1', services: [glance-api]}]\nglance: {}\n"+
		"cloud: {name: x, clouds_file: "+clouds+"}\n")
	code, stdout, _ := call(t, "plan", "-f", spec)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "PROBLEM: cloud: the APIs cannot be asked")
	assert.Contains(t, stdout, "PROBLEM: h: cannot be read")
}

// TestASpecThatIsNotThere: who forgot -f is told of it.
func TestASpecThatIsNotThere(t *testing.T) {
	c := newCloud(t, 1)
	c.file = filepath.Join(t.TempDir(), "cloud.yaml")
	for _, command := range []string{"trust", "plan", "apply", "converge", "verify"} {
		code, _, stderr := c.run(t.Context(), "", command)
		assert.Equal(t, exitUsage, code, command)
		assert.Contains(t, stderr, "the Spec cannot be read: open "+c.file+": no such file or directory; -f names its file")
	}
}
