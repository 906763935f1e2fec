package want_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// cloud is a Spec with two clusters and all services.
func cloud(edit ...func(*spec.Spec)) spec.Spec {
	s := spec.Spec{Release: "zed", Clusters: []spec.Cluster{{Name: "hdd"}, {Name: "ssd"}}, Glance: &spec.Glance{},
		Backup: &spec.Backup{},
		Nova:   &spec.Nova{}, Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "slow"}}},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute2", Services: []string{"nova-compute"}}, {Name: "storage"},
			{Name: "both", Services: []string{"cinder-volume", "nova-compute"}}}}
	for _, e := range edit {
		e(&s)
	}
	return s
}

func fast(s *spec.Spec) {
	s.Cinder.Backends = append(s.Cinder.Backends, spec.Backend{Name: "fast", Cluster: "ssd"})
}
func novaAlone(s *spec.Spec) { s.Nova.User = "nova" }
func oneUser(s *spec.Spec) {
	s.Glance.User, s.Backup.User, s.Nova.User, s.Cinder.Backends[0].User = "all", "all", "all", "all"
}
func snapshots(s *spec.Spec)  { s.Nova.DirectSnapshots = true }
func classic(s *spec.Spec)    { s.Clusters[0].Caps = "classic" }
func without(s *spec.Spec)    { s.Glance, s.Backup, s.Nova = nil, nil, nil }
func imagesOnly(s *spec.Spec) { s.Backup, s.Nova, s.Cinder = nil, nil, nil }
func sharedPool(s *spec.Spec) { s.Nova.Pool = "volumes" }

func dataPools(s *spec.Spec) {
	s.Glance.DataPool, s.Backup.DataPool, s.Nova.DataPool = "images-data", "backups-data", "volumes-data"
	s.Cinder.Backends[0].DataPool = "volumes-data"
}

// rights are the osd caps of each user, by cluster and entity.
func rights(s *want.Site) map[string]string {
	all := map[string]string{}
	for _, u := range s.Users {
		all[u.Cluster+" "+u.Entity] = u.Caps["osd"]
	}
	return all
}

// TestUsersAndTheirRights is the table of what each layout of services gives.
func TestUsersAndTheirRights(t *testing.T) {
	const rw, ro = "profile rbd pool=", "profile rbd-read-only pool="
	for name, c := range map[string]struct {
		edit []func(*spec.Spec)
		want map[string]string
	}{
		"the usual layout": {nil, map[string]string{
			"hdd client.glance": rw + "images", "hdd client.cinder-backup": ro + "volumes, " + rw + "backups",
			"hdd client.cinder": ro + "images, " + rw + "vms, " + rw + "volumes"}},
		"nova has a user": {[]func(*spec.Spec){novaAlone}, map[string]string{
			"hdd client.glance": rw + "images", "hdd client.cinder-backup": ro + "volumes, " + rw + "backups",
			"hdd client.cinder": ro + "images, " + rw + "volumes", "hdd client.nova": ro + "images, " + rw + "vms"}},
		"nova makes snapshots": {[]func(*spec.Spec){novaAlone, snapshots}, map[string]string{
			"hdd client.glance": rw + "images", "hdd client.cinder-backup": ro + "volumes, " + rw + "backups",
			"hdd client.cinder": ro + "images, " + rw + "volumes", "hdd client.nova": rw + "images, " + rw + "vms"}},
		"a second cluster": {[]func(*spec.Spec){fast}, map[string]string{
			"hdd client.glance": rw + "images", "hdd client.cinder-backup": ro + "volumes, " + rw + "backups",
			"hdd client.cinder": ro + "images, " + rw + "vms, " + rw + "volumes", "ssd client.cinder": rw + "volumes"}},
		"volumes alone": {[]func(*spec.Spec){without}, map[string]string{"hdd client.cinder": rw + "volumes"}},
		"images alone":  {[]func(*spec.Spec){imagesOnly}, map[string]string{"hdd client.glance": rw + "images"}},
		"classic rights": {[]func(*spec.Spec){classic}, map[string]string{
			"hdd client.glance":        "allow class-read object_prefix rbd_children, allow rwx pool=images",
			"hdd client.cinder-backup": "allow class-read object_prefix rbd_children, allow rwx pool=backups",
			"hdd client.cinder": "allow class-read object_prefix rbd_children, allow rwx pool=volumes, " +
				"allow rwx pool=vms, allow rx pool=images"}},
		"data pools": {[]func(*spec.Spec){dataPools}, map[string]string{
			"hdd client.glance": rw + "images, " + rw + "images-data",
			"hdd client.cinder-backup": ro + "volumes, " + ro + "volumes-data, " + rw + "backups, " + rw +
				"backups-data",
			"hdd client.cinder": ro + "images, " + ro + "images-data, " + rw + "vms, " + rw + "volumes, " +
				rw + "volumes-data"}},
	} {
		for user, osd := range c.want {
			c.want[user] = ceph.Caps{"osd": osd}.Normal()["osd"]
		}
		assert.Equal(t, c.want, rights(want.Resolve(cloud(c.edit...))), name)
	}
}

