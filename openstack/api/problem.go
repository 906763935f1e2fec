package api

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// problem makes an Error of a call that failed.
func (c *Cloud) problem(ctx context.Context, k call, resp *http.Response, err error) error {
	out := &Error{Op: k.op, Object: c.named(k.object)}
	if k.changes() && mayBeDone(err) {
		defer func() { out.Err = unknown(out.Err) }()
	}
	// After a lost token the new login failed, and the call was not sent.
	if r := (*gophercloud.ErrUnableToReauthenticate)(nil); errors.As(err, &r) {
		err = r.ErrReauth
	}
	var code gophercloud.ErrUnexpectedResponseCode
	var redirect *redirectError
	var untrusted *tls.CertificateVerificationError
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case redirectOf(err, &redirect):
		out.Code, out.Detail = redirect.code, c.clean(k.redirected(redirect))
	case errors.As(err, &code):
		out.Code, out.Detail, out.Err = code.Actual, c.words(code.Body), meaning(code.Actual)
		if errors.Is(out.Err, ErrNotFound) && !k.said(code) {
			out.Err = fmt.Errorf("%w: the answer is not the service's own", ErrUnreachable)
		}
	case ctx.Err() != nil:
		out.Err = ctx.Err()
	case errors.Is(err, ErrNotFound):
		out.Detail, out.Err = "no ID", ErrNotFound
	case errors.As(err, &syntax), errors.As(err, &kind), resp != nil && errors.Is(err, io.ErrUnexpectedEOF):
		if resp != nil {
			out.Code = resp.StatusCode
		}
		out.Detail, out.Err = "the answer is cut off or is not JSON", c.quiet(err)
	case errors.Is(err, errTooLarge):
		out.Err = errTooLarge
	case errors.Is(err, context.DeadlineExceeded):
		out.Err = fmt.Errorf("%w: no answer within %s", ErrUnreachable, c.timeout)
	case errors.As(err, &untrusted):
		out.Detail = "the certificate is not trusted: name the CA's file as cacert in clouds.yaml, or in OS_CACERT"
		out.Err = fmt.Errorf("%w: %w", ErrUnreachable, c.quiet(err))
	default:
		out.Err = fmt.Errorf("%w: %w", ErrUnreachable, c.quiet(err))
	}
	return out
}

// changes reports whether a call changes something. A login does not.
func (k call) changes() bool {
	return k.method != "" && k.method != http.MethodGet && k.method != http.MethodHead
}

// mayBeDone reports whether a service may have done what it was asked although the call failed.
func mayBeDone(err error) bool {
	var login *gophercloud.ErrUnableToReauthenticate // the call was refused for its token, and not sent again
	var unsent *unsentError
	var redirect *redirectError
	var code gophercloud.ErrUnexpectedResponseCode
	switch {
	case errors.As(err, &login), errors.As(err, &unsent), redirectOf(err, &redirect), errors.Is(err, ErrNotFound):
		return false
	case errors.As(err, &code):
		return code.Actual < http.StatusMultipleChoices ||
			code.Actual >= http.StatusInternalServerError && code.Actual != http.StatusNotImplemented
	}
	return true
}

// unknown is the error of a call that may be done.
func unknown(err error) error {
	if err == nil {
		return ErrUnknown
	}
	return fmt.Errorf("%w: %w", ErrUnknown, err)
}

// A quietError has the cleaned text of a cause. The cause itself may quote what a service sent: no way of printing
// shows it.
type quietError struct {
	text  string
	cause func() error
}

func (c *Cloud) quiet(err error) error {
	return &quietError{c.clean(err.Error()), func() error { return err }}
}

func (e *quietError) Error() string { return e.text }

// Unwrap gives the cause.
func (e *quietError) Unwrap() error { return e.cause() }

// said reports whether a 404 comes from the service itself. A proxy in front of a
// service that is down answers 404 as well, and then nothing is known. If such an
// answer counted as absence, a deletion that did not happen would look done.
func (k call) said(code gophercloud.ErrUnexpectedResponseCode) bool {
	if requestID(code.ResponseHeader) != "" || strings.Contains(string(code.Body), "itemNotFound") {
		return true
	}
	id := func(part string) bool { return len(part) >= 32 && strings.Contains(string(code.Body), part) }
	return slices.ContainsFunc(k.path, id)
}

// meaning gives the condition that a status code stands for, or nil.
func meaning(code int) error {
	switch code {
	case http.StatusUnauthorized:
		return ErrAuth
	case http.StatusForbidden:
		return ErrDenied
	case http.StatusNotFound, http.StatusGone:
		return ErrNotFound
	}
	return nil
}

// codeOf is the status of HTTP of an error, or 0.
func codeOf(err error) int {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	return 0
}
