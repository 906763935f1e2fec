package spec_test

import (
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/require"
)

func exampleSpec() spec.Spec {
	return spec.Spec{
		Release:  "zed",
		Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph", Pools: []spec.Pool{{Name: "images", PGNum: 16}}}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
			{Name: "compute2", Services: []string{"nova-compute"}},
		},
		Glance: &spec.Glance{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", VolumeType: "ceph"}}},
		Backup: &spec.Backup{},
		Nova:   &spec.Nova{},
	}
}

// faults are the messages of a Spec's faults, by field.
func faults(t *testing.T, s spec.Spec) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := s.Validate()
	if err == nil {
		return found
	}
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var f *spec.FieldError
		require.ErrorAs(t, e, &f)
		found[f.Path] = f.Message
	}
	return found
}

// twoClusters has two clusters, neither called ceph, three backends, a user for
// each service, and the same name for two users of different clusters.
const (
	operatorKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f operator@example"
	someKey     = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"
)

func twoClusters() spec.Spec {
	s := exampleSpec()
	s.Clusters = []spec.Cluster{{Name: "hdd"}, {Name: "ssd"}}
	s.Glance = &spec.Glance{}
	s.Cinder = &spec.Cinder{Backends: []spec.Backend{
		{Name: "slow", VolumeType: "slow"},
		{Name: "fast", Cluster: "ssd", VolumeType: "fast"},
		{Name: "safe", Pool: "safe", User: "safe", VolumeType: "safe"},
	}}
	s.Backup = &spec.Backup{Cluster: "ssd"}
	s.Nova = &spec.Nova{User: "nova"}
	return s
}

// erasureCoded keeps the objects of images, volumes, VM disks and backups in
// data pools, each user's in another one.
func erasureCoded() spec.Spec {
	s := exampleSpec()
	profile := spec.ErasureProfile{Name: "k4m2", K: 4, M: 2, FailureDomain: "osd", DeviceClass: "hdd"}
	s.Clusters[0].ErasureProfiles = []spec.ErasureProfile{profile}
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

// threeStores has Glance's images in two clusters, and in two pools of the first.
func threeStores() spec.Spec {
	s := twoClusters()
	s.Glance.Store = "slow"
	s.Glance.Stores = []spec.Store{
		{Name: "fast", Cluster: "ssd"},
		{Name: "safe", Pool: "safe-images", User: "glance-safe"},
	}
	return s
}

func withSpecs() spec.Spec {
	s := twoClusters()
	s.Cinder.Backends[1].ExtraSpecs = map[string]string{"multiattach": "<is> True", "RESKEY:availability_zones": "az1,az2"}
	return s
}

// twoZones has the backends of two clusters in two zones, of which the first is
// not the one that volumes go to by themselves.
func twoZones() spec.Spec {
	s := twoClusters()
	for i, zone := range []string{"az1", "az2", "az1"} {
		s.Cinder.Backends[i].AvailabilityZone = zone
	}
	return s
}

func preparing(p spec.Prepare) spec.Spec {
	s := exampleSpec()
	s.Prepare = &p
	return s
}
