package cephtest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

func Example() {
	ctx := context.Background()
	fake := cephtest.New()
	if err := fake.AddPool(ceph.Pool{Name: "images", Application: "rbd"}); err != nil {
		fmt.Println(err)
	}
	if err := fake.AddImage(ceph.Image{Pool: "images", Name: "cirros", Size: 1 << 26}); err != nil {
		fmt.Println(err)
	}
	names, _ := fake.List(ctx, "images")
	fmt.Println(names, fake.Reads(), fake.Writes())
	// Output: [cirros] 1 0
}

func ExampleCluster_fail() {
	fake := cephtest.New()
	fake.Fail = func(op cephtest.Op) error {
		if op.Name == "osd pool application enable" {
			return errors.New("the monitors went away")
		}
		return nil
	}
	cluster, pool := ceph.New(fake), ceph.Pool{Name: "volumes", Application: "rbd"}
	fmt.Println(cluster.CreatePool(context.Background(), pool))
	fake.Fail = nil
	fmt.Println(cluster.CreatePool(context.Background(), pool))
	pools, _ := cluster.Pools(context.Background())
	fmt.Println(len(pools), pools[0].Application)
	// Output:
	// the monitors went away
	// <nil>
	// 1 rbd
}
