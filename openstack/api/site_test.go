package api_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
)

const hostilePassword = "pass<b>&\"word‹ö›/+%1"

// A site is a cloud whose services answer as a test says. It counts logins.
type site struct {
	*httptest.Server
	logins atomic.Int32
	serve  http.HandlerFunc
	login  http.HandlerFunc // what answers a login, if a test says that too
}

func newSite(t *testing.T, serve http.HandlerFunc) *site {
	t.Helper()
	s := &site{serve: serve}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The context of a request ends with the connection only once its body was read.
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		switch {
		case strings.HasSuffix(r.URL.Path, "/auth/tokens") && s.login != nil:
			s.login(w, r)
		case strings.HasSuffix(r.URL.Path, "/auth/tokens"):
			s.token(w)
		default:
			s.serve(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// token answers a login.
func (s *site) token(w http.ResponseWriter) {
	w.Header().Set("X-Subject-Token", fmt.Sprintf("token-%d-of-the-site", s.logins.Add(1)))
	var catalog []any
	for kind, path := range map[string]string{"image": "/image/v2", "volumev3": "/volume/v3/p",
		"compute": "/compute/v2.1"} {
		catalog = append(catalog, map[string]any{"type": kind, "endpoints": []any{map[string]any{"interface": "public",
			"region": "r", "url": s.URL + path}}})
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{"catalog": catalog,
		"expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}})
}

func (s *site) config(t *testing.T, timeout time.Duration) api.Config {
	t.Helper()
	name := filepath.Join(t.TempDir(), "clouds.yaml")
	password, err := json.Marshal(hostilePassword)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, fmt.Appendf(nil, "clouds: {s: {auth: {auth_url: '%s/v3', username: admin, "+
		"password: %s, project_name: admin, user_domain_name: d, project_domain_name: d}}}", s.URL, password), 0o600))
	return api.Config{Cloud: "s", CloudsFile: name, Poll: time.Millisecond, Timeout: timeout}
}

func (s *site) dial(t *testing.T, timeout time.Duration) *api.Cloud {
	t.Helper()
	c, err := api.Dial(t.Context(), s.config(t, timeout))
	for n := 0; n < 50 && errors.Is(err, api.ErrUnreachable); n++ { // a busy machine may need longer than the timeout
		c, err = api.Dial(t.Context(), s.config(t, timeout))
	}
	require.NoError(t, err)
	return c
}

// A thief keeps what it gets.
type thief struct {
	*httptest.Server
	mu  sync.Mutex
	got []string
}

func newThief(t *testing.T) *thief {
	t.Helper()
	f := &thief{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.got = append(f.got, fmt.Sprint(r.Method, r.URL, r.Header, string(body)))
		_, _ = io.WriteString(w, `{"volumes": [], "volume": {"id": "v", "status": "available"}}`)
	}))
	t.Cleanup(f.Close)
	return f
}

// newTLS serves a site over TLS.
func newTLS(t *testing.T, s *site) *httptest.Server {
	t.Helper()
	over := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.login != nil {
			s.login(w, r)
			return
		}
		s.token(w)
	}))
	over.Config.ErrorLog = log.New(io.Discard, "", 0)
	over.StartTLS()
	t.Cleanup(over.Close)
	return over
}

func caOf(s *site) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}
