package integrate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
)

// pathsOf are the paths that the hosts of a world have changed.
func pathsOf(w *integratetest.World) map[string][]string {
	all := map[string][]string{}
	for name, m := range w.Machines {
		for _, op := range m.Log() {
			if guard, is := op.(remote.If); is {
				op = guard.Op
			}
			switch op.(type) {
			case remote.WriteFile, remote.Mkdir, remote.SetAttr, remote.Remove:
				if _, path := remote.Describe(op); !slices.Contains(all[name], path) {
					all[name] = append(all[name], path)
				}
			}
		}
	}
	return all
}

// snapshot is all that a world has of what an Apply changes, by a name for each.
func snapshot(t *testing.T, w *integratetest.World, paths map[string][]string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, m := range w.Machines {
		for _, path := range paths[name] {
			r := m.Look(remote.ReadFile{Path: path})
			if dir := m.Look(remote.Stat{Path: path}); dir.File.Kind == "dir" {
				r = dir
			}
			if r.Err == nil {
				all["path "+name+" "+path] = fmt.Sprintf("%s %s:%s %04o %s", r.File.Kind, r.File.Owner, r.File.Group, r.File.Mode,
					r.Data)
			}
		}
	}
	for name, store := range w.Libvirt {
		list, err := store.List(context.Background())
		if err != nil {
			continue
		}
		for _, s := range list {
			all["secret "+name+" "+s.UUID] = s.UsageID + " " + s.Value.Reveal()
		}
	}
	c := ceph.New(w.Ceph["ceph"])
	users, err := c.Users(t.Context(), "client.glance", "client.cinder", "client.cinder-backup")
	require.NoError(t, err)
	for entity, u := range users {
		all["user "+entity] = u.Key.Reveal() + " " + u.Caps.String()
	}
	pools, err := c.Pools(t.Context())
	require.NoError(t, err)
	for _, p := range pools {
		all["pool "+p.Name] = fmt.Sprintf("%+v", p)
	}
	types, err := w.Cloud.VolumeTypes(t.Context())
	require.NoError(t, err)
	for name, specs := range types {
		all["type "+name] = fmt.Sprint(specs)
	}
	return all
}

