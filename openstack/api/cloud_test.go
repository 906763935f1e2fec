package api_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// dial starts a fake and dials it.
func dial(t *testing.T, cfg openstacktest.Config) (*api.Cloud, *openstacktest.Server) {
	t.Helper()
	s := openstacktest.Start(t, cfg)
	to, err := s.CloudConfig(t.TempDir())
	require.NoError(t, err)
	c, err := api.Dial(t.Context(), to)
	require.NoError(t, err)
	return c, s
}

// An answer is what Fail says, n times, to requests of a method whose path
// ends in suffix.
type answer struct {
	method, suffix string
	status         int
	body           string
	n              int32
	seen           atomic.Int32
}

func (a *answer) fail(r *http.Request) (int, string, bool) {
	if r.Method != a.method || !strings.HasSuffix(r.URL.Path, a.suffix) {
		return 0, "", false
	}
	return a.status, a.body, a.seen.Add(1) <= a.n
}

func TestErrorMapping(t *testing.T) {
	token := "gAAAAABn" + strings.Repeat("aB3", 40)
	for name, c := range map[string]struct {
		answer *answer
		is     error
		code   int
		text   string
		seen   int32 // requests that reached the service
	}{
		"denied": {&answer{status: 403, body: `{"forbidden": {"message": "Policy doesn't allow it.", "code": 403}}`, n: 99},
			api.ErrDenied, 403, "Policy doesn't allow it.", 1},
		"version": {&answer{status: 406,
			body: `{"computeFault": {"message": "Version 2.53 is not supported", "code": 406}}`, n: 99}, nil, 406,
			"Version 2.53", 1},
		"html": {&answer{status: 500,
			body: "<html><head><title>500</title></head><body><h1>500 Internal</h1>\n the  server<br/> is ill</body></html>",
			n:    99}, nil, 500, "500 Internal the server is ill", 1},
		"keystone": {&answer{status: 400, body: `{"error": {"message": "odd", "code": 400, "title": "Bad"}}`, n: 99},
			nil, 400, "HTTP 400: odd", 1},
		"glance": {&answer{status: 409, body: `{"message": "in use", "code": "409 Conflict", "title": "Conflict"}`,
			n: 99}, nil, 409, "HTTP 409: in use", 1},
		"long": {&answer{status: 400, body: strings.Repeat("word ", 200), n: 99}, nil, 400, "word word", 1},
		"secrets": {&answer{status: 400, body: "token " + token + " password secret-of-admin", n: 99}, nil, 400,
			"token [redacted] password [redacted]", 1},
		"truncated": {&answer{status: 200, body: `{"volumes": [{"id": "x`, n: 99}, nil, 200, "cut off or is not JSON",
			5},
		"html success": {&answer{status: 200, body: "<html>a proxy's page</html>", n: 99}, nil, 200,
			"cut off or is not JSON", 5},
		"wrong shape":    {&answer{status: 200, body: `{"volumes": 3}`, n: 99}, nil, 0, "no list of volumes", 1},
		"busy for ever":  {&answer{status: 503, body: "maintenance", n: 99}, nil, 503, "maintenance", 5},
		"reset for ever": {&answer{status: 0, n: 99}, api.ErrUnreachable, 0, "unreachable", 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.answer.method, c.answer.suffix = http.MethodGet, "/volumes/detail"
			cloud, _ := dial(t, openstacktest.Config{Fail: c.answer.fail, Password: "secret-of-admin"})
			_, err := cloud.Volumes(t.Context())
			var e *api.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.code, e.Code)
			assert.Equal(t, "list volumes", e.Op)
			assert.Contains(t, err.Error(), c.text)
			assert.LessOrEqual(t, len(e.Detail), 304)
			assert.Equal(t, c.seen, c.answer.seen.Load())
			if c.is != nil {
				assert.ErrorIs(t, err, c.is)
			}
		})
	}
}

