package adopt_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/adopt"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// A hand is a cloud that somebody else integrated: its files, users and secrets are written by a test.
type hand struct {
	t *testing.T
	*integratetest.World
	hosts    []spec.Host
	clusters []spec.Cluster
}

// byHand is a cloud of a release in which nothing is of Ceph yet.
func byHand(t *testing.T, release, layout string, hosts ...spec.Host) *hand {
	t.Helper()
	s := spec.Spec{Release: release, Layout: layout, Hosts: hosts, Clusters: []spec.Cluster{{Name: "ceph"}},
		Glance: &spec.Glance{}, Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}}, Backup: &spec.Backup{},
		Nova: &spec.Nova{}}
	if layout == spec.LayoutKolla {
		s.Nova.User = "nova" // whose keyring its containers take in
	}
	return &hand{t, integratetest.Open(t, s), hosts, s.Clusters}
}

// another adds a cluster.
func (h *hand) another(name string) {
	h.t.Helper()
	s := h.Spec()
	s.Clusters = append(s.Clusters, spec.Cluster{Name: name})
	w := integratetest.Open(h.t, s)
	h.World, h.clusters = w, s.Clusters
}

func (h *hand) pool(cluster string, p ceph.Pool) {
	h.t.Helper()
	require.NoError(h.t, ceph.New(h.Clusters[cluster].Mon).CreatePool(h.t.Context(), p))
}

// A login is a user of a cluster, and whose its keyring is on hosts.
type login struct{ cluster, name, mon, osd, owner string }

// user makes a user, and puts its keyring onto hosts.
func (h *hand) user(l login, hosts ...string) ceph.Key {
	h.t.Helper()
	parsed, err := ceph.ParseCaps(map[string]string{"mon": l.mon, "osd": l.osd})
	require.NoError(h.t, err)
	u, err := ceph.New(h.Clusters[l.cluster].Mon).CreateUser(h.t.Context(), "client."+l.name, parsed)
	require.NoError(h.t, err)
	for _, host := range hosts {
		h.keyring(l, u.Key, host, "/etc/ceph")
	}
	return u.Key
}

// keyring puts the keyring of a user into a folder of a host.
func (h *hand) keyring(l login, key ceph.Key, host, folder string) {
	h.t.Helper()
	data := ceph.Keyring{Users: []ceph.User{{Entity: "client." + l.name, Key: key}}}.Render()
	h.put(host, folder+"/"+l.cluster+".client."+l.name+".keyring", string(data), l.owner)
}

// conf puts the ceph.conf of a cluster onto hosts.
func (h *hand) conf(cluster, path, more string, hosts ...string) {
	h.t.Helper()
	conf, err := ceph.New(h.Clusters[cluster].Mon).MinimalConf(h.t.Context())
	require.NoError(h.t, err)
	for _, host := range hosts {
		h.put(host, path, string(conf.Render())+more, "root")
	}
}

func (h *hand) put(host, path, text, owner string) {
	h.t.Helper()
	write := remote.WriteFile{Path: path, Data: []byte(text), Owner: owner, Group: owner, Mode: 0o640}
	if owner == "root" {
		write.Mode = 0o644
	}
	dir := path[:strings.LastIndex(path, "/")]
	results, err := h.Machines[host].Do(h.t.Context(), remote.Mkdir{Path: dir, Owner: "root", Group: "root", Mode: 0o755},
		write)
	require.NoError(h.t, err)
	require.NoError(h.t, results[1].Err)
}

// secret defines a libvirt secret on computes.
func (h *hand) secret(uuid, usage string, key ceph.Key, hosts ...string) {
	h.t.Helper()
	value, err := libvirtsecret.ParseValue(key.Reveal())
	require.NoError(h.t, err)
	for _, host := range hosts {
		require.NoError(h.t, h.Secrets[host].Define(h.t.Context(),
			libvirtsecret.Change{Secret: libvirtsecret.Secret{UUID: uuid, UsageID: usage, Value: value}}))
	}
}

// started restarts the services of all hosts, so that they have read their files.
func (h *hand) started() {
	h.t.Helper()
	for _, host := range h.hosts {
		m := h.Machines[host.Name]
		for _, service := range host.Services {
			units := []string{service + ".service", "openstack-" + service + ".service",
				"kolla-" + strings.ReplaceAll(service, "-", "_") + "-container.service", service}
			for _, unit := range units {
				if m.Unit(unit).Load == "loaded" {
					_, err := m.Do(h.t.Context(), remote.RestartUnit{Unit: unit})
					require.NoError(h.t, err)
				}
			}
		}
	}
}

// adopt finds the Spec. Nothing may be written.
func (h *hand) adopt() (*adopt.Adoption, string) {
	h.t.Helper()
	var bare []spec.Host
	for _, host := range h.hosts {
		bare = append(bare, spec.Host{Name: host.Name, Address: host.Address})
	}
	before := h.Writes()
	a, err := adopt.Adopt(h.t.Context(), adopt.Config{Spec: spec.Spec{Hosts: bare, Clusters: h.clusters}, Open: h.open})
	require.NoError(h.t, err, "%+v", a.Remarks)
	assert.Equal(h.t, before, h.Writes(), "nothing may be written")
	text, err := a.Text()
	require.NoError(h.t, err)
	return a, text
}

func (h *hand) open(context.Context, spec.Spec) (world.World, error) { return h.World.World, nil }

// left are the changes of a plan, with the options that they set.
func left(a *adopt.Adoption) (all []string) {
	for _, c := range a.Plan.Changes {
		if len(c.Diffs) == 0 {
			all = append(all, c.ID+": "+c.Reason)
		}
		for _, d := range c.Diffs {
			all = append(all, c.ID+": "+d.Field+": "+d.Observed+" -> "+d.Desired)
		}
	}
	for _, f := range a.Plan.Problems() {
		all = append(all, f.Code+" "+f.Target+" "+f.Object+": "+f.Message)
	}
	return all
}

func controllerAndComputes() []spec.Host {
	return []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
		{Name: "compute1", Services: []string{"nova-compute"}}, {Name: "compute2", Services: []string{"nova-compute"}}}
}
