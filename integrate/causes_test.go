package integrate_test

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/cephstack/cephstack/remote"
)

// lost is a connection that was lost during an exchange.
func lost(host string) error {
	return &remote.HostError{Host: host, Step: "exchange", Err: remote.ErrUnreachable}
}

// TestAHostThatIsLostDuringApply can be asked which host and which step it was, whether
// the plan was stored or not.
func TestAHostThatIsLostDuringApply(t *testing.T) {
	for _, keeps := range []bool{true, false} {
		w, in := open(t, exampleSpec())
		p := plan(t, in)
		if !keeps {
			p = stored(t, p)
		}
		const path = "/etc/ceph/ceph.client.cinder.keyring"
		w.Machines["compute1"].FailAfter = func(_ context.Context, op remote.Op) error {
			if f, ok := op.(remote.WriteFile); ok && f.Path == path {
				return lost("compute1")
			}
			return nil
		}
		r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		var host *remote.HostError
		require.ErrorAs(t, err, &host)
		assert.Equal(t, "compute1", host.Host)
		assert.Equal(t, "exchange", host.Step)
		var op *remote.OpError
		require.ErrorAs(t, err, &op)
		assert.Equal(t, "compute1", op.Host)
		var failed *integrate.ChangeError
		require.ErrorAs(t, err, &failed)
		for _, o := range r.Outcomes {
			switch {
			case o.Change.ID == "file/compute1/"+path:
				assert.Equal(t, integrate.Unknown, o.Status, "it may have been written")
				require.ErrorIs(t, o.Err, remote.ErrUnknown)
				assert.True(t, o.Retryable)
				assert.True(t, (&integrate.ChangeError{Change: o.Change, Status: o.Status, Err: o.Err}).Retryable())
			case o.Change.Target == "compute1" && o.Change.Kind == "unit":
				assert.NotEqual(t, integrate.Unknown, o.Status, "%s: %v", o.Change.ID, o.Err)
				assert.NotEqual(t, integrate.Applied, o.Status)
			case o.Change.Target == "compute2":
				assert.Equal(t, integrate.Applied, o.Status, o.Change.ID)
			}
		}
		w.Machines["compute1"].FailAfter = nil
		apply(t, in)
		assert.True(t, plan(t, in).Empty())
	}
}

// TestWhatMayBeTriedAgain is said of each outcome, and in JSON.
func TestWhatMayBeTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		err       error
		retryable bool
	}{
		"lost":     {lost("compute1"), true},
		"host key": {&remote.HostError{Host: "compute1", Step: "host key", Err: remote.ErrHostKey}, false},
		"sudo":     {&remote.HostError{Host: "compute1", Step: "sudo", Err: remote.ErrSudo}, false},
		"local": {&remote.HostError{Host: "compute1", Step: "authenticate",
			Err: errors.Join(remote.ErrLocal, remote.ErrAuth)}, false},
		"timed out": {&remote.HostError{Host: "compute1", Step: "exchange", Err: remote.ErrTimeout}, true},
		"disk":      {errors.New("no space"), false},
	} {
		w, in := open(t, exampleSpec())
		p := plan(t, in)
		w.Machines["compute1"].Fail = func(context.Context, remote.Op) error { return c.err }
		r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.ErrorIs(t, err, c.err, name)
		found := false
		for _, o := range r.Outcomes {
			if o.Change.Target == "compute1" && o.Status != integrate.Skipped {
				found = true
				assert.Equal(t, c.retryable, o.Retryable, "%s: %s", name, o.Error)
				assert.Equal(t, c.retryable, strings.Contains(asJSON(t, o), `"retryable": true`), name)
			}
		}
		assert.True(t, found, name)
	}
}

