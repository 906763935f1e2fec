package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
)

// calls are calls of each method.
func calls(c *api.Cloud) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		http.MethodGet: func(ctx context.Context) error { _, err := c.Volumes(ctx); return err },
		http.MethodPost: func(ctx context.Context) error {
			_, err := c.CreateVolume(ctx, api.VolumeRequest{Name: "v", SizeGiB: 1})
			return err
		},
		http.MethodDelete: func(ctx context.Context) error { return c.DeleteVolume(ctx, "v") },
		http.MethodPut: func(ctx context.Context) error {
			_, err := c.UploadImage(ctx, api.ImageRequest{Name: "i", DiskFormat: "raw"}, strings.NewReader("data"))
			return err
		},
	}
}

// TestRedirectsToElsewhere are not followed, whatever the code and the method: the token would go along.
func TestRedirectsToElsewhere(t *testing.T) {
	t.Parallel()
	for code := 301; code <= 308; code++ {
		if code > 303 && code < 307 {
			continue
		}
		to := newThief(t)
		s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/images") {
				_, _ = io.WriteString(w, `{"id": "i"}`)
				return
			}
			http.Redirect(w, r, to.URL+"/volume/v3/x", code)
		})
		for method, call := range calls(s.dial(t, 5*time.Second)) {
			err := call(t.Context())
			var e *api.Error
			require.ErrorAs(t, err, &e, "%d %s", code, method)
			assert.Equal(t, code, e.Code)
			assert.NotErrorIs(t, err, api.ErrUnreachable)
			for _, part := range []string{"service at " + s.URL, to.URL, "catalog"} {
				assert.Contains(t, err.Error(), part, "%d %s", code, method)
			}
		}
		_, err := s.dial(t, 5*time.Second).DownloadImage(t.Context(), "i")
		require.ErrorContains(t, err, "the image service at "+s.URL+" redirects to "+to.URL)
		assert.Empty(t, to.got, "%d", code)
	}
}

// TestRedirectsOfALogin to elsewhere would show the password.
func TestRedirectsOfALogin(t *testing.T) {
	t.Parallel()
	for _, code := range []int{301, 302, 303, 307, 308} {
		to := newThief(t)
		s := newSite(t, nil)
		s.login = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to.URL+"/v3/auth/tokens", code) }
		_, err := api.Dial(t.Context(), s.config(t, 5*time.Second))
		require.ErrorContains(t, err, "the identity service at "+s.URL+" redirects to "+to.URL)
		assert.ErrorContains(t, err, "check auth_url")
		s.login = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, s.URL+"/v3/more/auth/tokens", code) }
		_, err = api.Dial(t.Context(), s.config(t, 5*time.Second))
		require.ErrorContains(t, err, "is not sent twice", "%d", code)
		assert.Empty(t, to.got, "%d", code)
	}
}

// TestARedirectWhenTheTokenEnded: the login that becomes necessary is as careful as the first one.
func TestARedirectWhenTheTokenEnded(t *testing.T) {
	t.Parallel()
	to := newThief(t)
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	c := s.dial(t, 5*time.Second)
	s.login = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to.URL, http.StatusPermanentRedirect)
	}
	_, err := c.Volumes(t.Context())
	require.ErrorContains(t, err, "the identity service at "+s.URL+" redirects to "+to.URL)
	assert.Empty(t, to.got)
}

// TestRedirectsToTheSamePlace are followed by requests that read, and by no others.
func TestRedirectsToTheSamePlace(t *testing.T) {
	t.Parallel()
	for _, code := range []int{301, 302, 303, 307, 308} {
		var moved []string
		s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasPrefix(r.URL.Path, "/moved"):
				moved = append(moved, r.Method)
				_, _ = io.WriteString(w, `{"volumes": []}`)
			case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/images"):
				_, _ = io.WriteString(w, `{"id": "i"}`)
			default:
				http.Redirect(w, r, "/moved"+r.URL.Path, code)
			}
		})
		for method, call := range calls(s.dial(t, 5*time.Second)) {
			if err := call(t.Context()); method == http.MethodGet {
				require.NoError(t, err, "%d", code)
			} else {
				require.ErrorContains(t, err, "redirects a "+method+" to another path", "%d", code)
			}
		}
		assert.Equal(t, []string{http.MethodGet}, moved, "%d", code)
	}
	n := 0
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		http.Redirect(w, r, fmt.Sprint("/", n), http.StatusFound)
	})
	_, err := s.dial(t, 5*time.Second).Volumes(t.Context())
	require.ErrorContains(t, err, "one redirect after the other")
	assert.Less(t, n, 8)
}