func TestTransientTroubleOfReads(t *testing.T) {
	for name, a := range map[string]*answer{"503": {status: 503}, "429": {status: 429}, "reset": {status: 0},
		"truncated": {status: 200, body: `{"volu`}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a.method, a.suffix, a.n = http.MethodGet, "/volumes/detail", 2
			c, s := dial(t, openstacktest.Config{Fail: a.fail})
			id := s.AddVolume(api.Volume{Name: "v", SizeGiB: 1})
			got, err := c.Volumes(t.Context())
			require.NoError(t, err)
			require.Len(t, got, 1)
			assert.Equal(t, id, got[0].ID)
		})
	}
}

// A request that changes something is sent once, whatever becomes of it.
func TestWritesAreNotDoubled(t *testing.T) {
	for name, a := range map[string]*answer{"503": {status: 503}, "429": {status: 429}, "reset": {status: 0},
		"truncated": {status: 202, body: `{"volu`}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a.method, a.suffix, a.n = http.MethodPost, "/volumes", 1
			c, s := dial(t, openstacktest.Config{Fail: a.fail})
			_, err := c.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1})
			require.Error(t, err)
			assert.Equal(t, int32(1), a.seen.Load())
			assert.Empty(t, s.Volumes())
		})
	}
}

func TestLogin(t *testing.T) {
	s := openstacktest.Start(t, openstacktest.Config{Password: "right"})
	dir := t.TempDir()
	cfg, err := s.CloudConfig(dir)
	require.NoError(t, err)
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "clouds.yaml"), []byte(text), 0o600))
	}
	good := string(s.CloudsYAML())

	write(strings.Replace(good, "right", "wrong-password", 1))
	_, err = api.Dial(t.Context(), cfg)
	require.ErrorIs(t, err, api.ErrAuth)
	assert.NotContains(t, err.Error(), "wrong-password")

	write("clouds:\n  fake:\n    auth:\n      password: [hunter2, hunter3]\n")
	_, err = api.Dial(t.Context(), cfg)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")

	write(strings.Replace(good, s.URL, "http://127.0.0.1:1", 1))
	_, err = api.Dial(t.Context(), cfg)
	require.ErrorIs(t, err, api.ErrUnreachable)

	write(strings.Replace(good, "RegionOne", "Mars", 1))
	_, err = api.Dial(t.Context(), cfg)
	require.ErrorContains(t, err, "region Mars")
	cfg.Region = "RegionOne"
	_, err = api.Dial(t.Context(), cfg)
	require.NoError(t, err)

	_, err = api.Dial(t.Context(), api.Config{Cloud: "other", CloudsFile: cfg.CloudsFile})
	require.ErrorContains(t, err, "other")
	_, err = api.Dial(t.Context(), api.Config{Cloud: "fake", CloudsFile: filepath.Join(dir, "none.yaml")})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestLoginFromEnvironment(t *testing.T) {
	s := openstacktest.Start(t, openstacktest.Config{})
	for name, value := range map[string]string{"OS_CLOUD": "", "OS_CLIENT_CONFIG_FILE": "", "OS_AUTH_URL": s.URL,
		"OS_USERNAME": "admin", "OS_PASSWORD": "fake-password",
		"OS_PROJECT_NAME": "admin", "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default",
		"OS_REGION_NAME": "RegionOne", "OS_INTERFACE": "internalURL"} {
		t.Setenv(name, value)
	}
	c, err := api.Dial(t.Context(), api.Config{Poll: time.Millisecond})
	require.NoError(t, err)
	_, err = c.Volumes(t.Context())
	require.NoError(t, err)
	t.Setenv("OS_USERNAME", "")
	_, err = api.Dial(t.Context(), api.Config{})
	require.ErrorContains(t, err, "OS_USERNAME")
	t.Setenv("OS_CACERT", filepath.Join(t.TempDir(), "none"))
	t.Setenv("OS_USERNAME", "admin")
	_, err = api.Dial(t.Context(), api.Config{})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestTokenEndsMidway(t *testing.T) {
	c, s := dial(t, openstacktest.Config{})
	s.ExpireTokens()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := c.Volumes(t.Context())
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	// The upload's body is sent again, from where it began.
	s.ExpireTokens()
	data := strings.NewReader("header:data")
	_, err := data.Seek(7, 0)
	require.NoError(t, err)
	i, err := c.UploadImage(t.Context(), api.ImageRequest{Name: "i", DiskFormat: "raw"}, data)
	require.NoError(t, err)
	assert.Equal(t, "data", string(s.ImageData(i.ID)))
}

func TestTokenEndsAndLoginIsRefused(t *testing.T) {
	a := &answer{method: http.MethodPost, suffix: "/auth/tokens", status: 401,
		body: `{"error": {"message": "account is locked"}}`, n: 99}
	var armed atomic.Bool
	c, s := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		if !armed.Load() {
			return 0, "", false
		}
		return a.fail(r)
	}})
	armed.Store(true)
	s.ExpireTokens()
	_, err := c.Volumes(t.Context())
	require.ErrorIs(t, err, api.ErrAuth)
	assert.ErrorContains(t, err, "account is locked")
}

