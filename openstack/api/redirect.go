package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

const mostRedirects = 5

// A redirectError is a redirect that was not followed.
type redirectError struct {
	code     int
	method   string
	from, to *url.URL
	many     bool
}

func (e *redirectError) Error() string { return "a redirect is not followed" }

// follow decides on a redirect. Go would send the token along with every request, also to another machine, and would
// send the password again after 307 and 308. So only requests that read are sent again, and only to where the first
// request went: the same scheme, host and port.
func follow(r *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	e := &redirectError{method: first.Method, from: last.URL, to: r.URL, many: len(via) > mostRedirects}
	if r.Response != nil {
		e.code = r.Response.StatusCode
	}
	reads := first.Method == http.MethodGet || first.Method == http.MethodHead
	if !reads || e.many || origin(first.URL) != origin(r.URL) {
		return e
	}
	return nil
}

// redirectOf finds a redirect that was not followed. Go itself follows none where the body cannot be sent again.
func redirectOf(err error, into **redirectError) bool {
	var code gophercloud.ErrUnexpectedResponseCode
	if errors.As(err, into) || !errors.As(err, &code) {
		return *into != nil
	}
	from, fault := url.Parse(code.URL)
	to := code.ResponseHeader.Get("Location")
	if fault != nil || code.Actual/100 != 3 || to == "" {
		return false
	}
	e := &redirectError{code: code.Actual, method: code.Method, from: from}
	if e.to, fault = from.Parse(to); fault != nil {
		e.to = &url.URL{Scheme: "unknown"}
	}
	*into = e
	return true
}

// origin is the scheme, host and port of a URL.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// redirected says what became of a redirect, and what to look at.
func (k call) redirected(e *redirectError) string {
	service, check := "the service", "its endpoint in the catalog (openstack catalog list)"
	if k.service != nil {
		service = "the " + k.service().Type + " service"
	}
	if k.service == nil || isLogin(e.from.Path) {
		service, check = "the identity service", "auth_url"
	}
	from, to := origin(e.from), origin(e.to)
	switch {
	case e.many:
		return fmt.Sprintf("%s at %s answers with one redirect after the other: check %s", service, from, check)
	case from == to:
		return fmt.Sprintf("%s at %s redirects a %s to another path, and a request that changes something is not sent "+
			"twice: check %s", service, from, e.method, check)
	}
	return fmt.Sprintf("%s at %s redirects to %s, where neither token nor password may go: check %s", service, from, to,
		check)
}
