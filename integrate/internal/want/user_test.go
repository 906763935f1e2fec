package want_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
)

// twoUsers gives Cinder a second backend in the first cluster, with a pool and a user of its own.
func twoUsers(s *spec.Spec) {
	s.Cinder.Backends = append(s.Cinder.Backends, spec.Backend{Name: "safe", Pool: "safe", User: "safe"})
}

func novaElsewhere(s *spec.Spec) { s.Nova.Cluster = "ssd" }

// user is a user of the first cluster.
func user(name string) spec.User { return spec.User{Cluster: "hdd", Entity: "client." + name} }

// capsOf are the rights of a user of the first cluster.
func capsOf(t *testing.T, s *want.Site, name string) ceph.Caps {
	t.Helper()
	for _, u := range s.Users {
		if u.User == user(name) {
			return u.Caps
		}
	}
	require.Fail(t, "there is no user "+name)
	return nil
}

// TestRightsAtMonitorsAndManagers: profiles since Luminous, where the mgr has the clauses of the pools with headers.
// Before, the monitors let the user read, and there is no mgr.
func TestRightsAtMonitorsAndManagers(t *testing.T) {
	assert.Equal(t, ceph.Caps{"mon": "profile rbd", "mgr": "profile rbd pool=images",
		"osd": "profile rbd pool=images, profile rbd pool=images-data"},
		capsOf(t, want.Resolve(cloud(dataPools)), "glance"))
	caps := capsOf(t, want.Resolve(cloud(classic)), "glance")
	assert.Equal(t, "allow r", caps["mon"])
	assert.NotContains(t, caps, "mgr")
	caps = capsOf(t, want.Resolve(cloud(func(s *spec.Spec) { s.Clusters[1].Caps = "classic" })), "glance")
	assert.Equal(t, "profile rbd", caps["mon"], "the other cluster has old rights, and not this one")
}

// TestUsersDoNotGetWhatOthersNeed: the pools of another backend, the images of another cluster, and the disks and the
// writable images of Nova stay with their users.
func TestUsersDoNotGetWhatOthersNeed(t *testing.T) {
	const rw, ro = "profile rbd pool=", "profile rbd-read-only pool="
	for _, c := range []struct {
		name string
		edit []func(*spec.Spec)
		user string
		want string
	}{
		{"a second backend has its own pool", []func(*spec.Spec){twoUsers, novaAlone}, "safe",
			ro + "images, " + rw + "safe"},
		{"the first backend has its own pool", []func(*spec.Spec){twoUsers, novaAlone}, "cinder",
			ro + "images, " + rw + "volumes"},
		{"the second backend does not get Nova's disks", []func(*spec.Spec){twoUsers, snapshots}, "safe",
			ro + "images, " + rw + "safe"},
		{"the user that Nova shares may write images", []func(*spec.Spec){twoUsers, snapshots}, "cinder",
			rw + "images, " + rw + "vms, " + rw + "volumes"},
		{"backups read all volumes", []func(*spec.Spec){twoUsers}, "cinder-backup",
			ro + "safe, " + ro + "volumes, " + rw + "backups"},
		{"a Nova elsewhere leaves no disks here", []func(*spec.Spec){novaElsewhere, snapshots}, "cinder",
			ro + "images, " + rw + "volumes"},
		{"backups elsewhere read nothing there", []func(*spec.Spec){func(s *spec.Spec) {
			s.Backup.Cluster, s.Clusters[0].Name, s.Clusters[1].Name = "hdd", "ssd", "hdd"
		}}, "cinder-backup", rw + "backups"},
		{"no images, no right to read images", []func(*spec.Spec){novaAlone, func(s *spec.Spec) { s.Glance = nil }}, "nova",
			rw + "vms"},
	} {
		s := want.Resolve(cloud(c.edit...))
		assert.Equal(t, ceph.Caps{"osd": c.want}.Normal()["osd"], capsOf(t, s, c.user)["osd"], c.name)
	}
}

