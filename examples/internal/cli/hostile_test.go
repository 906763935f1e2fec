package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// What a hostile world says: commands to a terminal, in C0 and C1, marks that turn the
// direction of a text, what is not UTF-8, and a line that looks like the program's.
const (
	lie    = "Nothing to do, said the world."
	canary = "\x1b[2J\x9b31m\u009b31m\x1b]0;x\a\b\x7f\u202e\u2066\u200b\u2028\ufeff\xff\x00\r\n" + lie + "\n"
)

// A liar puts the canary into what others say, each text with a chance from a seed.
type liar struct {
	mu     sync.Mutex
	random *rand.Rand
	chance float64
	told   int
}

// text is a text, or the text with the canary in it.
func (l *liar) text(s string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.random.Float64() >= l.chance {
		return s
	}
	l.told++
	at := 0
	if s != "" {
		at = l.random.IntN(len(s) + 1)
	}
	return s[:at] + canary + s[at:]
}

// spoil changes the texts in a value that can be set.
func (l *liar) spoil(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[[]byte]() && v.CanSet():
		if v.Len() > 0 {
			v.SetBytes([]byte(l.text(string(v.Bytes()))))
		}
	case v.Kind() == reflect.String && v.CanSet():
		v.SetString(l.text(v.String()))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				l.spoil(v.Field(i))
			}
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			l.spoil(v.Index(i))
		}
	case v.Type() == reflect.TypeFor[map[string]string]() && !v.IsNil():
		spoiled := map[string]string{}
		for key, value := range v.Seq2() {
			spoiled[key.String()] = l.text(value.String())
		}
		v.Set(reflect.ValueOf(spoiled))
	}
}

type lyingHost struct {
	remote.Host
	*liar
}

func (h lyingHost) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	results, err := h.Host.Do(ctx, ops...)
	h.spoil(reflect.ValueOf(results))
	return results, err
}

type lyingCluster struct {
	ceph.Commander
	*liar
}

func (c lyingCluster) Command(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
	reply, err := c.Commander.Command(ctx, cmd)
	reply.Data, reply.Status = cephstack.Redact(c.json([]byte(reply.Data.Reveal()))), c.text(reply.Status)
	if refused, ok := err.(*ceph.CommandError); ok {
		said := *refused
		said.Status = c.text(said.Status)
		err = &said
	}
	return reply, err
}

// json changes the texts of a document. What is not JSON is a text as a whole.
func (l *liar) json(data []byte) []byte {
	var v any
	if json.Unmarshal(data, &v) != nil {
		return []byte(l.text(string(data)))
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case string:
			return l.text(v)
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case map[string]any:
			for key := range v {
				v[key] = walk(v[key])
			}
		}
		return v
	}
	spoiled, _ := json.Marshal(walk(v))
	return spoiled
}

type lyingStore struct {
	libvirtsecret.Store
	*liar
}

func (s lyingStore) List(ctx context.Context) ([]libvirtsecret.Secret, error) {
	secrets, err := s.Store.List(ctx)
	for i := range secrets {
		secrets[i].UsageID, secrets[i].Description = s.text(secrets[i].UsageID), s.text(secrets[i].Description)
	}
	if err != nil {
		err = &libvirtsecret.Error{Op: "list", Detail: s.text("x"), Err: err}
	}
	return secrets, err
}

