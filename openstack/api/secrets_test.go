package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// TestACloudPrintsNoSecret prints a Cloud, and what holds one, in the ways that
// fmt, slog and encoding/json have.
func TestACloudPrintsNoSecret(t *testing.T) {
	const password = "hunter2-of-admin"
	cloud, fake := dial(t, openstacktest.Config{Password: password})
	require.Contains(t, string(fake.CloudsYAML()), password)
	type inside struct {
		hidden *api.Cloud
		Shown  *api.Cloud
	}
	type copied struct {
		hidden api.Cloud
		Shown  api.Cloud
	}
	for name, v := range map[string]any{"pointer": cloud, "value": *cloud, "pointers": inside{cloud, cloud},
		"values": copied{*cloud, *cloud}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			assert.NotContains(t, text, password, "%s of a %s", verb, name)
			assert.NotContains(t, text, fmt.Sprintf("%x", password), "%s of a %s", verb, name)
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("cloud", "cloud", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("cloud", "cloud", v)
		assert.NotContains(t, log.String(), password, name)
		data, _ := json.Marshal(v) // what has no fields to show may be refused
		assert.NotContains(t, string(data), password, name)
	}
}
