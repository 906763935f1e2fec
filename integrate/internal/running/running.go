// Package running tells what runs on a host: the domains of libvirt with their disks, the processes that have librados
// in memory, and which keys each librados reads.
//
// # Use
//
// Ask is one operation, which a caller puts into an exchange with a host. Parse is a pure function that reads its
// result:
//
//	results, err := host.Do(ctx, running.Ask(running.Options{Domains: true}))
//	seen, err := running.Parse(results[0])
//	for _, d := range seen.Domains {
//		for _, disk := range d.Live { … }
//	}
//
// The operation only reads. It is one shell, whose number of processes does not grow with the number of domains.
//
// # Errors
//
// Parse gives an error where the answer as a whole is not usable. What is not known of one part is in DomainsErr,
// ProcessesErr, Domain.Err and Library.Err. A part with an error may still have what could be read: it is never
// proof that something is absent.
//
// # Concurrency and cancellation
//
// Ask and Parse do no I/O, and may be called by several goroutines.
//
// # Testing
//
// Render is the inverse of Parse, for fake hosts.
package running

import (
	"slices"
	"strings"
)

// A Host is what runs on a host.
type Host struct {
	// Domains are those of libvirt, in the order of their UUIDs: running, stopped, persistent or not.
	Domains []Domain
	// DomainsErr says why the domains are not, or not all, known. It is ErrNotAsked where Options.Domains was not set.
	DomainsErr error
	// Processes are those that have librados or another library of Ceph in memory, by their pid. They include those in
	// containers.
	Processes []Process
	// ProcessesErr says why the processes are not, or not all, known.
	ProcessesErr error
	// Installed are the librados that new processes get: of the host, and of each container that runs.
	Installed []Library
	// InstalledErr says which engine of containers could not be asked, so that libraries of containers may be missing.
	InstalledErr error
	// Packages are the packages of librados and librbd on the host: names with versions.
	Packages map[string]string
}

// A Domain is a domain of libvirt, which is a guest of Nova or of somebody else.
type Domain struct {
	UUID  string
	Name  string
	State string // virsh's word, such as running, paused or shut off
	// Active says that a QEMU runs for the domain.
	Active     bool
	Persistent bool
	// Autostart says that libvirt itself starts the domain, by the inactive XML. Nova writes a domain anew when it starts
	// a guest, so that what the inactive XML of its guests says does not come into effect.
	Autostart bool
	// Live are the disks as the QEMU that runs has them; none where Active is false.
	Live []Disk
	// Stored are the disks of the inactive XML, with which a next start opens them. Of a domain that is not persistent,
	// they are what libvirt would define of it.
	Stored []Disk
	// Err says why the disks are not known. Live and Stored are then empty.
	Err error
}

// Disks are the Live disks of a domain that is active, and the Stored disks of another domain.
func (d Domain) Disks() []Disk {
	if d.Active {
		return d.Live
	}
	return d.Stored
}

// Users are the CephX users of the disks, live and stored, without "client.", sorted.
func (d Domain) Users() []string {
	var users []string
	for _, disk := range slices.Concat(d.Live, d.Stored) {
		if disk.RBD() && disk.User != "" {
			users = append(users, disk.User)
		}
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// A Disk is a disk of a domain, or its config drive.
type Disk struct {
	Target string // such as vda
	Device string // disk, cdrom, floppy or lun
	// Protocol is that of a disk in the network, such as rbd; empty for others.
	Protocol string
	Pool     string // of an rbd disk; with its namespace, if it has one, as POOL/NAMESPACE
	Image    string // of an rbd disk, or the name that another protocol has
	User     string // the CephX user, without "client."; empty where QEMU logs in without one
	// SecretUUID or SecretUsage is how the disk names its libvirt secret.
	SecretUUID  string
	SecretUsage string
	Monitors    []string // HOST or HOST:PORT, in the order of the XML; an IPv6 address with a port is in brackets
	Serial      string   // Nova puts the ID of the volume here
	Path        string   // of a disk in a local file or block device
	ReadOnly    bool
}

// RBD reports whether the disk is an image of a Ceph cluster that QEMU opens itself.
func (d Disk) RBD() bool { return d.Protocol == "rbd" }

// A Process has a library of Ceph in memory.
type Process struct {
	PID       int
	Name      string // of the program, such as qemu-system-x86; at most 15 bytes, as the kernel keeps it
	Unit      string // the systemd unit, such as glance-api.service; empty where there is none
	Container string // the name of the docker or podman container, or its ID where the engine does not tell; or empty
	Domain    string // UUID of the libvirt domain of a QEMU; empty for others
	Library
	// Replaced says that the file of the library is no longer the one that the process has in memory: a restart, or for
	// a guest a live migration, takes the new file.
	Replaced bool
}

// Guest reports whether the process is the QEMU of a guest.
func (p Process) Guest() bool {
	return p.Domain != "" || strings.HasPrefix(p.Name, "qemu") || p.Name == "kvm"
}

// A Library is a librados: the file that tells which keys it reads, libceph-common where there is one.
type Library struct {
	Path string // as the process or the container sees it
	// In is the container that has the file; empty for the host.
	In      string
	Version string // of Ceph, such as 18.2.7; empty where the file does not tell
	// AES256k says whether the library itself knows keys of type aes256k; No and Unknown are not the same.
	AES256k Reads
	Err     error // why the file could not be searched
}

// Reads says whether a library reads keys of a type.
type Reads string

// Whether a library reads keys of a type.
const (
	Yes     Reads = "yes"
	No      Reads = "no"
	Unknown Reads = "unknown"
)
