//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/openstack/api"
)

// apiTrials is how many verifications have a request that is spoilt, and longestVerify how long such a verification
// may take.
const (
	apiTrials     = 300
	longestVerify = 40 * time.Second
)

// wholeCloud has all that a verification looks at.
const wholeCloud = `
release: zed
packages: install
clusters: [{name: ceph}]
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: compute1, services: [nova-compute]}
  - {name: compute2, services: [nova-compute]}
glance: {}
cinder: {backends: [{name: ceph, volume_type: ceph}]}
backup: {}
nova: {}
`

// apis makes whole verifications, and applies that make a volume type, each with one request to the APIs that is
// spoilt. Of the applies, every second has the request spoilt that makes the type.
func (s *suite) apis(ctx context.Context) (tally, error) {
	var t tally
	clean := &spoilt{}
	if err := clean.run(ctx); err != nil || len(clean.words) > 0 || clean.err != nil {
		return t, fmt.Errorf("without a fault: %w %q %w", err, clean.words, clean.err)
	}
	making := &spoilt{}
	if err := making.apply(ctx); err != nil || len(making.words) > 0 || making.err != nil || making.change == 0 {
		return t, fmt.Errorf("an apply without a fault: %w %q %w", err, making.words, making.err)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var todo atomic.Int64
	todo.Store(int64(min(apiTrials, s.most)))
	kinds := frontFaults()
	for range 5 * workers { // who mostly wait
		wg.Go(func() {
			for n := todo.Add(-1); n >= 0 && ctx.Err() == nil; n = todo.Add(-1) {
				r := rand.New(rand.NewPCG(s.seed, uint64(n)))
				v, run := spoil(r, clean, making)
				v.fault = kinds[int(n)%len(kinds)]
				err := run(ctx)
				mu.Lock()
				t.add(err == nil && len(v.words) == 0, "%s at request %d (%s): %v %q", v.fault, v.at, v.bad, err, v.words)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return t, ctx.Err()
}

// spoil chooses a trial, and a request of it.
func spoil(r *rand.Rand, clean, making *spoilt) (v *spoilt, run func(context.Context) error) {
	switch r.IntN(4) {
	case 0:
		v = &spoilt{at: 1 + r.IntN(making.requests)}
		return v, v.apply
	case 1:
		v = &spoilt{at: making.change}
		return v, v.apply
	}
	v = &spoilt{at: 1 + r.IntN(clean.requests), image: clean.image}
	return v, v.run
}

// A spoilt is a verification or an apply with one request that is spoilt.
type spoilt struct {
	fault    string
	at       int
	image    []byte
	requests int
	change   int // the request that makes something, of an apply
	asked    int // requests of an apply that may change something
	bad      string
	err      error // what the verification said
	words    []string
}

func (v *spoilt) wrong(format string, args ...any) {
	v.words = append(v.words, fmt.Sprintf(format, args...))
}

func (v *spoilt) run(ctx context.Context) error {
	c, err := newCloudOf(wholeCloud)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.finish(ctx); err != nil {
		return err
	}
	where, err := url.Parse(c.API.URL)
	if err != nil {
		return err
	}
	f := newFront(where.Scheme+"://"+where.Host, c.API.ExpireTokens)
	defer f.close()
	if v.image, err = io.ReadAll(integratetest.Image()); err != nil {
		return err
	}
	if err := v.dial(ctx, c, f); err != nil {
		return err
	}
	f.mu.Lock()
	f.fault, f.at, f.n = v.fault, v.at, 0
	f.mu.Unlock()
	before := v.objects(c)
	begin := time.Now()
	report := v.verify(ctx, c)
	f.mu.Lock()
	defer f.mu.Unlock()
	v.requests, v.bad = f.n, f.bad
	if took := time.Since(begin); took > longestVerify {
		v.wrong("it took %v", took)
	}
	for what, n := range f.made {
		if n > 1 {
			v.wrong("made %d times: %s", n, what)
		}
	}
	for _, u := range f.uploads {
		if !bytes.Equal(u, v.image) {
			v.wrong("an upload has %d bytes of %d", len(u), len(v.image))
		}
	}
	if len(f.leaked) > 0 {
		v.wrong("a token or a password came elsewhere: %q", f.leaked)
	}
	if left := v.objects(c); left != before && !strings.Contains(report, "FAIL") {
		v.wrong("left behind, and nobody says so: %s\n%s", left, report)
	}
	if v.err != nil && (strings.Contains(v.err.Error(), "fake-password") || len(v.err.Error()) > 16<<10) {
		v.wrong("the error has the password, or %d bytes", len(v.err.Error()))
	}
	return nil
}

// dial reaches the cloud through the front.
func (v *spoilt) dial(ctx context.Context, c *fakeCloud, f *front) error {
	dir, err := os.MkdirTemp("", "cephstack-faults-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	clouds := filepath.Join(dir, "clouds.yaml")
	text := bytes.ReplaceAll(c.API.CloudsYAML(), []byte(f.cloud), []byte(f.URL))
	if err := os.WriteFile(clouds, text, 0o600); err != nil {
		return err
	}
	c.World.World.Cloud, err = api.Dial(ctx, api.Config{Cloud: "fake", CloudsFile: clouds, Poll: time.Millisecond,
		Timeout: 2 * time.Second})
	return err
}

// verify makes the whole verification, and gives its report.
func (v *spoilt) verify(ctx context.Context, c *fakeCloud) string {
	ctx, cancel := context.WithTimeout(ctx, 2*longestVerify)
	defer cancel()
	in, err := c.integration()
	if err != nil {
		v.wrong("%v", err)
		return ""
	}
	report, err := in.Verify(ctx, integrate.VerifyOptions{Image: bytes.NewReader(v.image), GuestWait: 5 * time.Second})
	v.err = err
	if report == nil {
		return ""
	}
	failed := false
	for _, check := range report.Checks {
		failed = failed || check.Status != integrate.Pass
	}
	if failed != (err != nil) || err != nil && !errors.Is(err, integrate.ErrChecks) {
		v.wrong("the error is %v, and the report\n%s", err, report)
	}
	return report.String()
}

// objects tells what is in the cloud.
func (v *spoilt) objects(c *fakeCloud) string {
	types, err := typesOf(c.API.URL)
	return fmt.Sprint(c.API.Images(), c.API.Volumes(), c.API.Snapshots(), c.API.Backups(), c.API.Servers(), types, err)
}
