package spec_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// small is a Spec without faults.
const small = `release: zed
clusters: [{name: ceph, host: mon1}]
hosts:
  - {name: mon1, address: 10.0.0.1}
  - {name: compute1, services: [nova-compute]}
nova: {}
`

func load(text string) (spec.Spec, error) { return spec.Load(strings.NewReader(text), "/specs") }

// faultsOf are an error's faults: what Error says of each, without what they all begin with.
func faultsOf(t *testing.T, err error) (texts []string) {
	t.Helper()
	require.Error(t, err)
	for line := range strings.SplitSeq(err.Error(), "\n") {
		require.True(t, strings.HasPrefix(line, "spec: "), line)
		texts = append(texts, strings.TrimPrefix(line, "spec: "))
	}
	return texts
}

func ExampleLoad() {
	const text = `release: zed
clusters: [{name: ceph, host: ceph01}]
ssh: {user: deploy, sudo: true, key_files: [id_ed25519], known_hosts: [known_hosts]}
hosts:
  - {name: ceph01}
  - {name: compute1, services: [nova-compute]}
  - {name: compute2, services: [nova-compute], address: Compute1:22}
nova: {}
`
	s, err := spec.Load(strings.NewReader(text), "/etc/cephstack")
	fmt.Println(s.SSH.KeyFiles)
	fmt.Println(strings.ReplaceAll(err.Error(), "; ", ";\n"))
	// Output:
	// [/etc/cephstack/id_ed25519]
	// spec: line 7, column 48: hosts[2].address: "Compute1:22" is the address of hosts[1] (compute1) too;
	// list each machine once;
	// the first is at line 6, column 6
}

func TestLoadReadsWhatYAMLAndJSONSay(t *testing.T) {
	want, err := load(small)
	require.NoError(t, err)
	assert.Equal(t, spec.Spec{
		Release:  "zed",
		Clusters: []spec.Cluster{{Name: "ceph", Host: "mon1"}},
		Hosts:    []spec.Host{{Name: "mon1", Address: "10.0.0.1"}, {Name: "compute1", Services: []string{"nova-compute"}}},
		Nova:     &spec.Nova{},
	}, want)
	got, err := load(`{"release": "zed", "clusters": [{"name": "ceph", "host": "mon1"}], "nova": {},
		"hosts": [{"name": "mon1", "address": "10.0.0.1"}, {"name": "compute1", "services": ["nova-compute"]}]}`)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	got, err = load(strings.Replace(small, "release: zed", "release: 2023.1", 1))
	require.NoError(t, err)
	assert.Equal(t, "2023.1", got.Release, "a number is text where text is wanted")
	got, err = load(small + "x: &x\n" + "cinder: null\n")
	require.ErrorContains(t, err, "line 7, column 1: x: is not a field")
	assert.Zero(t, got)
}

// TestLoadTakesEveryField that a Spec has.
func TestLoadTakesEveryField(t *testing.T) {
	data, err := yaml.Marshal(full(t))
	require.NoError(t, err)
	_, err = load(string(data))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "is not a field")
	assert.NotRegexp(t, ": is not (text|true or false|a list|a mapping|a whole number)", err.Error())
	for i := range reflect.TypeFor[spec.Spec]().NumField() {
		f := reflect.TypeFor[spec.Spec]().Field(i)
		assert.NotEmpty(t, f.Tag.Get("yaml"), f.Name)
	}
}

