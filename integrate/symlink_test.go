package integrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// TestCephsFolderBehindASymlink is read and written where the symlink of root leads, and the symlink stays.
func TestCephsFolderBehindASymlink(t *testing.T) {
	const real = "/srv/conf/1"
	for name, integrated := range map[string]bool{"from nothing": false, "an integrated cloud": true} {
		t.Run(name, func(t *testing.T) {
			w, in := open(t, exampleSpec())
			m := w.Machines["compute1"]
			if integrated {
				apply(t, in)
			}
			m.RemoveDir("/etc/ceph")
			m.AddFile(real+"/ceph.conf", []byte("# of root\n"), 0o644)
			m.AddSymlink("/srv/current", "conf/1")
			m.AddSymlink("/etc/ceph", "../srv/current")
			p := plan(t, in)
			require.Empty(t, p.Problems(), "%s", p)
			f := finds(t, p, "folder-is-symlink")
			assert.Equal(t, "compute1 /etc/ceph", f.Target+" "+f.Object)
			assert.Contains(t, f.Message, "files are read and written in "+real+", and the symlink stays")
			apply(t, in)
			for _, file := range []string{"ceph.conf", "ceph.client.cinder.keyring"} {
				_, there := m.Contents(real + "/" + file)
				assert.True(t, there, file)
			}
			r, err := m.Do(t.Context(), remote.Stat{Path: "/etc/ceph"})
			require.NoError(t, err)
			assert.Equal(t, "symlink", r[0].File.Kind)
			assert.True(t, plan(t, in).Empty(), "%s", plan(t, in))
			report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
			require.NoError(t, err)
			require.NoError(t, report.Err(), "%s", report)
		})
	}
}

// TestASymlinkOfCephsFolderThatOthersCanChange is not followed, be it for a moment.
func TestASymlinkOfCephsFolderThatOthersCanChange(t *testing.T) {
	for name, change := range map[string]remote.SetAttr{
		"the folder":       {Path: "/srv/conf/1", Owner: "nova"},
		"a folder above":   {Path: "/srv/conf", Owner: "nova"},
		"all may write":    {Path: "/srv/conf/1", Mode: 0o777},
		"a group may":      {Path: "/srv", Mode: 0o775},
		"nobody may enter": {Path: "/srv/conf/1", Mode: 0o700},
	} {
		t.Run(name, func(t *testing.T) {
			w, in := open(t, exampleSpec())
			m := w.Machines["compute1"]
			m.RemoveDir("/etc/ceph")
			m.AddFile("/srv/conf/1/ceph.conf", nil, 0o644)
			m.AddSymlink("/etc/ceph", "/srv/conf/1")
			_, err := m.Do(t.Context(), change)
			require.NoError(t, err)
			p := plan(t, in)
			f := finds(t, p, "not-a-folder")
			assert.Contains(t, f.Message, "or have it lead to a folder that belongs to root")
			for _, c := range p.Changes {
				assert.False(t, c.Target == "compute1" && strings.Contains(c.ID, "/etc/ceph"), "%s", c.ID)
			}
		})
	}
}

// TestTheHelperFollowsNoSymlink: a path counts for the helper where it really is.
func TestTheHelperFollowsNoSymlink(t *testing.T) {
	s := exampleSpec()
	s.SSH.User, s.SSH.Sudo = "deploy", true
	s.Prepare = &spec.Prepare{Sudo: &spec.Sudo{Helper: true}}
	s.SSH.Entry = &spec.Entry{User: "root", KeyFiles: []string{"/k"}}
	w, in := open(t, s)
	m := w.Machines["compute1"]
	m.RemoveDir("/etc/ceph")
	m.AddFile("/srv/conf/1/ceph.conf", nil, 0o644)
	m.AddSymlink("/etc/ceph", "/srv/conf/1")
	assert.Contains(t, finds(t, plan(t, in), "not-a-folder").Message, "the helper changes no file behind a symlink")
}