// cloud is the cloud through a proxy that lies, apart from where things are.
func (l *liar) cloud(t *testing.T, w *integratetest.World) *api.Cloud {
	t.Helper()
	var proxy *httptest.Server
	proxy = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r2, _ := http.NewRequestWithContext(r.Context(), r.Method, w.API.URL+r.URL.RequestURI(), bytes.NewReader(body))
		r2.Header = r.Header
		resp, err := http.DefaultTransport.RoundTrip(r2)
		if err != nil {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		data, _ := io.ReadAll(resp.Body)
		data = bytes.ReplaceAll(data, []byte(w.API.URL), []byte(proxy.URL))
		if !strings.Contains(r.URL.Path, "/auth/tokens") && json.Valid(data) {
			data = l.json(data)
		}
		for key, values := range resp.Header {
			if key != "Content-Length" {
				rw.Header()[key] = values
			}
		}
		rw.WriteHeader(resp.StatusCode)
		_, _ = rw.Write(data)
	}))
	t.Cleanup(proxy.Close)
	dir := t.TempDir()
	cfg, err := w.API.CloudConfig(dir)
	require.NoError(t, err)
	text, err := os.ReadFile(cfg.CloudsFile)
	require.NoError(t, err)
	cfg.CloudsFile = filepath.Join(dir, "proxied.yaml")
	require.NoError(t, os.WriteFile(cfg.CloudsFile, bytes.ReplaceAll(text, []byte(w.API.URL), []byte(proxy.URL)), 0o600))
	cfg.Poll = 1
	cloud, err := api.Dial(t.Context(), cfg)
	require.NoError(t, err)
	return cloud
}

// lieIn lets everything outside lie from now on.
func (l *liar) in(t *testing.T, c *cloud) {
	t.Helper()
	for name, h := range c.Hosts {
		c.Hosts[name] = lyingHost{h, l}
	}
	for name, s := range c.Secrets {
		c.Secrets[name] = lyingStore{s, l}
	}
	for name, cluster := range c.Clusters {
		cluster.Mon = lyingCluster{cluster.Mon, l}
		c.Clusters[name] = cluster
	}
	c.Cloud = l.cloud(t, c.World)
}

// TestNothingOfAHostileWorldReachesTheTerminal runs each command against worlds that lie more
// or less often, so that plans, changes and all sorts of errors come of that.
func TestNothingOfAHostileWorldReachesTheTerminal(t *testing.T) {
	image := filepath.Join(t.TempDir(), "image.raw")
	disk, err := io.ReadAll(integratetest.Image())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(image, disk, 0o600))
	told := 0
	for seed := range uint64(24) {
		c := newCloud(t, 2)
		if seed%2 == 1 { // one that is as its Spec says
			code, _, stderr := c.run(t.Context(), "", "apply", "--yes")
			require.Equal(t, exitDone, code, stderr)
		}
		if seed%3 == 2 {
			text, err := os.ReadFile(c.file)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(c.file, bytes.ReplaceAll(text, []byte("release: zed\n"), nil), 0o600))
		}
		l := &liar{random: rand.New(rand.NewPCG(seed, 11)), chance: []float64{0.002, 0.01, 0.05, 0.3, 1}[seed%5]}
		l.in(t, c)
		for _, args := range [][]string{{"plan"}, {"plan", "--output", "json"}, {"verify", "--static"}, {"apply", "--yes"},
			{"converge", "--yes"}, {"verify", "--image", image}, {"verify", "--static", "--output", "json"}} {
			_, stdout, stderr := c.run(t.Context(), "", args[0], args[1:]...)
			at := fmt.Sprintf("seed %d: %s", seed, strings.Join(args, " "))
			if !slices.Contains(args, "json") {
				clean(t, at, stdout)
			} else {
				assert.Equal(t, -1, strings.IndexFunc(stdout, func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' }), at)
				assert.True(t, stdout == "" || json.Valid([]byte(stdout)), at)
			}
			clean(t, at, stderr)
		}
		told += l.told
	}
	assert.Greater(t, told, 1000)
}

// clean checks what was printed.
func clean(t *testing.T, at, text string) {
	t.Helper()
	for line := range strings.SplitSeq(text, "\n") {
		assert.False(t, strings.HasPrefix(strings.TrimSpace(line), lie), "%s: a line of the world's in %q", at, text)
		odd := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) && r != '\t' })
		assert.Equal(t, -1, odd, "%s: %q", at, line)
	}
}