// TestWhatNeverBeganIsCancelled ends ctx at each operation of a compute in turn.
func TestWhatNeverBeganIsCancelled(t *testing.T) {
	for at := 1; ; at++ {
		w, in := open(t, exampleSpec())
		p := plan(t, in)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("the shift is over")
		n, reached := 0, false
		w.Machines["compute1"].Fail = func(context.Context, remote.Op) error {
			if n++; n == at {
				reached = true
				cancel(why)
				return ctx.Err() // the operation is not begun
			}
			return nil
		}
		one, err := integrate.New(integrate.Config{Spec: exampleSpec(), World: w.World, Parallel: 1,
			Settle: 1, Poll: 1})
		require.NoError(t, err)
		r, err := one.Apply(ctx, stored(t, p), integrate.ApplyOptions{})
		if !reached {
			require.NoError(t, err)
			require.Greater(t, at, 10)
			return
		}
		require.Error(t, err)
		require.ErrorIs(t, err, why)
		for _, o := range r.Outcomes {
			switch o.Status {
			case integrate.Unknown:
				require.ErrorIs(t, o.Err, remote.ErrUnknown, "at %d: %s", at, o.Change.ID)
				assert.Equal(t, "compute1", o.Change.Target)
			case integrate.Cancelled:
				assert.NotErrorIs(t, o.Err, remote.ErrUnknown, "at %d: %s", at, o.Change.ID)
				assert.ErrorIs(t, o.Err, why, "at %d: %s", at, o.Change.ID)
			default:
				assert.Contains(t, []integrate.Status{integrate.Applied, integrate.Unchanged, integrate.Skipped, integrate.Failed},
					o.Status)
			}
		}
		assert.Zero(t, w.Machines["compute2"].Changes(""), "at %d: it was not begun", at)
		assert.Zero(t, w.Machines["controller"].Changes(""), "at %d", at)
		w.Machines["compute1"].Fail = nil
		apply(t, in)
	}
}

// TestAStoredPlanWithoutMonitors says of each keyring that the cluster is the cause.
func TestAStoredPlanWithoutMonitors(t *testing.T) {
	w, in := open(t, exampleSpec())
	p := stored(t, plan(t, in))
	w.Ceph["ceph"].Fail = func(cephtest.Op) error { return ceph.ErrUnreachable }
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	seen := 0
	for _, o := range r.Outcomes {
		if o.Change.Kind != "file" && o.Change.Kind != "secret" && o.Change.Kind != "settings" {
			continue
		}
		seen++
		require.ErrorIs(t, o.Err, ceph.ErrUnreachable, o.Change.ID)
		assert.Contains(t, o.Error, "ceph: ", o.Change.ID)
		assert.Contains(t, o.Error, "monitors answer", o.Change.ID)
		assert.True(t, o.Retryable, o.Change.ID)
		if o.Change.Kind == "file" {
			assert.NotContains(t, o.Error, ".conf: left alone", o.Change.ID)
		}
	}
	assert.Positive(t, seen)
	w.Ceph["ceph"].Fail = nil
	apply(t, in)
}

// TestCancelledWhileTheAPIsAreAwaited: the unit was restarted, and did not fail.
func TestCancelledWhileTheAPIsAreAwaited(t *testing.T) {
	w, in := open(t, exampleSpec())
	p := plan(t, in)
	ctx, cancel := context.WithCancel(t.Context())
	w.Machines["compute1"].FailAfter = func(_ context.Context, op remote.Op) error {
		if _, ok := op.(remote.RestartUnit); ok {
			w.API.SetUp("nova-compute", "compute1", false)
			time.AfterFunc(20*time.Millisecond, cancel)
		}
		return nil
	}
	one, err := integrate.New(integrate.Config{Spec: exampleSpec(), World: w.World, Parallel: 1, Settle: 1, Poll: 1})
	require.NoError(t, err)
	r, err := one.Apply(ctx, stored(t, p), integrate.ApplyOptions{})
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, remote.ErrUnitFailed)
	for _, o := range r.Outcomes {
		if o.Change.ID == "unit/compute1/nova-compute.service" {
			require.ErrorIs(t, o.Err, context.Canceled)
			assert.Contains(t, o.Error, "was restarted and is active; whether the APIs report it up was not awaited")
			assert.Equal(t, integrate.Unknown, o.Status)
		}
	}
}

