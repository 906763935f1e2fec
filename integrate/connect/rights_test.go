package connect_test

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
)

// What a user needs, to work in place of client.admin.
func ExampleRightsFor() {
	cloud := spec.Spec{
		Clusters: []spec.Cluster{{Name: "ceph", User: "cephstack"}},
		Glance:   &spec.Glance{Pool: "images", User: "glance"},
	}
	rights := connect.RightsFor(cloud, "ceph")
	fmt.Println("plan   mon", strings.ReplaceAll(rights.Plan["mon"], ", ", ",\n           "))
	fmt.Println("apply  osd", rights.Apply["osd"])
	fmt.Println("verify osd", rights.Verify["osd"])
	// Output:
	// plan   mon allow r,
	//            allow command "auth get" with entity regex "^(client[.]glance)$"
	// apply  osd allow rwx pool=cephstack, profile rbd pool=images
	// verify osd profile rbd-read-only pool=images
}
