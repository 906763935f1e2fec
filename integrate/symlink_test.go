package integrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// TestASymlinkInPlaceOfCephsFiles is how MicroCeph and alternatives leave a host. It is a problem, and nothing is
// planned
// behind it: no file, no secret, no setting, and no restart.
func TestASymlinkInPlaceOfCephsFiles(t *testing.T) {
	guests := func() spec.Spec {
		s := exampleSpec()
		s.Prepare = &spec.Prepare{Guests: &spec.Guests{}}
		return s
	}
	for path, says := range map[string]string{"/etc/ceph": "is a symlink, not a folder; move it away, and put a " +
		"folder with " +
		"the files of /snap/etc/ceph in its place", "/etc/ceph/ceph.conf": "is a symlink to /snap/etc/ceph/ceph.conf"} {
		for name, s := range map[string]func() spec.Spec{"plain": exampleSpec, "guests": guests} {
			for _, host := range []string{"controller", "compute1"} {
				for _, integrated := range []bool{false, true} {
					w, in := open(t, s())
					if integrated {
						apply(t, in)
					}
					m := w.Machines[host]
					_, _ = m.Do(t.Context(), remote.Remove{Path: path}) // it may not be there
					m.RemoveDir(path)
					m.AddSymlink(path, "/snap"+path)
					p := plan(t, in)
					found := slices.ContainsFunc(p.Findings, func(f integrate.Finding) bool {
						return f.Problem && f.Target == host && f.Object == path && strings.Contains(f.Message, says)
					})
					assert.True(t, found, "%s %s: %s", name, host, p)
					for _, c := range p.Changes {
						if c.Target == host {
							assert.NotContains(t, []string{"settings", "unit", "secret"}, c.Kind, "%s", c.ID)
							assert.NotContains(t, c.ID, "/etc/ceph")
						}
					}
					restarts := m.Changes("restart")
					_, _ = in.Apply(t.Context(), p, integrate.ApplyOptions{}) // it tells what was left alone
					assert.Equal(t, restarts, m.Changes("restart"))
				}
			}
		}
	}
}
