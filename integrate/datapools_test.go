package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// erasureCoded keeps the objects of images, volumes, VM disks and backups in
// data pools, each user's in another one.
func erasureCoded() spec.Spec {
	s := exampleSpec()
	s.Clusters[0].ErasureProfiles = []spec.ErasureProfile{{Name: "k4m2", K: 4, M: 2, FailureDomain: "osd",
		DeviceClass: "hdd"}}
	s.Clusters[0].Pools = []spec.Pool{
		{Name: "images-data", ErasureProfile: "k4m2"}, {Name: "volumes-data", ErasureProfile: "k4m2", MinSize: 5},
		{Name: "vms-data", ErasureProfile: "k4m2"}, {Name: "backups-data", Size: 2},
	}
	s.Glance.DataPool = "images-data"
	s.Cinder.Backends[0].DataPool = "volumes-data"
	s.Nova.User, s.Nova.DataPool = "nova", "vms-data"
	s.Backup.DataPool = "backups-data"
	return s
}

func TestDataPools(t *testing.T) {
	w, in := open(t, erasureCoded())
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	c := change(p, "pool/ceph/volumes-data")
	require.NotNil(t, c)
	assert.Equal(t, []string{"erasure-profile/ceph/k4m2"}, c.Needs)
	assert.Contains(t, change(p, "settings/controller//etc/cinder/cinder.conf").Needs, "pool/ceph/volumes-data")
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))

	t.Run("pools", func(t *testing.T) { dataPoolsPools(t, w) })
	t.Run("rights", func(t *testing.T) {
		const images = ", profile rbd-read-only pool=images"
		const imagesData = ", profile rbd-read-only pool=images-data"
		wantRights(t, w, []right{
			{"ceph", "client.glance", "profile rbd pool=images, profile rbd pool=images-data"},
			{"ceph", "client.cinder", "profile rbd pool=volumes" + images + ", profile rbd pool=volumes-data" + imagesData},
			{"ceph", "client.nova", "profile rbd pool=vms" + images + ", profile rbd pool=vms-data" + imagesData},
			{"ceph", "client.cinder-backup", "profile rbd pool=backups, profile rbd-read-only pool=volumes, " +
				"profile rbd pool=backups-data, profile rbd-read-only pool=volumes-data"},
		}...)
	})
	t.Run("ceph.conf", func(t *testing.T) { dataPoolsConf(t, w) })
	t.Run("journey", func(t *testing.T) {
		report, err := verify(t, in)
		require.NoError(t, err, "%s", report)
		for name, data := range map[string]string{"image in ceph": "images-data", "volumes in ceph": "volumes-data",
			"vm on compute1": "vms-data"} {
			assert.Contains(t, check(report, name).Evidence, " with its data in "+data)
		}
		for _, may := range []string{"may write volumes-data", "may read images-data", "must not write images-data",
			"must not read vms-data", "must not write backups-data"} {
			assert.Contains(t, check(report, "rights client.cinder").Evidence, may)
		}
		assert.Empty(t, w.API.Violations())
	})
}

func dataPoolsPools(t *testing.T, w *integratetest.World) {
	mon := ceph.New(w.Clusters["ceph"].Mon)
	profile, err := mon.ErasureProfile(t.Context(), "k4m2")
	require.NoError(t, err)
	assert.Equal(t, ceph.ErasureProfile{Name: "k4m2", K: 4, M: 2, FailureDomain: "osd", DeviceClass: "hdd"}, profile)
	pools, err := mon.Pools(t.Context())
	require.NoError(t, err)
	found := map[string]ceph.Pool{}
	for _, p := range pools {
		found[p.Name] = p
	}
	for _, name := range []string{"images-data", "volumes-data", "vms-data"} {
		assert.Empty(t, ceph.Pool{ErasureProfile: "k4m2", Application: "rbd"}.Diff(found[name]), name)
		assert.Equal(t, 6, found[name].Size, name)
	}
	assert.Equal(t, 5, found["volumes-data"].MinSize)
	assert.Empty(t, found["backups-data"].ErasureProfile)
	assert.Empty(t, found["volumes"].ErasureProfile)
	for _, op := range w.Ceph["ceph"].Log() {
		assert.False(t, op.Name == "rbd pool init" && strings.HasSuffix(op.Object, "-data"), op.Object)
	}
}

func dataPoolsConf(t *testing.T, w *integratetest.World) {
	for host, sections := range map[string]map[string]string{
		"controller": {"client.glance": "images-data", "client.cinder": "volumes-data",
			"client.cinder-backup": "backups-data"},
		"compute1": {"client.nova": "vms-data", "client.cinder": "volumes-data"},
	} {
		data, _ := w.Machines[host].Contents("/etc/ceph/ceph.conf")
		conf, err := ceph.ParseConf(data)
		require.NoError(t, err)
		for section, want := range sections {
			pool, _ := conf.Lookup(section, "rbd_default_data_pool")
			assert.Equal(t, want, pool, "%s [%s]", host, section)
		}
	}
}