// TestPoolsOfEachCluster: each pool is there once, with the fields that the Spec sets. The
// pools of a cluster are sorted by name.
func TestPoolsOfEachCluster(t *testing.T) {
	s := want.Resolve(cloud(fast, dataPools, sharedPool, func(s *spec.Spec) {
		s.Clusters[0].Pools = []spec.Pool{{Name: "images", PGNum: 32, Size: 3, CRUSHRule: "ssd"}, {Name: "images-data",
			ErasureProfile: "k2"},
			{Name: "unused", Size: 2}}
	}))
	var names []string
	for _, p := range s.Pools["hdd"] {
		names = append(names, p.Name)
		assert.Equal(t, "rbd", p.Application)
	}
	assert.Equal(t, []string{"backups", "backups-data", "images", "images-data", "volumes", "volumes-data"}, names)
	assert.Equal(t, ceph.Pool{Name: "images", Application: "rbd", PGNum: 32, Size: 3, CRUSHRule: "ssd"},
		s.Pools["hdd"][2])
	assert.Equal(t, "k2", s.Pools["hdd"][3].ErasureProfile)
	assert.Len(t, s.Pools["ssd"], 1)
	assert.Equal(t, []string{"volumes", "VM disks"}, s.UsesOf("hdd", "volumes"))
	assert.Equal(t, []string{"volumes", "VM disks"}, s.UsesOf("hdd", "volumes-data"))
	assert.Equal(t, []string{"volumes"}, s.UsesOf("ssd", "volumes"))
	assert.Empty(t, s.UsesOf("ssd", "images"))
	assert.True(t, s.HoldsData("hdd", "volumes-data"))
	assert.False(t, s.HoldsData("hdd", "volumes"))
	assert.False(t, s.HoldsData("ssd", "volumes-data"))
	assert.Equal(t, "images-data", s.DataPool(spec.User{Cluster: "hdd", Entity: "client.glance"}))
	assert.Empty(t, s.DataPool(spec.User{Cluster: "ssd", Entity: "client.cinder"}))
}

// TestErasureProfilesAreThoseOfTheSpecAndThoseThatPoolsName.
func TestErasureProfilesAreThoseOfTheSpecAndThoseThatPoolsName(t *testing.T) {
	c := spec.Cluster{ErasureProfiles: []spec.ErasureProfile{{Name: "k4m2", K: 4, M: 2}},
		Pools: []spec.Pool{{Name: "a", ErasureProfile: "k4m2"}, {Name: "b", ErasureProfile: "old"}, {Name: "c",
			ErasureProfile: "old"}, {Name: "d"}}}
	assert.Equal(t, []spec.ErasureProfile{{Name: "k4m2", K: 4, M: 2}, {Name: "old"}}, want.ErasureProfiles(c))
	assert.Len(t, c.ErasureProfiles, 1, "the Spec stays")
	c.ErasureProfiles = append(make([]spec.ErasureProfile, 0, 4), c.ErasureProfiles...)
	want.ErasureProfiles(c)
	assert.Zero(t, c.ErasureProfiles[:2][1], "also behind the end of its list")
	assert.Empty(t, want.ErasureProfiles(spec.Cluster{}))
}

// TestHostsAndTargetsInOrder: computes come first, and hosts without services to
// configure do not come at all.
func TestHostsAndTargetsInOrder(t *testing.T) {
	names := func(s *want.Site) (all []string) {
		for _, target := range s.Targets() {
			all = append(all, target.Name)
		}
		return all
	}
	s := want.Resolve(cloud())
	assert.Equal(t, []string{"hdd", "ssd", "compute2", "both", "controller", "cloud"}, names(s))
	assert.Equal(t, []string{"hdd", "ssd", "controller", "cloud"}, names(want.Resolve(cloud(imagesOnly))))
	assert.Equal(t, []string{"hdd", "ssd", "compute2", "both", "controller", "cloud"},
		names(want.Resolve(cloud(without))),
		"computes attach volumes")
	assert.Equal(t, []string{"glance-api"}, want.Resolve(cloud(imagesOnly)).ServicesOf(s.Host("controller")))
	assert.Equal(t, []string{"cinder-volume"}, want.Resolve(cloud(without)).ServicesOf(s.Host("controller")))
	assert.Equal(t, spec.Host{Name: "nowhere"}, s.Host("nowhere"))
	assert.Empty(t, s.ServicesOf(s.Host("nowhere")))
	assert.Equal(t, spec.Cluster{Name: "nothing"}, s.Cluster("nothing"))
	assert.True(t, want.IsCompute(s.Host("both")))
	assert.False(t, want.IsCompute(s.Host("controller")))
}

