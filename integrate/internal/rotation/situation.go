package rotation

import (
	"time"

	"github.com/cephstack/cephstack/integrate/spec"
)

// A Situation is all that was read, of one rotation.
type Situation struct {
	Rotation spec.Rotation // with defaults
	Now      time.Time
	Guests   []Guest
	// Computes are the computes of the Spec, by name.
	Computes map[string]Compute
	// Astray says, of a rule by its place, why it may match guests that it is not meant for.
	Astray map[int]string
	// Stop says why no guest may be begun at all, such as a cluster that is not healthy enough.
	Stop string
	User OldUser
	// Bars are further reasons why the old user may not go: what was read says that somebody needs it, or could not be
	// read. They come from sessions, watchers, services and hosts.
	Bars []Bar
}

// A Guest is what was seen of a guest.
type Guest struct {
	ID, Name, Project, Host string
	Tags                    []string
	Status                  string // as Nova says, such as ACTIVE
	Task                    string // what Nova does with it now; empty for nothing
	Locked                  bool
	Ours                    bool // an earlier run locked it, and did not live to unlock it
	Runs                    bool // a QEMU runs for it
	// Unknown says why it cannot be told what the guest has. Nothing is done to such a guest.
	Unknown string
	// Volumes are the volumes of Cinder that name the old user: in an attachment, or in the domain of a guest that runs.
	Volumes []string
	// Disks are the disks that Nova owns, config drive included, and that the domain of a guest that runs opens as the
	// old user.
	Disks []string
	// OldKey says that the QEMU may have the key that the old user had before. It counts only where the key of the user
	// is changed in place.
	OldKey bool
}

// String is the name of a guest, as a person finds it.
func (g Guest) String() string {
	if g.Name == "" {
		return g.ID
	}
	return g.Name + " (" + g.ID + ")"
}

// A Compute is what was seen of a compute.
type Compute struct {
	// Unready says why guests of this compute may not be begun, and may not be moved to it: what the Spec wants there is
	// not in force.
	Unready string
	// Takes says that Nova may put guests there: its service is up and enabled.
	Takes bool
}

// An OldUser is what the cluster says of the user that goes.
type OldUser struct {
	Known bool // the cluster told
	There bool
	// Changed says that its key is the one that it has to have in the end: of the right type, and not of before. It counts
	// where the key is changed in place.
	Changed bool
	// Vague says that nobody can tell whether the key has been changed: its type is the oldest, and the Spec gives no
	// time.
	Vague bool
	// Pending says that a second key waits for its first use.
	Pending bool
	// Spread says that all computes have the key with which a guest comes back: the pending key, or the changed key.
	Spread bool
}

// A Bar is a reason why the old user may not go.
type Bar struct {
	Code string // stable, such as session
	Who  string // a guest, host or client
	Text string // what is there, and what to do next
}

// An Act is something that is done to a guest.
type Act string

// The acts.
const (
	Nothing     Act = ""
	LiveMigrate Act = "live-migration"
	HardReboot  Act = "hard-reboot"
	StopStart   Act = "stop-start"
	Refresh     Act = "refresh" // of the volumes of a guest that is stopped
	Renew       Act = "hybrid"  // a live migration with which QEMU takes the changed key of the old user
)

// A Step is what comes next for a guest: an act, or a wait with its reason. A guest that is done has neither.
type Step struct {
	Guest Guest
	Act   Act
	Wants Act // the act that the guest needs, also where it waits
	Rule  int // the rule of the Spec that allows the act; -1 for none
	// Keeps says that the guest has the old user with its new key, and keeps it.
	Keeps bool
	Code  string // of a wait, such as no-rule
	Wait  string // what the guest waits for, and what to do
}

// Done reports whether the guest does not have the old user any more.
func (s Step) Done() bool { return s.Act == Nothing && s.Wait == "" }
