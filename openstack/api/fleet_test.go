package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// TestMigrationsThatHaveNotEnded are those that Nova itself counts as in progress, and those that wait to be
// confirmed.
func TestMigrationsThatHaveNotEnded(t *testing.T) {
	c, s := dial(t, openstacktest.Config{})
	none, err := c.Migrations(t.Context())
	require.NoError(t, err)
	assert.Empty(t, none)
	want := []string{}
	for i, status := range []string{"completed", "accepted", "error", "queued", "preparing", "failed", "pre-migrating",
		"running", "done", "running (post-copy)", "migrating", "cancelled", "post-migrating", "finished", "confirmed",
		"confirming", "reverted", "reverting"} {
		s.AddMigration(api.Migration{Server: fmt.Sprint("vm", i), Source: "compute1", Dest: "compute2", Type: "migration",
			Status: status})
	}
	s.AddMigration(api.Migration{Server: "last", Type: "evacuation", Source: "compute3", Status: "finished"})
	found, err := c.Migrations(t.Context())
	require.NoError(t, err)
	for _, m := range found {
		want = append(want, m.Status)
	}
	assert.Equal(t, []string{"accepted", "queued", "preparing", "pre-migrating", "running", "running (post-copy)",
		"migrating", "post-migrating", "finished", "confirming", "reverting", "finished"}, want, "sorted by ID")
	assert.Equal(t, api.Migration{ID: 2, Server: "vm1", Source: "compute1", Dest: "compute2", Type: "migration",
		Status: "accepted"}, found[0])
	assert.Equal(t, api.Migration{ID: 19, Server: "last", Source: "compute3", Type: "evacuation", Status: "finished"},
		found[len(found)-1], "where Nova knows no compute yet")
	for host, n := range map[string]int{"compute1": 1, "compute2": 1, "compute3": 1, "compute4": 0} {
		found, err := c.Unconfirmed(t.Context(), host)
		require.NoError(t, err)
		assert.Len(t, found, n, host)
	}
}

// TestAMigrationThatGoesOnIsNotMissed: it is in another status at each request, and is there once.
func TestAMigrationThatGoesOnIsNotMissed(t *testing.T) {
	way := []string{"accepted", "queued", "preparing", "running", "running (post-copy)"}
	for lag := range 3 {
		asked, at := 0, 0
		var mu sync.Mutex
		c, _ := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
			if !strings.HasSuffix(r.URL.Path, "/os-migrations") {
				return 0, "", false
			}
			mu.Lock()
			defer mu.Unlock()
			if asked++; asked > lag && at < len(way)-1 {
				at++
			}
			if r.URL.Query().Get("status") != way[at] {
				return http.StatusOK, `{"migrations": []}`, true
			}
			return http.StatusOK, `{"migrations": [{"id": 7, "status": "` + way[at] + `", "source_compute": null}]}`, true
		}})
		found, err := c.Migrations(t.Context())
		require.NoError(t, err)
		require.Len(t, found, 1, "%d", lag)
		assert.Equal(t, 7, found[0].ID)
	}
}

// TestWhatTheAccountMayNotList is not an empty list.
func TestWhatTheAccountMayNotList(t *testing.T) {
	c, _ := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		return http.StatusForbidden, `{"forbidden": {"message": "Policy doesn't allow it.", "code": 403}}`,
			strings.HasPrefix(r.URL.Path, "/compute")
	}})
	_, err := c.Migrations(t.Context())
	require.ErrorIs(t, err, api.ErrDenied)
	_, err = c.Unconfirmed(t.Context(), "compute1")
	require.ErrorIs(t, err, api.ErrDenied)
	_, err = c.Aggregates(t.Context())
	require.ErrorIs(t, err, api.ErrDenied)
	old, _ := dial(t, openstacktest.Config{NovaMax: 40})
	_, err = old.Aggregates(t.Context())
	require.ErrorContains(t, err, "406")
}

func TestAggregates(t *testing.T) {
	c, s := dial(t, openstacktest.Config{})
	none, err := c.Aggregates(t.Context())
	require.NoError(t, err)
	assert.Empty(t, none)
	s.AddAggregate(api.Aggregate{Name: "east", Zone: "az-east", Hosts: []string{"compute2", "compute1"}})
	s.AddAggregate(api.Aggregate{Name: "fast", Hosts: []string{"compute1"}, Metadata: map[string]string{"ssd": "true"}})
	s.AddAggregate(api.Aggregate{Name: "empty"})
	found, err := c.Aggregates(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []api.Aggregate{
		{ID: 1, Name: "east", Zone: "az-east", Hosts: []string{"compute1", "compute2"},
			Metadata: map[string]string{"availability_zone": "az-east"}},
		{ID: 2, Name: "fast", Hosts: []string{"compute1"}, Metadata: map[string]string{"ssd": "true"}},
		{ID: 3, Name: "empty", Hosts: []string{}, Metadata: map[string]string{}},
	}, found)
	services, err := c.Services(t.Context())
	require.NoError(t, err)
	for _, r := range services {
		if r.Binary == "nova-compute" {
			assert.Equal(t, "az-east", r.Zone, "the zone of a compute is that of its aggregate")
		}
	}
}
