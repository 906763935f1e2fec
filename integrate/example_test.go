package integrate_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

func Example() {
	cloud := spec.Spec{
		Release:  "zed",
		Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
		},
		Glance: &spec.Glance{Pool: "images", User: "glance"},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", Pool: "volumes", User: "cinder"}}},
		Nova:   &spec.Nova{Pool: "vms", User: "cinder"},
	}
	fakes, err := integratetest.New(cloud)
	if err != nil {
		log.Fatal(err)
	}
	defer fakes.Close()
	in, err := integrate.New(integrate.Config{Spec: cloud, World: fakes.World})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(plan.Changes), "changes,", len(plan.Problems()), "problems") // or fmt.Print(plan)
	result, err := in.Apply(ctx, plan, integrate.ApplyOptions{})
	fmt.Println(result.Count(integrate.Applied), "applied, error:", err)
	report, err := in.Verify(ctx, integrate.VerifyOptions{Static: true})
	fmt.Println(len(report.Checks), "checks, error:", err)
	// Output:
	// 19 changes, 0 problems
	// 19 applied, error: <nil>
	// 13 checks, error: <nil>
}

func ExampleIntegration_Converge() {
	cloud := spec.Spec{
		Release:  "zed",
		Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
		},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}},
	}
	fakes, err := integratetest.New(cloud)
	if err != nil {
		log.Fatal(err)
	}
	defer fakes.Close()
	in, err := integrate.New(integrate.Config{Spec: cloud, World: fakes.World, Parallel: 100})
	if err != nil {
		log.Fatal(err)
	}
	var failed []error
	options := integrate.ConvergeOptions{ApplyOptions: integrate.ApplyOptions{Canaries: 1}}
	for part := range in.Converge(context.Background(), options) {
		fmt.Println(part.Target, part.Result.Count(integrate.Applied))
		if err := part.Err(); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", part.Target, err))
		}
	}
	fmt.Println(len(failed), "failed")
	// Output:
	// ceph 2
	// compute1 5
	// controller 5
	// cloud 0
	// 0 failed
}
