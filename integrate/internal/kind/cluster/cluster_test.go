package cluster_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// example keeps images, volumes, backups and VM disks in one cluster.
func example() spec.Spec {
	return spec.Spec{
		Release:  "zed",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Glance:   &spec.Glance{},
		Cinder:   &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}},
		Backup:   &spec.Backup{},
		Nova:     &spec.Nova{},
	}
}

// coded has its data in erasure-coded pools: of images, volumes and VM disks.
func coded() spec.Spec {
	s := example()
	c := &s.Clusters[0]
	c.ErasureProfiles = []spec.ErasureProfile{{Name: "four-two", K: 4, M: 2, FailureDomain: "osd"}}
	for _, name := range []string{"images-data", "volumes-data", "vms-data"} {
		c.Pools = append(c.Pools, spec.Pool{Name: name, ErasureProfile: "four-two"})
	}
	c.Pools = append(c.Pools, spec.Pool{Name: "backups-data", Size: 2})
	s.Glance.DataPool, s.Cinder.Backends[0].DataPool = "images-data", "volumes-data"
	s.Backup.DataPool, s.Nova.DataPool = "backups-data", "vms-data"
	s.Nova.User = "nova"
	return s
}

// see reads what the resources of a cluster ask for.
func see(t *testing.T, fake *cephtest.Cluster, asks []ceph.Query) *step.Cluster {
	t.Helper()
	seen := &step.Cluster{Pools: map[string]ceph.Pool{}, Users: map[string]ceph.User{},
		Profiles: map[string]ceph.ErasureProfile{}}
	c := ceph.New(fake)
	var err error
	seen.Status, err = c.Status(t.Context())
	require.NoError(t, err)
	pools, err := c.Pools(t.Context())
	require.NoError(t, err)
	for _, p := range pools {
		seen.Pools[p.Name] = p
	}
	for _, ask := range asks {
		for _, name := range ask.Users {
			if u, err := c.User(t.Context(), name); !errors.Is(err, ceph.ErrNotFound) {
				require.NoError(t, err)
				seen.Users[name] = u
			}
		}
		for _, name := range ask.Profiles {
			if p, err := c.ErasureProfile(t.Context(), name); !errors.Is(err, ceph.ErrNotFound) {
				require.NoError(t, err)
				seen.Profiles[name] = p
			}
		}
		if ask.CRUSH {
			seen.CRUSH, err = c.CRUSHMap(t.Context())
			require.NoError(t, err)
		}
	}
	return seen
}

// A compared has the Deltas of the resources of a cluster, and their IDs.
type compared struct {
	view step.View
	ids  []step.ID // in order
}

func (c compared) at(id step.ID) step.Delta {
	d, _ := c.view.Ledger.Lookup(id)
	return d
}

func (c compared) pool(name string) step.Delta { return c.at(cluster.PoolID("ceph", name)) }

func (c compared) user(name string) step.Delta {
	return c.at(cluster.UserID(spec.User{Cluster: "ceph", Entity: "client." + name}))
}

// findings are those of all resources.
func (c compared) findings() (all []step.Finding) {
	for _, id := range c.ids {
		all = append(all, c.at(id).Findings...)
	}
	return all
}

// codes are those of the findings, with what they are about.
func (c compared) codes() (all []string) {
	for _, f := range c.findings() {
		all = append(all, f.Code+" "+f.Object)
	}
	return all
}

func resources(s spec.Spec) (all []step.Resource) {
	site := want.Resolve(s)
	subject := &cluster.Subject{Site: site, Spec: s.Clusters[0]}
	for _, kind := range cluster.Kinds() {
		all = append(all, kind.New(subject)...)
	}
	return all
}

// compareSeen compares all resources of a cluster in their order, as the engine does.
func compareSeen(t *testing.T, s spec.Spec, seen *step.Cluster) compared {
	t.Helper()
	c := compared{view: step.View{Clusters: map[string]*step.Cluster{"ceph": seen}, Ledger: step.NewLedger(nil)}}
	for _, r := range resources(s) {
		for _, need := range r.Needs() {
			assert.Contains(t, c.ids, need, "%s needs what comes later", r.ID())
		}
		c.ids = append(c.ids, r.ID())
		d := delta(r, c.view)
		c.view.Ledger.Put(r.ID(), &d)
	}
	return c
}

