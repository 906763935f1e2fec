package api

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A catalog answers each request with a token and these endpoints, by type.
type catalog map[string]string

// RoundTrip implements http.RoundTripper.
func (c catalog) RoundTrip(r *http.Request) (*http.Response, error) {
	var entries []any
	for kind, url := range c {
		entries = append(entries, map[string]any{"type": kind,
			"endpoints": []any{map[string]any{"interface": "public", "url": url}}})
	}
	body, err := json.Marshal(map[string]any{"token": map[string]any{"catalog": entries}})
	return &http.Response{StatusCode: http.StatusCreated, Header: http.Header{"X-Subject-Token": {"t"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

// TestEndpointsWithoutTLSAreWarnedOf: each of them, unless it is on this machine.
func TestEndpointsWithoutTLSAreWarnedOf(t *testing.T) {
	l := login{auth: gophercloud.AuthOptions{IdentityEndpoint: "https://cloud:5000/v3", Username: "u", Password: "p",
		DomainID: "d"}, where: gophercloud.EndpointOpts{Availability: gophercloud.AvailabilityPublic}}
	c, err := dial(t.Context(), Config{}, l, catalog{"image": "https://cloud:9292", "volumev3": "http://cloud:8776/v3",
		"compute": "HTTP://n:p@10.0.0.1:8774/v2.1"})
	require.NoError(t, err)
	var have []string
	for _, w := range c.Warnings() {
		have = append(have, w.Code+" "+w.Object)
		assert.Contains(t, w.Message, "can read the token")
		assert.NotContains(t, w.Message+w.Object, "n:p@")
	}
	assert.Equal(t, []string{"tls-none http://cloud:8776", "tls-none http://10.0.0.1:8774"}, have)
	for _, here := range []string{"http://localhost:1", "http://LOCALHOST", "http://127.9.9.9:1", "http://[::1]:1"} {
		assert.Empty(t, plain(here, "", "", ""), here)
	}
	for _, away := range []string{"http://localhost.example", "http://[fe80::1]:1", "http://128.0.0.1", "http://0.0.0.0"} {
		assert.Len(t, plain(away, "", "", ""), 1, away)
	}
}
