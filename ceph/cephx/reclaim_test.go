package cephx_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/cephx"
)

// TestInsecureReclaim: what the monitors go by is told, of each release, and what cannot be told is an error.
func TestInsecureReclaim(t *testing.T) {
	for _, release := range []string{"jewel", "nautilus", "pacific", "tentacle"} {
		for value, want := range map[string]bool{"false": false, "true": true, "": true} {
			fake := cephtest.New()
			fake.Release = release
			fake.MonOptions = map[string]string{"auth_allow_insecure_global_id_reclaim": value}
			if value == "" {
				fake.MonOptions = nil // the release is older than the option
			}
			found, err := cephx.New(ceph.New(fake)).InsecureReclaim(t.Context(), release)
			require.NoError(t, err)
			assert.Equal(t, want || release == "jewel", len(found) > 0, "%s: %q", release, value)
		}
	}
	for name, spoil := range map[string]func(*cephtest.Cluster){
		"a monitor is down": func(c *cephtest.Cluster) {
			c.Fail = func(op cephtest.Op) error {
				if op.Name == "config get" {
					return ceph.ErrUnreachable
				}
				return nil
			}
		},
		"an answer that nobody knows": func(c *cephtest.Cluster) {
			c.MonOptions["auth_allow_insecure_global_id_reclaim"] = "perhaps"
		},
	} {
		fake := cephtest.New()
		spoil(fake)
		_, err := cephx.New(ceph.New(fake)).InsecureReclaim(t.Context(), "pacific")
		require.Error(t, err, name)
		assert.ErrorContains(t, err, "cannot be told", name)
	}
}
