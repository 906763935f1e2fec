package engine_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// TestAChangeOfTheCloudThatMayBeThereIsUnknown: a status of failed says that nothing was done.
func TestAChangeOfTheCloudThatMayBeThereIsUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		want   engine.Status
		there  bool
	}{
		"the answer is lost":  {openstacktest.LostAnswer, engine.Unknown, true},
		"the request is lost": {0, engine.Unknown, false},
		"a proxy fails":       {502, engine.Unknown, false},
		"it is refused":       {403, engine.Failed, false},
	} {
		b := newBench(t)
		s := b.cloud(openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
			return c.status, "", r.Method == http.MethodPost && r.URL.Path != "/identity/v3/auth/tokens"
		}})
		b.things.add(always(on(step.AtCloud(), "type"), step.Delta{Action: step.Create, Do: step.CloudStep{
			Do: func(ctx context.Context, cloud *api.Cloud) (bool, error) {
				return true, cloud.CreateVolumeType(ctx, "ceph", nil)
			}}}))
		base := b.base()
		run := b.NewRun(base, b.watcher)
		run.Do(t.Context(), base.Cloud())
		assert.Equal(t, c.want, outcome(t, run, on(step.AtCloud(), "type")).Status, name)
		types, err := b.World.Cloud.VolumeTypes(t.Context())
		require.NoError(t, err)
		_, there := types["ceph"]
		assert.Equal(t, c.there, there, name)
		s.Close()
	}
}

// TestAChangeOfTheCloudThatWasStopped before anything was sent that changes something is cancelled, with
// the reason of its context.
func TestAChangeOfTheCloudThatWasStopped(t *testing.T) {
	set := func(ctx context.Context, cloud *api.Cloud) (bool, error) {
		err := cloud.SetVolumeTypeSpecs(ctx, "ceph", map[string]string{"a": "b"})
		return err == nil, err
	}
	twice := func(ctx context.Context, cloud *api.Cloud) (bool, error) {
		_, err := set(ctx, cloud)
		return true, err
	}
	for name, c := range map[string]struct {
		at   string // the method of the request in which ctx ends
		do   func(context.Context, *api.Cloud) (bool, error)
		want engine.Status
	}{
		"during a look":               {http.MethodGet, set, engine.Cancelled},
		"during a write":              {http.MethodPost, set, engine.Unknown},
		"during a look after a write": {http.MethodGet, twice, engine.Unknown},
	} {
		b := newBench(t)
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		var begun atomic.Bool
		var posts atomic.Int32
		over := make(chan struct{})
		s := b.cloud(openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
			if !begun.Load() {
				return 0, "", false
			}
			if r.Method == http.MethodPost {
				posts.Add(1)
			}
			if r.Method == c.at {
				cancel(why)
				<-over
			}
			return 0, "", false
		}})
		s.AddVolumeType("ceph", "fast")
		b.things.add(always(on(step.AtCloud(), "type"), step.Delta{Action: step.Update, Do: step.CloudStep{Do: c.do}}))
		base := b.base()
		run := b.NewRun(base, b.watcher)
		begun.Store(true)
		run.Do(ctx, base.Cloud())
		close(over)
		o := outcome(t, run, on(step.AtCloud(), "type"))
		assert.Equal(t, c.want, o.Status, name)
		if c.want == engine.Cancelled {
			require.ErrorIs(t, o.Err, why, name)
			assert.Zero(t, posts.Load(), name)
		}
		s.Close()
	}
}
