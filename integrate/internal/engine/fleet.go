package engine

import (
	"context"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/openstack/api"
)

// observeFleet reads what Nova tells of its computes together: which VMs are on their way from one
// to another, and how the computes are grouped. It makes requests only where that can matter.
func (e *Engine) observeFleet(ctx context.Context, c *step.Cloud, servers []api.Server) {
	computes := 0
	for _, h := range e.Site.Hosts {
		if want.IsCompute(h) {
			computes++
		}
	}
	if computes > 1 {
		c.Aggregates, c.AggregatesErr = e.World.Cloud.Aggregates(ctx)
	}
	moving := map[string]api.Server{}
	for _, s := range servers {
		if want.Moving(s) {
			moving[s.ID] = s
		}
	}
	if len(moving) == 0 {
		return
	}
	found, err := e.World.Cloud.Migrations(ctx)
	c.MovesErr = err
	told := map[string]bool{}
	for _, m := range found {
		vm, ok := moving[m.Server]
		if !ok {
			continue // what is left of a migration that did not end well keeps nobody waiting
		}
		told[vm.ID] = true
		move := step.Move{Migration: m, VM: vm}
		if m.Source != "" || m.Dest == "" {
			c.Moves[m.Source] = append(c.Moves[m.Source], move)
		}
		if m.Dest != "" && m.Dest != m.Source {
			c.Moves[m.Dest] = append(c.Moves[m.Dest], move)
		}
	}
	for _, vm := range servers {
		if want.Moving(vm) && !told[vm.ID] && (err != nil || vm.Status == want.Unconfirmed) {
			c.Moves[""] = append(c.Moves[""], step.Move{VM: vm})
		}
	}
}
