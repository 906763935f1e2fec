package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

const west = "west"

// secondCluster adds a cluster to the lab's Spec: a store of Glance and a backend
// of Cinder are there, with users of their own, and with their data in
// erasure-coded pools. The backend is in a zone of its own.
func secondCluster(s *spec.Spec) error {
	s.Clusters = append(s.Clusters, spec.Cluster{Name: west, Host: "ceph01", Access: s.Clusters[0].Access,
		ErasureProfiles: []spec.ErasureProfile{{Name: "k2m1", K: 2, M: 1, FailureDomain: "osd"}},
		Pools: []spec.Pool{{Name: "images", PGNum: 16}, {Name: "volumes", PGNum: 16},
			{Name: "images-data", PGNum: 16, ErasureProfile: "k2m1"},
			{Name: "volumes-data", PGNum: 16, ErasureProfile: "k2m1"}}})
	s.Glance.Stores = []spec.Store{{Name: west, Cluster: west, Pool: "images", User: "glance", DataPool: "images-data"}}
	s.Cinder.Backends = append(s.Cinder.Backends,
		spec.Backend{Name: west, Cluster: west, Pool: "volumes", User: "cinder-west", DataPool: "volumes-data",
			VolumeType:       west,
			AvailabilityZone: west, ExtraSpecs: map[string]string{"RESKEY:availability_zones": west}})
	return nil
}

// testTwoClusters does the main job with two clusters, two stores and two
// backends.
func (l *lab) testTwoClusters(ctx context.Context, r *report) error {
	if err := l.run(ctx, "brownfield", "second-ceph"); err != nil {
		return err
	}
	in, world, err := l.open(ctx, secondCluster)
	if err != nil {
		return err
	}
	defer world.Close()
	if err := l.wholeJob(ctx, r, in, world.Cloud); err != nil {
		return err
	}
	return l.stages(ctx, r, stage{"each compute has a secret for each cluster", l.twoSecrets},
		stage{"the spec is found again from the cloud", func(ctx context.Context) (string, error) {
			return l.adoptedAsItIs(ctx, "ceph", west)
		}},
		stage{"a volume that names no zone goes to that of its type", func(ctx context.Context) (string, error) {
			return zoneByType(ctx, world.Cloud)
		}})
}

// zoneByType makes a volume of the type of the second backend.
func zoneByType(ctx context.Context, cloud *api.Cloud) (_ string, err error) {
	v, err := cloud.CreateVolume(ctx, api.VolumeRequest{Name: "zone-by-type", SizeGiB: 1, Type: west})
	if v.ID != "" {
		defer func() { err = errors.Join(err, cloud.DeleteVolume(context.WithoutCancel(ctx), v.ID)) }()
	}
	if err == nil && (v.Zone != west || !strings.HasSuffix(v.Host, "@west#west")) {
		err = fmt.Errorf("it is in zone %s on %s", v.Zone, v.Host)
	}
	return v.Host + " in zone " + v.Zone, err
}

// twoSecrets wants the keys of both clusters' users to be different, and on
// both computes.
func (l *lab) twoSecrets(ctx context.Context) (string, error) {
	for _, name := range []string{"compute1", "compute2"} {
		const script = `for u in $(virsh -q secret-list | awk '{print $1}'); do
	virsh secret-get-value "$u" | sha256sum
done | sort -u | wc -l
virsh -q secret-list | wc -l`
		out, err := l.sh(ctx, name, script)
		if err != nil || strings.Join(strings.Fields(out), " ") != "2 2" {
			return "", fmt.Errorf("%s has %q different values and secrets: %v", name, out, err)
		}
	}
	return "two secrets with two values on each", nil
}
