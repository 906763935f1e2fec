package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// labAPI answers as the lab's Keystone, Glance and Cinder do; broken makes each answer a 503.
func labAPI(t *testing.T, broken *atomic.Bool) (*lab, *reader) {
	t.Helper()
	mux := http.NewServeMux()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, q)
	}))
	t.Cleanup(s.Close)
	mux.HandleFunc("POST /v3/auth/tokens", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Subject-Token", "a-token")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, strings.ReplaceAll(`{"token": {"catalog": [
{"type": "image", "endpoints": [{"interface": "admin", "url": "x"}, {"interface": "public", "url": "URL/image/"}]},
{"type": "volumev3", "endpoints": [{"interface": "public", "url": "URL/volume"}]}]}}`, "URL", s.URL))
	})
	for path, text := range map[string]string{"/image/v2/images": "the-image", "/image/v2/images/the-image": "the-image",
		"/volume/volumes/detail": "the-volume", "/volume/volumes/the-volume": "the-volume"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, q *http.Request) {
			assert.Equal(t, "a-token", q.Header.Get("X-Auth-Token"))
			_, _ = io.WriteString(w, text)
		})
	}
	mux.HandleFunc("GET /image/v2/images/the-image/file", func(w http.ResponseWriter, q *http.Request) {
		assert.Equal(t, "bytes=0-65535", q.Header.Get("Range"))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(make([]byte, 64<<10))
	})
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	text := "clouds: {lab: {auth: {auth_url: " + s.URL + "/v3, username: u, password: p, project_name: q}}}\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	r, err := newReader(t.Context(), file)
	require.NoError(t, err)
	l := &lab{}
	l.before.Image.ID, l.before.Volume.ID = "the-image", "the-volume"
	return l, r
}

func TestTheProbeCountsReads(t *testing.T) {
	var broken atomic.Bool
	l, r := labAPI(t, &broken)
	for _, one := range l.reads(r) {
		require.NoError(t, one.do(t.Context()), one.name)
	}
	l.before.Image.ID, l.before.Volume.ID = "another-image", "another-volume"
	for _, one := range l.reads(r) {
		require.Error(t, one.do(t.Context()), one.name)
	}
	broken.Store(true)
	l.before.Image.ID, l.before.Volume.ID = "the-image", "the-volume"
	for _, one := range l.reads(r) {
		require.ErrorContains(t, one.do(t.Context()), "503 Service Unavailable", one.name)
	}
}

func TestAFailedReadIsNotForgotten(t *testing.T) {
	fourth := make(chan struct{})
	n := 0
	failing := func(context.Context) error {
		if n++; n == 4 {
			close(fourth)
		}
		if n == 2 {
			return errors.New("no answer")
		}
		return nil
	}
	p := startProbe(t.Context(), time.Millisecond, []apiRead{{"image", failing}})
	<-fourth
	_, err := p.end()
	require.ErrorContains(t, err, "reads, 1 failed (image ")
	require.ErrorContains(t, err, "no answer")

	read := make(chan struct{})
	p = startProbe(t.Context(), time.Millisecond, []apiRead{{"volume", func(ctx context.Context) error {
		select {
		case read <- struct{}{}:
		case <-ctx.Done():
		}
		return nil
	}}})
	<-read
	<-read // the first one is counted
	text, err := p.end()
	require.NoError(t, err)
	assert.Contains(t, text, " reads, 0 failed (volume ")

	p = startProbe(t.Context(), time.Hour, []apiRead{{"hanging", func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}}})
	_, err = p.end()
	require.ErrorContains(t, err, "0 reads, 0 failed", "what was ended says nothing")
}
