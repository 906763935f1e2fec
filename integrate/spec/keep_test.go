package spec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
)

// TestFaultsOfKeep: each fault has its path, and what is right has none.
func TestFaultsOfKeep(t *testing.T) {
	for name, c := range map[string]struct {
		keep spec.Keep
		want string
	}{
		"right":       {spec.Keep{Kind: "file", Field: "mode", Where: []string{"controller"}}, ""},
		"an option":   {spec.Keep{Kind: "settings", Field: "[ceph] rbd_max_clone_depth", Found: "not set"}, ""},
		"a pattern":   {spec.Keep{Kind: "file", Field: "[*] keyring", Names: []string{"/etc/ceph/*.conf"}}, ""},
		"missing":     {spec.Keep{Kind: "file", Field: "file", Found: "missing"}, ""},
		"no kind":     {spec.Keep{Field: "mode"}, `keep[0].kind: "" is not file, settings, directory, user, pool or secret`},
		"a near kind": {spec.Keep{Kind: "setings", Field: "mode"}, `did you mean "settings"?`},
		"no field":    {spec.Keep{Kind: "file"}, "keep[0].field: is missing"},
		"a key":       {spec.Keep{Kind: "file", Field: "key"}, `keep[0].field: "key" is not a field of kind file`},
		"a user": {spec.Keep{Kind: "settings", Field: "[ceph] rbd_user"},
			"keep[0].field: rbd_user is not kept: the Spec has a field of its own"},
		"an option of a pool": {spec.Keep{Kind: "pool", Field: "[ceph] size"}, "is not a field of kind pool"},
		"a file":              {spec.Keep{Kind: "file", Field: "file"}, "keep[0].field: file needs found: missing"},
		"no host": {spec.Keep{Kind: "file", Field: "mode", Where: []string{"compute[2-3]"}},
			`keep[0].where[0]: "compute3" is neither among hosts nor among clusters`},
		"a range": {spec.Keep{Kind: "file", Field: "mode", Where: []string{"compute[2-1]"}}, "keep[0].where[0]"},
		"no name": {spec.Keep{Kind: "file", Field: "mode", Names: []string{""}}, "keep[0].names: holds an empty text"},
	} {
		s := exampleSpec()
		s.Keep = []spec.Keep{c.keep}
		err := s.Validate()
		if c.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.want, name)
	}
}

// TestWhatAnEntryCovers: the kind's fields, both values, and names by their patterns. What the Spec has a field of its
// own for is not kept, whatever the pattern.
func TestWhatAnEntryCovers(t *testing.T) {
	depth := spec.Keep{Kind: "settings", Field: "[rbd-1] *", Names: []string{"/etc/*/cinder.conf", "/x"}, Found: "not set",
		Wanted: "5"}
	const path = "/etc/kolla/cinder-volume/cinder.conf"
	assert.True(t, depth.Covers(path, "[rbd-1] rbd_max_clone_depth", "", "5"))
	assert.True(t, depth.Covers("/x", "[rbd-1] rbd_max_clone_depth", "not set", "5"))
	assert.False(t, depth.Covers("/etc/cinder.conf", "[rbd-1] rbd_max_clone_depth", "", "5"), "a / is missing")
	assert.False(t, depth.Covers(path, "[rbd-2] rbd_max_clone_depth", "", "5"))
	assert.False(t, depth.Covers(path, "[rbd-1] rbd_max_clone_depth", "7", "5"), "another value is a difference again")
	assert.False(t, depth.Covers(path, "[rbd-1] rbd_max_clone_depth", "", "6"), "so is another one that is wanted")
	for _, option := range []string{"rbd_user", "rbd_secret_uuid", "rbd_pool", "volume_driver", "default_store",
		"default_backend", "enabled_backends", "stores", "rbd_cluster_name", "rbd_ceph_conf", "rbd_store_ceph_conf",
		"images_rbd_ceph_conf", "backup_ceph_conf"} {
		assert.False(t, spec.Keep{Kind: "settings", Field: "*"}.Covers("/x", "[rbd-1] "+option, "a", "b"), option)
	}
	all := spec.Keep{Kind: "settings", Field: "*"}
	assert.True(t, all.Covers("/x", "[rbd-1] rbd_ceph_conf", "", "/etc/ceph/ceph.conf"), "what Ceph reads anyway")
	assert.False(t, all.Covers("/x", "[rbd-1] rbd_ceph_conf", "", "/etc/ceph/west.conf"), "another cluster is read")
	assert.True(t, all.Covers("/x", "[DEFAULT] enabled_backends", "rbd:rbd, http:http", "http:http,rbd:rbd"))
	assert.False(t, all.Covers("/x", "[DEFAULT] enabled_backends", "rbd:rbd", "rbd:rbd,west:rbd"))
	assert.False(t, spec.Keep{Kind: "file", Field: "*"}.Covers("/x", "key", "a", "b"))
	assert.True(t, spec.Keep{Kind: "file", Field: "*"}.Covers("/x", "[global] mon_host", "mon1", "10.0.0.1"))
	assert.False(t, spec.Keep{Kind: "file", Field: "*"}.Covers("/x", "[global] mon_host", "", "10.0.0.1"))
	assert.False(t, spec.Keep{Kind: "file", Field: "*"}.Covers("/x", "content", "a", "b"))
	assert.True(t, spec.Keep{Kind: "user", Field: "mgr"}.Covers("client.glance", "mgr", "", "profile rbd"))
	assert.True(t, spec.Keep{Kind: "pool", Field: "*", Found: "*"}.Covers("images", "size", "2", "3"))
	for pattern, fits := range map[string]bool{"a*c": true, "abc": true, "*": true, "a*b*c": true, "ab": false,
		"*b": false, "b*": false, "abc*c": false, "": false} {
		k := spec.Keep{Kind: "pool", Field: "size", Names: []string{pattern}}
		assert.Equal(t, fits, k.Covers("abc", "size", "2", "3"), pattern)
	}
}
