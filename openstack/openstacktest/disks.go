package openstacktest

import (
	"fmt"
	"slices"

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

// The kinds of a Disk.
const (
	kindRoot      = "root"
	kindEphemeral = "ephemeral"
	kindSwap      = "swap"
	kindConfig    = "config drive"
	kindVolume    = "volume"
)

// InCeph reports whether a disk is in Ceph.
func (d Disk) InCeph() bool { return d.Pool != "" }

func (d Disk) copy() Disk {
	d.Monitors = slices.Clone(d.Monitors)
	return d
}

// own are the disks of a VM that Nova makes on a compute, by the configuration that its nova-compute runs with.
// s.mu is not held.
func (s *Server) own(v api.Server, f Flavor) []Disk {
	var at Disk
	if s.cfg.Hooks.ComputeConnection != nil {
		at = s.cfg.Hooks.ComputeConnection(v.Host)
	}
	var out []Disk
	add := func(kind, suffix, file string) {
		d := at.copy()
		d.Server, d.Host, d.Kind = v.ID, v.Host, kind
		if d.Image = d.Image + v.ID + suffix; !d.InCeph() {
			d = Disk{Server: v.ID, Host: v.Host, Kind: kind, File: "/var/lib/nova/instances/" + v.ID + "/" + file}
		}
		out = append(out, d)
	}
	if v.ImageID != "" {
		add(kindRoot, "_disk", "disk")
	}
	if f.EphemeralGiB > 0 {
		add(kindEphemeral, "_disk.eph0", "disk.eph0")
	}
	if f.SwapMiB > 0 {
		add(kindSwap, "_disk.swap", "disk.swap")
	}
	if v.ConfigDrive {
		add(kindConfig, "_disk.config", "disk.config")
	}
	return out
}

// reach is how a compute is to reach a volume, by the configuration that cinder-volume runs with. s.mu is not held.
func (s *Server) reach(v api.Server, vol api.Volume) Disk {
	var d Disk
	if s.cfg.Hooks.VolumeConnection != nil {
		d = s.cfg.Hooks.VolumeConnection(vol).copy()
	}
	if d.InCeph() && d.Image == "" {
		name := vol.ID
		if vol.NameID != "" {
			name = vol.NameID
		}
		d.Image = "volume-" + name
	}
	if !d.InCeph() {
		d = Disk{File: "/var/lib/nova/mnt/volume-" + vol.ID}
	}
	d.Server, d.Host, d.Kind, d.Volume = v.ID, v.Host, kindVolume, vol.ID
	return d
}

// reachAll are the volumes of a VM anew. s.mu is not held.
func (s *Server) reachAll(v api.Server) []Disk {
	var out []Disk
	for _, id := range v.Volumes {
		s.mu.Lock()
		vol, ok := s.volumes.byID[id]
		now := api.Volume{ID: id}
		if ok {
			now = vol.copy()
		}
		s.mu.Unlock()
		out = append(out, s.reach(v, now))
	}
	return out
}

// targets names the disks of a domain: a disk keeps the name that it had.
func targets(disks []Disk) []Disk {
	used := map[string]bool{}
	for _, d := range disks {
		used[d.Target] = true
	}
	for i, d := range disks {
		if d.Target != "" {
			continue
		}
		prefix := word(d.Kind == kindConfig, "sd", "vd")
		for letter := 'a'; ; letter++ {
			if name := fmt.Sprintf("%s%c", prefix, letter); !used[name] {
				disks[i].Target, used[name] = name, true
				break
			}
		}
	}
	return disks
}

// openAll opens disks as QEMU does when it starts: all of them, or none. It runs as a hook.
func (s *Server) openAll(disks []Disk) error {
	for i, d := range disks {
		if !d.InCeph() || s.cfg.Hooks.DiskOpened == nil {
			continue
		}
		if err := s.cfg.Hooks.DiskOpened(d.copy()); err != nil {
			s.closeAll(disks[:i])
			return fmt.Errorf("internal error: process exited while connecting to monitor: -blockdev {\"driver\":\"rbd\","+
				"\"pool\":%q,\"image\":%q,\"user\":%q}: %w", d.Pool, d.Image, d.User, err)
		}
	}
	return nil
}

// closeAll runs as a hook.
func (s *Server) closeAll(disks []Disk) {
	for _, d := range disks {
		if d.InCeph() && s.cfg.Hooks.DiskClosed != nil {
			s.cfg.Hooks.DiskClosed(d.copy())
		}
	}
}

// disks of a VM, as a hook may see them. s.mu is not held.
func (s *Server) disksOf(v *server) (disks []Disk, running bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(v.disks), v.running
}

// keep makes disks those of the domain of a VM. With fresh, its volumes were attached anew: Nova stores how they are
// reached, and Cinder has new attachments instead of those that there were. s.mu is held.
func (s *Server) keep(v *server, disks []Disk, fresh bool) {
	if fresh {
		for i, d := range disks {
			if d.Kind == kindVolume {
				s.detached(v.ID, d.Volume)
				disks[i].Attachment = s.attached(d)
			}
		}
		v.stored = slices.DeleteFunc(slices.Clone(disks), func(d Disk) bool { return d.Kind != kindVolume })
	}
	v.disks = disks
}

// rebuilt are the disks of a domain that Nova writes anew: its own by the configuration of its compute, and volumes as
// they are stored. s.mu is not held.
func (s *Server) rebuilt(v *server, now api.Server, f Flavor) []Disk {
	s.mu.Lock()
	stored, before := slices.Clone(v.stored), slices.Clone(v.disks)
	s.mu.Unlock()
	out := append(s.own(now, f), stored...)
	for i := range out {
		for _, old := range before {
			if old.Kind == out[i].Kind && old.Volume == out[i].Volume {
				out[i].Target = old.Target
			}
		}
		out[i].Host = now.Host
	}
	return targets(out)
}
