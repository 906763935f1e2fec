//go:build linux && amd64

package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// A front stands before the APIs of a cloud, and spoils one request.
type front struct {
	*httptest.Server
	cloud  string // scheme, host and port of the cloud
	fault  string
	at     int    // the request that is spoilt; 0 for none
	bad    string // method and path of that request
	expire func() // ends all tokens
	// elsewhere is a server of somebody else.
	elsewhere *httptest.Server

	mu      sync.Mutex
	n       int
	change  int            // the last request that makes something
	asked   int            // requests that may change something, whatever came of them
	made    map[string]int // successful requests that make something, by path and body
	uploads [][]byte       // bodies of successful uploads
	leaked  []string       // what came elsewhere
	end     chan bool
}

// frontFaults are the ways in which a request is spoilt.
func frontFaults() []string {
	return slices.Sorted(maps.Keys((&front{}).faults()))
}

func newFront(cloud string, expire func()) *front {
	f := &front{cloud: cloud, expire: expire, made: map[string]int{}, end: make(chan bool)}
	f.Server = httptest.NewServer(f)
	f.elsewhere = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		defer f.mu.Unlock()
		if r.Header.Get("X-Auth-Token") != "" || bytes.Contains(body, []byte("fake-password")) {
			f.leaked = append(f.leaked, r.Method+" "+r.URL.Path)
		}
	}))
	return f
}

func (f *front) close() {
	close(f.end)
	f.CloseClientConnections()
	f.Close()
	f.elsewhere.Close()
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.n++
	if changes(r) {
		f.asked++
	}
	spoil := f.n == f.at
	if spoil {
		f.bad = r.Method + " " + r.URL.Path
	}
	f.mu.Unlock()
	if spoil {
		f.faults()[f.fault](w, r)
		return
	}
	f.answer(w, f.pass(r))
}

// An answer is what the cloud said.
type answer struct {
	code   int
	header http.Header
	body   []byte
}

// pass hands a request on to the cloud. The cloud's own addresses become those of the front.
func (f *front) pass(r *http.Request) answer {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return answer{code: http.StatusBadRequest}
	}
	request, err := http.NewRequest(r.Method, f.cloud+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return answer{code: http.StatusBadRequest}
	}
	request.Header = r.Header.Clone()
	request.Header.Del("Accept-Encoding")
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return answer{code: http.StatusBadGateway, body: []byte(err.Error())}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{code: http.StatusBadGateway, body: []byte(err.Error())}
	}
	f.note(r, resp.StatusCode, body)
	return answer{resp.StatusCode, resp.Header, bytes.ReplaceAll(text, []byte(f.cloud), []byte(f.URL))}
}

// note keeps what the cloud made.
func (f *front) note(r *http.Request, code int, body []byte) {
	if code/100 != 2 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch last := path[strings.LastIndex(path, "/")+1:]; {
	case r.Method == http.MethodPut && last == "file":
		f.uploads = append(f.uploads, body)
	case r.Method == http.MethodPost && slices.Contains([]string{"images", "volumes", "snapshots", "backups", "servers",
		"flavors", "types"}, last):
		f.made[path+" "+string(body)]++
		f.change = f.n
	}
}

func (f *front) answer(w http.ResponseWriter, a answer) {
	for name, values := range a.header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(a.code)
	_, _ = w.Write(a.body)
}

// lost ends a connection as a server that dies does.
func lost(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// stream writes a body as long as somebody reads it.
func (f *front) stream(text string, pause time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		for {
			if _, err := io.WriteString(w, text); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-f.end:
				return
			case <-time.After(pause):
			}
		}
	}
}

const proxyPage = "<html><head><title>502 Bad Gateway</title></head><body>the proxy has no backend</body></html>"

// faults are the ways to spoil a request, by name. Those that say "after" come after the cloud had the request.
func (f *front) faults() map[string]http.HandlerFunc {
	refuse := func(code int, header, value, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			f.answer(w, answer{code, http.Header{header: {value}}, []byte(body)})
		}
	}
	elsewhere := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			f.answer(w, answer{code, http.Header{"Location": {f.elsewhere.URL + r.URL.Path}}, nil})
		}
	}
	after := func(then http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			f.pass(r)
			then(w, r)
		}
	}
	return map[string]http.HandlerFunc{
		"token ended":   func(w http.ResponseWriter, r *http.Request) { f.expire(); f.answer(w, f.pass(r)) },
		"401":           refuse(401, "Content-Type", "application/json", `{"error":{"code":401}}`),
		"429":           refuse(429, "Retry-After", "1", "slow down"),
		"503":           refuse(503, "Retry-After", "1", "maintenance"),
		"502 as a page": refuse(502, "Content-Type", "text/html", proxyPage),
		"200 as a page": refuse(200, "Content-Type", "text/html", proxyPage),
		"redirect 302":  elsewhere(302),
		"redirect 307":  elsewhere(307),
		"redirect 308":  elsewhere(308),
		"reset before":  lost,
		"reset after":   after(lost),
		"502 after":     after(refuse(502, "Content-Type", "text/html", proxyPage)),
		"endless after": after(f.stream(strings.Repeat(" ", 64<<10), 0)),
		"slow after":    after(f.stream(" ", 100*time.Millisecond)),
		"cut after":     f.cutAnswer,
	}
}

// cutAnswer gives a half of the answer.
func (f *front) cutAnswer(w http.ResponseWriter, r *http.Request) {
	a := f.pass(r)
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(a.body)+1))
	w.WriteHeader(a.code)
	_, _ = w.Write(a.body[:len(a.body)/2])
	panic(http.ErrAbortHandler)
}
