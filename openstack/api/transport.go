package api

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// transport carries all calls. No connection is used twice: APIs under uwsgi close
// theirs without a word, and the next request on such a connection would fail.
//
// Answers are not compressed, so that a small answer cannot become a huge one.
func transport(secure *tls.Config) http.RoundTripper {
	return &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSClientConfig: secure,
		TLSHandshakeTimeout: 10 * time.Second, DisableCompression: true, MaxResponseHeaderBytes: mostHeader}
}

// An unsentError is why a request was not sent: nothing of it was written.
type unsentError struct{ error }

// Unwrap gives the cause.
func (e *unsentError) Unwrap() error { return e.error }

// A sending tells of requests that failed before anything of them was written: an unsentError.
type sending struct{ next http.RoundTripper }

func (s sending) RoundTrip(r *http.Request) (*http.Response, error) {
	var wrote atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }}
	resp, err := s.next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err == nil || wrote.Load() {
		return resp, err
	}
	var plain tls.RecordHeaderError // http.Client knows it only if nothing is around it
	if errors.As(err, &plain) && string(plain.RecordHeader[:]) == "HTTP/" {
		err = http.ErrSchemeMismatch
	}
	return resp, &unsentError{err}
}

// An upload is a request body of known size. Glance under uwsgi cannot take
// the chunked transfer that a body of unknown size gets.
//
// The HTTP client may read a body for a moment after the answer has come, so each
// request reads by a turn of its own, which ends with the request.
type upload struct {
	io.Reader
	rewind func() error
	size   int64

	mu   sync.Mutex
	turn int
}

// Seek rewinds the body. Gophercloud calls it, with zeros, before it sends a body
// again.
func (u *upload) Seek(int64, int) (int64, error) {
	u.end()
	return 0, u.rewind()
}

// Close implements io.Closer.
func (u *upload) Close() error { return nil }

// end waits for a read that is under way, and lets the requests so far read no more.
func (u *upload) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.turn++
}

// An uploadTurn is the body of one request.
type uploadTurn struct {
	*upload
	turn int
}

var errTurnEnded = errors.New("the request has ended")

func (t uploadTurn) Read(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.turn != t.upload.turn {
		return 0, errTurnEnded
	}
	return t.Reader.Read(p)
}

// sizes sets the Content-Length of uploads.
type sizes struct{ next http.RoundTripper }

func (s sizes) RoundTrip(r *http.Request) (*http.Response, error) {
	if u, ok := r.Body.(*upload); ok {
		r = r.Clone(r.Context())
		r.ContentLength = u.size
		if r.Body = (uploadTurn{u, u.turn}); u.size == 0 {
			r.Body = http.NoBody
		}
	}
	return s.next.RoundTrip(r)
}
