package api

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// httpClient prepares the client of all calls. No connection is used twice:
// APIs under uwsgi close theirs without a word, and the next request on such a
// connection would fail.
func httpClient(secure *tls.Config) http.Client {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSClientConfig: secure,
		TLSHandshakeTimeout: 10 * time.Second}
	return http.Client{Transport: sizes{t}}
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

const (
	tries      = 5                // how often a call that changes nothing is sent
	retryAfter = 30 * time.Second // when a service asks for a longer pause, the call fails
)

// An attempt is a call that failed, with the number of failures so far.
type attempt struct {
	method, url string
	failures    uint
}

// retry decides on a failed call: nil sends it again. Calls that change nothing
// are sent again, and logins. The effect of other calls is unknown, unless
// nothing listened: then the call was not sent.
func (a attempt) retry(ctx context.Context, err error) error {
	var connection *net.OpError
	unsent := errors.As(err, &connection) && connection.Op == "dial"
	reads := a.method == http.MethodGet || a.method == http.MethodHead
	harmless := reads || unsent || strings.HasSuffix(a.url, "/auth/tokens")
	if !harmless || a.failures >= tries || ctx.Err() != nil {
		return err
	}
	pause := 100 * time.Millisecond << a.failures
	var code gophercloud.ErrUnexpectedResponseCode
	if errors.As(err, &code) {
		switch code.Actual {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		default:
			return err
		}
		if s, e := strconv.Atoi(code.ResponseHeader.Get("Retry-After")); e == nil && s >= 0 {
			pause = time.Duration(s) * time.Second
		}
	}
	if pause > retryAfter || sleep(ctx, pause) != nil {
		return err
	}
	return nil
}

// sleep waits for d. It returns the error of ctx when ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
