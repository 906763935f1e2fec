package openstacktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
)

// A handle answers a request with a status and a value. s.mu is held.
type handle func(s *Server, r *http.Request) (int, any, error)

// handler routes the requests to all services, which share an address.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /identity/v3/auth/tokens", s.login)
	mux.HandleFunc("PUT /image/v2/images/{id}/file", s.guard(s.putImage))
	mux.HandleFunc("GET /image/v2/images/{id}/file", s.guard(s.getImage))
	mux.HandleFunc("DELETE /image/v2/images/{id}", s.guard(s.deleteImage))
	for pattern, h := range imageRoutes() {
		mux.HandleFunc(strings.Replace(pattern, " ", " /image/v2", 1), s.guard(s.plain(h, "image")))
	}
	for pattern, h := range volumeRoutes() {
		mux.HandleFunc(strings.Replace(pattern, " ", " /volume/v3/{project}", 1), s.guard(s.plain(h, "volume")))
	}
	for pattern, h := range tagRoutes() {
		mux.HandleFunc(strings.Replace(pattern, " ", " /compute/v2.1", 1), s.guard(s.plain(h, "compute")))
	}
	for pattern, h := range computeRoutes() {
		mux.HandleFunc(strings.Replace(pattern, " ", " /compute/v2.1", 1), s.guard(s.plain(h, "compute")))
	}
	for pattern, h := range placementRoutes() {
		mux.HandleFunc(strings.Replace(pattern, " ", " /placement", 1), s.guard(s.plain(h, "placement")))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.violation("%s %s: the fake does not know this path", r.Method, r.URL.Path)
		s.mu.Unlock()
		http.Error(w, "not known to the fake", http.StatusNotImplemented)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		if !s.cfg.NoDate {
			w.Header().Set("Date", s.now().Format(http.TimeFormat))
		}
		for _, ask := range []func(*http.Request) (int, string, bool){s.interrupt(), s.cfg.Fail} {
			if ask == nil {
				continue
			}
			switch code, body, ok := ask(r); {
			case ok && code == LostAnswer:
				mux.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			case ok:
				fail(w, code, body)
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}

// LostAnswer is the status for a request that is done, and whose connection is cut before the answer.
const LostAnswer = -1

// Interrupt sets what is asked before each request from now on, before Config.Fail and in the same way; nil ends that.
func (s *Server) Interrupt(fail func(r *http.Request) (status int, body string, ok bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupted = fail
}

func (s *Server) interrupt() func(*http.Request) (int, string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.interrupted
}

func fail(w http.ResponseWriter, code int, body string) {
	if code == 0 {
		panic(http.ErrAbortHandler)
	}
	if code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "0")
	}
	w.WriteHeader(code)
	fmt.Fprint(w, body)
}

// guard checks the token.
func (s *Server) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Openstack-Request-Id", "req-0") // every answer of a service has an ID
		s.mu.Lock()
		ok := s.tokens[r.Header.Get("X-Auth-Token")]
		s.mu.Unlock()
		if !ok {
			answer(w, http.StatusUnauthorized, map[string]any{"error": map[string]any{"code": 401, "title": "Unauthorized",
				"message": "The request you have made requires authentication."}})
			return
		}
		if r.Method == http.MethodGet {
			s.tick()
		}
		next(w, r)
	}
}

// plain runs a handle under the lock and writes its answer.
func (s *Server) plain(h handle, service string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		code, v, err := http.StatusNotAcceptable, any(nil), s.version(r, service)
		if err == nil {
			code, v, err = h(s, r)
		}
		if request := r.Header.Get("X-Fake-Request"); request != "" {
			w.Header().Set("X-Compute-Request-Id", request)
		}
		if err != nil {
			s.mu.Unlock()
			complain(w, err)
			return
		}
		body, err := json.Marshal(v)
		s.mu.Unlock()
		if err != nil {
			complain(w, err)
			return
		}
		if v == nil {
			answer(w, code, nil)
			return
		}
		answer(w, code, json.RawMessage(body))
	}
}

// complain writes an error as Cinder and Nova do.
func complain(w http.ResponseWriter, err error) {
	f := failure{http.StatusInternalServerError, err.Error()}
	errors.As(err, &f)
	kind := map[int]string{400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest"}[f.code]
	if kind == "" {
		kind = "computeFault"
	}
	answer(w, f.code, map[string]any{kind: map[string]any{"code": f.code, "message": f.text}})
}

// version checks the microversion of a request. s.mu is held.
func (s *Server) version(r *http.Request, service string) error {
	newest := map[string]int{"compute": s.cfg.NovaMax, "volume": 70}[service]
	if newest > 0 && minor(r, service) > newest {
		return refuse(http.StatusNotAcceptable, "Version %s is not supported by the API.",
			r.Header.Get("OpenStack-API-Version"))
	}
	return nil
}

// minor gives the second part of the microversion of a request.
func minor(r *http.Request, service string) int {
	asked := strings.TrimPrefix(r.Header.Get("OpenStack-API-Version"), service+" ")
	_, text, _ := strings.Cut(asked, ".")
	n, err := strconv.Atoi(text)
	if err != nil {
		return map[string]int{"compute": 1}[service]
	}
	return n
}
