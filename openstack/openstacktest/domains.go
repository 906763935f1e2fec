package openstacktest

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/openstack/api"
)

// A Domain is what libvirt of a compute has of a VM.
type Domain struct {
	UUID, Name string
	Running    bool
	Started    time.Time // when its QEMU started, if it runs
	XML        string    // as virsh dumpxml prints it
	Inactive   string    // as virsh dumpxml --inactive prints it
}

// Domains gives the domains of a compute, sorted by name: of VMs that run there, and of VMs that are stopped there.
func (s *Server) Domains(host string) []Domain {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Domain
	for _, id := range s.servers.order {
		if v := s.servers.byID[id]; v.Host == host && v.defined {
			d := Domain{UUID: v.ID, Name: v.Instance, Running: v.running, Inactive: v.xml(false)}
			if d.XML = v.xml(v.running); v.running {
				d.Started = v.started
			}
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Domain) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Disks gives the disks of a VM as QEMU has them open, or, for a VM that does not run, as its domain names them.
func (s *Server) Disks(serverID string) []Disk {
	return s.disksNow(serverID, func(v *server) []Disk { return v.disks })
}

// Stored gives how Nova is to reach the volumes of a VM at its next start: connection_info of its block device mapping.
func (s *Server) Stored(serverID string) []Disk {
	return s.disksNow(serverID, func(v *server) []Disk { return v.stored })
}

func (s *Server) disksNow(serverID string, of func(*server) []Disk) []Disk {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.servers.byID[serverID]
	if v == nil {
		return nil
	}
	var out []Disk
	for _, d := range of(v) {
		d.Host = v.Host
		out = append(out, d.copy())
	}
	return out
}

// OpenDisks opens the disks of a VM that AddServer added: DiskOpened runs for each.
func (s *Server) OpenDisks(serverID string) error {
	s.mu.Lock()
	v := s.servers.byID[serverID]
	s.mu.Unlock()
	if v == nil {
		return noSuch("Instance", serverID)
	}
	disks, running := s.disksOf(v)
	if !running {
		return errors.New("openstacktest: a VM that does not run opens no disks")
	}
	return s.call(func() error { return s.openAll(disks) })
}

// RefreshAttachment does what "nova-manage volume_attachment refresh" does on a compute: the volume of a stopped VM
// gets a new attachment, by the configuration that cinder-volume runs with. Host is that of the connector, which
// "nova-manage volume_attachment get_connector" wrote. An error has the text that nova-manage prints. The domain
// changes when the VM is started.
func (s *Server) RefreshAttachment(serverID, volumeID, host string) error {
	s.mu.Lock()
	v, vol := s.servers.byID[serverID], s.volumes.byID[volumeID]
	var now api.Server
	var of api.Volume
	var err error
	switch {
	case v == nil:
		err = fmt.Errorf("Instance %s could not be found.", serverID) //nolint:staticcheck // Nova's words
	case vol == nil || !slices.Contains(v.Volumes, volumeID):
		//nolint:staticcheck // Nova's words
		err = fmt.Errorf("No volume Block Device Mapping with id %s.", volumeID)
	case v.state() != "stopped":
		//nolint:staticcheck // Nova's words
		err = fmt.Errorf("Instance %s in vm_state %s. Cannot refresh connection_info (must be stopped) while the "+
			"instance is in this state.", serverID, v.state())
	case v.Locked:
		//nolint:staticcheck // Nova's words
		err = fmt.Errorf("Instance %s in locked True. Cannot refresh connection_info (must be unlocked) while the "+
			"instance is in this state.", serverID)
	case s.brokenRefreshes > 0:
		s.brokenRefreshes--
		v.Locked, v.lockReason = true, fmt.Sprintf("Refreshing connection_info for BDM %s associated with instance %s "+
			"and volume %s.", uuid(v.serial), serverID, volumeID)
		//nolint:staticcheck // nova-manage's words
		err = errors.New("Unexpected error, see nova-manage.log for the full trace: HTTP 401")
	case host != v.Host:
		//nolint:staticcheck // Nova's words
		err = fmt.Errorf("The command 'nova-manage volume_attachment get_connector' may have been run on the wrong "+
			"compute host. Or the instance host may be wrong and in need of repair.\nThe compute host '%s' in the "+
			"connector does not match the instance host '%s'.", host, v.Host)
	default:
		now, of = v.copy(), vol.copy()
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	d := s.reach(now, of)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detached(serverID, volumeID)
	d.Attachment = s.attached(d)
	v.stored = append(slices.DeleteFunc(v.stored, func(o Disk) bool { return o.Volume == volumeID }), d)
	return nil
}

// BreakRefreshes makes the next n refreshes of attachments fail on their way: as in Nova, the VM stays locked, and the
// reason of the lock says so.
func (s *Server) BreakRefreshes(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.brokenRefreshes = n
}

// xml is the domain of a VM in the form of libvirt 9. A live domain has the ID of the domain, and aliases.
func (v *server) xml(live bool) string {
	var b strings.Builder
	id := ""
	if live {
		id = fmt.Sprintf(" id='%d'", v.serial)
	}
	fmt.Fprintf(&b, "<domain type='kvm'%s>\n  <name>%s</name>\n  <uuid>%s</uuid>\n  <metadata>\n"+
		"    <nova:instance xmlns:nova=\"http://openstack.org/xmlns/libvirt/nova/1.1\">\n"+
		"      <nova:name>%s</nova:name>\n    </nova:instance>\n  </metadata>\n"+
		"  <memory unit='KiB'>%d</memory>\n  <vcpu placement='static'>%d</vcpu>\n  <os>\n"+
		"    <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>\n    <boot dev='hd'/>\n  </os>\n  <devices>\n"+
		"    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n", id, escape(v.Instance), v.ID, escape(v.Name),
		v.flavor.RAMMiB<<10, v.flavor.VCPUs)
	for n, d := range v.disks {
		d.write(&b, n, live)
	}
	b.WriteString("  </devices>\n</domain>\n")
	return b.String()
}

// write writes a disk as it stands in a domain.
func (d Disk) write(b *strings.Builder, n int, live bool) {
	device, bus := "disk", "virtio"
	if d.Kind == kindConfig {
		device, bus = "cdrom", "sata"
	}
	index := ""
	if live {
		index = fmt.Sprintf(" index='%d'", n+1)
	}
	line := func(format string, args ...any) { fmt.Fprintf(b, "      "+format+"\n", args...) }
	fmt.Fprintf(b, "    <disk type='%s' device='%s'>\n", word(d.InCeph(), "network", "file"), device)
	if d.InCeph() {
		line("<driver name='qemu' type='raw' cache='writeback' discard='unmap'/>")
		if d.User != "" {
			line("<auth username='%s'>", escape(d.User))
			line("  <secret type='ceph' uuid='%s'/>", escape(d.Secret))
			line("</auth>")
		}
		line("<source protocol='rbd' name='%s'%s>", escape(d.Pool+"/"+d.Image), index)
		for _, m := range d.Monitors {
			host, port, err := net.SplitHostPort(m)
			if err != nil {
				host, port = m, "6789"
			}
			line("  <host name='%s' port='%s'/>", escape(host), port)
		}
		line("</source>")
	} else {
		raw := d.Kind == kindVolume || d.Kind == kindConfig
		line("<driver name='qemu' type='%s' cache='none'/>", word(raw, "raw", "qcow2"))
		line("<source file='%s'%s/>", escape(d.File), index)
	}
	if live {
		line("<backingStore/>")
	}
	line("<target dev='%s' bus='%s'/>", d.Target, bus)
	if d.Kind == kindConfig {
		line("<readonly/>")
	}
	if d.Volume != "" {
		line("<serial>%s</serial>", d.Volume)
	}
	if live {
		line("<alias name='%s-disk%d'/>", bus, n)
	}
	b.WriteString("    </disk>\n")
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}

// ChangeServer changes a VM behind the back of the APIs, such as its Locked, Tags, Project, Task or Status. Its domain
// runs where the new Status is ACTIVE, and does not where it is SHUTOFF or SUSPENDED; no hook runs.
func (s *Server) ChangeServer(id string, change func(*api.Server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.servers.byID[id]; v != nil {
		before := v.Status
		if change(&v.Server); v.Status != before {
			was := v.running
			v.running = v.Status == "ACTIVE" || v.running && v.Status != "SHUTOFF" && v.Status != "SUSPENDED"
			if v.running && !was {
				v.started = time.Now()
			}
		}
	}
}