func delta(r step.Resource, v step.View) step.Delta {
	for _, need := range r.Needs() {
		if !v.Ledger.Refused(need) {
			continue
		}
		d := step.Delta{Refused: true, Because: need}
		if b, ok := r.(step.Blocked); ok {
			if f := b.LeftAlone(v, need, v.Ledger.Root(need)); f.Message != "" {
				d.Findings = []step.Finding{f}
			}
		}
		return d
	}
	return r.Compare(v)
}

func compare(t *testing.T, s spec.Spec, fake *cephtest.Cluster) compared {
	t.Helper()
	require.NoError(t, s.Validate())
	var asks []ceph.Query
	for _, r := range resources(s) {
		asks = append(asks, r.Asks().Cluster)
	}
	return compareSeen(t, s, see(t, fake, asks))
}

// do makes a change.
func do(t *testing.T, d step.Delta, fake *cephtest.Cluster) (ceph.User, error) {
	t.Helper()
	s, ok := d.Do.(step.ClusterStep)
	require.True(t, ok, "%v", d)
	done := ceph.New(fake).WithImages(fake).Do(t.Context(), s.Work)
	return done[0].User, done[0].Err
}

// settle makes all changes.
func settle(t *testing.T, c compared, fake *cephtest.Cluster) {
	t.Helper()
	for _, id := range c.ids {
		if d := c.at(id); d.Do != nil {
			_, err := do(t, d, fake)
			require.NoError(t, err, "%s", id)
		}
	}
}