func TestPathsAreRelativeToTheFolder(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	s, err := load(small + `prepare: {sudo: {}}
cloud: {clouds_file: clouds.yaml}
ssh:
  user: deploy
  sudo: true
  agent: /run/agent
  key_files: [keys/id, /root/id]
  known_hosts: [~/.ssh/known_hosts]
  entry: {user: installer, key_files: [id], password_file: ~/password}
`)
	require.NoError(t, err)
	assert.Equal(t, []string{"/specs/keys/id", "/root/id"}, s.SSH.KeyFiles)
	assert.Equal(t, []string{filepath.Join(home, ".ssh/known_hosts")}, s.SSH.KnownHosts)
	assert.Equal(t, []string{"/specs/id"}, s.SSH.Entry.KeyFiles)
	assert.Equal(t, filepath.Join(home, "password"), s.SSH.Entry.PasswordFile)
	assert.Equal(t, "/specs/clouds.yaml", s.Cloud.CloudsFile)

	t.Setenv("HOME", "")
	_, err = load(small + "ssh: {known_hosts: [a, ~/known_hosts]}\n")
	require.ErrorContains(t, err, "spec: line 7, column 24: ssh.known_hosts[1]: ~/known_hosts is in the home")
}

func TestASpecIsOneKnownDocument(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"nothing":           {"# nothing\n", "spec: the text is empty: it should hold a Spec"},
		"null":              {"---\n", "spec: the text is empty"},
		"two":               {small + "---\n" + small, "spec: the text holds more than one document"},
		"garbage behind it": {small + "---\n\t{", "spec: yaml: line 8: "},
		"unknown":           {small + "sssh: {}\n", "spec: line 7, column 1: sssh: is not a field of a Spec"},
		"unknown below": {small + "ssh: {timeouts:\n  {conect: 1s}}\n",
			"spec: line 8, column 4: ssh.timeouts.conect: is not a field of a Spec; did you mean \"connect\"?"},
		"twice": {small + "nova: {}\n",
			"spec: line 7, column 1: nova: is there twice, first on line 6, column 1"},
		"not YAML":         {"\t{", "spec: yaml: "},
		"a text":           {"hello", "spec: line 1, column 1: is not a mapping of names to values"},
		"a list":           {"- a\n", "spec: line 1, column 1: is not a mapping of names to values"},
		"a name":           {small + "? [a]\n: b\n", "spec: line 7, column 3: has a name that is not text"},
		"an alias of none": {small + "ssh: *x\n", "spec: yaml: line 7: a text that begins with * is an alias, and this "},
		"a loop": {small + "cinder: &a\n  backends: [*a]\n",
			"spec: line 8, column 3: cinder.backends[0].backends: "},
		"a loop of merges": {small + "ssh: &a {<<: *a}\n", "spec: yaml: anchor value contains itself"},
		"a merge of text":  {small + "ssh: {<<: text}\n", "spec: yaml: map merge requires"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(c.text)
			assert.ErrorContains(t, err, c.says)
		})
	}
	_, err := spec.Load(iotest.ErrReader(io.ErrUnexpectedEOF), "")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = load(strings.Repeat("#", 33<<20))
	require.ErrorContains(t, err, "spec: the text is longer than")
}

// TestNoErrorOfYAMLTellsAValue: what is a sign of YAML may be the beginning of a password.
func TestNoErrorOfYAMLTellsAValue(t *testing.T) {
	for _, value := range []string{"*hunter2", "*hunter2 x", "!!int hunter2", "!!float hunter2", "!!bool hunter2",
		"!!timestamp hunter2", "!!null hunter2", "!!binary hunter2", "!hunter2", "!hunter2!x", "&hunter2",
		"&hunter2 {<<: *hunter2}", "{a: [*hunter2]}", "%hunter2", "@hunter2", "|hunter2", "[hunter2", "'hunter2",
		"hunter2: x", "{name: compute[1-2], a: *hunter2}", "!!int a`hunter2`", "!!int \"hunter2\\n`x\""} {
		for _, option := range []string{"coordination", "cluster", "backends"} {
			_, err := load(small + "cinder:\n  " + option + ": " + value + "\n")
			require.Error(t, err, value)
			assert.NotContains(t, err.Error(), "hunter2", value)
		}
	}
	_, err := load(small + "cinder:\n  coordination: *hunter2\n")
	assert.EqualError(t, err, "spec: yaml: line 8: a text that begins with * is an alias, and this one has no anchor: a "+
		"value that begins with * needs quotes")
}

