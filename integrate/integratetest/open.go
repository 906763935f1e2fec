package integratetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// Open builds the world of a Spec for a test, and closes it when the test ends. The test
// fails where the world cannot be built.
func Open(t testing.TB, s spec.Spec) *World {
	t.Helper()
	w, err := New(s)
	if err != nil {
		t.Fatalf("integratetest: the world cannot be built: %v", err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("integratetest: the world cannot be closed: %v", err)
		}
	})
	return w
}

// Integration is the integration of the world's Spec, with the shortest waits. Change the
// World before this call: the Integration keeps the World as it is now.
func (w *World) Integration(t testing.TB) *integrate.Integration {
	t.Helper()
	in, err := w.integration()
	if err != nil {
		t.Fatalf("integratetest: %v", err)
	}
	return in
}

func (w *World) integration() (*integrate.Integration, error) {
	return integrate.New(integrate.Config{Spec: w.spec, World: w.World, Settle: time.Millisecond,
		Poll: time.Millisecond})
}

// Redial is Integration with a login of its own, as another process has.
func (w *World) Redial(t testing.TB) *integrate.Integration {
	t.Helper()
	other := &World{World: w.World, spec: w.spec}
	var err error
	if other.Cloud, err = w.dial(); err != nil {
		t.Fatalf("integratetest: %v", err)
	}
	return other.Integration(t)
}

// Integrated is Open, with a cloud that is as its Spec says; see Integrate.
func Integrated(t testing.TB, s spec.Spec) *World {
	t.Helper()
	w := Open(t, s)
	if err := w.Integrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// Integrate makes the cloud as its Spec says: it plans, applies, and looks that nothing is left to do. What the hosts
// did so far is forgotten then. It is an error if the Spec is not reached.
func (w *World) Integrate(ctx context.Context) error {
	in, err := w.integration()
	if err != nil {
		return err
	}
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err == nil {
		_, err = in.Apply(ctx, plan, integrate.ApplyOptions{})
	}
	if err == nil {
		plan, err = in.Plan(ctx, integrate.PlanOptions{})
	}
	switch {
	case err != nil:
		return fmt.Errorf("integratetest: the Spec is not reached: %w", err)
	case !plan.Empty():
		return fmt.Errorf("integratetest: the Spec is not reached:\n%s", plan)
	}
	for _, m := range w.Machines {
		m.Forget()
	}
	return nil
}
