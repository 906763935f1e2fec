package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/gophercloud/gophercloud/v2"
)

// problem makes an Error of a call that failed.
func (c *Cloud) problem(ctx context.Context, k call, resp *http.Response, err error) error {
	out := &Error{Op: k.op, Object: k.object}
	// After a lost token the new login failed, and the call was not sent.
	if r := (*gophercloud.ErrUnableToReauthenticate)(nil); errors.As(err, &r) {
		err = r.ErrReauth
	}
	var code gophercloud.ErrUnexpectedResponseCode
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
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
		out.Detail, out.Err = "the answer is cut off or is not JSON", err
	case errors.Is(err, context.DeadlineExceeded):
		out.Err = fmt.Errorf("%w: no answer within %s", ErrUnreachable, c.timeout)
	default:
		out.Err = fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return out
}

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

// words finds the service's own words in the body of an error, which is JSON in
// one of several shapes, or HTML.
func (c *Cloud) words(body []byte) string {
	text := string(body)
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) == nil {
		text = ""
		var message struct{ Message string }
		for _, raw := range fields {
			if json.Unmarshal(raw, &message) == nil && message.Message != "" {
				text = message.Message
			}
		}
		if raw, ok := fields["message"]; ok {
			_ = json.Unmarshal(raw, &text)
		}
	}
	text = unseen().ReplaceAllString(text, " ")
	return c.clean(tags().ReplaceAllString(text, " "))
}

// clean makes a short line of a text, without secrets.
func (c *Cloud) clean(text string) string {
	const most = 300
	token := ""
	if c.provider != nil {
		token = c.provider.Token()
	}
	text = append(redactor{token}, c.secrets()...).clean(text)
	blank := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, " "), blank), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// A redactor is the secrets that must not show.
type redactor []string

var (
	unseen = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?s)<(head|style|script)\b.*?</(head|style|script)>`)
	})
	tags     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`<[^<>]*>`) })
	longRuns = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z0-9+/=_-]{32,}`) })
)

// clean takes out the known secrets, and what looks like a token or a key: a long
// run of digits and of letters of both cases.
func (r redactor) clean(text string) string {
	const hidden = "[redacted]"
	for _, secret := range r {
		if len(secret) > 3 {
			text = strings.ReplaceAll(text, secret, hidden)
		}
	}
	return longRuns().ReplaceAllStringFunc(text, func(run string) string {
		has := func(class string) bool { return strings.ContainsAny(run, class) }
		if has("0123456789") && has("abcdefghijklmnopqrstuvwxyz") && has("ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			return hidden
		}
		return run
	})
}
