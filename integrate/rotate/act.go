package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// act looks at a guest once more, does what was decided, and looks whether it had the effect.
func (r *run) act(ctx context.Context, j job) error {
	ctx, cancel := context.WithTimeout(ctx, j.rule().Limit())
	defer cancel()
	before, err := r.again(ctx, j)
	if err != nil {
		return fmt.Errorf("it cannot be looked at: %w", err)
	}
	was := j.step.Guest
	if !same(before, was) {
		return errChanged
	}
	switch j.step.Act {
	case rotation.LiveMigrate, rotation.Renew:
		err = r.migrate(ctx, before)
	case rotation.HardReboot:
		err = r.cfg.World.Cloud.RebootServer(ctx, before.ID)
	case rotation.StopStart:
		err = r.stopAndStart(ctx, j.rot, before)
	case rotation.Refresh:
		err = r.refresh(ctx, j.rot, before)
	default:
		err = fmt.Errorf("%q is not an act", j.step.Act)
	}
	if err != nil {
		return err
	}
	after, err := r.again(ctx, j)
	if err != nil {
		return fmt.Errorf("whether it had the effect cannot be told: %w", err)
	}
	return promised(j, after)
}

// same reports whether a guest still is what an act was decided for.
func same(now, was rotation.Guest) bool {
	return now.Unknown == "" && now.Host == was.Host && now.Status == was.Status && now.Task == "" && (!now.Locked ||
		now.Ours) &&
		now.Runs == was.Runs && slices.Equal(now.Volumes, was.Volumes) && slices.Equal(now.Disks, was.Disks)
}

// promised says why a guest is not as an act should have made it.
func promised(j job, now rotation.Guest) error {
	act, old := j.step.Act, j.rot.Old().Entity
	status := "ACTIVE"
	if act == rotation.Refresh {
		status = "SHUTOFF"
	}
	switch {
	case now.Unknown != "":
		return fmt.Errorf("after the %s: %s", act, now.Unknown)
	case now.Status != status:
		return fmt.Errorf("after the %s it is %s, and not %s", act, now.Status, status)
	case act != rotation.HardReboot && act != rotation.Renew && len(now.Volumes) > 0:
		return fmt.Errorf("after the %s its volumes %v still have %s; see whether cinder-volume was restarted", act,
			now.Volumes,
			old)
	case (act == rotation.HardReboot || act == rotation.StopStart) && len(now.Disks) > 0:
		return fmt.Errorf("after the %s its disks %v still have %s; see whether nova-compute on %s was restarted", act,
			now.Disks,
			old, now.Host)
	case (act == rotation.Renew || act == rotation.LiveMigrate) && now.Host == j.step.Guest.Host:
		return fmt.Errorf("after the %s it is still on %s", act, now.Host)
	}
	return nil
}

// abortWithin is how long the end of a migration may take that took too long.
const abortWithin = 3 * time.Minute

// migrate moves a guest to a compute that Nova chooses. A migration that takes too long is aborted.
func (r *run) migrate(ctx context.Context, g rotation.Guest) error {
	cloud := r.cfg.World.Cloud
	err := cloud.LiveMigrate(ctx, g.ID, "")
	if err == nil || ctx.Err() == nil {
		return err
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortWithin)
	defer cancel()
	list, listErr := cloud.LiveMigrations(after, g.ID)
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	for _, m := range list {
		err = errors.Join(err, cloud.AbortMigration(after, g.ID, m.ID))
	}
	return fmt.Errorf("the migration took too long, and was aborted: %w", err)
}

// startTag marks a guest that was stopped only to be started again. A run that was killed in between leaves it, and the
// next run starts the guest.
const startTag = "cephstack-start"

// stopAndStart stops a guest, renews its volumes, and starts it again, also if something went wrong in between.
func (r *run) stopAndStart(ctx context.Context, rot spec.Rotation, g rotation.Guest) error {
	cloud := r.cfg.World.Cloud
	if err := r.renewable(ctx, rot, g); err != nil {
		return fmt.Errorf("it is not stopped, as its volumes could not be renewed then: %w", err)
	}
	if len(g.Volumes) > 0 {
		end, err := r.trust.begin(ctx)
		if err != nil {
			return fmt.Errorf("it is not stopped, as its turn did not come: %w", err)
		}
		defer end()
	}
	if err := cloud.TagServer(ctx, g.ID, startTag); err != nil {
		return fmt.Errorf("it is not stopped, as it cannot be marked as one to start again: %w", err)
	}
	err := cloud.StopServer(ctx, g.ID)
	if err == nil {
		err = r.refresh(ctx, rot, g)
	}
	return errors.Join(err, r.startAgain(ctx, g.ID))
}

// startWithin is how long the start of a guest may take that was stopped here.
const startWithin = 10 * time.Minute

// startAgain starts a guest that has the mark, also after ctx has ended.
func (r *run) startAgain(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startWithin)
	defer cancel()
	cloud := r.cfg.World.Cloud
	if err := cloud.StartServer(ctx, id); err != nil {
		return fmt.Errorf("it was stopped, and cannot be started again; the tag %s marks it, and the next run tries "+
			"again: %w",
			startTag, err)
	}
	return cloud.UntagServer(ctx, id, startTag)
}

// stopped reports whether a guest waits to be started, as a run that did not live to do that stopped it. The owner of a
// guest can set its mark, too: a guest that is locked stays as it is.
func stopped(s api.Server) bool { return slices.Contains(s.Tags, startTag) && s.Status == "SHUTOFF" }

// startStopped starts guests that a run stopped, and that it did not live to start again. A guest that does not start
// is told at the end, and the others go on.
func (r *run) startStopped(ctx context.Context, h hold, l *look) {
	for _, s := range l.servers {
		if !slices.Contains(s.Tags, startTag) || s.Locked && !l.ours[s.ID] || h.held() != nil {
			continue
		}
		var err error
		if s.Task != "" { // such as the stop that the run before began
			s, err = r.settled(ctx, s.ID)
		}
		if err == nil {
			err = r.resume(ctx, l, s)
		}
		if err != nil {
			r.failed[s.ID] = err
		}
	}
}

// settled is a guest once nothing is under way with it.
func (r *run) settled(ctx context.Context, id string) (api.Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	return r.cfg.World.Cloud.Settle(ctx, id)
}

func (r *run) resume(ctx context.Context, l *look, s api.Server) error {
	if s.Status != "SHUTOFF" {
		return r.cfg.World.Cloud.UntagServer(ctx, s.ID, startTag)
	}
	r.tell(Event{Stage: "guests", Guest: s.Name + " (" + s.ID + ")", Act: "start"})
	var err error
	for _, rot := range r.rotations() {
		if g := r.guest(l, rot, s); g.Unknown == "" && len(g.Volumes) > 0 {
			err = errors.Join(err, r.refresh(ctx, rot, g))
		}
	}
	return errors.Join(err, r.startAgain(ctx, s.ID))
}