// differing are the names of what two snapshots do not have alike.
func differing(a, b map[string]string) []string {
	var names []string
	for name := range a {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// undoWorld is a cloud with each kind of change that is taken back.
func undoWorld(t *testing.T) *integratetest.World {
	t.Helper()
	s := exampleSpec()
	w := integratetest.Open(t, s)
	_, err := ceph.New(w.Ceph["ceph"]).CreateUser(t.Context(), "client.glance", ceph.Caps{"mon": "allow r"}) // is widened
	require.NoError(t, err)
	w.Machines["controller"].AddFile("/etc/ceph/ceph.conf", []byte("[client]\nx = y\n"), 0o640) // is completed
	for _, m := range w.Machines {
		m.Forget()
	}
	return w
}

func applyUndoably(t *testing.T, w *integratetest.World) (*integrate.Result, error) {
	t.Helper()
	return applyWith(t, w, integrate.ApplyOptions{UndoOnFailure: true})
}

func applyWith(t *testing.T, w *integratetest.World, opts integrate.ApplyOptions) (*integrate.Result, error) {
	t.Helper()
	in := w.Integration(t)
	p, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	return in.Apply(t.Context(), p, opts)
}

// changed is what an Apply of undoWorld changes: the paths, and the IDs of the changes.
func changed(t *testing.T) (map[string][]string, []integrate.Change) {
	t.Helper()
	w := undoWorld(t)
	r, err := applyUndoably(t, w)
	require.NoError(t, err)
	var changes []integrate.Change
	for _, o := range r.Outcomes {
		assert.Empty(t, o.Undo, "nothing failed, so nothing is taken back")
		changes = append(changes, o.Change)
	}
	return pathsOf(w), changes
}

// failAt makes a change fail, whatever it is.
func failAt(w *integratetest.World, c integrate.Change) {
	broken := errors.New("broken")
	switch c.Kind {
	case "pool", "user":
		w.Ceph["ceph"].Fail = func(op cephtest.Op) error {
			if object, _, _ := strings.Cut(op.Object, " "); op.Write && object == c.Name {
				return broken
			}
			return nil
		}
	case "secret":
		w.Libvirt[c.Target].Fail = func(call secrettest.Call) error {
			if call.Op == "define" {
				return broken
			}
			return nil
		}
	case "volume-type":
		w.API.Interrupt(func(r *http.Request) (int, string, bool) {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/types") {
				return 0, "", false
			}
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			return http.StatusForbidden, "no", strings.Contains(string(body), `"name":"`+c.Name+`"`)
		})
	default:
		failed := false // a unit does not come up with the new options, and does with the old ones
		w.Machines[c.Target].Fail = func(_ context.Context, op remote.Op) error {
			guard, is := op.(remote.If)
			if is {
				op = guard.Op
			}
			switch op.(type) {
			case remote.ReadFile, remote.Stat, remote.ReadDir, remote.UnitState, remote.Packages:
				return nil
			}
			_, object := remote.Describe(op)
			if object != c.Name && (c.Kind != "packages" || !strings.Contains(object, "ceph-common")) ||
				failed && c.Kind == "unit" {
				return nil
			}
			failed = true
			return broken
		}
	}
}

// stayed are the names in a snapshot of what an undo has told as left.
func stayed(r *integrate.Result) map[string]bool {
	names := map[string]bool{"pool cephstack": true} // of the operator lock
	for _, o := range r.Outcomes {
		if o.Undo != "left" {
			continue
		}
		switch c := o.Change; c.Kind {
		case "pool", "user":
			names[c.Kind+" "+c.Name] = true
		case "secret":
			names["secret "+c.Target+" "+c.Name] = true
		default:
			names["path "+c.Target+" "+c.Name] = true
		}
	}
	return names
}

// TestUndoTakesBackWhatAFailedApplyDid fails each change of a whole plan, one at a time: the world is byte by byte as
// it was before, apart from what the Result tells as left. Another apply then reaches the Spec.
func TestUndoTakesBackWhatAFailedApplyDid(t *testing.T) {
	paths, changes := changed(t)
	for n := 0; n < len(changes); n += oneIn(3) {
		c := changes[n]
		t.Run(strings.ReplaceAll(c.ID, "/", "_"), func(t *testing.T) {
			w := undoWorld(t)
			before := snapshot(t, w, paths)
			failAt(w, c)
			r, err := applyUndoably(t, w)
			require.Error(t, err)
			w.Ceph["ceph"].Fail = nil
			w.API.Interrupt(nil)
			for name := range w.Machines {
				w.Machines[name].Fail = nil
			}
			for name := range w.Libvirt {
				w.Libvirt[name].Fail = nil
			}
			after, left := snapshot(t, w, paths), stayed(r)
			for _, name := range differing(before, after) {
				assert.True(t, left[name], "%s differs, and nobody tells:\n%q\n%q\n%s", name,
					before[name], after[name], r.UndoText())
			}
			effects := 0
			for _, o := range r.Outcomes {
				if o.Status == integrate.Applied {
					effects++
					assert.NotEmpty(t, o.Undo, "%s was applied", o.Change.ID)
				}
				assert.NotEqual(t, "failed", o.Undo, "%s: %s", o.Change.ID, o.UndoReason)
			}
			t.Logf("%d changes had an effect\n%s", effects, r.UndoText())
			require.NoError(t, w.Integrate(t.Context()), "the next apply reaches the Spec")
		})
	}
}

// TestUndoLeavesWhatSomebodyChangedSince: a hand edit between the change and the undo stays, byte by byte, and so does
// what the edited thing needs.
func TestUndoLeavesWhatSomebodyChangedSince(t *testing.T) {
	paths, _ := changed(t)
	w := undoWorld(t)
	before := snapshot(t, w, paths)
	const keyring = "/etc/ceph/ceph.client.cinder.keyring"
	failAt(w, integrate.Change{Kind: "settings", Target: "controller", Name: "/etc/cinder/cinder.conf"})
	in := integrate.Config{Spec: w.Spec(), World: w.World, Settle: 1, Poll: 1, Observer: func(e integrate.Event) {
		if f, ok := e.(integrate.ChangeFinished); ok && f.Outcome.Change.Name == "/etc/cinder/cinder.conf" {
			w.Machines["controller"].AddFile(keyring, []byte("# mine\n"), 0o640)
			w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.cinder-backup", Caps: ceph.Caps{"mon": "allow r"}})
		}
	}}
	i, err := integrate.New(in)
	require.NoError(t, err)
	p, err := i.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	r, err := i.Apply(t.Context(), p, integrate.ApplyOptions{UndoOnFailure: true})
	require.Error(t, err)
	after := snapshot(t, w, paths)
	assert.Contains(t, after["path controller "+keyring], "# mine")
	assert.Contains(t, after["user client.cinder-backup"], "mon 'allow r'")
	undo := map[string]integrate.Outcome{}
	for _, o := range r.Outcomes {
		undo[o.Change.ID] = o
	}
	assert.Equal(t, "left", undo["file/controller/"+keyring].Undo)
	assert.Contains(t, undo["file/controller/"+keyring].UndoReason, "somebody changed it since")
	assert.Equal(t, "left", undo["user/ceph/client.cinder-backup"].Undo)
	for _, name := range differing(before, after) {
		assert.True(t, stayed(r)[name], "%s\n%s", name, r.UndoText())
	}
}

// TestUndoOnAHostThatDies says of each change of the host that it could not be taken back, and goes on with the others.
func TestUndoOnAHostThatDies(t *testing.T) {
	w := undoWorld(t)
	failAt(w, integrate.Change{Kind: "unit", Target: "compute1", Name: "nova-compute.service"})
	was, dead := w.Machines["compute1"].Fail, false
	w.Machines["compute1"].Fail = func(ctx context.Context, op remote.Op) error {
		if dead {
			return &remote.HostError{Host: "compute1", Step: "connect", Err: remote.ErrUnreachable}
		}
		err := was(ctx, op)
		dead = err != nil
		return err
	}
	r, err := applyWith(t, w, integrate.ApplyOptions{UndoOnFailure: true, Canaries: 1})
	require.ErrorContains(t, err, "could not be taken back")
	require.ErrorIs(t, err, integrate.ErrStopped)
	status := map[string]string{}
	for _, o := range r.Outcomes {
		status[o.Change.ID] = o.Undo
	}
	assert.Equal(t, "failed", status["settings/compute1//etc/nova/nova.conf"])
	assert.Equal(t, "undone", status["user/ceph/client.glance"], r.UndoText())
	assert.Equal(t, "left", status["user/ceph/client.cinder"], "its keyring is on the host that died: %s", r.UndoText())
	w.Machines["compute1"].Fail = nil
	require.NoError(t, w.Integrate(t.Context()), "the next apply reaches the Spec")
}

// TestUndoOfTheAPIs: a volume type that was made is deleted again, and one whose extra specs were changed has those of
// before. What somebody changed since stays.
func TestUndoOfTheAPIs(t *testing.T) {
	for name, since := range map[string]func(*integratetest.World) error{
		"as it was made": nil,
		"changed since": func(w *integratetest.World) error {
			return w.Cloud.SetVolumeTypeSpecs(context.Background(), "ceph", map[string]string{"multiattach": "mine"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := exampleSpec()
			s.Cinder.Backends = []spec.Backend{
				{Name: "ceph", VolumeType: "ceph", ExtraSpecs: map[string]string{"multiattach": "yes"}},
				{Name: "fast", Pool: "volumes", VolumeType: "fast"}, {Name: "slow", Pool: "volumes", VolumeType: "slow"}}
			w := integratetest.Open(t, s)
			w.API.AddVolumeType("ceph", "ceph")
			require.NoError(t, w.Cloud.SetVolumeTypeSpecs(t.Context(), "ceph", map[string]string{"multiattach": "no"}))
			failAt(w, integrate.Change{Kind: "volume-type", Name: "slow"})
			in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1,
				Observer: func(e integrate.Event) {
					if f, ok := e.(integrate.ChangeFinished); ok && f.Outcome.Change.Name == "slow" && since != nil {
						assert.NoError(t, since(w))
					}
				}})
			require.NoError(t, err)
			p, err := in.Plan(t.Context(), integrate.PlanOptions{})
			require.NoError(t, err)
			r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{UndoOnFailure: true})
			require.Error(t, err)
			types, err := w.Cloud.VolumeTypes(t.Context())
			require.NoError(t, err)
			assert.NotContains(t, types, "fast", r.UndoText())
			want := "no"
			if since != nil {
				want = "mine"
				assert.Contains(t, r.UndoText(), "volume-type ceph: left: somebody changed it since")
			}
			assert.Equal(t, want, types["ceph"]["multiattach"])
		})
	}
}