// TestUsersOfServices: who needs which keyring where.
func TestUsersOfServices(t *testing.T) {
	entities := func(users []spec.User) (all []string) {
		for _, u := range users {
			all = append(all, u.Cluster+" "+u.Name())
		}
		return all
	}
	s := want.Resolve(cloud(fast, novaAlone))
	assert.Equal(t, []string{"hdd glance"}, entities(s.UsersOn("glance-api")))
	assert.Equal(t, []string{"hdd cinder", "ssd cinder"}, entities(s.UsersOn("cinder-volume")))
	assert.Equal(t, []string{"hdd cinder-backup", "hdd cinder", "ssd cinder"}, entities(s.UsersOn("cinder-backup")))
	assert.Equal(t, []string{"hdd nova", "hdd cinder", "ssd cinder"}, entities(s.UsersOn("nova-compute")))
	assert.Equal(t, entities(s.UsersOn("nova-compute")), entities(s.Secrets))
	assert.Equal(t, []string{"hdd nova"}, entities(s.CopiedUsers("nova-compute")))
	assert.Equal(t, entities(s.UsersOn("cinder-backup")), entities(s.CopiedUsers("cinder-backup")))
	assert.Equal(t, []string{"hdd cinder", "ssd cinder", "hdd nova"}, entities(s.UsersOf([]string{"cinder-volume",
		"nova-compute"})))
	assert.Equal(t, []string{"hdd", "ssd"}, want.ClustersOf(s.UsersOn("cinder-volume")))
	assert.Empty(t, s.UsersOn("no-service"))
	assert.Len(t, s.UsersIn("ssd"), 1)
	s = want.Resolve(cloud(without))
	assert.Equal(t, []string{"hdd cinder"}, entities(s.Secrets), "volumes are attached with Cinder's user")
	assert.Empty(t, s.CopiedUsers("nova-compute"))
}

// TestUUIDsOfSecrets: the Spec's own, or one that comes of the cluster and the user.
func TestUUIDsOfSecrets(t *testing.T) {
	const given, other = "11111111-2222-4333-8444-555555555555", "66666666-2222-4333-8444-555555555555"
	cinder, nova := spec.User{Cluster: "hdd", Entity: "client.cinder"}, spec.User{Cluster: "hdd", Entity: "client.nova"}
	s := want.Resolve(cloud(novaAlone))
	assert.Equal(t, libvirtsecret.DeriveUUID("f", "client.cinder"), s.SecretUUID(cinder, "f"))
	assert.NotEqual(t, s.SecretUUID(cinder, "f"), s.SecretUUID(cinder, "g"))
	s = want.Resolve(cloud(novaAlone, func(s *spec.Spec) {
		s.Nova.SecretUUID, s.Cinder.Backends[0].SecretUUID = given,
			other
	}))
	assert.Equal(t, given, s.SecretUUID(nova, "f"))
	assert.Equal(t, other, s.SecretUUID(cinder, "f"))
	assert.Equal(t, libvirtsecret.DeriveUUID("f", "client.x"), s.SecretUUID(spec.User{Cluster: "ssd",
		Entity: "client.x"}, "f"))
}

// TestContainersOn names those that matter on a host, with that of libvirt.
func TestContainersOn(t *testing.T) {
	s := want.Resolve(cloud(func(s *spec.Spec) { s.Layout, s.Release = spec.LayoutKolla, "2023.1" }))
	assert.Equal(t, []string{"nova_compute", "nova_libvirt"}, s.ContainersOn(s.Host("compute2")))
	assert.Equal(t, []string{"glance_api", "cinder_volume", "cinder_backup"}, s.ContainersOn(s.Host("controller")))
	assert.Empty(t, s.ContainersOn(s.Host("storage")))
	h := step.NewHost("compute2")
	assert.NoError(t, h.Take(place.Inspect(s.ContainersOn(s.Host("compute2"))), []remote.Result{
		{Data: []byte(`{"name":"/nova_compute","running":true,"version":"1"}`)}, {Exit: 1, Stderr: []byte("none")}}))
	assert.True(t, s.Containers(h).ByName["nova_compute"].Running)
	s = want.Resolve(cloud(func(s *spec.Spec) { s.Hosts[1].Layout = spec.LayoutRDO }))
	assert.Empty(t, s.ContainersOn(s.Host("compute2")))
	assert.Equal(t, spec.LayoutRDO, s.LayoutOf(s.Host("compute2")))
	assert.Equal(t, spec.LayoutDebian, s.LayoutOf(s.Host("controller")))
	assert.Equal(t, "openstack-nova-compute.service", s.Service(s.Host("compute2"), "nova-compute").Unit)
}

