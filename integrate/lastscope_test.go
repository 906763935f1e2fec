package integrate_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/remote"
)

// TestTheLastIsNotRestartedWhereTheOthersAreOutOfScope: they are asked all the same, and not changed. A host that
// cannot be asked does not serve.
func TestTheLastIsNotRestartedWhereTheOthersAreOutOfScope(t *testing.T) {
	only := integrate.Scope{Hosts: []string{"controller"}}
	for _, service := range controlled {
		for _, how := range []string{"one serves", "stopped", "out of reach", "stopped, and the plan is of all"} {
			if how == "out of reach" && service != "glance-api" {
				continue // the APIs tell of the others
			}
			t.Run(service+" "+how, func(t *testing.T) {
				x := newThree(t, time.Minute)
				p := plan(t, x.in) // the APIs hear of the services, too
				for _, other := range controllersOfThree[1:] {
					switch {
					case how == "out of reach":
						x.Machines[other].Fail = func(context.Context, remote.Op) error {
							return &remote.HostError{Host: other, Step: "connect", Err: remote.ErrUnreachable}
						}
					case how != "one serves" || other == "controller2":
						x.Machines[other].StopUnit(service)
					}
				}
				opts := integrate.ApplyOptions{Only: only}
				if how != "stopped, and the plan is of all" {
					var err error
					p, err = x.in.Plan(t.Context(), integrate.PlanOptions{Only: only})
					require.NoError(t, err)
					opts = integrate.ApplyOptions{}
				}
				_, err := x.in.Apply(t.Context(), p, opts)
				for _, other := range controllersOfThree[1:] {
					assert.Zero(t, x.Machines[other].Changes(""), other)
				}
				if how == "one serves" {
					require.NoError(t, err)
					assert.Contains(t, x.restarts, "controller/"+service)
					return
				}
				assert.NotContains(t, x.restarts, "controller/"+service)
				require.ErrorContains(t, err, "no other host serves it: "+service+".service was not restarted")
				assert.NotContains(t, err.Error(), "looked for 0s")
				if how != "stopped, and the plan is of all" {
					require.ErrorContains(t, err, "run again, with these hosts in the scope, too, or with the whole Spec: "+
						"controller2, controller3; if the other hosts are gone for good")
				}
			})
		}
	}
}
