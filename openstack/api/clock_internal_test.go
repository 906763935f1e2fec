package api

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type dated map[string]string // the Date of each host

func (d dated) RoundTrip(r *http.Request) (*http.Response, error) {
	date, ok := d[r.URL.Host]
	if !ok {
		return nil, errors.New("no such host")
	}
	return &http.Response{Header: http.Header{"Date": {date}}}, nil
}

// TestTheClockIsTheEarliest of the services that tell the time, each by its last answer.
func TestTheClockIsTheEarliest(t *testing.T) {
	c := &Cloud{clocks: &clocks{told: map[string]reading{}}}
	hosts := dated{"silent": "", "wrong": "yesterday"}
	ask := func(host string) {
		r, err := http.NewRequest(http.MethodGet, "http://"+host, nil)
		require.NoError(t, err)
		_, _ = dating{hosts, c.clocks}.RoundTrip(r) //nolint:bodyclose // there is no body
	}
	ask("silent")
	ask("wrong")
	ask("gone")
	_, ok := c.Clock()
	assert.False(t, ok)
	for _, told := range []struct{ host, date, want string }{
		{"a", "Fri, 27 Nov 2026 13:40:41 GMT", "2026-11-27T13:40:41Z"},
		{"b", "Fri, 27 Nov 2026 10:40:41 GMT", "2026-11-27T10:40:41Z"},
		{"a", "Fri, 27 Nov 2026 11:40:41 GMT", "2026-11-27T10:40:41Z"},
		{"b", "Fri, 27 Nov 2026 13:40:41 GMT", "2026-11-27T11:40:41Z"}} {
		hosts[told.host] = told.date
		ask(told.host)
		now, ok := c.Clock()
		want, err := time.Parse(time.RFC3339, told.want)
		require.NoError(t, err)
		assert.True(t, ok)
		assert.WithinDuration(t, want, now, time.Minute, "%v", told)
	}
}
