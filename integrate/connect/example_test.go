package connect_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// The parts of the World are fakes here. A program that leaves Have out gets
// the real ones.
func ExampleOpen() {
	const text = `release: zed
clusters: [{name: ceph, host: controller}]
hosts:
  - {name: controller, services: [glance-api]}
glance: {}
`
	s, err := spec.Load(strings.NewReader(text), ".")
	if err != nil {
		log.Fatal(err)
	}
	fakes, err := integratetest.New(s)
	if err != nil {
		log.Fatal(err)
	}
	defer fakes.Close()
	ctx := context.Background()
	w, err := connect.Open(ctx, s, connect.Options{Have: fakes.World})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World})
	if err != nil {
		log.Fatal(err)
	}
	plan, err := in.Plan(ctx)
	fmt.Println(len(plan.Problems()), "problems, error:", err)
	// Output: 0 problems, error: <nil>
}
