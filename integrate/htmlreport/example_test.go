package htmlreport_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/htmlreport"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A tool plans, and keeps the plan as a page that somebody reads before the plan is applied.
func ExamplePlan() {
	cloud := spec.Spec{
		Release:  "zed",
		Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
		},
		Glance: &spec.Glance{},
		Nova:   &spec.Nova{},
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
	plan, err := in.Plan(context.Background(), integrate.PlanOptions{})
	if err != nil {
		log.Fatal(err)
	}
	var page bytes.Buffer // or a file: os.Create("plan.html")
	if err := htmlreport.Plan(&page, plan, htmlreport.Options{Spec: cloud, Title: "Ceph for the new rack"}); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(page.String()) {
		if strings.HasPrefix(line, "<h1>") || strings.HasPrefix(line, `<p class="verdict`) {
			fmt.Print(line)
		}
	}
	// Output:
	// <h1>Ceph for the new rack</h1>
	// <p class="verdict changes"><span class="sign" aria-hidden="true">±</span> 15 changes to make in 3 places.</p>
}

// A tool verifies each night, and keeps the report as a page.
func ExampleReport() {
	cloud := spec.Spec{
		Release:  "zed",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts:    []spec.Host{{Name: "controller", Services: []string{"glance-api"}}},
		Glance:   &spec.Glance{},
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
	report, failed := in.Verify(context.Background(), integrate.VerifyOptions{Static: true})
	var page bytes.Buffer
	if err := htmlreport.Report(&page, report, htmlreport.Options{Spec: cloud, Program: "nightly 1.2"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("passed:", failed == nil)
	fmt.Println("what to do is in the page:", strings.Contains(page.String(), "What to do next"))
	// Output:
	// passed: false
	// what to do is in the page: true
}
