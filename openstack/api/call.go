package api

import (
	"context"
	"encoding/json"
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
	service    *gophercloud.ServiceClient
	path       []string
	query      url.Values
	header     map[string]string
	in, out    any
	ok         []int // status codes of success; 200, 201, 202 and 204 when empty
}

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
		o.OkCodes = []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent}
	}
	return k.service.Request(ctx, k.method, to, o)
}

func (k call) url() (string, error) {
	parts := make([]string, len(k.path))
	for i, p := range k.path {
		if p == "" || p == "." || p == ".." {
			return "", ErrNotFound
		}
		parts[i] = url.PathEscape(p)
	}
	to := k.service.Endpoint + strings.Join(parts, "/")
	if len(k.query) > 0 {
		to += "?" + k.query.Encode()
	}
	return to, nil
}

// pages reads all pages of a list. The link to a next page names the public
// endpoint, which may not be the endpoint in use: only the query is taken.
func pages[T any](ctx context.Context, c *Cloud, k call, key string) ([]T, error) {
	var out []T
	k.method = http.MethodGet
	for {
		page := map[string]json.RawMessage{}
		k.out = &page
		if _, err := c.do(ctx, k); err != nil {
			return nil, err
		}
		var items []T
		if err := json.Unmarshal(page[key], &items); err != nil {
			return nil, &Error{Op: k.op, Object: k.object, Detail: "the answer has no list of " + key, Err: err}
		}
		out = append(out, items...)
		next := nextPage(page, key)
		if len(items) == 0 || len(next) == 0 {
			return out, nil
		}
		if next.Get("marker") == k.query.Get("marker") {
			return nil, &Error{Op: k.op, Object: k.object, Detail: "the list's next page is the page itself"}
		}
		k.query = next
	}
}

// nextPage gives the query of the link to the next page. Glance writes the link
// in another form than Cinder and Nova.
func nextPage(page map[string]json.RawMessage, key string) url.Values {
	var href string
	var links []struct{ Rel, Href string }
	_ = json.Unmarshal(page["next"], &href)
	_ = json.Unmarshal(page[key+"_links"], &links)
	for _, l := range links {
		if l.Rel == "next" {
			href = l.Href
		}
	}
	u, err := url.Parse(href)
	if err != nil {
		return nil
	}
	return u.Query()
}