// TestWhatIsPreparedAndWhatGuestsNeed takes a Spec without preparation and a Spec with it.
func TestWhatIsPreparedAndWhatGuestsNeed(t *testing.T) {
	s := want.Resolve(cloud())
	assert.False(t, s.PreparesWayIn())
	assert.Zero(t, s.Prep())
	assert.Nil(t, s.GuestsOn(s.Host("compute2")))
	s = want.Resolve(cloud(func(s *spec.Spec) {
		s.Prepare = &spec.Prepare{Sudo: &spec.Sudo{},
			Guests: &spec.Guests{}}
	}))
	assert.True(t, s.PreparesWayIn())
	assert.NotNil(t, s.GuestsOn(s.Host("compute2")))
	assert.Nil(t, s.GuestsOn(s.Host("controller")))
	section, prefix := s.DiskOptions()
	assert.Equal(t, []string{"libvirt", ""}, []string{section, prefix})
	section, prefix = want.Resolve(cloud(func(s *spec.Spec) { s.Release = "havana" })).DiskOptions()
	assert.Equal(t, []string{"DEFAULT", "libvirt_"}, []string{section, prefix})
}

// TestStoresBeginWithTheDefaultStore.
func TestStoresBeginWithTheDefaultStore(t *testing.T) {
	s := want.Resolve(cloud(func(s *spec.Spec) {
		s.Glance.Store, s.Glance.Stores = "slow", []spec.Store{{Name: "fast", Cluster: "ssd"}, {Name: "old",
			Pool: "old", User: "old"}}
	}))
	var names []string
	for _, st := range s.Stores {
		names = append(names, st.Name)
	}
	assert.Equal(t, []string{"slow", "fast", "old"}, names)
	st, ok := s.StoreIn("ssd")
	assert.True(t, ok)
	assert.Equal(t, "fast", st.Name)
	_, ok = s.StoreIn("none")
	assert.False(t, ok)
}

// TestBackendsByTheNamesOfTheirServices.
func TestBackendsByTheNamesOfTheirServices(t *testing.T) {
	slow, single := spec.Backend{Name: "slow"}, spec.Backend{Name: spec.SingleBackend}
	assert.True(t, want.ServedBy(slow, "controller@slow"))
	assert.True(t, want.ServedBy(slow, "controller@slow#pool"))
	assert.False(t, want.ServedBy(slow, "controller@slower"))
	assert.False(t, want.ServedBy(slow, "slow"))
	assert.True(t, want.ServedBy(single, "controller"))
	assert.True(t, want.ServedBy(single, "controller#pool"))
	assert.False(t, want.ServedBy(single, "controller@slow"))
}

// TestVolumesMatterWhereAZoneOrATypeWouldChange.
func TestVolumesMatterWhereAZoneOrATypeWouldChange(t *testing.T) {
	s := want.Resolve(cloud(func(s *spec.Spec) {
		b := &s.Cinder.Backends[0]
		b.VolumeType, b.AvailabilityZone, b.ExtraSpecs = "slow", "az1", map[string]string{"multiattach": "<is> True"}
	}))
	record := func(zone string) []api.ServiceRecord {
		return []api.ServiceRecord{{Binary: "cinder-backup", Host: "controller@slow", Zone: "x"},
			{Binary: "cinder-volume", Host: "controller@slow", Zone: zone}}
	}
	types := func(value string) map[string]map[string]string {
		return map[string]map[string]string{"slow": {"multiattach": value}}
	}
	for _, c := range []struct {
		name  string
		cloud step.Cloud
		want  bool
	}{
		{"nothing is there", step.Cloud{}, false},
		{"all is as it should be", step.Cloud{Records: record("az1"), Types: types("<is> True")}, false},
		{"another zone", step.Cloud{Records: record("nova"), Types: types("<is> True")}, true},
		{"another extra spec", step.Cloud{Records: record("az1"), Types: types("<is> False")}, true},
		{"no extra spec", step.Cloud{Types: map[string]map[string]string{"slow": {}}}, true},
		{"a type of another name", step.Cloud{Types: map[string]map[string]string{"fast": {}}}, false},
	} {
		assert.Equal(t, c.want, s.VolumesMatter(&c.cloud), c.name)
	}
	unnamed := step.Cloud{Records: []api.ServiceRecord{{Binary: "cinder-volume", Host: "controller"}}}
	for release, matter := range map[string]bool{"havana": true, "newton": true, "ocata": false, "zed": false} {
		s := want.Resolve(cloud(func(s *spec.Spec) { s.Release = release }))
		assert.Equal(t, matter, s.VolumesMatter(&unnamed), release)
	}
}