// TestUndoNeedsTheLock: whoever has lost the operator lock takes nothing back, and says so.
func TestUndoNeedsTheLock(t *testing.T) {
	paths, _ := changed(t)
	w := undoWorld(t)
	var then map[string]string
	in, err := integrate.New(integrate.Config{Spec: w.Spec(), World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	var shift atomic.Int64
	in.Term(time.Minute, func() time.Time { return time.Now().Add(time.Duration(shift.Load())) })
	w.Machines["controller"].Fail = func(_ context.Context, op remote.Op) error {
		if name, _ := remote.Describe(op); name == "write" && shift.Load() == 0 { // the machine sleeps, and somebody comes
			shift.Store(int64(time.Hour))
			lock := ceph.Lock{Pool: "cephstack", Object: "operator-lock", ID: "other", Owner: "bob", Host: "there",
				Purpose: "apply", Since: time.Now(), Term: time.Hour}
			held, err := w.Ceph["ceph"].Holder(context.Background(), "cephstack", "operator-lock")
			assert.NoError(t, err)
			assert.NoError(t, w.Ceph["ceph"].Unlock(context.Background(), held))
			assert.NoError(t, w.Ceph["ceph"].Lock(context.Background(), lock))
		}
		return nil
	}
	p, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{UndoOnFailure: true})
	require.ErrorIs(t, err, world.ErrLock)
	require.ErrorContains(t, err, "could not be taken back")
	then = snapshot(t, w, paths)
	for _, o := range r.Outcomes {
		if o.Status == integrate.Applied {
			assert.Equal(t, "failed", o.Undo, o.Change.ID)
			assert.Contains(t, o.UndoReason, "bob@there")
		}
	}
	assert.Contains(t, then["path compute1 /etc/nova/nova.conf"], "rbd", "nothing was taken back")
}

// TestUndoIsNotForConverge, and is not made where nothing fails.
func TestUndoIsNotForConverge(t *testing.T) {
	w := undoWorld(t)
	for part := range w.Integration(t).Converge(t.Context(), integrate.ConvergeOptions{
		ApplyOptions: integrate.ApplyOptions{UndoOnFailure: true}}) {
		require.ErrorContains(t, part.Err(), "a Converge cannot be taken back")
	}
	assert.Empty(t, pathsOf(w))
}

// TestUndoAfterAnInterrupt: the end of the context ends the apply, and the undo is made all the same.
func TestUndoAfterAnInterrupt(t *testing.T) {
	paths, _ := changed(t)
	w := undoWorld(t)
	before := snapshot(t, w, paths)
	ctx, cancel := context.WithCancel(t.Context())
	in := w.Integration(t)
	p, err := in.Plan(ctx, integrate.PlanOptions{UndoOnFailure: true})
	require.NoError(t, err)
	w.Machines["controller"].Fail = func(context.Context, remote.Op) error { cancel(); return nil }
	r, err := in.Apply(ctx, p, integrate.ApplyOptions{UndoOnFailure: true})
	require.ErrorIs(t, err, context.Canceled)
	w.Machines["controller"].Fail = nil
	for _, name := range differing(before, snapshot(t, w, paths)) {
		assert.True(t, stayed(r)[name], "%s\n%s", name, r.UndoText())
	}
	for _, o := range r.Outcomes {
		assert.NotEqual(t, "failed", o.Undo, "%s: %s", o.Change.ID, o.UndoReason)
	}
}

// TestAPlanSaysWhatStays: what an undo would leave is in the plan already.
func TestAPlanSaysWhatStays(t *testing.T) {
	w := undoWorld(t)
	in := w.Integration(t)
	p, err := in.Plan(t.Context(), integrate.PlanOptions{UndoOnFailure: true})
	require.NoError(t, err)
	said := map[string]bool{}
	for _, f := range p.Findings {
		if f.Code == "stays-after-undo" {
			said[strings.Fields(f.Object)[0]] = true
			assert.False(t, f.Problem)
		}
	}
	assert.Subset(t, slices.Collect(maps.Keys(said)), []string{"pool", "packages", "unit"})
	again, err := integrate.ParsePlan([]byte(asJSON(t, p)))
	require.NoError(t, err)
	_, err = in.Apply(t.Context(), again, integrate.ApplyOptions{UndoOnFailure: true})
	require.NoError(t, err)
}
