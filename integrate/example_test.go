package integrate_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
)

func Example() {
	spec := integrate.Spec{
		Release:  "zed",
		Packages: "install",
		Clusters: []integrate.ClusterSpec{{Name: "ceph"}},
		Hosts: []integrate.HostSpec{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
		},
		Glance: &integrate.GlanceSpec{Pool: "images", User: "glance"},
		Cinder: &integrate.CinderSpec{Backends: []integrate.BackendSpec{{Name: "ceph", Pool: "volumes", User: "cinder"}}},
		Nova:   &integrate.NovaSpec{Pool: "vms", User: "cinder"},
	}
	fakes, err := integratetest.New(spec)
	if err != nil {
		log.Fatal(err)
	}
	defer fakes.Close()
	in, err := integrate.New(integrate.Config{Spec: spec, World: fakes.World})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	plan, err := in.Plan(ctx)
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
	// 11 checks, error: <nil>
}