func TestCancelledWait(t *testing.T) {
	c, _ := dial(t, openstacktest.Config{Looks: 1 << 30})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	v, err := c.CreateVolume(ctx, api.VolumeRequest{Name: "v", SizeGiB: 1})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "it was still creating")
	assert.NotEmpty(t, v.ID, "the caller must be able to delete it")
	gone, stop := context.WithCancel(t.Context())
	stop()
	_, err = c.Volumes(gone)
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, errors.Is(err, api.ErrUnreachable))
}

func TestTimeout(t *testing.T) {
	hang := make(chan struct{})
	s := openstacktest.Start(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		if strings.HasSuffix(r.URL.Path, "/volumes/detail") || strings.HasSuffix(r.URL.Path, "/file") {
			<-hang
		}
		return 0, "", false
	}})
	t.Cleanup(func() { close(hang) }) // before the server closes
	cfg, err := s.CloudConfig(t.TempDir())
	require.NoError(t, err)
	cfg.Timeout = time.Second
	c, err := api.Dial(t.Context(), cfg)
	require.NoError(t, err)
	_, err = c.Volumes(t.Context())
	require.ErrorIs(t, err, api.ErrUnreachable)
	assert.ErrorContains(t, err, "no answer within 1s")
	_, err = c.DownloadImage(t.Context(), "x")
	require.ErrorIs(t, err, api.ErrUnreachable)
}

func TestPages(t *testing.T) {
	c, s := dial(t, openstacktest.Config{PageSize: 3})
	for range 10 {
		s.AddVolume(api.Volume{Name: "v", SizeGiB: 1})
		s.AddImage(api.Image{Name: "i", DiskFormat: "raw"}, []byte("x"))
		s.AddImage(api.Image{Name: "other", DiskFormat: "raw"}, []byte("y"))
		s.AddServer(api.Server{Name: "s"})
	}
	volumes, err := c.Volumes(t.Context())
	require.NoError(t, err)
	assert.Len(t, volumes, 10)
	images, err := c.Images(t.Context(), "i")
	require.NoError(t, err)
	assert.Len(t, images, 10)
	servers, err := c.Servers(t.Context(), "")
	require.NoError(t, err)
	assert.Len(t, servers, 10)
}

// A proxy's 404 is no evidence of absence: it neither ends a deletion nor
// makes an object missing.
func TestForeignNotFound(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	c, s := dial(t, openstacktest.Config{Fail: func(*http.Request) (int, string, bool) {
		return http.StatusNotFound, "", down.Load()
	}})
	id := s.AddVolume(api.Volume{Name: "v", SizeGiB: 1})
	image := s.AddImage(api.Image{Name: "i", DiskFormat: "raw"}, nil)
	down.Store(true)
	_, err := c.Volume(t.Context(), id)
	require.ErrorIs(t, err, api.ErrUnreachable)
	assert.NotErrorIs(t, err, api.ErrNotFound)
	require.ErrorIs(t, c.DeleteVolume(t.Context(), id), api.ErrUnreachable)
	require.ErrorIs(t, c.DeleteImage(t.Context(), image), api.ErrUnreachable)
	require.ErrorIs(t, c.DeleteServer(t.Context(), image), api.ErrUnreachable)
	down.Store(false)
	require.NoError(t, c.DeleteImage(t.Context(), image))
	_, err = c.Image(t.Context(), image)
	require.ErrorIs(t, err, api.ErrNotFound)
}

