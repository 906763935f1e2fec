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
type upload struct {
	io.Reader
	rewind func() error
	size   int64
}

// Seek rewinds the body. Gophercloud calls it, with zeros, before it sends a body
// again.
func (u *upload) Seek(int64, int) (int64, error) { return 0, u.rewind() }

func (u *upload) Close() error { return nil }

// sizes sets the Content-Length of uploads.
type sizes struct{ next http.RoundTripper }

func (s sizes) RoundTrip(r *http.Request) (*http.Response, error) {
	if u, ok := r.Body.(*upload); ok {
		r = r.Clone(r.Context())
		r.ContentLength = u.size
		if u.size == 0 {
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
