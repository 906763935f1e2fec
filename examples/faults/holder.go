//go:build linux && amd64

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

// longestHold is how long a holder of the operator lock works: longer than the term of the lock, which is 90 s.
const longestHold = 95 * time.Second

// A renewal is what becomes of the renewals of the operator lock.
type renewal string

const (
	renewed renewal = "renewed"
	refused renewal = "not renewed, as the cluster does not answer"
	lied    renewal = "not renewed, and nobody says so" // a mutant
)

// A keeper is the way of an operator to the lock.
type keeper struct {
	*cephtest.Cluster
	renewal renewal
	mine    ceph.Lock // since it was taken
}

// Lock implements ceph.Locker.
func (k *keeper) Lock(ctx context.Context, lock ceph.Lock) error {
	switch {
	case k.mine.ID == "" || k.renewal == renewed:
		err := k.Cluster.Lock(ctx, lock)
		if err == nil {
			k.mine = lock
		}
		return err
	case k.renewal == refused:
		return fmt.Errorf("%w: nobody answers", ceph.ErrUnreachable)
	}
	return nil
}

// Holder implements ceph.Locker.
func (k *keeper) Holder(ctx context.Context, pool, object string) (ceph.Lock, error) {
	if k.renewal == lied && k.mine.ID != "" {
		return k.mine, nil
	}
	return k.Cluster.Holder(ctx, pool, object)
}

// A holding is an apply that takes longer than the term of its lock, and somebody else who waits for the lock.
type holding struct {
	cloud   *fakeCloud
	renewal renewal
	words   []string // what is wrong
}

func (h *holding) wrong(format string, args ...any) {
	h.words = append(h.words, h.renewal.String()+": "+fmt.Sprintf(format, args...))
}

func (r renewal) String() string { return "the lock is " + string(r) }

// run applies, and stays at the first host until somebody else has the lock, or for long.
func (h *holding) run(ctx context.Context) error {
	var err error
	if h.cloud, err = newFakeCloud(); err != nil {
		return err
	}
	defer h.cloud.Close()
	cluster, begin := h.cloud.Ceph["ceph"], time.Now()
	hold := longestHold
	if h.renewal != refused { // the clock of the cluster runs twice as fast, to save time
		cluster.Now = func() time.Time { return begin.Add(2 * time.Since(begin)) }
		hold /= 2
	}
	way := h.cloud.World.World.Clusters["ceph"]
	way.Mon = &keeper{Cluster: cluster, renewal: h.renewal}
	h.cloud.World.World.Clusters["ceph"] = way
	in, err := h.cloud.integration()
	if err != nil {
		return err
	}
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return err
	}
	works, goOn := make(chan bool), make(chan bool)
	first := h.cloud.Machines["compute1"]
	fail := first.Fail
	first.Fail = func(ctx context.Context, op remote.Op) error {
		select {
		case works <- true:
			<-goOn
		case <-goOn:
		}
		return fail(ctx, op)
	}
	ended := make(chan error)
	go func() {
		_, err := in.Apply(ctx, plan, integrate.ApplyOptions{})
		ended <- err
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("the apply ended before its first host: %w", err)
	case <-works:
	}
	other := ceph.Lock{Pool: "cephstack", Object: "operator-lock", ID: rand.Text(), Owner: "other", Term: time.Hour}
	got := h.wait(ctx, other, hold)
	before := h.cloud.Machines["controller"].Changes("")
	close(goOn)
	err = <-ended
	h.judge(got, h.cloud.Machines["controller"].Changes("") > before, err)
	if !got && ceph.New(cluster).TakeLock(ctx, other) != nil {
		h.wrong("it is not given back")
	}
	return ctx.Err()
}

// wait tries to get the lock as somebody else.
func (h *holding) wait(ctx context.Context, other ceph.Lock, within time.Duration) bool {
	for end := time.Now().Add(within); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
		err := ceph.New(h.cloud.Ceph["ceph"]).TakeLock(ctx, other)
		if err == nil {
			return true
		}
		if !errors.Is(err, ceph.ErrLocked) {
			h.wrong("somebody else is not told that the lock is held: %v", err)
		}
	}
	return false
}

// judge says whether two had the lock, and what the apply made of that. got says that somebody else got the lock, and
// wrote that the apply went on to another host.
func (h *holding) judge(got, wrote bool, err error) {
	if got && wrote {
		h.wrong("somebody else has the lock, and the apply goes on to the next host")
	}
	if lost := h.renewal == refused; got != lost {
		h.wrong("that somebody else gets it is %t", got)
	}
	if got != errors.Is(err, world.ErrLock) || !got && (err != nil || !wrote) {
		h.wrong("that somebody else has it is %t, and the apply ends with %v", got, err)
	}
}

// holders lets somebody else wait for the lock of an apply that takes long.
func holders(ctx context.Context) (t tally, err error) {
	all := []*holding{{renewal: renewed}, {renewal: refused}}
	errs := make(chan error)
	for _, h := range all {
		go func() { errs <- h.run(ctx) }()
	}
	for range all {
		err = errors.Join(err, <-errs)
	}
	for _, h := range all {
		t.add(len(h.words) == 0, "%q", h.words)
	}
	return t, err
}
