package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/remote"
)

// list gives a file or folder of the controller an access control list.
func list(t *testing.T, w *integratetest.World, name string) {
	t.Helper()
	r, err := w.Machines["controller"].Do(t.Context(), remote.Run{Argv: []string{"setfacl", "-m", "u:bob:r", name}})
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	require.Zero(t, r[0].Exit, "%s", r[0].Stderr)
}

func TestAnAccessControlListOfAKeyring(t *testing.T) {
	const ring = "/etc/ceph/ceph.client.glance.keyring"
	w, in := open(t, exampleSpec())
	apply(t, in)
	require.True(t, plan(t, in).Empty())
	list(t, w, ring)
	require.Error(t, static(t, in).Err(), "the check has to fail")
	p := plan(t, in)
	c := change(p, "file/controller/"+ring)
	require.NotNil(t, c)
	require.Len(t, c.Diffs, 1)
	assert.Equal(t, "acl", c.Diffs[0].Field)
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

func TestAccessControlListsOfTheAdministrator(t *testing.T) {
	const conf = "/etc/glance/glance-api.conf"
	w, in := open(t, exampleSpec())
	list(t, w, conf)
	p := plan(t, in)
	diffs := change(p, "settings/controller/"+conf).Diffs
	assert.Equal(t, "acl", diffs[len(diffs)-1].Field, "the list goes with the options")
	apply(t, in)
	list(t, w, conf)
	list(t, w, "/etc/ceph")
	p = plan(t, in)
	assert.True(t, p.Empty(), "what the administrator does there stays")
	var codes []string
	for _, f := range p.Findings {
		codes = append(codes, f.Code)
	}
	assert.Contains(t, codes, "folder-has-list")
}

func TestASymlinkInPlaceOfAFile(t *testing.T) {
	for _, path := range []string{"/etc/glance/glance-api.conf", "/etc/ceph/ceph.client.glance.keyring",
		"/etc/ceph/ceph.conf"} {
		w, in := open(t, exampleSpec())
		m := w.Machines["controller"]
		if data, ok := m.Contents(path); ok {
			m.AddFile("/srv/target", data, 0o640)
		}
		m.AddSymlink(path, "/srv/target")
		p := plan(t, in)
		var said string
		for _, f := range p.Problems() {
			if f.Code == "file-is-symlink" {
				said = f.Object + " " + f.Message
			}
		}
		assert.True(t, strings.HasPrefix(said, path) && strings.Contains(said, "/srv/target"), "%s: %q", path, said)
	}
}
