package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// refreshTag marks a guest whose attachments are being renewed. nova-manage locks the guest, and leaves the lock where
// it fails or is killed: the next run takes the lock from a guest with this mark, and from no other. The owner of a
// guest can set the mark, too, so it counts only if the lock gives the reason that nova-manage gives.
const refreshTag = "cephstack-refresh"

// readLocks tells, of guests that are marked and locked, whether nova-manage locked them.
func (r *run) readLocks(ctx context.Context, servers ...api.Server) map[string]bool {
	all := map[string]bool{}
	for _, s := range servers {
		if !s.Locked || !slices.Contains(s.Tags, refreshTag) {
			continue
		}
		why, err := r.cfg.World.Cloud.LockReason(ctx, s.ID)
		all[s.ID] = err == nil && strings.HasPrefix(why, "Refreshing ") && strings.Contains(why, "connection_info")
	}
	return all
}

var errNoManage = errors.New("the Spec does not say in rotate.nova_manage where nova-manage works")

// refresh gives the volumes of a guest that is stopped new attachments, with the user that Cinder has now.
func (r *run) refresh(ctx context.Context, rot spec.Rotation, g rotation.Guest) error {
	if len(g.Volumes) == 0 {
		return nil
	}
	if rot.NovaManage == "" {
		return errNoManage
	}
	cloud := r.cfg.World.Cloud
	if g.Locked && g.Ours {
		if err := cloud.UnlockServer(ctx, g.ID); err != nil {
			return err
		}
	}
	connector, err := r.connector(ctx, g.Host)
	if err != nil {
		return err
	}
	if err := cloud.TagServer(ctx, g.ID, refreshTag); err != nil {
		return err
	}
	for _, volume := range g.Volumes {
		args := []string{"refresh", g.ID, volume, "/dev/stdin"}
		if _, err := r.manage(ctx, r.database(rot), connector, args...); err != nil {
			return errors.Join(fmt.Errorf("volume %s is not renewed: %w", volume, err), r.unlockOurs(ctx, g.ID))
		}
		r.trust.good.Store(true)
	}
	return cloud.UntagServer(ctx, g.ID, refreshTag)
}

// renewable says why the volumes of a guest could not be renewed once it is stopped: nova-manage has to know its
// compute, the database, and a login for Cinder.
func (r *run) renewable(ctx context.Context, rot spec.Rotation, g rotation.Guest) error {
	if len(g.Volumes) == 0 {
		return nil
	}
	if rot.NovaManage == "" {
		return errNoManage
	}
	if _, err := r.connector(ctx, g.Host); err != nil {
		return err
	}
	m := r.database(rot)
	if _, err := r.manage(ctx, m, nil, "show", g.ID, g.Volumes[0], "--connection_info", "--json"); err != nil {
		return err
	}
	return r.cinderLogins(ctx, m, g.Host)
}

// unlockOurs takes the lock that nova-manage left, also after ctx has ended.
func (r *run) unlockOurs(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	cloud := r.cfg.World.Cloud
	if err := cloud.UnlockServer(ctx, id); err != nil {
		return err
	}
	return cloud.UntagServer(ctx, id, refreshTag)
}

// marked reports whether a run left its mark on a guest.
func (l *look) marked() bool {
	return slices.ContainsFunc(l.servers, func(s api.Server) bool {
		return slices.Contains(s.Tags, refreshTag) || slices.Contains(s.Tags, startTag)
	})
}

// unmark takes the mark, and the lock of nova-manage, from guests whose volumes were renewed by a run that did not live
// to do that. With the mark, a lock that somebody sets later would count as ours.
func (r *run) unmark(h hold, l *look) {
	for _, s := range l.servers {
		renewed := func(rot spec.Rotation) bool {
			g := r.guest(l, rot, s)
			return g.Unknown == "" && len(g.Volumes) == 0
		}
		if !slices.Contains(s.Tags, refreshTag) || s.Task != "" || h.held() != nil ||
			slices.ContainsFunc(r.rotations(), func(rot spec.Rotation) bool { return !renewed(rot) }) {
			continue
		}
		free := r.unlockOurs
		if s.Locked && !l.ours[s.ID] { // somebody else locked it
			free = func(ctx context.Context, id string) error { return r.cfg.World.Cloud.UntagServer(ctx, id, refreshTag) }
		}
		if err := free(h.ctx, s.ID); err != nil {
			r.failed[s.ID] = err
		}
	}
}

// attachmentsOf are the attachments of volumes to a guest.
func (r *run) attachmentsOf(ctx context.Context, server string, volumes []string) (map[string][]api.Attachment, error) {
	all := map[string][]api.Attachment{}
	slices.Sort(volumes)
	for _, volume := range slices.Compact(volumes) {
		list, err := r.cfg.World.Cloud.Attachments(ctx, volume)
		if err != nil && !errors.Is(err, api.ErrNotFound) {
			return nil, err
		}
		for _, a := range list {
			if a.Server == server {
				all[server] = append(all[server], a)
			}
		}
	}
	return all, nil
}
