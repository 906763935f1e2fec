package engine_test

import (
	"context"
	"net/http"
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
			Do: func(ctx context.Context, cloud *api.Cloud) error { return cloud.CreateVolumeType(ctx, "ceph", nil) }}}))
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
