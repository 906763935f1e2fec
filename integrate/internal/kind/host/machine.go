package host

import (
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// machineRuns ask a host which machine it is: for the boot of its kernel and the name
// that it calls itself, and for its root folder.
func machineRuns() (kernel, root remote.Run) {
	return remote.Run{Argv: []string{"cat", "/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/hostname"}},
		remote.Run{Argv: []string{"stat", "-L", "-c", "%d:%i", "/"}}
}

// A Machine is what a host said of itself. A field is empty where it is not known.
type Machine struct {
	// ID is the same for two hosts only if both names lead to one machine. It has the
	// boot of the kernel, which machines that were cloned do not share, and the root
	// folder, which containers on one kernel do not share.
	ID   string
	Name string // as it calls itself
}

// MachineOf tells which machine a host is that was read.
func MachineOf(h *step.Host) Machine {
	kernel, root := machineRuns()
	words, folder := strings.Fields(h.Said(kernel)), strings.TrimSpace(h.Said(root))
	if len(words) != 2 || folder == "" {
		return Machine{}
	}
	return Machine{ID: words[0] + " " + folder, Name: words[1]}
}
