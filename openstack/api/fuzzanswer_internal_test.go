package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/gophercloud/gophercloud/v2"
)

const (
	fuzzToken    = "gAAAAtoken-of-the-Fuzz-0123456789-abc"
	fuzzPassword = "hunter2-<secret>&"
	fuzzTimeout  = 10 * time.Second // of a call
	fuzzPatience = time.Minute      // of a caller
)

// A script is what all services answer. The parts of the body are the answers to one request after the other.
type script struct {
	t      *testing.T
	codes  [2]int // of the first answer and of the others
	header string // lines of a header
	bodies [][]byte
	delay  time.Duration // before an answer, and before its end
	broken bool          // whether an answer ends with an error
	login  bool          // whether the script is about logins, too

	requests int
	read     int64
}

// RoundTrip implements http.RoundTripper. Nothing goes anywhere but to the cloud.
func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "cloud" && !s.login {
		s.t.Errorf("a request went to %s", r.URL)
	}
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	if err := sleep(r.Context(), s.delay); err != nil {
		return nil, err
	}
	resp := &http.Response{StatusCode: s.codes[min(s.requests, 1)], Header: headerOf(s.header), Request: r,
		ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1}
	body := s.bodies[s.requests%len(s.bodies)]
	if isLogin(r.URL.Path) && !s.login {
		resp.StatusCode, resp.Header, body = 201, http.Header{"X-Subject-Token": {fuzzToken}}, []byte(fuzzLogin)
	} else {
		s.requests++
	}
	resp.Body = &slowBody{script: s, Reader: bytes.NewReader(body), ctx: r.Context()}
	return resp, nil
}

const fuzzLogin = `{"token": {"catalog": [
	{"type": "image", "endpoints": [{"interface": "public", "url": "http://cloud/image"}]},
	{"type": "volumev3", "endpoints": [{"interface": "public", "url": "http://cloud/volume/v3/p"}]},
	{"type": "compute", "endpoints": [{"interface": "public", "url": "http://cloud/compute/v2.1"}]}]}}`

// headerOf reads what it can of the lines.
func headerOf(text string) http.Header {
	h := http.Header{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			h.Add(textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value))
		}
	}
	return h
}

type slowBody struct {
	*script
	io.Reader
	ctx context.Context
}

func (b *slowBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += int64(n)
	if err == nil {
		return n, nil
	}
	if e := sleep(b.ctx, b.delay); e != nil {
		return n, e
	}
	if b.broken {
		return n, errors.New("reset by \x1b[2J " + fuzzToken)
	}
	return n, err
}

func (b *slowBody) Close() error { return nil }

// fuzzCalls are all calls of a Cloud, by their number. Those that wait end with ctx.
func fuzzCalls(c *Cloud) []func(context.Context) error {
	data := strings.NewReader("data")
	return append(fuzzLooks(c),
		func(ctx context.Context) error {
			_, err := c.UploadImage(ctx, ImageRequest{Store: "s"}, data)
			return err
		},
		func(ctx context.Context) error { return c.DeleteImage(ctx, "i") },
		func(ctx context.Context) error { _, err := c.CreateVolume(ctx, VolumeRequest{Name: "v"}); return err },
		func(ctx context.Context) error { return c.DeleteVolume(ctx, "v") },
		func(ctx context.Context) error { return c.ForceDeleteVolume(ctx, "v") },
		func(ctx context.Context) error { _, err := c.CreateSnapshot(ctx, SnapshotRequest{}); return err },
		func(ctx context.Context) error { return c.DeleteSnapshot(ctx, "s") },
		func(ctx context.Context) error {
			_, err := c.CreateBackup(ctx, BackupRequest{VolumeID: "v"})
			return err
		},
		func(ctx context.Context) error { _, err := c.RestoreBackup(ctx, "b", "n"); return err },
		func(ctx context.Context) error { return c.ForceDeleteBackup(ctx, "b") },
		func(ctx context.Context) error {
			_, err := c.CreateServer(ctx, ServerRequest{ImageID: "i", Flavor: "f"})
			return err
		},
		func(ctx context.Context) error { return c.DeleteServer(ctx, "s") },
		func(ctx context.Context) error { return c.ForceDeleteServer(ctx, "s") },
		func(ctx context.Context) error { return c.StopServer(ctx, "s") },
		func(ctx context.Context) error { return c.RebootServer(ctx, "s") },
		func(ctx context.Context) error { _, err := c.SnapshotServer(ctx, "s", "n", "d"); return err },
		func(ctx context.Context) error { return c.LiveMigrate(ctx, "s", "h") },
		func(ctx context.Context) error { return c.Attach(ctx, "s", "v") },
		func(ctx context.Context) error { return c.Detach(ctx, "s", "v") },
		func(ctx context.Context) error { _, err := c.CreateFlavor(ctx, FlavorRequest{Name: "f"}); return err },
		func(ctx context.Context) error { return c.CreateVolumeType(ctx, "t", nil) },
		func(ctx context.Context) error { return c.SetVolumeTypeSpecs(ctx, "t", nil) },
		func(ctx context.Context) error { return c.DeleteVolumeType(ctx, "t") },
		func(ctx context.Context) error { _, err := c.Migrations(ctx); return err },
		func(ctx context.Context) error { _, err := c.Unconfirmed(ctx, "h"); return err },
		func(ctx context.Context) error { _, err := c.Aggregates(ctx); return err },
		func(ctx context.Context) error { _, err := c.Settle(ctx, "s"); return err },
		func(ctx context.Context) error { return c.AbortMigration(ctx, "s", 1) },
		func(ctx context.Context) error { return c.MayLiveMigrate(ctx, "s") })
}

