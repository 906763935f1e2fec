package adopt_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cephstack/cephstack/integrate/adopt"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// A cloud is integrated, and nobody has its Spec. Package connect opens the World of a real cloud.
func Example() {
	ctx := context.Background()
	cloud, err := integratetest.New(plain(3))
	if err != nil {
		log.Fatal(err)
	}
	defer cloud.Close()
	if err := cloud.Integrate(ctx); err != nil {
		log.Fatal(err)
	}
	found, err := adopt.Adopt(ctx, adopt.Config{
		Spec: spec.Spec{Clusters: []spec.Cluster{{Name: "ceph"}},
			Hosts: []spec.Host{{Name: "controller"}, {Name: "compute1"}, {Name: "compute2"}, {Name: "compute3"}}},
		Open: func(context.Context, spec.Spec) (world.World, error) { return cloud.World, nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range found.Spec.Hosts {
		fmt.Println(h.Name, h.Services)
	}
	fmt.Println(found.Spec.Release, found.Spec.Cinder.Backends[0].Pool, found.Plan.Empty())
	// Output:
	// controller [glance-api cinder-volume cinder-backup]
	// compute1 [nova-compute]
	// compute2 [nova-compute]
	// compute3 [nova-compute]
	// zed volumes true
}