// endless writes a text again and again until the client has enough.
func endless(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		block := []byte(strings.Repeat(text, 1+65536/len(text)))
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
}

func status(code int, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code); then(w, r) }
}

// slow writes a byte at a time.
func slow(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// bomb is an answer of 256 MiB that is small on its way. It is packed once.
func bomb() http.HandlerFunc {
	packed := sync.OnceValue(func() []byte {
		var b bytes.Buffer
		z, block := gzip.NewWriter(&b), make([]byte, 1<<20)
		for range 256 {
			_, _ = z.Write(block)
		}
		_ = z.Close()
		return b.Bytes()
	})
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed())
	}
}

func manyHeaders(w http.ResponseWriter, _ *http.Request) {
	for n := range 10_000 {
		w.Header().Set(fmt.Sprint("X-", n), "some value")
	}
}

// TestAnswersAreBounded in time and in bytes, whatever the call and the answer.
func TestAnswersAreBounded(t *testing.T) {
	const timeout, most = 1200 * time.Millisecond, time.Minute // these answers never end
	for name, serve := range map[string]http.HandlerFunc{
		"endless error":   status(500, endless("word <b>word</b> ")),
		"endless list":    func(w http.ResponseWriter, r *http.Request) { endless(`{"volumes": [`+"\n")(w, r) },
		"endless object":  endless(`{"volumes": "`),
		"endless blanks":  endless("  \n"),
		"endless no body": status(202, endless("x")),
		"slow list":       slow(" "),
		"slow error":      status(404, slow("x")),
		"no answer":       func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"gzip bomb":       bomb(),
		"many headers":    manyHeaders,
		"redirect endless": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/x")
			status(302, endless("x"))(w, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, serve)
			for method, call := range calls(s.dial(t, timeout)) {
				began := time.Now()
				err := call(t.Context())
				require.Error(t, err, method)
				assert.Less(t, time.Since(began), most, method)
				assert.Less(t, len(err.Error()), 1000, method)
				assert.Less(t, heap(), int64(512<<20), method)
			}
			s.login = serve
			began := time.Now()
			_, err := api.Dial(t.Context(), s.config(t, timeout))
			require.Error(t, err)
			assert.Less(t, time.Since(began), most, "login")
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestImageDataThatStandStill end, and data that come byte by byte; data that move may take longer than a call.
func TestImageDataThatStandStill(t *testing.T) {
	t.Parallel()
	const timeout = 300 * time.Millisecond
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			_, _ = io.WriteString(w, `{"id": "i"}`)
			return
		case http.MethodGet:
			for range 5 {
				_, _ = io.WriteString(w, strings.Repeat("x", 64<<10))
				w.(http.Flusher).Flush()
				time.Sleep(4 * timeout)
			}
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				time.Sleep(timeout / 10)
			}
		}
		<-r.Context().Done()
	})
	c := s.dial(t, timeout)
	began := time.Now()
	body, err := c.DownloadImage(t.Context(), "i")
	require.NoError(t, err)
	data, err := io.ReadAll(body)
	require.NoError(t, body.Close())
	require.ErrorContains(t, err, "moved too slowly, or not any more")
	assert.Greater(t, len(data), 5*64<<10)
	assert.Less(t, time.Since(began), 40*timeout+time.Minute) // the data never end
	began = time.Now()
	_, err = c.UploadImage(t.Context(), api.ImageRequest{Name: "i", DiskFormat: "raw"}, strings.NewReader("data"))
	require.ErrorContains(t, err, "moved too slowly, or not any more")
	assert.Less(t, time.Since(began), 20*timeout+time.Minute)
}