// TestValuesOfAnotherForm are named by their place; what they are is not said, as
// it may be a secret in a wrong place.
func TestValuesOfAnotherForm(t *testing.T) {
	_, err := load(`release: [hunter2]
clusters:
  - {name: ceph, remove_foreign_caps: hunter2, pools: [{name: images, pg_num: hunter2}, hunter2]}
ssh: hunter2
hosts: {hunter2: {}}
prepare:
  authorize:
    keys: hunter2
  guests: {options: {a: [hunter2]}}
`)
	assert.Equal(t, []string{
		"line 1, column 10: release: is not text",
		"line 3, column 39: clusters[0].remove_foreign_caps: is not true or false",
		"line 3, column 79: clusters[0].pools[0].pg_num: is not a whole number",
		"line 3, column 89: clusters[0].pools[1]: is not a mapping of names to values",
		"line 4, column 6: ssh: is not a mapping of names to values",
		"line 5, column 8: hosts: is not a list",
		"line 8, column 11: prepare.authorize.keys: is not a list",
		"line 9, column 25: prepare.guests.options.a: is not text",
	}, faultsOf(t, err))
	for _, number := range []string{"1.5", "99999999999999999999", "'16'", "true", "16M"} {
		_, err = load("clusters:\n- pools:\n  - pg_num: " + number + "\n")
		want := []string{"line 3, column 13: clusters[0].pools[0].pg_num: is not a whole number"}
		assert.Equal(t, want, faultsOf(t, err), number)
	}
}

// TestAnEmptySwitchIsAFault: who writes helper and leaves the value out does not ask for the broad rule.
func TestAnEmptySwitchIsAFault(t *testing.T) {
	const ssh = "ssh: {user: deploy, sudo: true}\n"
	for _, field := range []string{"helper", "narrow"} {
		for value, column := range map[string]int{"": 12, "null": 13, "~": 13} {
			_, err := load(small + ssh + "prepare:\n  sudo:\n    " + field + ": " + value + "\n")
			want := fmt.Sprintf("line 10, column %d: prepare.sudo.%s: is empty: write true or false", column, field)
			assert.Equal(t, []string{want}, faultsOf(t, err))
		}
	}
	_, err := load(small + ssh + "prepare:\n  sudo:\n")
	hasFault(t, err, spec.FieldError{Path: "prepare.sudo", Line: 9, Message: emptyMapping})
}

// TestFaultsHaveTheirLine, those of Validate as well.
func TestFaultsHaveTheirLine(t *testing.T) {
	_, err := load(`release: atlantis
clusters:
  - name: ceph
    conf:
      client.a.b: {key: x}
    min_client: new
  - host: mon2
ssh: &ssh
  timeouts:
    connect: 1
hosts:
  - {name: mon1, services: [nova-compute]}
  - name: MON1
    disks: floppy
cinder:
  backends:
    - <<: &b {options: {bad option: x}}
      name: ceph
nova: {<<: {user: admin}}
`)
	got := faultsOf(t, err)
	for _, want := range []string{
		"line 1, column 1: release: ",
		"line 5, column 20: clusters[0].conf.client.a.b.key: ",
		"line 6, column 5: clusters[0].min_client: ",
		"line 7, column 5: clusters[1].name: is missing",
		"line 7, column 5: clusters[1].host: ",
		"line 10, column 5: ssh.timeouts.connect: ",
		"line 13, column 5: hosts[1].name: \"MON1\" is \"mon1\" of hosts[0] in another case",
		"line 14, column 5: hosts[1].disks: ",
		"line 17, column 15: cinder.backends[0].options: ",
		"line 19, column 13: nova.user: ",
	} {
		assert.Contains(t, strings.Join(got, "\n")+"\n", want)
	}
	var f *spec.FieldError
	require.ErrorAs(t, err, &f)
	assert.Equal(t, "ssh.timeouts.connect", firstWithLine(t, err, 10).Path)
	_, err = load("release: zed\n")
	assert.Equal(t, []string{
		"clusters: is empty; name at least one Ceph cluster",
		"glance: none of glance, cinder, backup and nova is given: there is nothing to integrate",
	}, faultsOf(t, err), "they have no line")
}

