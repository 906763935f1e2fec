package integrate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// TestUndoInOtherWorlds: hosts that are prepared by their entry, hosts with the helper, and containers are as they were
// before, apart from what the Result tells, when nothing was restarted.
func TestUndoInOtherWorlds(t *testing.T) {
	for name, c := range map[string]struct {
		spec  []string
		world func(*testing.T, *integratetest.World)
		fails string // how the path ends that cannot be written
	}{
		"prepared": {[]string{goldenExample, goldenPrepared, goldenBare}, bareHosts, ".conf"},
		"helper":   {[]string{goldenExample, goldenBare, "prepare: {sudo: {helper: true}}"}, bareHosts, "nova.conf"},
		"kolla":    {[]string{goldenExample, goldenKolla}, nil, "/etc/kolla/nova-compute/nova.conf"},
		"rdo":      {[]string{goldenExample, "layout: rdo"}, nil, "nova.conf"},
	} {
		t.Run(name, func(t *testing.T) {
			open := func() *integratetest.World {
				var s spec.Spec
				yamlSpec(t, &s, c.spec...)
				w := integratetest.Open(t, s)
				if c.world != nil {
					c.world(t, w)
				}
				for _, m := range w.Machines {
					m.Forget()
				}
				return w
			}
			twin := open()
			_, err := applyUndoably(t, twin)
			require.NoError(t, err)
			paths := pathsOf(twin)

			w := open()
			before := snapshot(t, w, paths)
			for host, m := range w.Machines {
				m.Fail = func(_ context.Context, op remote.Op) error {
					kind, object := remote.Describe(op)
					if kind == "write" && strings.HasSuffix(object, c.fails) && (host != "controller" || c.fails == ".conf") {
						return errors.New("broken")
					}
					return nil
				}
			}
			r, err := applyWith(t, w, integrate.ApplyOptions{UndoOnFailure: true, Canaries: 1})
			require.Error(t, err)
			for _, m := range w.Machines {
				m.Fail = nil
			}
			after := snapshot(t, w, paths)
			for _, what := range differing(before, after) {
				assert.True(t, stayed(r)[what] || ofSeveral(r, what), "%s differs, and nobody tells:\n%q\n%q\n%s", what,
					before[what], after[what], r.UndoText())
			}
			for _, o := range r.Outcomes {
				assert.NotEqual(t, "failed", o.Undo, "%s: %s", o.Change.ID, o.UndoReason)
			}
			assert.NotContains(t, r.UndoText(), " 0 undone")
			require.NoError(t, w.Integrate(t.Context()), "the next apply reaches the Spec")
		})
	}
}

// ofSeveral reports whether a path is one of several that a change which stays has.
func ofSeveral(r *integrate.Result, what string) bool {
	paths := map[string][]string{"authorized-keys": {"/home/deploy/"}, "sudo-rule": {"/etc/cephstack"},
		"repository": {"/etc/apt/"}, "apparmor": {"/etc/apparmor.d/"}, "file": {"/etc/cephstack", "/usr/local/libexec"}}
	for _, o := range r.Outcomes {
		for _, p := range paths[o.Change.Kind] {
			if o.Undo == "left" && strings.HasPrefix(what, "path "+o.Change.Target+" "+p) {
				return true
			}
		}
	}
	return false
}