func withHosts(s spec.Spec) spec.Spec {
	s.SSH.User = "root"
	s.Hosts = []spec.Host{
		{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
		{Name: "compute1", Services: []string{"nova-compute"}},
	}
	return s
}

func TestFromNothingToTheSpec(t *testing.T) {
	for name, s := range map[string]spec.Spec{"replicated": withHosts(example()), "erasure-coded": withHosts(coded())} {
		t.Run(name, func(t *testing.T) {
			fake := cephtest.New()
			c := compare(t, s, fake)
			assert.Empty(t, c.findings())
			settle(t, c, fake)
			c = compare(t, s, fake)
			assert.Empty(t, c.findings())
			for _, id := range c.ids {
				d := c.at(id)
				assert.Nil(t, d.Do, "%s: %v", id, d.Diffs)
				assert.Equal(t, id.Kind == "pool" || id.Kind == "user", d.Have != "", "%s: %q", id, d.Have)
			}
			assert.Equal(t, "volumes (rbd, size 3/2, 32 PGs)", c.pool("volumes").Have)
			assert.Contains(t, c.user("glance").Have, "client.glance mon")
		})
	}
}

func TestIDsAndNeeds(t *testing.T) {
	needs := map[string][]string{}
	for _, r := range resources(coded()) {
		needs[r.ID().String()] = []string{}
		for _, id := range r.Needs() {
			needs[r.ID().String()] = append(needs[r.ID().String()], id.String())
		}
	}
	const gate, profile = "cluster/ceph/monitors", "erasure-profile/ceph/four-two"
	assert.Equal(t, map[string][]string{
		gate: {}, profile: {gate},
		"pool/ceph/images": {gate}, "pool/ceph/volumes": {gate}, "pool/ceph/vms": {gate}, "pool/ceph/backups": {gate},
		"pool/ceph/images-data": {gate, profile}, "pool/ceph/volumes-data": {gate,
			profile}, "pool/ceph/vms-data": {gate, profile},
		"pool/ceph/backups-data":  {gate},
		"user/ceph/client.glance": {gate}, "user/ceph/client.cinder": {gate}, "user/ceph/client.cinder-backup": {gate},
		"user/ceph/client.nova": {gate},
	}, needs)
}

func TestAsks(t *testing.T) {
	s := coded()
	s.Clusters[0].Pools[0].ErasureProfile = "elsewhere"
	asks := map[string]ceph.Query{}
	for _, r := range resources(s) {
		asks[r.ID().Kind+" "+r.ID().Name] = r.Asks().Cluster
		assert.Empty(t, r.Asks().Host)
	}
	assert.Equal(t, ceph.Query{Profiles: []string{"elsewhere"}, CRUSH: true}, asks["pool images-data"])
	assert.Equal(t, ceph.Query{}, asks["pool images"])
	assert.Equal(t, ceph.Query{Images: []string{"vms"}}, asks["pool vms"])
	assert.Equal(t, ceph.Query{Profiles: []string{"four-two"}}, asks["erasure-profile four-two"])
	assert.Equal(t, ceph.Query{Users: []string{"client.cinder"}}, asks["user client.cinder"])
}

func TestAClusterThatCannotBeRead(t *testing.T) {
	s := withHosts(coded())
	s.Clusters[0].Host = "controller"
	seen := &step.Cluster{Err: ceph.ErrUnreachable, Note: "it is reached through the ceph program"}
	c := compareSeen(t, s, seen)
	assert.Equal(t, []string{"cluster-access access", "cluster-unreadable "}, c.codes(), "it is said once")
	f := c.findings()[1]
	assert.True(t, f.Problem)
	assert.Equal(t, "the Ceph cluster cannot be read (asked on controller), so nothing that depends on it is planned: "+
		"ceph: cluster unreachable; see that the cluster's monitors answer: ceph -s, and run again", f.Message)
	require.ErrorIs(t, f.Err, ceph.ErrUnreachable)
	require.ErrorIs(t, c.at(cluster.ID("ceph")).Unable, ceph.ErrUnreachable)
	for _, id := range c.ids {
		assert.True(t, c.view.Ledger.Refused(id), id.String())
		assert.Equal(t, cluster.ID("ceph"), c.view.Ledger.Root(id))
	}
	s.Clusters[0].Host = ""
	assert.NotContains(t, compareSeen(t, s, seen).findings()[1].Message, "asked on")
}

func TestClassicCaps(t *testing.T) {
	s := example()
	s.Clusters[0].Caps = "classic"
	c := compare(t, withHosts(s), cephtest.New())
	assert.Equal(t, []string{"caps-classic caps"}, c.codes())
	assert.Contains(t, c.findings()[0].Message, "are of the form before Luminous, and this cluster is of pacific: "+
		"with them, VMs do not boot again")
	assert.False(t, c.findings()[0].Problem)
}

func TestProfiles(t *testing.T) {
	s := withHosts(coded())
	s.Clusters[0].ErasureProfiles[0].DeviceClass = "hdd"
	fake := cephtest.New()
	id := cluster.ProfileID("ceph", "four-two")
	made := compare(t, s, fake).at(id)
	assert.Equal(t, step.Create, made.Action)
	assert.Equal(t, "the profile of erasure code does not exist", made.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "k", Desired: "4"}, {Field: "m", Desired: "2"},
		{Field: "crush-failure-domain", Desired: "osd"}, {Field: "crush-device-class", Desired: "hdd"}}, made.Diffs)
	fake.AddErasureProfile(ceph.ErasureProfile{Name: "four-two", K: 3, M: 2, FailureDomain: "osd", DeviceClass: "hdd"})
	_, err := do(t, made, fake)
	require.ErrorIs(t, err, ceph.ErrConflict)
	require.ErrorIs(t, err, ceph.ErrExists)
	assert.ErrorContains(t, err, "somebody made another profile of that name")

	c := compare(t, s, fake)
	assert.ElementsMatch(t, []string{
		"erasure-profile-differs erasure profile four-two",
		"pool-of-refused-erasure-profile pool images-data", "pool-of-refused-erasure-profile pool vms-data",
		"pool-of-refused-erasure-profile pool volumes-data",
		"user-of-refused-pool user client.cinder", "user-of-refused-pool user client.glance",
		"user-of-refused-pool user client.cinder-backup", "user-of-refused-pool user client.nova",
	}, c.codes())
	assert.Equal(t, "has k 3, not 4, and pools depend on it; give the one of the Spec another name",
		c.at(id).Findings[0].Message)
	assert.Equal(t, "is left alone, as its erasure profile four-two is not the Spec's",
		c.pool("images-data").Findings[0].Message)
	assert.Equal(t, id, c.view.Ledger.Root(cluster.UserID(spec.User{Cluster: "ceph", Entity: "client.glance"})))
	assert.NotNil(t, c.pool("images").Do, "a pool that is not erasure-coded goes on")

	require.NoError(t, fake.AddPool(ceph.Pool{Name: "images-data", Application: "cephfs"}))
	left := compare(t, s, fake).pool("images-data").Findings
	require.Len(t, left, 1)
	assert.Equal(t, "pool-of-another-application", left[0].Code, "this comes first")
}