// TestDataGoElsewhere: a service that has not seen the option puts data beside
// headers, and Verify notices.
func TestDataGoElsewhere(t *testing.T) {
	w, in := open(t, erasureCoded())
	apply(t, in)
	data, _ := w.Machines["controller"].Contents("/etc/ceph/ceph.conf")
	w.Machines["controller"].AddFile("/etc/ceph/ceph.conf",
		[]byte(strings.ReplaceAll(string(data), "rbd_default_data_pool = images-data\n", "")), 0o644)
	report, err := verify(t, in)
	require.ErrorIs(t, err, integrate.ErrChecks)
	assert.Contains(t, check(report, "image in ceph").Evidence, "has its data beside its header, not in images-data")
	assert.Equal(t, integrate.Fail, check(report, "files controller").Status)
}

func TestPoolsThatCannotBecomeWhatIsWanted(t *testing.T) {
	for name, c := range map[string]struct {
		found  ceph.Pool
		change func(*spec.Spec)
		text   string
	}{
		"replicated": {ceph.Pool{Name: "volumes-data", Application: "rbd"}, nil,
			"is replicated, and cannot become erasure-coded"},
		"another profile": {ceph.Pool{Name: "volumes-data", Application: "rbd", ErasureProfile: "default"}, nil,
			"has erasure profile default for good, not k4m2"},
		"for headers": {ceph.Pool{Name: "volumes", Application: "rbd", ErasureProfile: "default"}, nil,
			"cannot hold the headers of images"},
		"not by size": {ceph.Pool{Name: "backups-data", Application: "rbd", ErasureProfile: "default"}, nil,
			"set erasure_profile: default in place of its size"},
		"no profile": {ceph.Pool{Name: "other"}, func(s *spec.Spec) {
			s.Clusters[0].ErasureProfiles = nil
		}, "there is no erasure profile k4m2"},
		"of cephfs": {ceph.Pool{Name: "volumes-data", Application: "cephfs", ErasureProfile: "default"}, nil,
			"belongs to application cephfs"},
	} {
		t.Run(name, func(t *testing.T) {
			given := erasureCoded()
			if c.change != nil {
				c.change(&given)
			}
			w, in := open(t, given)
			require.NoError(t, w.Ceph["ceph"].AddPool(c.found))
			p := plan(t, in)
			require.NotEmpty(t, p.Problems())
			assert.Contains(t, p.String(), c.text)
			assert.Nil(t, change(p, "pool/ceph/"+c.found.Name))
			if c.found.Name == "volumes-data" {
				assert.Nil(t, change(p, "user/ceph/client.cinder"), "its rights would be in that pool")
				assert.Nil(t, change(p, "settings/controller//etc/cinder/cinder.conf"))
				assert.NotNil(t, change(p, "settings/controller//etc/glance/glance-api.conf"), "has to do with other pools")
			}
			report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
			require.Error(t, err)
			assert.Contains(t, check(report, "pools ceph").Evidence, c.text)
		})
	}
}

// TestADataPoolWithoutOverwrites is one that was made by hand and not finished.
func TestADataPoolWithoutOverwrites(t *testing.T) {
	w, in := open(t, erasureCoded())
	apply(t, in)
	s := erasureCoded()
	s.Clusters[0].Pools[0].Name, s.Glance.DataPool = "by-hand", "by-hand"
	const create = `{"prefix":"osd pool create","format":"json","pool":"by-hand","pool_type":"erasure",` +
		`"erasure_code_profile":"k4m2"}`
	_, err := w.Ceph["ceph"].Command(t.Context(), ceph.Command{JSON: []byte(create)})
	require.NoError(t, err)
	in, err = integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	c := change(plan(t, in), "pool/ceph/by-hand")
	require.NotNil(t, c)
	assert.Equal(t, integrate.Update, c.Action)
	assert.Contains(t, c.Diffs, integrate.FieldDiff{Field: "allow_ec_overwrites", Observed: "false", Desired: "true"})
	apply(t, in)
	assert.True(t, plan(t, in).Empty(), "%s", plan(t, in))
}

// TestAnotherProfileOfThatName: the cluster has a profile with the name in the Spec and
// other values. The profile stays as it is, and no pool is made with it.
func TestAnotherProfileOfThatName(t *testing.T) {
	w, in := open(t, erasureCoded())
	w.Ceph["ceph"].AddErasureProfile(ceph.ErasureProfile{Name: "k4m2", K: 4, M: 2, FailureDomain: "host",
		DeviceClass: "hdd"})
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.Contains(t, p.String(), "erasure profile k4m2: has crush-failure-domain host, not osd")
	for _, pool := range []string{"images-data", "volumes-data", "vms-data"} {
		assert.Nil(t, change(p, "pool/ceph/"+pool), "nothing is made with it for good")
	}

	s := erasureCoded()
	s.Clusters[0].ErasureProfiles[0].FailureDomain = "" // host
	w, in = open(t, s)
	w.Ceph["ceph"].AddErasureProfile(ceph.ErasureProfile{Name: "k4m2", K: 4, M: 2, FailureDomain: "osd",
		DeviceClass: "hdd"})
	assert.Contains(t, plan(t, in).String(), "erasure profile k4m2: has crush-failure-domain osd, not host")
}