// An API that restarts during a wait does not end it.
func TestRestartDuringWait(t *testing.T) {
	t.Parallel()
	var seen atomic.Int32
	c, _ := dial(t, openstacktest.Config{Looks: 3, Fail: func(r *http.Request) (int, string, bool) {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/volumes/") {
			return 0, "", false
		}
		n := seen.Add(1)
		return 0, "", n > 1 && n < 8 // the first look succeeds, more than one call fails
	}})
	v, err := c.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1})
	require.NoError(t, err)
	assert.Equal(t, "available", v.Status)
}

// An upload that finds its token ended begins anew, from where it began.
func TestUploadIsRewound(t *testing.T) {
	a := &answer{method: http.MethodPut, suffix: "/file", status: http.StatusUnauthorized, n: 1}
	c, s := dial(t, openstacktest.Config{Fail: a.fail})
	data := strings.NewReader("header:data")
	_, err := data.Seek(7, 0)
	require.NoError(t, err)
	i, err := c.UploadImage(t.Context(), api.ImageRequest{Name: "i", DiskFormat: "raw"}, data)
	require.NoError(t, err)
	assert.Equal(t, "data", string(s.ImageData(i.ID)))
	empty, err := c.UploadImage(t.Context(), api.ImageRequest{Name: "empty", DiskFormat: "raw"}, strings.NewReader(""))
	require.NoError(t, err)
	assert.Equal(t, int64(0), empty.Size)
}

func TestFlavors(t *testing.T) {
	c, _ := dial(t, openstacktest.Config{})
	small := api.FlavorRequest{Name: "small", VCPUs: 1, RAMMiB: 64, DiskGiB: 1}
	id, err := c.CreateFlavor(t.Context(), small)
	require.NoError(t, err)
	all, err := c.Flavors(t.Context())
	require.NoError(t, err)
	assert.Equal(t, id, all["small"])
	var e *api.Error
	_, err = c.CreateFlavor(t.Context(), small)
	require.ErrorAs(t, err, &e)
	assert.Equal(t, http.StatusConflict, e.Code)
	_, err = c.CreateFlavor(t.Context(), api.FlavorRequest{Name: "none"})
	require.ErrorContains(t, err, "HTTP 400")
	require.NoError(t, c.DeleteFlavor(t.Context(), id))
}

func TestRestoreInto(t *testing.T) {
	c, s := dial(t, openstacktest.Config{})
	from, to := s.AddVolume(api.Volume{Name: "from", SizeGiB: 2}), s.AddVolume(api.Volume{Name: "to", SizeGiB: 2})
	small := s.AddVolume(api.Volume{Name: "small", SizeGiB: 1})
	b, err := c.CreateBackup(t.Context(), api.BackupRequest{VolumeID: from, Name: "b"})
	require.NoError(t, err)
	v, err := c.RestoreBackupInto(t.Context(), b.ID, to)
	require.NoError(t, err)
	assert.Equal(t, to, v.ID)
	_, err = c.RestoreBackupInto(t.Context(), b.ID, small)
	require.ErrorContains(t, err, "too small")
	_, err = c.RestoreBackupInto(t.Context(), b.ID, "none")
	require.ErrorIs(t, err, api.ErrNotFound)
}

// A cloud with reclaim_instance_interval keeps a deleted VM for a while.
func TestSoftDelete(t *testing.T) {
	var forced atomic.Bool
	status := `{"server": {"id": "s", "status": "SOFT_DELETED"}}`
	c, s := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/action"):
			forced.Store(true)
			return 202, "", true
		case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/servers/") && !forced.Load():
			return 200, status, true
		}
		return 0, "", false
	}})
	require.NoError(t, c.DeleteServer(t.Context(), s.AddServer(api.Server{Name: "s"})))
	assert.True(t, forced.Load())
}
