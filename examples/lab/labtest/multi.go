package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate"
)

// secondCluster adds a cluster to the lab's Spec: a store of Glance and a backend
// of Cinder are there, with users of their own.
func secondCluster(spec *integrate.Spec) error {
	const west = "west"
	spec.Clusters = append(spec.Clusters, integrate.ClusterSpec{Name: west, Host: "ceph01", Access: spec.Clusters[0].Access,
		Pools: []integrate.PoolSpec{{Name: "images", PGNum: 16}, {Name: "volumes", PGNum: 16}}})
	spec.Glance.Stores = []integrate.StoreSpec{{Name: west, Cluster: west, Pool: "images", User: "glance"}}
	spec.Cinder.Backends = append(spec.Cinder.Backends,
		integrate.BackendSpec{Name: west, Cluster: west, Pool: "volumes", User: "cinder-west", VolumeType: west})
	return nil
}

// testTwoClusters does the main job with two clusters, two stores and two
// backends.
func (l *lab) testTwoClusters(ctx context.Context, r *report) error {
	if err := l.run(ctx, "brownfield", "second-ceph"); err != nil {
		return err
	}
	in, world, closeAll, err := l.open(ctx, secondCluster)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := l.wholeJob(ctx, r, in, world.Cloud); err != nil {
		return err
	}
	return l.stages(ctx, r, stage{"each compute has a secret for each cluster", l.twoSecrets})
}

// twoSecrets wants the keys of both clusters' users to be different, and on
// both computes.
func (l *lab) twoSecrets(ctx context.Context) (string, error) {
	for _, name := range []string{"compute1", "compute2"} {
		out, err := l.sh(ctx, name, `for u in $(virsh -q secret-list | awk '{print $1}'); do virsh secret-get-value "$u" | sha256sum; done | sort -u | wc -l; virsh -q secret-list | wc -l`)
		if err != nil || strings.Join(strings.Fields(out), " ") != "2 2" {
			return "", fmt.Errorf("%s has %q different values and secrets: %v", name, out, err)
		}
	}
	return "two secrets with two values on each", nil
}
