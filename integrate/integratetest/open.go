package integratetest

import (
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
	in, err := integrate.New(integrate.Config{Spec: w.spec, World: w.World, Settle: time.Millisecond,
		Poll: time.Millisecond})
	if err != nil {
		t.Fatalf("integratetest: %v", err)
	}
	return in
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

// Integrated is Open, with a cloud that is as its Spec says: the Spec was planned and
// applied, and nothing is left to do. What the hosts did so far is forgotten. The test
// fails where the Spec cannot be reached.
func Integrated(t testing.TB, s spec.Spec) *World {
	t.Helper()
	w := Open(t, s)
	in := w.Integration(t)
	plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
	if err == nil {
		_, err = in.Apply(t.Context(), plan, integrate.ApplyOptions{})
	}
	if err == nil {
		plan, err = in.Plan(t.Context(), integrate.PlanOptions{})
	}
	if err != nil || !plan.Empty() {
		t.Fatalf("integratetest: the Spec is not reached: %v\n%s", err, plan)
	}
	for _, m := range w.Machines {
		m.Forget()
	}
	return w
}
