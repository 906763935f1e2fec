package host

import (
	"io/fs"
	"strings"
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

// TestAModeThatIsKeptIsTold where everybody can change the file, or where only root can read what a service needs. Who
// is in a group is not known.
func TestAModeThatIsKeptIsTold(t *testing.T) {
	for _, c := range []struct {
		owner, group string
		mode         fs.FileMode
		account      string
		code         string
	}{
		{"root", "glance", 0o640, "glance", ""}, {"root", "root", 0o600, "glance", "kept-unreadable"},
		{"root", "root", 0o640, "glance", "kept-unreadable"}, {"root", "users", 0o640, "glance", ""},
		{"root", "glance", 0o600, "glance", "kept-unreadable"}, {"stack", "stack", 0o600, "glance", ""},
		{"root", "root", 0o600, "root", ""}, {"root", "root", 0o600, "", ""}, {"root", "root", 0o644, "glance", ""},
		{"root", "root", 0o666, "glance", "kept-hole"}, {"root", "root", 0o602, "root", "kept-hole"},
	} {
		d := step.Delta{Name: "/etc/ceph/ceph.conf", Kept: []step.Kept{{Field: "mode"}}}
		var accounts []string
		if c.account != "" {
			accounts = []string{c.account}
		}
		noteMode(&d, step.File{File: remote.File{Owner: c.owner, Group: c.group, Mode: c.mode}}, accounts)
		var codes []string
		for _, f := range d.Findings {
			codes = append(codes, f.Code)
		}
		assert.Equal(t, c.code, strings.Join(codes, " "), "%+v", c)
	}
}

// TestMonitorsOfAnotherCluster have no address of this one. Names of hosts may lead to it.
func TestMonitorsOfAnotherCluster(t *testing.T) {
	const ours = "[v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0] [v2:[fd00::2]:3300/0,v1:[fd00::2]:6789/0]"
	for have, none := range map[string]bool{"10.0.0.1": false, "10.0.0.9,10.0.0.1:6789": false, "fd00::2": false,
		"10.0.0.9": true, "[v2:10.0.0.9:3300,v1:10.0.0.9:6789]": true, "mon1.example": false, "": false,
		"10.0.0.9 mon1": false, "10.0.0.1:6790": false} {
		assert.Equal(t, none, noneOf(have, ours), have)
	}
}