// TestListsEnd: each page is a new one, and what is no list is an error, never an empty list.
func TestListsEnd(t *testing.T) {
	t.Parallel()
	page := func(next func(n int) string) func(int) string {
		return func(n int) string {
			return fmt.Sprintf(`{"volumes": [{"id": "v%d"}], "volumes_links": [{"rel": "next", "href": %q}]}`, n, next(n))
		}
	}
	for name, c := range map[string]struct {
		answer func(n int) string
		want   string
	}{
		"to itself":     {page(func(int) string { return "http://x/v?marker=a" }), "leads to a page that was read before"},
		"A, B, A":       {page(func(n int) string { return fmt.Sprint("http://x/v?marker=", n%2) }), "was read before"},
		"A to H, A":     {page(func(n int) string { return fmt.Sprint("http://x/v?marker=", n%8) }), "was read before"},
		"for ever":      {page(func(n int) string { return fmt.Sprint("http://x/v?marker=", n) }), "the list "},
		"no URL":        {page(func(int) string { return "http://x/%zz" }), "the link to the next page cannot be read"},
		"odd links":     {func(int) string { return `{"volumes": [{"id": "v"}], "volumes_links": 3}` }, "cannot be read"},
		"null":          {func(int) string { return `{"volumes": null}` }, "no list of volumes"},
		"nothing":       {func(int) string { return `{}` }, "no list of volumes"},
		"another":       {func(int) string { return `{"servers": []}` }, "no list of volumes"},
		"cut":           {func(int) string { return `{"volumes": [{"id": "v"}` }, "cut off or is not JSON"},
		"a page is cut": {page(func(n int) string { return map[bool]string{true: "?m=1"}[n == 1] }), ""},
		"HTML":          {func(int) string { return "<html>[]</html>" }, "cut off or is not JSON"},
		"text":          {func(int) string { return `"volumes"` }, "cut off or is not JSON"},
		"no bytes":      {func(int) string { return "" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			var sent []string
			s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
				sent = append(sent, r.Host)
				_, _ = io.WriteString(w, c.answer(int(n.Add(1))))
			})
			timeout := 20 * time.Second
			if name == "for ever" {
				timeout = 300 * time.Millisecond
			}
			cloud := s.dial(t, timeout)
			began := time.Now()
			got, err := cloud.Volumes(t.Context())
			for tries := 0; tries < 20 && name == "for ever" && errors.Is(err, api.ErrUnreachable); tries++ {
				began = time.Now() // a busy machine took longer than the timeout for one page
				got, err = cloud.Volumes(t.Context())
			}
			assert.Less(t, time.Since(began), 9*time.Second, name)
			if name == "a page is cut" {
				require.NoError(t, err)
				assert.Len(t, got, 2)
				return
			}
			require.Error(t, err, name)
			assert.ErrorContains(t, err, c.want, name)
			assert.Empty(t, got, name)
			for _, host := range sent {
				assert.Equal(t, strings.TrimPrefix(s.URL, "http://"), host, "a link leads nowhere else")
			}
		})
	}
}

// TestAnswersWithoutAnObject are errors.
func TestAnswersWithoutAnObject(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"volume": {}, "server": {}, "snapshot": {}, "backup": {}}`, `{"volume": null}`} {
		s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		c := s.dial(t, time.Second)
		for name, call := range map[string]func() error{
			"volume": func() error { _, err := c.Volume(t.Context(), "v"); return err },
			"image":  func() error { _, err := c.Image(t.Context(), "v"); return err },
			"backup": func() error { _, err := c.Backup(t.Context(), "v"); return err },
			"server": func() error { _, err := c.Server(t.Context(), "v"); return err },
			"create": func() error { _, err := c.CreateVolume(t.Context(), api.VolumeRequest{Name: "v"}); return err },
			"flavor": func() error { _, err := c.CreateFlavor(t.Context(), api.FlavorRequest{Name: "v"}); return err },
			"upload": func() error {
				_, err := c.UploadImage(t.Context(), api.ImageRequest{}, strings.NewReader(""))
				return err
			},
		} {
			err := call()
			require.ErrorContains(t, err, "the answer does not say which", "%s %s", name, body)
			assert.NotErrorIs(t, err, api.ErrNotFound, "%s %s", name, body)
		}
	}
}

// TestOneLoginForACall: a service that refuses each token makes a call log in once, not for ever.
func TestOneLoginForACall(t *testing.T) {
	t.Parallel()
	var seen atomic.Int32
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { seen.Add(1); w.WriteHeader(http.StatusUnauthorized) })
	n := int32(1)
	for method, call := range calls(s.dial(t, 5*time.Second)) {
		seen.Store(0)
		require.ErrorIs(t, call(t.Context()), api.ErrAuth, method)
		n++
		assert.Equal(t, n, s.logins.Load(), method)
		assert.Equal(t, int32(2), seen.Load(), method)
	}
}
