package spec_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/integrate/spec"
)

const coordinator = "etcd3+http://:secret-word@203.0.113.5:2379"

// threeControllers serve together.
func threeControllers() spec.Spec {
	s := exampleSpec()
	for _, name := range []string{"controller2", "controller3"} {
		s.Hosts = append(s.Hosts, spec.Host{Name: name, Services: slices.Clone(s.Hosts[0].Services)})
	}
	return s
}

func TestValidateOfSeveralControllers(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*spec.Spec)
		faults map[string]string // by field, with what the message has
	}{
		"neither": {func(*spec.Spec) {}, nil},
		"active/active": {func(s *spec.Spec) {
			s.Cinder.Cluster, s.Cinder.Coordination = "ha", spec.NewSecret(coordinator)
		}, nil},
		"a coordinator of cinder.conf": {func(s *spec.Spec) { s.Cinder.Cluster = "ha" }, nil},
		"active/passive": {func(s *spec.Spec) {
			s.Cinder.Backends[0].Options = map[string]string{"backend_host": "rbd:volumes"}
			s.Hosts[3].Standby, s.Hosts[4].Standby = []string{"cinder-volume"}, []string{"cinder-volume", "cinder-backup"}
		}, nil},
		"both": {func(s *spec.Spec) {
			s.Cinder.Cluster = "ha"
			s.Cinder.Backends[0].Options = map[string]string{"backend_host": "rbd:volumes"}
		}, map[string]string{"cinder.backends[0].options.backend_host": "in a cluster each of them needs a name of its own"}},
		"before clusters": {func(s *spec.Spec) { s.Release, s.Cinder.Cluster = "queens", "ha" },
			map[string]string{"cinder.cluster": "rocky is the first release in which it can"}},
		"not a name": {func(s *spec.Spec) { s.Cinder.Cluster = "h a" },
			map[string]string{"cinder.cluster": `"h a": use letters, digits`}},
		"not a URL": {func(s *spec.Spec) { s.Cinder.Coordination = spec.NewSecret("secret-word") },
			map[string]string{"cinder.coordination": "is not a URL in one word"}},
		"in two lines": {func(s *spec.Spec) { s.Cinder.Coordination = spec.NewSecret("etcd3+http://secret-word\nx = y") },
			map[string]string{"cinder.coordination": "is not a URL in one word"}},
		"does not print": {func(s *spec.Spec) { s.Cinder.Coordination = spec.NewSecret("etcd3+http://secret-word\x00") },
			map[string]string{"cinder.coordination": "has a character that does not print"}},
		"locks of one host": {func(s *spec.Spec) { s.Cinder.Coordination = spec.NewSecret("file:///secret-word") },
			map[string]string{"cinder.coordination": "the locks of file:// hold on one host alone"}},
		"stands by in a cluster": {func(s *spec.Spec) {
			s.Cinder.Cluster, s.Hosts[3].Standby = "ha", []string{"cinder-volume"}
		}, map[string]string{"hosts[3].standby[0]": "does not stand by in a cluster"}},
		"nobody serves": {func(s *spec.Spec) {
			for i := range s.Hosts {
				if slices.Contains(s.Hosts[i].Services, "cinder-volume") {
					s.Hosts[i].Standby = []string{"cinder-volume"}
				}
			}
		}, map[string]string{"hosts[0].standby": "cinder-volume stands by on each of its hosts"}},
		"odd services": {func(s *spec.Spec) {
			s.Hosts[1].Standby = []string{"nova-compute", "cinder-volume"}
			s.Hosts[3].Standby = []string{"cinder-volume", "cinder-volume"}
		}, map[string]string{"hosts[1].standby[0]": `"nova-compute" is none of cinder-volume and cinder-backup`,
			"hosts[1].standby[1]": "cinder-volume is not among the services of this host",
			"hosts[3].standby[1]": `"cinder-volume" is there twice`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := threeControllers()
			c.change(&s)
			found := faults(t, s)
			assert.Len(t, found, len(c.faults), "%v", found)
			for path, says := range c.faults {
				assert.Contains(t, found[path], says)
			}
			assert.NotContains(t, fmt.Sprint(s.Validate()), "secret-word")
		})
	}
}

// TestASecretOfASpecDoesNotPrint, and comes out of YAML and JSON as it was written there.
func TestASecretOfASpecDoesNotPrint(t *testing.T) {
	const text = `
release: zed
clusters: [{name: ceph}]
ssh: {user: root}
hosts: [{name: c1, services: [cinder-volume]}, {name: c2, services: [cinder-volume], standby: []}]
cinder:
  cluster: ha
  coordination: "` + coordinator + `"
  backends: [{name: ceph}]
`
	s, err := spec.Load(strings.NewReader(text), "/")
	require.NoError(t, err)
	assert.Equal(t, coordinator, s.Cinder.Coordination.Reveal())
	assert.Equal(t, coordinator, s.Clone().WithDefaults().Cinder.Coordination.Reveal())
	assert.Equal(t, "ha", s.WithDefaults().Cinder.Cluster)
	inJSON, err := json.Marshal(s)
	require.NoError(t, err)
	inYAML, err := yaml.Marshal(s)
	require.NoError(t, err)
	for _, text := range []string{string(inJSON), string(inYAML), fmt.Sprintf("%v %+v %#v", s, s.Cinder, *s.Cinder)} {
		assert.NotContains(t, text, "secret-word")
	}
	assert.Contains(t, string(inJSON), `"coordination":"[redacted]"`)
	var back spec.Spec
	require.NoError(t, json.Unmarshal(inJSON, &back))
	require.ErrorContains(t, back.Validate(), "cinder.coordination: is not a URL", "what was redacted is not used")
	require.NoError(t, json.Unmarshal([]byte(`{"cinder": {"coordination": "`+coordinator+`"}}`), &back))
	assert.Equal(t, coordinator, back.Cinder.Coordination.Reveal())

	none, err := yaml.Marshal(spec.Cinder{})
	require.NoError(t, err)
	assert.NotContains(t, string(none), "coordination")
	_, err = spec.Load(strings.NewReader(strings.Replace(text, `"`+coordinator+`"`, "{a: secret-word}", 1)), "/")
	require.ErrorContains(t, err, "cinder.coordination: is not text")
	assert.NotContains(t, err.Error(), "secret-word")
}
