package api

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhereARedirectMayLead: to the same scheme, host and port, however they are written.
func TestWhereARedirectMayLead(t *testing.T) {
	for _, c := range []struct {
		from, to string
		followed bool
	}{{"https://cloud/a", "https://cloud/b", true}, {"https://cloud/a", "https://CLOUD:443/b", true},
		{"http://cloud:80/a", "http://cloud/a/", true}, {"https://cloud/a", "http://cloud/a", false},
		{"https://cloud:8776/a", "http://cloud:8776/a", false}, {"http://cloud/a", "https://cloud/a", false},
		{"https://cloud/a", "https://cloud:8443/a", false}, {"https://cloud/a", "https://cloud.evil/a", false},
		{"https://cloud/a", "https://cloud@evil/a", false}, {"https://cloud/a", "https://sub.cloud/a", false},
		{"https://[::1]/a", "https://[::1]:443/b", true}, {"https://cloud/a", "ftp://cloud/a", false}} {
		from, err := url.Parse(c.from)
		require.NoError(t, err)
		to, err := url.Parse(c.to)
		require.NoError(t, err)
		err = follow(&http.Request{Method: http.MethodGet, URL: to}, []*http.Request{{Method: http.MethodGet, URL: from}})
		assert.Equal(t, c.followed, err == nil, "%s to %s", c.from, c.to)
	}
}

// TestPausesThatAServiceAsksFor, in seconds or as a time. A pause that is too long stays too long.
func TestPausesThatAServiceAsksFor(t *testing.T) {
	const meant = 200 * time.Millisecond
	for after, want := range map[string]time.Duration{"": meant, "soon": meant, "-1": meant, "1.5": meant, "0": 0,
		"7": 7 * time.Second, "30": retryAfter, "31": retryAfter + time.Second, "99999999999": retryAfter + time.Second,
		"99999999999999999999999999":                             retryAfter + time.Second,
		time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat): 0} {
		assert.Equal(t, want, asked(after, meant), after)
	}
	got := asked(time.Now().Add(20*time.Second).UTC().Format(http.TimeFormat), meant)
	assert.InDelta(t, 20, got.Seconds(), 2)
}