// TestAnObserverMayUseTheIntegration plans, verifies, applies and converges from each
// event, and gets the events of an operation one at a time.
func TestAnObserverMayUseTheIntegration(t *testing.T) {
	w := integratetest.Open(t, exampleSpec())
	var in *integrate.Integration
	var busy, nested, calls atomic.Int64
	observer := func(integrate.Event) {
		if nested.Load() > 0 {
			return // the event is of an operation that this observer began
		}
		assert.EqualValues(t, 1, busy.Add(1), "events of one operation are serialized")
		defer busy.Add(-1)
		if calls.Add(1) > 12 {
			return
		}
		nested.Add(1)
		defer nested.Add(-1)
		p, err := in.Plan(t.Context(), integrate.PlanOptions{})
		require.NoError(t, err)
		_, _ = in.Apply(t.Context(), p, integrate.ApplyOptions{}) // it may be in conflict with what is under way
		_, _ = in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
		for range in.Converge(t.Context(), integrate.ConvergeOptions{PlanOnly: true}) {
		}
	}
	in, err := integrate.New(integrate.Config{Spec: exampleSpec(), World: w.World, Observer: observer, Parallel: 1,
		Settle: 1, Poll: 1})
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p, err := in.Plan(t.Context(), integrate.PlanOptions{})
		assert.NoError(t, err)
		_, _ = in.Apply(t.Context(), p, integrate.ApplyOptions{})
		_, _ = in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("an operation waits for its own observer")
	}
	assert.Greater(t, calls.Load(), int64(2))
	assert.True(t, plan(t, in).Empty())
}

// TestStoredPlansAreWholeAndAlone: what is stored comes back, and nothing else is taken.
func TestStoredPlansAreWholeAndAlone(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["compute2"].Fail = func(context.Context, remote.Op) error {
		return &remote.HostError{Host: "compute2", Step: "sudo", Err: remote.ErrSudo}
	}
	p := plan(t, in)
	text := asJSON(t, p)
	for _, bad := range []string{text + "x", text + "{}", text + text, "[" + text + "]",
		strings.Replace(text, "{", "{\"x\": 1,", 1), strings.TrimSuffix(strings.TrimSpace(text), "}"), "", "null", "{}"} {
		_, err := integrate.ParsePlan([]byte(bad))
		require.ErrorContains(t, err, "integrate: plan: ")
	}
	again, err := integrate.ParsePlan([]byte("\n" + text + " \n"))
	require.NoError(t, err)
	assert.Equal(t, text, asJSON(t, again))
	require.Len(t, again.Problems(), 1)
	f := again.Problems()[0]
	assert.Equal(t, "host-sudo", f.Cause)
	require.ErrorIs(t, f.Err, remote.ErrSudo)
	require.EqualError(t, f.Err, f.Message)
	_, err = in.Apply(t.Context(), again, integrate.ApplyOptions{})
	require.ErrorIs(t, err, remote.ErrSudo)
	require.ErrorIs(t, err, integrate.ErrIncomplete)
}

// TestAPlanWithoutChangesIsStoredAsAPlan, and so is each plan of Converge.
func TestAPlanWithoutChangesIsStoredAsAPlan(t *testing.T) {
	w := integratetest.Integrated(t, exampleSpec())
	in := w.Integration(t)
	plans := []*integrate.Plan{plan(t, in)}
	ctx, cancel := context.WithCancel(t.Context())
	for part := range in.Converge(ctx, integrate.ConvergeOptions{}) {
		plans = append(plans, part.Plan)
		cancel() // the others are left
	}
	cancel()
	require.Greater(t, len(plans), 1)
	for _, p := range plans {
		assert.Contains(t, asJSON(t, p), `"changes": []`)
		again, err := integrate.ParsePlan([]byte(asJSON(t, p)))
		require.NoError(t, err)
		assert.NotNil(t, again.Changes)
		var raw map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(asJSON(t, p)), &raw))
		assert.NotEqual(t, "null", string(raw["clusters"]))
	}
}