// fuzzLooks are the calls that only look.
func fuzzLooks(c *Cloud) []func(context.Context) error {
	return []func(context.Context) error{
		func(ctx context.Context) error { _, err := c.Image(ctx, "i"); return err },
		func(ctx context.Context) error { _, err := c.Images(ctx, ""); return err },
		func(ctx context.Context) error { _, err := c.Volume(ctx, "v"); return err },
		func(ctx context.Context) error { _, err := c.Volumes(ctx); return err },
		func(ctx context.Context) error { _, err := c.Snapshots(ctx); return err },
		func(ctx context.Context) error { _, err := c.Backup(ctx, "b"); return err },
		func(ctx context.Context) error { _, err := c.Backups(ctx); return err },
		func(ctx context.Context) error { _, err := c.HasBackups(ctx); return err },
		func(ctx context.Context) error { _, err := c.Server(ctx, "s"); return err },
		func(ctx context.Context) error { _, err := c.Servers(ctx, ""); return err },
		func(ctx context.Context) error { _, err := c.Console(ctx, "s", 5); return err },
		func(ctx context.Context) error { _, err := c.Flavors(ctx); return err },
		func(ctx context.Context) error { _, err := c.VolumeTypes(ctx); return err },
		func(ctx context.Context) error { _, err := c.Services(ctx); return err },
		func(ctx context.Context) error { _, err := c.ComputeServices(ctx, "h"); return err },
		func(ctx context.Context) error { _, err := c.Attachments(ctx, "v"); return err },
		func(ctx context.Context) error { _, err := c.Hypervisors(ctx); return err },
		func(ctx context.Context) error { _, err := c.LiveMigrations(ctx, "s"); return err },
		func(ctx context.Context) error { _, err := c.Room(ctx, "r"); return err },
		func(ctx context.Context) error { _, err := collect(c.SoftDeleted(ctx)); return err },
		func(ctx context.Context) error {
			body, err := c.DownloadImage(ctx, "i")
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, body)
			return errors.Join(err, body.Close())
		},
	}
}

// judge fails the test if an error cannot be shown.
func judge(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if strings.Contains(text, fuzzToken) || strings.Contains(text, fuzzPassword) {
			t.Errorf("an error holds a secret: %q", text)
		}
	}
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if text := err.Error(); len(text) > 1500 || strings.ContainsFunc(text, odd) {
		t.Errorf("an error cannot be shown: %d bytes, %.2000q", len(text), text)
	}
}

func dialScript(ctx context.Context, s *script) (*Cloud, error) {
	l := login{auth: gophercloud.AuthOptions{IdentityEndpoint: "http://cloud/v3", Username: "admin",
		Password: fuzzPassword, DomainName: "d", AllowReauth: true},
		where: gophercloud.EndpointOpts{Availability: gophercloud.AvailabilityPublic}}
	return dial(ctx, Config{Timeout: fuzzTimeout, Poll: fuzzTimeout}, l, s)
}

