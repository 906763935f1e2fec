package drift_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/drift"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A service that somebody has stopped.
func Example() {
	s := spec.Spec{Release: "zed", Clusters: []spec.Cluster{{Name: "ceph"}}, Nova: &spec.Nova{},
		Hosts: []spec.Host{{Name: "compute1", Services: []string{"nova-compute"}}}}
	w, err := integratetest.New(s) // a cloud in memory; connect.Open opens a real one
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	ctx := context.Background()
	if err := w.Integrate(ctx); err != nil {
		log.Fatal(err)
	}
	w.Machines["compute1"].StopUnit("nova-compute.service")

	in, err := integrate.New(integrate.Config{Spec: s, World: w.World})
	if err != nil {
		log.Fatal(err)
	}
	report, err := drift.Look(ctx, in, drift.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(report)
	fmt.Println(report.Status, report.Err())
	// Output:
	// ! compute1: unit nova-compute.service  (it is inactive, not active)
	// 1 resource differs from the Spec.
	// found drift: the cloud is not as the Spec says: 1 resource differs
}
