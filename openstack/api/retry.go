package api

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

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
	harmless := reads || unsent || isLogin(a.url)
	var redirect *redirectError
	var untrusted *tls.CertificateVerificationError
	var kind *json.UnmarshalTypeError // an answer that is whole, and of another kind
	final := errors.As(err, &kind) || errors.As(err, &redirect) || errors.As(err, &untrusted) ||
		errors.Is(err, errTooLarge)
	if final || !harmless || a.failures >= tries || ctx.Err() != nil {
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
		pause = asked(code.ResponseHeader.Get("Retry-After"), pause)
	}
	if pause > retryAfter || sleep(ctx, pause) != nil {
		return err
	}
	return nil
}

// asked is the pause that a Retry-After asks for, in seconds or as a time, or else the pause that was meant. Whatever
// is longer than the longest pause counts as a bit longer.
func asked(after string, pause time.Duration) time.Duration {
	s, err := strconv.ParseUint(after, 10, 64)
	at, notTime := http.ParseTime(after)
	switch {
	case err == nil || errors.Is(err, strconv.ErrRange):
		return time.Duration(min(s, uint64(retryAfter/time.Second)+1)) * time.Second
	case notTime == nil:
		return max(time.Until(at), 0)
	}
	return pause
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
