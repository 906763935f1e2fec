package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

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

// pages reads all pages of a list. The link to a next page names the public
// endpoint, which may not be the endpoint in use: only the query is taken, so that
// no page is asked for elsewhere.
func pages[T any](ctx context.Context, c *Cloud, k call, key string) ([]T, error) {
	wrong := func(detail string) error { return &Error{Op: k.op, Object: c.named(k.object), Detail: detail} }
	out := []T{}
	k.method = http.MethodGet
	seen, size, end := map[string]bool{}, 0, time.Now().Add(listTimes*c.timeout)
	for {
		seen[k.query.Encode()] = true
		page := map[string]json.RawMessage{}
		k.out = &page
		if _, err := c.do(ctx, k); err != nil {
			return nil, err
		}
		var items []T
		if json.Unmarshal(page[key], &items) != nil || items == nil {
			return nil, wrong("the answer has no list of " + key)
		}
		out = append(out, items...)
		next, err := nextPage(page, key)
		size += len(page[key])
		switch {
		case err != nil:
			return nil, wrong("the link to the next page cannot be read")
		case len(items) == 0 || next == nil:
			return out, nil
		case seen[next.Encode()]:
			return nil, wrong("the link to the next page leads to a page that was read before")
		case len(seen) >= mostPages || size > mostList:
			return nil, wrong(fmt.Sprintf("the list has more than %d pages or more than %d MiB", mostPages, mostList>>20))
		case time.Now().After(end):
			return nil, wrong(fmt.Sprintf("the list did not end within %s", listTimes*c.timeout))
		}
		k.query = next
	}
}

// nextPage gives the query of the link to the next page, or nil behind the last page. Glance writes the link
// in another form than Cinder and Nova.
func nextPage(page map[string]json.RawMessage, key string) (url.Values, error) {
	var href string
	var links []struct{ Rel, Href string }
	if raw := page["next"]; raw != nil {
		if err := json.Unmarshal(raw, &href); err != nil {
			return nil, err
		}
	}
	if raw := page[key+"_links"]; raw != nil {
		if err := json.Unmarshal(raw, &links); err != nil {
			return nil, err
		}
	}
	for _, l := range links {
		if l.Rel == "next" {
			href = l.Href
		}
	}
	if href == "" {
		return nil, nil
	}
	u, err := url.Parse(href)
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(u.RawQuery)
}
