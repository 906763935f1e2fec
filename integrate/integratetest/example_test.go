package integratetest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// integrated is what Integrated gives a test.
func integrated() *integratetest.World {
	world, err := integratetest.New(smallSpec())
	if err != nil {
		log.Fatal(err)
	}
	if err := world.Integrate(context.Background()); err != nil {
		log.Fatal(err)
	}
	return world
}

func newIntegration(world *integratetest.World) *integrate.Integration {
	in, err := integrate.New(integrate.Config{Spec: world.Spec(), World: world.World, Settle: time.Millisecond,
		Poll: time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	return in
}

// A cloud that is integrated already, in one call. In a test it is Integrated.
func ExampleWorld_Integrate() {
	world, err := integratetest.New(smallSpec())
	if err != nil {
		log.Fatal(err)
	}
	defer world.Close()
	if err := world.Integrate(context.Background()); err != nil {
		log.Fatal(err)
	}
	plan, err := newIntegration(world).Plan(context.Background(), integrate.PlanOptions{})
	fmt.Println(len(plan.Changes), "changes,", world.Machines["compute1"].Exchanges(), "exchange, error:", err)
	// Output: 0 changes, 1 exchange, error: <nil>
}

// A host that comes later.
func ExampleWorld_AddHost() {
	world := integrated()
	defer world.Close()
	world.AddHost(spec.Host{Name: "compute2", Services: []string{"nova-compute"}})
	plan, err := newIntegration(world).Plan(context.Background(),
		integrate.PlanOptions{Only: integrate.Scope{Hosts: []string{"compute2"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(plan.Changes), "changes, the first of them at", plan.Changes[0].Target)
	fmt.Println("the controller was read", world.Machines["controller"].Exchanges(), "times")
	// Output:
	// 5 changes, the first of them at compute2
	// the controller was read 0 times
}

// A host that hangs: a tool has to end when its context ends. In a real world a Plan has a Problem instead, as package
// remote gives such a host up after the timeouts of the Spec: that is a Fail that returns a *remote.HostError with
// remote.ErrTimeout.
func ExampleWorld_hang() {
	world := integrated()
	defer world.Close()
	world.Machines["compute1"].Fail = remotetest.Hang
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err := newIntegration(world).Plan(ctx, integrate.PlanOptions{})
	fmt.Println("hangs:", errors.Is(err, context.DeadlineExceeded))

	world.Machines["compute1"].Fail = func(context.Context, remote.Op) error {
		return &remote.HostError{Host: "compute1", Step: "exchange", Err: remote.ErrTimeout}
	}
	plan, err := newIntegration(world).Plan(context.Background(), integrate.PlanOptions{})
	fmt.Println("given up:", plan.Problems()[0].Target, plan.Problems()[0].Cause, err)

	world.Machines["compute1"].Fail = nil
	plan, err = newIntegration(world).Plan(context.Background(), integrate.PlanOptions{})
	fmt.Println("well:", len(plan.Problems()), "problems", err)
	// Output:
	// hangs: true
	// given up: compute1 host-timeout <nil>
	// well: 0 problems <nil>
}

// Nothing was written, and a host was not even read.
func ExampleWorld_Writes() {
	world := integrated()
	defer world.Close()
	before := world.Writes()
	report, err := newIntegration(world).Verify(context.Background(), integrate.VerifyOptions{Static: true,
		Only: integrate.Scope{Hosts: []string{"compute1"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(report.Checks), "checks,", world.Writes()-before, "writes")
	for _, name := range []string{"compute1", "controller"} {
		fmt.Println(name, "was read:", world.Machines[name].Exchanges() > 0)
	}
	// Output:
	// 8 checks, 0 writes
	// compute1 was read: true
	// controller was read: false
}