// FuzzAnswer: whatever a service answers, a call ends in time, with little read, and its error can be shown.
// The clock is that of a bubble, so that pauses take no time.
func FuzzAnswer(f *testing.F) {
	const object = `{"id": "x", "status": "available", "size": 1}`
	const all = `{"volume": ` + object + `, "server": {"id": "x", "status": "ACTIVE"}, "snapshot": ` + object +
		`, "backup": ` + object + `, "id": "x", "flavors": [{"id": "f", "name": "f"}], "flavor": {"id": "f"}, "output": "o",
		"restore": {"volume_id": "x"}, "image_id": "x", "volume_types": [{"id": "t", "name": "t"}], "servers": [],
		"migrations": [{"id": 1, "status": "finished"}], "aggregates": [{"id": 1, "name": "x"}]}`
	for n := range byte(48) {
		f.Add(n, uint16(200), uint16(200), "", []byte(all), uint16(0), false)
		f.Add(n, uint16(202), uint16(200), "Retry-After: 9\n",
			[]byte(strings.ReplaceAll(all, "x", `\u001b[2J`+strings.Repeat("long ", 400))), uint16(3), false)
		f.Add(n, uint16(200), uint16(404), "X-Compute-Request-Id: req-1\n", []byte(all+"\x00{}"), uint16(500), false)
		f.Add(n, uint16(200), uint16(200), "",
			[]byte(strings.NewReplacer("available", "error\n"+fuzzToken, "ACTIVE", "ERROR").Replace(all)), uint16(0), false)
	}
	for _, key := range []string{"images", "volumes", "servers"} {
		f.Add(byte(3), uint16(200), uint16(200), "", []byte(`{"`+key+`": [{"id": "a"}], "next": "/v2/images?marker=a", "`+key+
			`_links": [{"rel": "next", "href": "http://elsewhere/?marker=%5b"}]}`), uint16(0), false)
	}
	f.Add(byte(0), uint16(401), uint16(401), "", []byte("no "+fuzzToken), uint16(0), false)
	f.Add(byte(0), uint16(503), uint16(429), "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", []byte("<html>"), uint16(0),
		true)
	f.Add(byte(3), uint16(302), uint16(301), "Location: http://elsewhere/\x1b", []byte("x"), uint16(0), false)
	f.Fuzz(func(t *testing.T, which byte, first, others uint16, header string, body []byte, delay uint16, broken bool) {
		s := &script{codes: [2]int{100 + int(first)%900, 100 + int(others)%900}, header: header, broken: broken,
			bodies: bytes.Split(body, []byte{0}), delay: time.Duration(delay) * 20 * time.Millisecond}
		if first >= 100 && first < 1000 && others >= 100 && others < 1000 {
			s.codes = [2]int{int(first), int(others)}
		}
		synctest.Test(t, func(t *testing.T) {
			s.t = t
			delay := s.delay
			s.delay = 0
			c, err := dialScript(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			s.delay = delay
			calls := fuzzCalls(c)
			n := int(which) % len(calls)
			ctx, cancel := context.WithTimeout(t.Context(), fuzzPatience)
			defer cancel()
			began := time.Now()
			judge(t, calls[n](ctx))
			if took := time.Since(began); took > fuzzPatience {
				t.Errorf("call %d took %s", n, took)
			}
			if most := int64(s.requests+1) * (mostRefusal + int64(len(body))); s.read > most {
				t.Errorf("%d bytes were read in %d answers", s.read, s.requests)
			}
			if s.requests > 400 {
				t.Errorf("call %d made %d requests", n, s.requests)
			}
		})
	})
}

// FuzzLogin: whatever the identity service answers, a login ends in time, and its error can be shown.
func FuzzLogin(f *testing.F) {
	f.Add(uint16(201), "X-Subject-Token: "+fuzzToken, []byte(fuzzLogin), uint16(0))
	f.Add(uint16(201), "", []byte(`{"token": {"catalog": 3, "project": {"id": "p"}}}`), uint16(0))
	f.Add(uint16(201), "X-Subject-Token: t\x1b\n",
		[]byte(strings.ReplaceAll(fuzzLogin, "http://cloud", "\x1b:%zz")), uint16(0))
	f.Add(uint16(401), "", []byte(`{"error": {"message": "`+fuzzPassword+` \u202e is wrong"}}`), uint16(0))
	f.Add(uint16(503), "Retry-After: 31\n", []byte("<html>"), uint16(2))
	f.Add(uint16(300), "Location: /v3\n", []byte("[["), uint16(800))
	f.Fuzz(func(t *testing.T, code uint16, header string, body []byte, delay uint16) {
		s := &script{codes: [2]int{100 + int(code)%900, 100 + int(code)%900}, header: header, login: true,
			bodies: [][]byte{body}, delay: time.Duration(delay) * 20 * time.Millisecond}
		if code >= 100 && code < 1000 {
			s.codes = [2]int{int(code), int(code)}
		}
		synctest.Test(t, func(t *testing.T) {
			s.t = t
			began := time.Now()
			c, err := dialScript(t.Context(), s)
			judge(t, err)
			if took := time.Since(began); took > fuzzTimeout {
				t.Errorf("a login took %s", took)
			}
			if err != nil {
				return
			}
			if token := c.provider().Token(); token != "" {
				s.bodies = [][]byte{[]byte("no " + token)}
			}
			_, err = c.Volumes(t.Context())
			judge(t, err)
			if token := url.QueryEscape(c.provider().Token()); err != nil && len(token) > 8 &&
				strings.Contains(err.Error(), token) {
				t.Errorf("an error holds the token: %q", err)
			}
		})
	})
}
