package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// A call is one request to an API. Most paths have an ID in them: when a part of
// the path is empty, the object does not exist.
type call struct {
	op, object string // for errors
	method     string
	service    service
	path       []string
	query      url.Values
	header     map[string]string
	in, out    any
	id         *string // in out: an answer without it is an error
	ok         []int   // status codes of success; when empty, 200, and 201, 202 and 204 unless the answer is read
}

// A service is the client of a service. It is a function, so that no way of printing a Cloud shows the token.
type service func() *gophercloud.ServiceClient

// do makes a call of bounded time and decodes the answer.
func (c *Cloud) do(ctx context.Context, k call) (http.Header, error) {
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	resp, err := c.send(bounded, k, &gophercloud.RequestOpts{JSONBody: k.in, JSONResponse: k.out})
	var reauth *gophercloud.ErrUnableToReauthenticate
	if errors.As(err, &reauth) && errors.Is(reauth.ErrReauth, context.Canceled) && bounded.Err() == nil {
		// Another caller had begun to log in again, and its context ended.
		resp, err = c.send(bounded, k, &gophercloud.RequestOpts{JSONBody: k.in, JSONResponse: k.out})
	}
	if err != nil {
		return nil, c.problem(ctx, k, resp, err)
	}
	if k.id != nil && *k.id == "" {
		out := &Error{Op: k.op, Object: c.named(k.object), Code: resp.StatusCode,
			Detail: "the answer does not say which object it is about"}
		if k.changes() {
			out.Err = ErrUnknown
		}
		return nil, out
	}
	return resp.Header, nil
}

// send makes a call that only ctx ends. The caller closes a response body that is
// kept.
func (c *Cloud) send(ctx context.Context, k call, o *gophercloud.RequestOpts) (*http.Response, error) {
	to, err := k.url()
	if err != nil {
		return nil, err
	}
	o.MoreHeaders = map[string]string{}
	for name, value := range k.header {
		o.MoreHeaders[name] = value
	}
	o.OkCodes = k.ok
	if o.OkCodes == nil {
		o.OkCodes = []int{http.StatusOK}
		if k.out == nil || k.method != http.MethodGet {
			o.OkCodes = append(o.OkCodes, http.StatusCreated, http.StatusAccepted, http.StatusNoContent)
		}
	}
	return k.service().Request(ctx, k.method, to, o)
}

func (k call) url() (string, error) {
	parts := make([]string, len(k.path))
	for i, p := range k.path {
		if p == "" || p == "." || p == ".." {
			return "", ErrNotFound
		}
		parts[i] = url.PathEscape(p)
	}
	to := k.service().Endpoint + strings.Join(parts, "/")
	if len(k.query) > 0 {
		to += "?" + k.query.Encode()
	}
	return to, nil
}
