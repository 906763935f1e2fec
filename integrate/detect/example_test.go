package detect_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/detect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// The hosts tell the release that a Spec leaves out.
func ExampleRelease() {
	cloud := spec.Spec{
		Release:  "zed", // what the fake hosts run
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts:    []spec.Host{{Name: "compute1", Services: []string{"nova-compute"}}},
		Nova:     &spec.Nova{},
	}
	fakes, err := integratetest.New(cloud)
	if err != nil {
		log.Fatal(err)
	}
	defer fakes.Close()
	cloud.Release = ""
	found, err := detect.Release(context.Background(), integrate.Config{Spec: cloud, World: fakes.World})
	if err != nil {
		log.Fatal(err)
	}
	cloud.Release = found.Release
	fmt.Println(cloud.Release, cloud.Validate())
	// Output: zed <nil>
}
