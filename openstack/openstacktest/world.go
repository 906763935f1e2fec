package openstacktest

import (
	"cmp"
	"slices"

	"github.com/cephstack/cephstack/openstack/api"
)

// A Flavor is a size of VMs.
type Flavor struct {
	ID, Name               string
	VCPUs, RAMMiB, DiskGiB int
	EphemeralGiB, SwapMiB  int
	// Extra are extra specs, such as hw:cpu_policy.
	Extra map[string]string
}

// populate adds the services of Config and flavor "tiny". s.mu need not be
// held.
func (s *Server) populate() {
	up := func(binary, host, zone string) {
		s.AddService(api.ServiceRecord{Binary: binary, Host: host, Zone: zone, Enabled: true, Up: true})
	}
	up("cinder-scheduler", s.cfg.Controller, "nova")
	up("cinder-backup", s.cfg.Controller, "nova")
	for _, b := range s.cfg.Backends {
		up("cinder-volume", s.cfg.Controller+"@"+b, "nova")
	}
	up("nova-conductor", s.cfg.Controller, "internal")
	up("nova-scheduler", s.cfg.Controller, "internal")
	for _, c := range s.cfg.Computes {
		up("nova-compute", c, "nova")
	}
	s.AddFlavor(Flavor{Name: "tiny", VCPUs: 1, RAMMiB: 128, DiskGiB: 1})
}

// AddService adds a service record, or replaces the record of the same binary and
// host. While a service is up, its record stays fresh.
func (s *Server) AddService(r api.ServiceRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Updated.IsZero() {
		r.Updated = s.cfg.Now().UTC()
	}
	if old := s.service(r.Binary, r.Host); old != nil {
		*old = r
		return
	}
	s.services = append(s.services, &r)
}

// RemoveService removes a service record.
func (s *Server) RemoveService(binary, host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := func(r *api.ServiceRecord) bool { return r.Binary == binary && r.Host == host }
	s.services = slices.DeleteFunc(s.services, it)
}

// SetUp marks a service up or down. A service that is down keeps its last sign of
// life.
func (s *Server) SetUp(binary, host string, up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.service(binary, host); r != nil {
		r.Up, r.Updated = up, s.cfg.Now().UTC()
		delete(s.hung, r)
	}
}

// Hang makes a service give no sign of life any more. As in the real APIs, its record
// stays up at first; SetUp changes it, and ends the hanging.
func (s *Server) Hang(binary, host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.service(binary, host); r != nil {
		s.hung[r] = true
	}
}

// service finds a record. s.mu is held.
func (s *Server) service(binary, host string) *api.ServiceRecord {
	for _, r := range s.services {
		if r.Binary == binary && r.Host == host {
			return r
		}
	}
	return nil
}

// up gives the hosts of a binary whose service is up and enabled. s.mu is held.
func (s *Server) up(binary string) []string {
	var out []string
	for _, r := range s.services {
		if r.Binary == binary && r.Up && r.Enabled {
			out = append(out, r.Host)
		}
	}
	return out
}

// defaultZone is the zone of volumes that name no zone, and of services without a zone.
const defaultZone = "nova"

// inZone gives the hosts of a binary whose service is up and enabled in a zone.
// s.mu is held.
func (s *Server) inZone(binary, zone string) []string {
	return slices.DeleteFunc(s.up(binary), func(host string) bool {
		return cmp.Or(s.service(binary, host).Zone, defaultZone) != cmp.Or(zone, defaultZone)
	})
}

// AddFlavor adds a flavor and gives its ID.
func (s *Server) AddFlavor(f Flavor) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.ID == "" {
		f.ID = s.id()
	}
	s.flavors.add(f.ID, f)
	return f.ID
}

// AddVolumeType adds a volume type of a backend, or of any backend when backend is
// empty.
func (s *Server) AddVolumeType(name, backend string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := volumeType{ID: s.id(), Name: name, Extra: map[string]string{}}
	if backend != "" {
		t.Extra["volume_backend_name"] = backend
	}
	s.types.add(t.ID, t)
}

// AddImage adds an image that was there before, and gives its ID. No hook runs. When
// i does not say otherwise, the image is active, and was made now.
func (s *Server) AddImage(i api.Image, data []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.ID == "" {
		i.ID = s.id()
	}
	i.Size, i.SHA512, i.Created = int64(len(data)), digest(data), s.made(i.Created)
	if i.Status == "" {
		i.Status = "active"
	}
	s.images.add(i.ID, image{i, data})
	return i.ID
}