// TestPoolRights are the pools that a user may write, and those that it may only read: data pools come after the
// pools with headers.
func TestPoolRights(t *testing.T) {
	for _, c := range []struct {
		name        string
		edit        []func(*spec.Spec)
		user        string
		write, read []string
	}{
		{"Glance", []func(*spec.Spec){dataPools}, "glance", []string{"images", "images-data"}, nil},
		{"backups", []func(*spec.Spec){dataPools}, "cinder-backup", []string{"backups", "backups-data"},
			[]string{"volumes", "volumes-data"}},
		{"backups with old rights read as Cinder's user", []func(*spec.Spec){classic}, "cinder-backup",
			[]string{"backups"}, nil},
		{"Cinder and Nova", []func(*spec.Spec){dataPools}, "cinder", []string{"volumes", "vms", "volumes-data"},
			[]string{"images", "images-data"}},
		{"Cinder alone", []func(*spec.Spec){dataPools, novaAlone}, "cinder", []string{"volumes", "volumes-data"},
			[]string{"images", "images-data"}},
		{"Nova alone", []func(*spec.Spec){dataPools, novaAlone}, "nova", []string{"vms", "volumes-data"},
			[]string{"images", "images-data"}},
		{"Nova may write images", []func(*spec.Spec){novaAlone, snapshots}, "nova", []string{"vms", "images"}, nil},
		{"one user for all", []func(*spec.Spec){oneUser}, "all", []string{"images", "backups", "volumes", "vms"}, nil},
		{"one user of old", []func(*spec.Spec){classic, oneUser}, "all", []string{"images", "backups", "volumes", "vms"},
			nil},
		{"images and backups", []func(*spec.Spec){func(s *spec.Spec) { s.Backup.User = "glance" }}, "glance",
			[]string{"images", "backups"}, []string{"volumes"}},
		{"and Cinder may not", []func(*spec.Spec){novaAlone, snapshots}, "cinder", []string{"volumes"},
			[]string{"images"}},
	} {
		write, read := want.Resolve(cloud(c.edit...)).PoolRights(user(c.user))
		assert.Equal(t, c.write, write, c.name)
		assert.Equal(t, c.read, read, c.name)
	}
}

// TestRightsOfEachPool: who may write is not asked whether it may read, and a data pool says that it is one.
func TestRightsOfEachPool(t *testing.T) {
	s := want.Resolve(cloud(dataPools, func(s *spec.Spec) { s.Nova = nil }))
	assert.Equal(t, []want.Right{
		{Pool: "backups", Write: true, Allowed: true},
		{Pool: "backups-data", Data: true, Write: true, Allowed: true},
		{Pool: "images"}, {Pool: "images", Write: true},
		{Pool: "images-data", Data: true}, {Pool: "images-data", Data: true, Write: true},
		{Pool: "volumes", Allowed: true}, {Pool: "volumes", Write: true},
		{Pool: "volumes-data", Data: true, Allowed: true}, {Pool: "volumes-data", Data: true, Write: true},
	}, s.Rights(user("cinder-backup")))
	assert.Empty(t, s.Rights(spec.User{Cluster: "ssd", Entity: "client.cinder-backup"}), "no pool is there")
}

// TestUsersAreSorted by their cluster, and then by their name.
func TestUsersAreSorted(t *testing.T) {
	s := want.Resolve(cloud(fast, novaAlone, twoUsers, func(s *spec.Spec) {
		s.Clusters[0].Name, s.Clusters[1].Name = "ssd", "hdd"
	}))
	var all []spec.User
	for _, u := range s.Users {
		all = append(all, u.User)
	}
	in := func(name string) spec.User { return spec.User{Cluster: "ssd", Entity: "client." + name} }
	assert.Equal(t, []spec.User{in("cinder"), in("cinder-backup"), in("glance"), in("nova"), in("safe")}, all)
	s = want.Resolve(cloud(fast))
	assert.Equal(t, "hdd", s.Users[0].Cluster)
	assert.Equal(t, spec.User{Cluster: "ssd", Entity: "client.cinder"}, s.Users[len(s.Users)-1].User)
	require.Len(t, s.UsersIn("hdd"), 3)
	assert.Equal(t, user("cinder"), s.UsersIn("hdd")[0].User)
	assert.Len(t, s.Users, 4, "the list of a cluster is a copy")
}

// TestSecretsOfASharedUser: the UUID may stand with Nova or with the backend, and counts for that user alone.
func TestSecretsOfASharedUser(t *testing.T) {
	const given = "11111111-2222-4333-8444-555555555555"
	derived := libvirtsecret.DeriveUUID("f", "client.cinder")
	nova := func(s *spec.Spec) { s.Nova.SecretUUID = given }
	backend := func(s *spec.Spec) { s.Cinder.Backends[0].SecretUUID = given }
	for _, c := range []struct {
		name string
		edit []func(*spec.Spec)
		user spec.User
		want string
	}{
		{"with Nova", []func(*spec.Spec){nova}, user("cinder"), given},
		{"with the backend", []func(*spec.Spec){backend}, user("cinder"), given},
		{"Nova's own", []func(*spec.Spec){nova, novaAlone}, user("cinder"), derived},
		{"of a user of another cluster", []func(*spec.Spec){nova, backend, fast},
			spec.User{Cluster: "ssd", Entity: "client.cinder"}, derived},
		{"the backend's, without Nova", []func(*spec.Spec){without, backend}, user("cinder"), given},
	} {
		assert.Equal(t, c.want, want.Resolve(cloud(c.edit...)).SecretUUID(c.user, "f"), c.name)
	}
	assert.True(t, want.Resolve(cloud()).SharedWithNova(user("cinder")))
	assert.False(t, want.Resolve(cloud(novaElsewhere)).SharedWithNova(user("cinder")), "of another cluster")
	assert.False(t, want.Resolve(cloud(without)).SharedWithNova(user("cinder")))
	assert.Equal(t, []spec.User{user("cinder")}, want.Resolve(cloud()).Secrets, "a shared user has one secret")
}
