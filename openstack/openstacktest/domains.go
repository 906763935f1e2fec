package openstacktest

import (
	"github.com/cephstack/cephstack/openstack/api"
)

// A Disk is a disk of a VM, as its domain in libvirt has it.
type Disk struct {
	Server, Host string // ID of the VM, and the compute that opens the disk
	Target       string // vda, …
	// Kind is root, ephemeral, swap or config drive, which are Nova's own, or volume.
	Kind       string
	Volume     string // ID of the volume
	Attachment string // ID of its attachment in Cinder

	Pool, Image  string // of a disk in Ceph; else the disk is File
	File         string
	User, Secret string   // without "client."; the UUID of libvirt's secret
	Monitors     []string // host:port
	Cluster      string
}

// InCeph reports whether a disk is in Ceph.
func (d Disk) InCeph() bool { return d.Pool != "" }

// A Domain is what libvirt of a compute has of a VM.
type Domain struct {
	UUID, Name string
	Running    bool
	XML        string // as virsh dumpxml prints it
	Inactive   string // as virsh dumpxml --inactive prints it
}

// Domains gives the domains of a compute, sorted by name: of VMs that run there, and of VMs that are stopped there.
func (s *Server) Domains(host string) []Domain { return nil }

// Disks gives the disks of a VM as QEMU has them open, or, for a VM that does not run, as its domain names them.
func (s *Server) Disks(serverID string) []Disk { return nil }

// Stored gives how Nova is to reach the volumes of a VM at its next start: connection_info of its block device mapping.
func (s *Server) Stored(serverID string) []Disk { return nil }

// RefreshAttachment does what "nova-manage volume_attachment refresh" does on a compute: the volume of a stopped VM
// gets a new attachment, by the configuration that cinder-volume runs with. Host is that of the connector, which
// "nova-manage volume_attachment get_connector" wrote.
func (s *Server) RefreshAttachment(serverID, volumeID, host string) error { return nil }

// ChangeServer changes a VM behind the back of the APIs, such as its Locked, Tags, Project, Task or Status.
func (s *Server) ChangeServer(id string, change func(*api.Server)) {}

// FailMigrations makes the next n live migrations fail with a reason, on the host that they come to; all of them when n
// is negative.
func (s *Server) FailMigrations(n int, reason string) {}

// SlowMigrations makes live migrations take that many more looks; they can be aborted until then.
func (s *Server) SlowMigrations(looks int) {}
