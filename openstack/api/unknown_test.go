package api_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// changing are calls that change something, by name. Each makes its change with one request.
func changing(c *api.Cloud, image string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"create type": func(ctx context.Context) error { return c.CreateVolumeType(ctx, "made", nil) },
		"set type": func(ctx context.Context) error {
			return c.SetVolumeTypeSpecs(ctx, "there", map[string]string{"a": "b"})
		},
		"delete type": func(ctx context.Context) error { return c.DeleteVolumeType(ctx, "old") },
		"create volume": func(ctx context.Context) error {
			_, err := c.CreateVolume(ctx, api.VolumeRequest{Name: "v", SizeGiB: 1})
			return err
		},
		"delete image": func(ctx context.Context) error { return c.DeleteImage(ctx, image) },
		"upload image": func(ctx context.Context) error {
			_, err := c.UploadImage(ctx, api.ImageRequest{Name: "i", DiskFormat: "raw"}, strings.NewReader("x"))
			return err
		},
	}
}

// TestAChangeWhoseAnswerDoesNotTell is unknown: the service may have made it. A change that the
// service refused, or that nobody got, is not.
func TestAChangeWhoseAnswerDoesNotTell(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		body    string
		unknown bool
	}{
		"the answer is lost":     {openstacktest.LostAnswer, "", true},
		"the connection is cut":  {0, "", true},
		"the proxy has no word":  {502, "<html>Bad Gateway</html>", true},
		"the proxy is busy":      {503, "", true},
		"the proxy waits":        {504, "", true},
		"the service fails":      {500, "", true},
		"a part of an answer":    {200, `{"volume_type": {"id`, true},
		"a page":                 {200, "<html>welcome</html>", true},
		"an answer of no change": {206, "", true},
		"a wrong request":        {400, "", false},
		"no rights":              {403, "", false},
		"a proxy's 404":          {404, "", false},
		"a conflict":             {409, "", false},
		"too many requests":      {429, "", false},
		"not known":              {501, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var spoil atomic.Bool
			cloud, s := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
				return c.status, c.body, spoil.Load() && r.Method != http.MethodGet
			}})
			require.NoError(t, cloud.CreateVolumeType(t.Context(), "there", nil))
			require.NoError(t, cloud.CreateVolumeType(t.Context(), "old", nil))
			image := s.AddImage(api.Image{Name: "i", DiskFormat: "raw"}, nil)
			spoil.Store(true)
			for what, call := range changing(cloud, image) {
				err := call(t.Context())
				if c.status == http.StatusOK && strings.HasPrefix(what, "delete") {
					continue // the answer to this call is not read
				}
				var e *api.Error
				require.ErrorAs(t, err, &e, what)
				assert.Equal(t, c.unknown, errors.Is(err, api.ErrUnknown), "%s: %v", what, err)
			}
			_, err := cloud.Images(t.Context(), "none") // what only reads goes on, and is never unknown
			require.NoError(t, err)
		})
	}
}

// TestAReadIsNeverUnknown, whatever becomes of it.
func TestAReadIsNeverUnknown(t *testing.T) {
	for _, status := range []int{openstacktest.LostAnswer, 500} {
		cloud, _ := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
			return status, "", r.Method == http.MethodGet
		}})
		_, err := cloud.VolumeTypes(t.Context())
		require.Error(t, err)
		require.NotErrorIs(t, err, api.ErrUnknown)
	}
}

// TestAChangeThatNobodyGotIsNotUnknown: nothing listens, the certificate is somebody else's, or the call had ended
// before it was sent.
func TestAChangeThatNobodyGotIsNotUnknown(t *testing.T) {
	cloud, s := dial(t, openstacktest.Config{})
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	err := cloud.CreateVolumeType(stopped, "a", nil)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, api.ErrUnknown)
	s.Close()
	err = cloud.CreateVolumeType(t.Context(), "a", nil)
	require.ErrorIs(t, err, api.ErrUnreachable)
	require.NotErrorIs(t, err, api.ErrUnknown)
	require.ErrorAs(t, err, new(*net.OpError))
}

// TestAChangeThatIsStoppedWhileItIsUnderWayIsUnknown, as the service has the request.
func TestAChangeThatIsStoppedWhileItIsUnderWayIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cloud, _ := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/types") {
			_, _ = io.Copy(io.Discard, r.Body) // only then the server looks whether the client goes away
			cancel()
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
			return 0, "", true
		}
		return 0, "", false
	}})
	err := cloud.CreateVolumeType(ctx, "a", nil)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, api.ErrUnknown)
}

// TestAChangeThatNeedsANewLoginIsNotUnknown if that login fails: the service refused the call, and got it once.
func TestAChangeThatNeedsANewLoginIsNotUnknown(t *testing.T) {
	var down atomic.Bool
	cloud, s := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		return 503, "", down.Load() && strings.HasSuffix(r.URL.Path, "/auth/tokens")
	}})
	s.ExpireTokens()
	down.Store(true)
	err := cloud.CreateVolumeType(t.Context(), "a", nil)
	require.Error(t, err)
	require.NotErrorIs(t, err, api.ErrUnknown)
}
