package rotate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// everythingKept is a Spec that keeps all that can be kept, whatever its value.
func everythingKept() (all []spec.Keep) {
	for _, kind := range []string{"file", "settings", "directory", "user", "pool", "secret"} {
		all = append(all, spec.Keep{Kind: kind, Field: "*"})
	}
	return append(all, spec.Keep{Kind: "file", Field: "file", Found: "missing"})
}

// TestWhatIsKeptStopsNoRotation: a rotation changes users, keys and secrets also where the Spec keeps all that can be
// kept, and what is kept stays through it.
func TestWhatIsKeptStopsNoRotation(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			c := w.cloud(t)
			const conf = "/etc/cinder/cinder.conf"
			data, _ := c.Machines["controller"].Contents(conf)
			text := strings.Replace(string(data), "rbd_max_clone_depth = 5", "rbd_max_clone_depth = 7", 1)
			c.Machines["controller"].AddFile(conf, []byte(text), 0o640)
			_, err := c.Machines["controller"].Do(t.Context(), remote.RestartUnit{Unit: "cinder-volume.service"})
			require.NoError(t, err)
			_, err = c.Machines["controller"].Do(t.Context(), remote.SetAttr{Path: ringOf("cinder"), Mode: 0o644})
			require.NoError(t, err)
			s := w.spec()
			s.Keep = everythingKept()
			report, err := rotate.Apply(t.Context(), c.config(s), w.options())
			require.NoError(t, err, "%s", report)
			assert.True(t, report.Done(), "%s", report)
			data, _ = c.Machines["controller"].Contents(conf)
			assert.Contains(t, string(data), "rbd_max_clone_depth = 7")
			p, err := c.integration(s).Plan(t.Context(), integrate.PlanOptions{})
			require.NoError(t, err)
			assert.True(t, p.Empty(), "%s", p)
			for _, host := range []string{"controller", "compute1", "compute2", "compute3"} {
				user := s.Nova.User
				if user == "" {
					user = "cinder"
				}
				data, there := c.Machines[host].Contents(ringOf(user))
				require.True(t, there, host)
				ring, err := ceph.ParseKeyring(data)
				require.NoError(t, err)
				has, _ := ring.Lookup("client." + user)
				u, err := ceph.New(c.Ceph["ceph"]).User(t.Context(), "client."+user)
				require.NoError(t, err)
				assert.True(t, has.Key.Equal(u.Key), host)
			}
		})
	}
}

func ringOf(user string) string { return "/etc/ceph/ceph.client." + user + ".keyring" }
