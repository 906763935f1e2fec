package spec_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// TestTimeoutsAreTextInYAMLAndJSON and come back as they were.
func TestTimeoutsAreTextInYAMLAndJSON(t *testing.T) {
	want := spec.SSH{User: "root", Timeouts: spec.Timeouts{Connect: "2s", Idle: "1m30s"}}
	for _, text := range []string{
		"user: root\ntimeouts: {connect: 2s, idle: 1m30s}\n",
		`{"user": "root", "timeouts": {"connect": "2s", "idle": "1m30s"}}`,
	} {
		var got spec.SSH
		d := yaml.NewDecoder(strings.NewReader(text))
		d.KnownFields(true)
		require.NoError(t, d.Decode(&got))
		assert.Equal(t, want, got)
	}
	data, err := json.Marshal(want)
	require.NoError(t, err)
	assert.JSONEq(t, `{"user": "root", "timeouts": {"connect": "2s", "idle": "1m30s"}}`, string(data))
	var back spec.SSH
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, want, back)
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		data, err := marshal(spec.SSH{})
		require.NoError(t, err)
		assert.NotContains(t, string(data), "timeouts", "none are set")
	}
}

func TestTimeoutsAsRemoteTakesThem(t *testing.T) {
	got, err := spec.Timeouts{Connect: "100ms", Handshake: "2s", Authenticate: "1m", Retry: "10m",
		Start: "30s", Idle: "1h", Total: "24h"}.Parse()
	require.NoError(t, err)
	assert.Equal(t, remote.Timeouts{Connect: 100 * time.Millisecond, Handshake: 2 * time.Second,
		Authenticate: time.Minute, Retry: 10 * time.Minute, Start: 30 * time.Second, Idle: time.Hour,
		Total: 24 * time.Hour}, got)
	got, err = spec.Timeouts{}.Parse()
	require.NoError(t, err)
	assert.Zero(t, got, "the defaults stay")
}

func TestTimeoutsThatCannotBeMeant(t *testing.T) {
	for _, text := range []string{"10", "ten", "10 s", "-5s", "0", "0s", "10ns", "99ms", "601s", "24h",
		"9223372036854775807h"} {
		s := exampleSpec()
		s.SSH.Timeouts = spec.Timeouts{Connect: text, Handshake: text, Authenticate: text, Retry: text,
			Start: text}
		found := faults(t, s)
		assert.Len(t, found, 5, "%s: %v", text, found)
		for _, field := range []string{"connect", "handshake", "authenticate", "retry", "start"} {
			assert.Contains(t, found["ssh.timeouts."+field], `"`+text+`"`)
		}
		_, err := s.SSH.Timeouts.Parse()
		assert.ErrorContains(t, err, "spec: ssh.timeouts.retry: ")
	}
	for _, text := range []string{"59s", "25h"} {
		s := exampleSpec()
		s.SSH.Timeouts.Total = text
		assert.Contains(t, faults(t, s)["ssh.timeouts.total"], `"`+text+`"`)
	}
	for _, text := range []string{"-1m", "0s", "9s", "61m", "15"} {
		s := exampleSpec()
		s.SSH.Timeouts.Idle = text
		s.SSH.Jump = "ops@bastion:99999999" // another fault is said too
		found := faults(t, s)
		assert.Len(t, found, 2, "%s: %v", text, found)
		assert.Contains(t, found["ssh.timeouts.idle"], `"`+text+`"`)
	}
}
