package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// waiting are the calls that wait for what they asked for, by name.
func waiting(w world, backup, snapshot string) map[string]func(context.Context) error {
	discard := func(_ any, err error) error { return err }
	return map[string]func(context.Context) error{
		"create volume": func(ctx context.Context) error {
			return discard(w.CreateVolume(ctx, api.VolumeRequest{Name: "v", SizeGiB: 1}))
		},
		"create snapshot": func(ctx context.Context) error {
			return discard(w.CreateSnapshot(ctx, api.SnapshotRequest{VolumeID: w.volume, Name: "s"}))
		},
		"create backup": func(ctx context.Context) error {
			return discard(w.CreateBackup(ctx, api.BackupRequest{VolumeID: w.volume, Name: "b"}))
		},
		"create server": func(ctx context.Context) error {
			return discard(w.CreateServer(ctx, api.ServerRequest{Name: "s", ImageID: w.image, Flavor: "tiny"}))
		},
		"upload image": func(ctx context.Context) error {
			return discard(w.UploadImage(ctx, api.ImageRequest{Name: "i", DiskFormat: "raw"}, strings.NewReader("x")))
		},
		"restore backup":  func(ctx context.Context) error { return discard(w.RestoreBackup(ctx, backup, "r")) },
		"snapshot server": func(ctx context.Context) error { return discard(w.SnapshotServer(ctx, w.server, "i", "")) },
		"attach volume":   func(ctx context.Context) error { return w.Attach(ctx, w.server, w.volume) },
		"detach volume":   func(ctx context.Context) error { return w.Detach(ctx, w.server, w.volume) },
		"stop server":     func(ctx context.Context) error { return w.StopServer(ctx, w.server) },
		"reboot server":   func(ctx context.Context) error { return w.RebootServer(ctx, w.server) },
		"migrate server":  func(ctx context.Context) error { return w.LiveMigrate(ctx, w.server, "compute2") },
		"delete volume":   func(ctx context.Context) error { return w.DeleteVolume(ctx, w.volume) },
		"delete backup":   func(ctx context.Context) error { return w.DeleteBackup(ctx, backup) },
		"delete snapshot": func(ctx context.Context) error { return w.DeleteSnapshot(ctx, snapshot) },
		"delete server":   func(ctx context.Context) error { return w.DeleteServer(ctx, w.server) },
	}
}

// TestAWaitThatGivesUpIsUnknown: the service has accepted what was asked for, and nobody has seen the end.
func TestAWaitThatGivesUpIsUnknown(t *testing.T) {
	for name, c := range map[string]badLook{
		"no rights any more":     {403, "", api.ErrDenied, false},
		"the service fails":      {500, "", nil, false},
		"the service stays away": {503, "", nil, true},
		"nothing answers":        {0, "", api.ErrUnreachable, true},
		"a proxy's 404":          {404, "", api.ErrUnreachable, true},
		"a page":                 {200, "<html>welcome</html>", nil, false},
		"of no object":           {200, "{}", nil, false},
		"the wait is cancelled":  {-1, "", context.Canceled, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for what := range waiting(world{}, "", "") {
				if !c.slow || slices.Contains([]string{"create volume", "delete server", "stop server"}, what) {
					c.spoil(t, what)
				}
			}
		})
	}
}

// A badLook is the answer to each look. With a status of -1, the context of the wait ends instead.
type badLook struct {
	status int
	body   string
	is     error
	slow   bool // the wait gives up only after the timeout of a call
}

// spoil makes a call that waits, and spoils each look after the first request that changes something.
func (b badLook) spoil(t *testing.T, what string) {
	t.Helper()
	var armed, sent atomic.Bool
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	late, stop := context.WithCancel(ctx)
	defer stop()
	cfg := openstacktest.Config{Looks: -1, Fail: func(r *http.Request) (int, string, bool) {
		if !armed.Load() {
			return 0, "", false
		}
		spoilt := sent.Load() && r.Method == http.MethodGet
		// Of an image, the data follow.
		if r.Method != http.MethodGet && !(r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/images")) {
			sent.Store(true)
		}
		if spoilt && b.status < 0 {
			stop()
			return 503, "", true
		}
		return b.status, b.body, spoilt
	}}
	s := openstacktest.Start(t, cfg)
	to, err := s.CloudConfig(t.TempDir())
	require.NoError(t, err)
	to.Timeout = time.Minute // so that a busy machine can make what is there before
	cloud, err := api.Dial(ctx, to)
	require.NoError(t, err)
	w := world{Cloud: cloud, fake: s}
	w.image = s.AddImage(api.Image{Name: "old", DiskFormat: "raw"}, []byte("bytes"))
	w.volume = s.AddVolume(api.Volume{Name: "old", SizeGiB: 1})
	w.server = s.AddServer(api.Server{Name: "old", ImageID: w.image})
	backup, err := w.CreateBackup(ctx, api.BackupRequest{VolumeID: w.volume, Name: "old"})
	require.NoError(t, err)
	snapshot, err := w.CreateSnapshot(ctx, api.SnapshotRequest{VolumeID: w.volume, Name: "old"})
	require.NoError(t, err)
	switch what {
	case "delete volume": // without a snapshot
		w.volume = s.AddVolume(api.Volume{Name: "free", SizeGiB: 1})
	case "detach volume":
		require.NoError(t, w.Attach(ctx, w.server, w.volume))
	}
	if b.slow {
		to.Timeout = 3 * time.Second
		w.Cloud, err = api.Dial(ctx, to)
		require.NoError(t, err)
	}
	armed.Store(true)
	err = waiting(w, backup.ID, snapshot)[what](late)
	require.True(t, sent.Load(), what)
	require.ErrorIs(t, err, api.ErrUnknown, what)
	var e *api.Error
	require.ErrorAs(t, err, &e, what)
	assert.Equal(t, what, e.Op)
	if b.is != nil {
		require.ErrorIs(t, err, b.is, what)
	}
}

// TestAnEndThatWasSeenIsNotUnknown: the object went into error, or is gone.
func TestAnEndThatWasSeenIsNotUnknown(t *testing.T) {
	w := inhabited(t, openstacktest.Hooks{VolumeCreated: func(*api.Volume, api.VolumeRequest) error { return errHook }})
	_, err := w.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1})
	require.ErrorIs(t, err, api.ErrFailed)
	require.NotErrorIs(t, err, api.ErrUnknown)
	var gone atomic.Bool
	cloud, s := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		return 404, `{"itemNotFound": {"message": "gone", "code": 404}}`, gone.Load() && r.Method == http.MethodGet
	}})
	server := s.AddServer(api.Server{Name: "s"})
	require.NoError(t, cloud.RebootServer(t.Context(), server))
	gone.Store(true)
	err = cloud.RebootServer(t.Context(), server)
	require.ErrorIs(t, err, api.ErrNotFound)
	require.NotErrorIs(t, err, api.ErrUnknown)
}
