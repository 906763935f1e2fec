package host

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/openstack/api"
)

const (
	unconfirmedText = "left as they are, because %s wait for their resize or migration to be confirmed: the compute " +
		"that they came from still has their old disks, and a revert would not find these after the switch. Confirm or " +
		"revert them, and run again (openstack server resize confirm ID, or: openstack server resize revert ID)"
	onTheWayText = "left as they are, because VMs are on their way to or from here: %s. After the switch, Nova would " +
		"not look here for a local disk that arrives, or comes back. Wait until the migrations have ended (openstack " +
		"server migration list --server ID), and run again; a live migration that hangs is ended by openstack server " +
		"migration abort ID NUMBER"
	movesUnknownText = "left as they are: %s are on their way between computes, or wait for that to be confirmed, and " +
		"whether this compute is one of these cannot be told: %w. Wait until they have ended (openstack server show ID), " +
		"or let the account list migrations (os_compute_api:os-migrations:index), and run again"
)

var errNotTold = errors.New("the APIs do not say between which computes")

// held reports whether VMs keep this compute from being switched, because they are on their way to
// or from here, or may come back, and says so: as a problem if nothing else keeps the compute as it is.
func (x *editing) held(alone bool) bool {
	waiting, under, unknown := x.moves()
	before := len(x.d.Findings)
	if len(waiting) > 0 {
		x.d.Problem("vm-resize-unconfirmed", diskObject, fmt.Errorf(unconfirmedText, words.JoinShort(waiting)))
	}
	if len(under) > 0 {
		x.d.Problem("vm-migration-pending", diskObject, fmt.Errorf(onTheWayText, words.JoinShort(under)))
	}
	if len(unknown) > 0 {
		why := x.v.Cloud.MovesErr
		if why == nil {
			why = errNotTold
		}
		x.d.Problem("vm-migrations-unknown", diskObject, fmt.Errorf(movesUnknownText, words.JoinShort(unknown), why))
	}
	for i := before; i < len(x.d.Findings) && !alone; i++ {
		x.d.Findings[i].Problem, x.d.Findings[i].Err = false, nil
	}
	return len(waiting)+len(under)+len(unknown) > 0
}

// moves lists the VMs that wait to be confirmed, that are under way, and of which it is not known
// between which computes they are: those with a local disk. A VM that has its disk in Ceph, too, is
// listed only where it comes from, as a revert takes the local disk there.
func (x *editing) moves() (waiting, under, unknown []string) {
	images := x.images()
	for _, m := range x.v.Cloud.Moves[x.Spec.Name] {
		switch {
		case !m.VM.HasLocalDisk || m.Source != x.Spec.Name && images[m.VM.ID+"_disk"]:
		case waits(m):
			waiting = append(waiting, moved(m))
		default:
			under = append(under, moved(m))
		}
	}
	for _, m := range x.v.Cloud.Moves[""] {
		switch {
		case !m.VM.HasLocalDisk || images[m.VM.ID+"_disk"]:
		case waits(m) && x.v.Cloud.MovesErr == nil:
			waiting = append(waiting, moved(m))
		default:
			unknown = append(unknown, moved(m))
		}
	}
	return waiting, under, unknown
}

// waits reports whether a migration waits to be confirmed or reverted.
func waits(m step.Move) bool {
	return m.Status == "finished" || m.ID == 0 && m.VM.Status == want.Unconfirmed
}

// moved names a VM and its migration.
func moved(m step.Move) string {
	if m.ID == 0 {
		return named(m.VM)
	}
	text := fmt.Sprintf("%s (%s; %s %d", m.VM.Name, m.VM.ID, m.Type, m.ID)
	if m.Source != "" {
		text += " from " + m.Source
	}
	if m.Dest != "" {
		text += " to " + m.Dest
	}
	if m.Status != "finished" {
		text += ", " + m.Status
	}
	return text + ")"
}

// stillSafe looks once more right before the switch: for VMs with local disks, unless the Spec
// says that there are none, and for VMs that are on their way, or may come back. They may have begun
// since the plan.
func (x *editing) stillSafe() func([]api.Server, []api.Migration) error {
	images, says, here := x.images(), x.Spec.Disks == "ceph", x.Spec.Name
	var well []string
	for _, m := range x.v.Cloud.Moves[here] {
		if waits(m) && !m.VM.HasLocalDisk {
			well = append(well, m.VM.ID)
		}
	}
	return func(servers []api.Server, waiting []api.Migration) error {
		var moving []string
		fine := slices.Clone(well)
		for _, s := range servers {
			if want.Moving(s) && s.Status != want.Unconfirmed && s.HasLocalDisk {
				moving = append(moving, named(s))
			}
			if s.Status == want.Unconfirmed && (!s.HasLocalDisk || images[s.ID+"_disk"]) {
				fine = append(fine, s.ID)
			}
		}
		if len(moving) > 0 {
			return fmt.Errorf("%w: %s is being moved or rebuilt now; wait until that has ended", step.ErrConflict,
				words.JoinShort(moving))
		}
		if local := localAmong(servers, images, false); len(local) > 0 && !says {
			return fmt.Errorf("%w: %s is there now, with a local disk", step.ErrConflict, words.JoinShort(local))
		}
		waiting = slices.DeleteFunc(slices.Clone(waiting), func(m api.Migration) bool {
			return slices.Contains(fine, m.Server)
		})
		if len(waiting) > 0 {
			m := waiting[0]
			return fmt.Errorf("%w: %s %d of VM %s from %s to %s waits to be confirmed now; confirm or revert it",
				step.ErrConflict, m.Type, m.ID, m.Server, m.Source, m.Dest)
		}
		return nil
	}
}