// AddVolume adds a volume that was there before, and gives its ID. No hook runs. When
// v does not say otherwise, the volume is available, and was made now.
func (s *Server) AddVolume(v api.Volume) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.ID == "" {
		v.ID = s.id()
	}
	if v.Status == "" {
		v.Status = "available"
	}
	if v.Host == "" && len(s.cfg.Backends) > 0 {
		v.Host = s.cfg.Controller + "@" + s.cfg.Backends[0] + "#" + s.cfg.Backends[0]
	}
	if v.Type == "" {
		v.Type = "__DEFAULT__"
	}
	if v.Zone == "" {
		v.Zone = defaultZone
	}
	v.Created = s.made(v.Created)
	s.volumes.add(v.ID, volume{Volume: v})
	return v.ID
}

// AddResize makes a VM wait for the confirmation of its resize, by which it came from a compute.
func (s *Server) AddResize(id, from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.servers.byID[id]
	v.Status = "VERIFY_RESIZE"
	s.addMigration(api.Migration{Server: id, Source: from, Dest: v.Host, Type: "resize", Status: "finished"})
}

// AddServer adds a VM that was there before, and gives its ID. When v does not say otherwise, the VM is ACTIVE, on the
// first compute and of flavor "tiny". HasLocalDisk follows from image, flavor and config drive. Its disks are where
// VolumeConnection and ComputeConnection of Hooks say; no other hook runs: OpenDisks opens them.
func (s *Server) AddServer(v api.Server) string {
	s.mu.Lock()
	if v.ID == "" {
		v.ID = s.id()
	}
	if v.Status == "" {
		v.Status = "ACTIVE"
	}
	if v.Host == "" && len(s.cfg.Computes) > 0 {
		v.Host = s.cfg.Computes[0]
	}
	v.Created = s.made(v.Created)
	f := s.flavor("tiny")
	if v.FlavorID != "" && s.flavors.byID[v.FlavorID] != nil {
		f = *s.flavors.byID[v.FlavorID]
	}
	v.FlavorID = f.ID
	v.HasLocalDisk = v.ImageID != "" || f.EphemeralGiB > 0 || f.SwapMiB > 0 || v.ConfigDrive
	s.serial++
	serial := s.serial
	if v.Instance == "" {
		v.Instance = domainName(serial)
	}
	s.mu.Unlock()
	disks := targets(append(s.own(v, f), s.reachAll(v)...))
	s.mu.Lock()
	defer s.mu.Unlock()
	made := s.servers.add(v.ID, server{Server: v, flavor: f, serial: serial, started: v.Created})
	s.keep(made, disks, true)
	made.running = !slices.Contains([]string{"SHUTOFF", "ERROR", "SHELVED_OFFLOADED", "BUILD", "SOFT_DELETED",
		"SUSPENDED"}, v.Status)
	made.defined = made.running || slices.Contains([]string{"SHUTOFF", "SOFT_DELETED", "SUSPENDED"}, v.Status)
	return v.ID
}

// flavor finds a flavor by name, or gives the zero Flavor. s.mu is held.
func (s *Server) flavor(name string) Flavor {
	for _, f := range s.flavors.all() {
		if f.Name == name {
			return *f
		}
	}
	return Flavor{}
}

// Images gives the images as they are now.
func (s *Server) Images() []api.Image {
	return snap(s, &s.images, func(i *image) api.Image { return i.Image })
}

// ImageData gives the data of an image, or nil.
func (s *Server) ImageData(id string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.images.byID[id]; i != nil {
		return slices.Clone(i.data)
	}
	return nil
}

// Volumes gives the volumes as they are now.
func (s *Server) Volumes() []api.Volume {
	return snap(s, &s.volumes, func(v *volume) api.Volume { return v.copy() })
}

// Snapshots gives the volume snapshots as they are now.
func (s *Server) Snapshots() []api.Snapshot {
	return snap(s, &s.snapshots, func(v *api.Snapshot) api.Snapshot { return *v })
}

// Backups gives the backups as they are now.
func (s *Server) Backups() []api.Backup {
	return snap(s, &s.backups, func(b *backup) api.Backup { return b.Backup })
}

// Servers gives the VMs as they are now.
func (s *Server) Servers() []api.Server {
	return snap(s, &s.servers, func(v *server) api.Server { return v.copy() })
}

func snap[T, U any](s *Server, t *table[T], f func(*T) U) []U {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []U
	for _, v := range t.all() {
		out = append(out, f(v))
	}
	return out
}

// zoneless is the form of a time in an answer of Cinder, and in a record of a service.
const zoneless = "2006-01-02T15:04:05.000000"

func word(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}
