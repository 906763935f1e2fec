package host

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// TestAHoleThatIsKeptIsTold: each way in which others can read a key that the Spec keeps, and no other.
func TestAHoleThatIsKeptIsTold(t *testing.T) {
	for _, c := range []struct {
		field string
		file  step.File
		notes int
	}{
		{"mode", withMode(0o644), 1}, {"mode", withMode(0o640), 0}, {"acl", withMode(0o640), 1},
		{"[client.x] keyring", withMode(0o644), 0}, {"acl", step.File{Missing: true}, 0},
		{"mode", step.File{File: remote.File{Mode: 0o644}, Missing: true}, 0},
	} {
		d := step.Delta{Name: "/etc/ceph/ceph.client.x.keyring", Kept: []step.Kept{{Field: c.field}}}
		noteHole(&d, c.file)
		assert.Len(t, d.Findings, c.notes, "%+v", c)
	}
}

func withMode(mode fs.FileMode) step.File { return step.File{File: remote.File{Mode: mode}} }
