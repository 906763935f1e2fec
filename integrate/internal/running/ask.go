package running

import (
	_ "embed"
	"errors"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// ErrNotAsked says that a part was not asked for.
var ErrNotAsked = errors.New("was not asked for")

// askScript is what Ask runs.
//
//go:embed ask.sh
var askScript string

// askWithin is how long a host may take. A compute with hundreds of guests takes seconds.
const askWithin = 2 * time.Minute

// Options say what is asked.
type Options struct {
	// Domains asks libvirt, too.
	Domains bool
	// URI is the address of the libvirt daemon as the host sees it. An empty URI stands for qemu:///system.
	URI string
	// Container is the container that libvirt and virsh are in, such as nova_libvirt; empty if they are on the host.
	Container string
}

// Ask is the operation that reads what runs on a host. The same options give the same operation.
func Ask(o Options) remote.Run {
	domains := "-"
	if o.Domains {
		domains = "domains"
	}
	if o.URI == "" {
		o.URI = "qemu:///system"
	}
	return remote.Run{Argv: []string{"sh", "-c", askScript, "cephstack-running", domains, o.URI, o.Container},
		Timeout: askWithin}
}