func firstWithLine(t *testing.T, err error, line int) *spec.FieldError {
	t.Helper()
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var f *spec.FieldError
		if errors.As(e, &f) && f.Line == line {
			return f
		}
	}
	require.Fail(t, "no fault has that line")
	return nil
}

func TestAReleaseThatIsMissingIsNotAFaultYet(t *testing.T) {
	without := strings.Replace(small, "release: zed\n", "", 1)
	s, err := load(without)
	require.NoError(t, err)
	assert.Empty(t, s.Release)
	_, err = load(without + "packages: maybe\n")
	assert.Equal(t, []string{`line 6, column 1: packages: "maybe" is neither check nor install`}, faultsOf(t, err))
	_, err = load(without + "release: atlantis\n")
	require.ErrorContains(t, err, "spec: line 6, column 1: release: ")
}

func TestReadDoesNotValidate(t *testing.T) {
	const part = "hosts: [{name: a, address: ':'}]\nssh: {known_hosts: [known_hosts]}\n"
	s, err := spec.Read(strings.NewReader(part), "/specs")
	require.NoError(t, err)
	assert.Equal(t, []spec.Host{{Name: "a", Address: ":"}}, s.Hosts)
	assert.Equal(t, []string{"/specs/known_hosts"}, s.SSH.KnownHosts)
	_, err = load(part)
	require.ErrorContains(t, err, "spec: line 1, column 19: hosts[0].address: ")
	_, err = spec.Read(strings.NewReader(part+"host: []\n"), "/specs")
	require.EqualError(t, err, `spec: line 3, column 1: host: is not a field of a Spec; did you mean "hosts"?`)
}

func TestTheExamplesLoad(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/cloud*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		f, err := os.Open(file)
		require.NoError(t, err)
		_, err = spec.Load(f, filepath.Dir(file))
		assert.NoError(t, err, file)
		require.NoError(t, f.Close())
	}
}

// FuzzLoad: whatever the text is, Load neither panics nor hangs, what it gives is
// valid, and what it gives can be written and loaded again.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		small, "", "---\n", "{\"release\": null}", strings.Repeat("[", 2000),
		"a: &a [*a]\n", "ssh: &a {<<: [*a, *a]}\n", "hosts: &h [&i {name: a}, *i, {<<: *i}]\nclusters: *h\n",
		"hosts: [{name: a, address: ':'}]", "clusters: [{conf: {a.b: {c d: e}}}]",
		"? {a: b}\n: c\n", "release: !!binary gIGC\n", "nova: {user: !x y}",
		fleet, "hosts: [{name: 'c[1-999999999]'}]", "hosts: [{name: 'c[1-3]', address: '[2001:db8::[f-11]]:22'}]",
		"groups: {a: {address: .b}}\nhosts: [{name: 'c[01-03,7]', group: a}]\nx-y: &z [*z]\n",
		"groups: &g {a: *g}\nhosts: [{name: 'c[1-2]r[1-2]', address: '10.0.[255-256].[255-256]'}]\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := spec.Load(strings.NewReader(text), "/specs")
		if err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		assert.LessOrEqual(t, len(s.Hosts), 10_000)
		if s.Release != "" {
			require.NoError(t, s.Validate())
		}
		if len(s.Hosts) > 100 { // writing and reading them takes long, and shows nothing new
			return
		}
		data, err := yaml.Marshal(s)
		require.NoError(t, err)
		again, err := spec.Load(strings.NewReader(string(data)), "/specs")
		require.NoError(t, err, "%s", data)
		assert.Equal(t, s.Digest(), again.Digest(), "%s", data)
	})
}
