package openstacktest

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/openstack/api"
)

type server struct {
	api.Server
	flavor Flavor
	zone   string // that was asked for

	serial  int       // of its domain
	disks   []Disk    // of its domain
	stored  []Disk    // its volumes, as Nova reaches them at the next start
	defined bool      // it has a domain
	running bool      // its domain runs
	started time.Time // when its QEMU started; QEMU opens its disks after that
	moving  *move     // the live migration that is under way

	lockReason string
}

// state is the vm_state of a VM.
func (v *server) state() string {
	if v.State != "" {
		return v.State
	}
	if state := map[string]string{"MIGRATING": "active", "SHUTOFF": "stopped", "BUILD": "building",
		"VERIFY_RESIZE": "resized", "SOFT_DELETED": "soft-delete", "REBOOT": "active",
		"HARD_REBOOT": "active"}[v.Status]; state != "" {
		return state
	}
	return strings.ToLower(v.Status)
}

// power is the power_state of a VM.
func (v *server) power() int {
	at := map[string]int{"running": 1, "paused": 3, "shutdown": 4, "crashed": 6, "suspended": 7}
	switch {
	case v.Power != "":
		return at[v.Power]
	case v.running:
		return at["running"]
	case v.defined:
		return at["shutdown"]
	}
	return 0
}

func (v *server) copy() api.Server {
	out := v.Server
	out.Volumes, out.Tags = slices.Clone(out.Volumes), slices.Clone(out.Tags)
	out.State = v.state()
	if out.Power == "" {
		out.Power = map[int]string{1: "running", 4: "shutdown"}[v.power()]
	}
	f := v.flavor
	out.Flavor = api.Flavor{ID: f.ID, Name: f.Name, VCPUs: f.VCPUs, RAMMiB: f.RAMMiB, DiskGiB: f.DiskGiB,
		EphemeralGiB: f.EphemeralGiB, SwapMiB: f.SwapMiB}
	return out
}

func computeRoutes() map[string]handle {
	return map[string]handle{
		"GET /os-services":                                    listServices("nova-"),
		"PUT /os-services/{id}":                               setService,
		"GET /flavors":                                        listFlavors,
		"POST /flavors":                                       createFlavor,
		"DELETE /flavors/{id}":                                deleteFlavor,
		"GET /flavors/{id}":                                   showFlavor,
		"GET /os-hypervisors/detail":                          listHypervisors,
		"POST /servers":                                       createServer,
		"GET /servers/detail":                                 listServers,
		"GET /servers/{id}":                                   showServer,
		"DELETE /servers/{id}":                                deleteServer,
		"POST /servers/{id}/action":                           act,
		"GET /servers/{id}/os-instance-actions/{request}":     showAction,
		"POST /servers/{id}/os-volume_attachments":            attach,
		"DELETE /servers/{id}/os-volume_attachments/{volume}": detach,
		"GET /os-migrations":                                  listMigrations,
		"GET /servers/{id}/migrations":                        listServerMigrations,
		"DELETE /servers/{id}/migrations/{migration}":         abortMigration,
		"GET /os-aggregates":                                  listAggregates,
	}
}

func listFlavors(s *Server, r *http.Request) (int, any, error) {
	if err := s.queries(r, "is_public", "marker", "limit"); err != nil {
		return 0, nil, err
	}
	found, next := page(s, r, &s.flavors, nil)
	out := []any{}
	for _, f := range found {
		out = append(out, map[string]any{"id": f.ID, "name": f.Name})
	}
	return http.StatusOK, map[string]any{"flavors": out, "flavors_links": links(r, next)}, nil
}

func createFlavor(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Flavor struct {
			Name  string `json:"name"`
			VCPUs int    `json:"vcpus"`
			RAM   int    `json:"ram"`
			Disk  int    `json:"disk"`
		} `json:"flavor"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	f := Flavor{Name: in.Flavor.Name, VCPUs: in.Flavor.VCPUs, RAMMiB: in.Flavor.RAM, DiskGiB: in.Flavor.Disk}
	if f.VCPUs < 1 || f.RAMMiB < 1 {
		return 0, nil, refuse(http.StatusBadRequest,
			"Invalid input for field/attribute ram. Value: %d. %d is less than the minimum of 1", f.RAMMiB, f.RAMMiB)
	}
	if s.flavor(f.Name).ID != "" {
		return 0, nil, refuse(http.StatusConflict, "Flavor with name %s already exists.", f.Name)
	}
	f.ID = s.id()
	s.flavors.add(f.ID, f)
	return http.StatusOK, map[string]any{"flavor": map[string]any{"id": f.ID, "name": f.Name}}, nil
}

func deleteFlavor(s *Server, r *http.Request) (int, any, error) {
	id := r.PathValue("id")
	if s.flavors.byID[id] == nil {
		return 0, nil, noSuch("Flavor", id)
	}
	s.flavors.remove(id)
	return http.StatusAccepted, nil, nil
}

func (v *server) json(s *Server, r *http.Request) map[string]any {
	volumes := []any{}
	for _, id := range v.Volumes {
		volumes = append(volumes, map[string]any{"id": id, "delete_on_termination": false})
	}
	out := map[string]any{"id": v.ID, "name": v.Name, "status": v.Status, "created": v.Created.Format(time.RFC3339),
		"description": v.Description, "OS-EXT-SRV-ATTR:host": nil, "OS-EXT-STS:task_state": nil, "image": "",
		"os-extended-volumes:volumes_attached": volumes, "tenant_id": cmp.Or(v.Project, project),
		"OS-EXT-SRV-ATTR:instance_name": v.Instance, "OS-EXT-SRV-ATTR:hypervisor_hostname": nil,
		"OS-EXT-STS:vm_state": v.state(), "OS-EXT-STS:power_state": v.power(), "OS-EXT-AZ:availability_zone": "",
		"config_drive": word(v.ConfigDrive, "True", "")}
	if minor(r, "compute") >= 9 {
		out["locked"] = v.Locked
	}
	if minor(r, "compute") >= 26 {
		out["tags"] = append([]string{}, v.Tags...)
	}
	if minor(r, "compute") >= 73 {
		out["locked_reason"] = nil
		if v.Locked && v.lockReason != "" {
			out["locked_reason"] = v.lockReason
		}
	}
	if v.Host != "" {
		out["OS-EXT-SRV-ATTR:host"], out["OS-EXT-SRV-ATTR:hypervisor_hostname"] = v.Host, v.Host
	}
	if rec := s.service("nova-compute", v.Host); rec != nil {
		out["OS-EXT-AZ:availability_zone"] = s.computeZone(rec)
	}
	if v.Task != "" {
		out["OS-EXT-STS:task_state"] = v.Task
	}
	if v.ImageID != "" {
		out["image"] = map[string]any{"id": v.ImageID}
	}
	if minor(r, "compute") >= 47 {
		out["flavor"] = map[string]any{"original_name": v.flavor.Name, "vcpus": v.flavor.VCPUs, "ram": v.flavor.RAMMiB,
			"disk": v.flavor.DiskGiB, "ephemeral": v.flavor.EphemeralGiB, "swap": v.flavor.SwapMiB,
			"extra_specs": v.flavor.extra()}
	} else {
		out["flavor"] = map[string]any{"id": v.FlavorID}
	}
	if v.Status == "ERROR" {
		out["fault"] = map[string]any{"code": 500, "message": v.Fault, "created": v.Created.Format(time.RFC3339)}
	}
	return out
}

// listServers leaves out VMs that can be restored, unless deleted VMs are asked for.
func listServers(s *Server, r *http.Request) (int, any, error) {
	if err := s.queries(r, "all_tenants", "host", "marker", "limit", "deleted", "status"); err != nil {
		return 0, nil, err
	}
	q := r.URL.Query()
	host, status, deleted := q.Get("host"), q.Get("status"), q.Get("deleted") == "True"
	found, next := page(s, r, &s.servers, func(v *server) bool {
		return (host == "" || v.Host == host) && (status == "" || v.Status == status) &&
			(v.Status == "SOFT_DELETED") == deleted
	})
	out := []any{}
	for _, v := range found {
		out = append(out, v.json(s, r))
	}
	return http.StatusOK, map[string]any{"servers": out, "servers_links": links(r, next)}, nil
}

func showServer(s *Server, r *http.Request) (int, any, error) {
	v := s.servers.byID[r.PathValue("id")]
	if v == nil {
		return 0, nil, noSuch("Instance", r.PathValue("id"))
	}
	return http.StatusOK, map[string]any{"server": v.json(s, r)}, nil
}

// A serverRequest is the part of a request for a VM that the fake knows.
type serverRequest struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	FlavorRef   string `json:"flavorRef"`
	ImageRef    string `json:"imageRef"`
	Networks    string `json:"networks"`
	ConfigDrive bool   `json:"config_drive"`
	UserData    []byte `json:"user_data"`
	Zone        string `json:"availability_zone"`
	Devices     []struct {
		BootIndex   int    `json:"boot_index"`
		UUID        string `json:"uuid"`
		Source      string `json:"source_type"`
		Destination string `json:"destination_type"`
		Delete      bool   `json:"delete_on_termination"`
	} `json:"block_device_mapping_v2"`
}

func createServer(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Server serverRequest `json:"server"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	root, err := s.checkServer(r, in.Server)
	if err != nil {
		return 0, nil, err
	}
	f := s.flavors.byID[in.Server.FlavorRef]
	v := api.Server{ID: s.id(), Name: in.Server.Name, Status: "BUILD", Task: "scheduling", ImageID: in.Server.ImageRef,
		FlavorID: f.ID, Description: in.Server.Description,
		Created: s.now(), ConfigDrive: in.Server.ConfigDrive, Project: project,
		HasLocalDisk: in.Server.ImageRef != "" || f.EphemeralGiB > 0 || f.SwapMiB > 0 || in.Server.ConfigDrive}
	if root != nil {
		v.Volumes = []string{root.ID}
		root.Status = "reserved"
	}
	zone, _, _ := strings.Cut(in.Server.Zone, ":")
	made := s.servers.add(v.ID, server{Server: v, flavor: *f, zone: zone, serial: s.serial})
	made.Instance = domainName(made.serial)
	s.boot(made, root, in.Server)
	return http.StatusAccepted, map[string]any{"server": map[string]any{"id": v.ID, "links": []any{},
		"adminPass": "Zx81fake"}}, nil
}

// domainName is the name of a domain, by its serial number.
func domainName(serial int) string { return fmt.Sprintf("instance-%08x", serial) }

// boot makes a VM ACTIVE on a host, once the hook has succeeded.
func (s *Server) boot(v *server, root *volume, in serverRequest) {
	var now api.Server
	var disks []Disk
	var started time.Time
	s.later(func() error {
		s.mu.Lock()
		v.Host = s.schedule(in.Zone, v.flavor)
		now = v.copy()
		s.mu.Unlock()
		if now.Host == "" {
			//nolint:staticcheck // the words are those of Nova
			return errors.New("No valid host was found. There are not enough hosts available.")
		}
		if s.cfg.Hooks.ServerCreated != nil {
			if err := s.cfg.Hooks.ServerCreated(&now, in.UserData); err != nil {
				return err
			}
		}
		disks = targets(append(s.reachAll(now), s.own(now, v.flavor)...))
		started = time.Now()
		return s.openAll(disks)
	}, func(err error) {
		v.Task, v.Status, v.Host = "", "ACTIVE", now.Host
		if err != nil {
			v.Status, v.Fault = "ERROR", err.Error()
		}
		if root != nil {
			root.Status, root.Servers = "in-use", []string{v.ID}
		}
		if now.Host != "" {
			s.keep(v, disks, true)
			v.defined, v.running, v.started = err == nil, err == nil, started
		}
	})
}

// schedule gives the host for a zone or a zone:host. Since Train, a disabled compute takes no VM, although an
// administrator names it. s.mu is held.
func (s *Server) schedule(zone string, f Flavor) string {
	up := slices.DeleteFunc(s.up("nova-compute"), func(host string) bool { return !s.fits(f, host) })
	_, host, ok := strings.Cut(zone, ":")
	if !ok && zone != "" {
		up = slices.DeleteFunc(up, func(host string) bool { return s.computeZone(s.service("nova-compute", host)) != zone })
	}
	switch {
	case ok && slices.Contains(up, host):
		return host
	case !ok && len(up) > 0:
		return up[len(s.servers.order)%len(up)]
	}
	return ""
}

// checkServer refuses what Nova's API refuses. It gives the volume to boot from.
func (s *Server) checkServer(r *http.Request, in serverRequest) (*volume, error) {
	if in.Networks != "none" || minor(r, "compute") < 37 {
		return nil, refuse(http.StatusBadRequest, "Invalid input for field/attribute networks. Value: %s.", in.Networks)
	}
	if s.flavors.byID[in.FlavorRef] == nil {
		return nil, refuse(http.StatusBadRequest, "Flavor %s could not be found.", in.FlavorRef)
	}
	if zone, _, _ := strings.Cut(in.Zone, ":"); zone != "" && !s.hasZone(zone) {
		return nil, refuse(http.StatusBadRequest, "The requested availability zone is not available")
	}
	if len(in.UserData) > 49151 {
		return nil, refuse(http.StatusBadRequest, "User data too large. User data must be no larger than 64KB.")
	}
	if len(in.Devices) == 0 {
		if i := s.images.byID[in.ImageRef]; i == nil || i.Status != "active" {
			return nil, refuse(http.StatusBadRequest, "Can not find requested image %s", in.ImageRef)
		}
		return nil, nil
	}
	d := in.Devices[0]
	v := s.volumes.byID[d.UUID]
	if len(in.Devices) != 1 || d.BootIndex != 0 || d.Source != "volume" || d.Destination != "volume" ||
		in.ImageRef != "" || v == nil {
		return nil, refuse(http.StatusBadRequest, "Block Device Mapping is Invalid: failed to get volume %s.", d.UUID)
	}
	if v.Status != "available" {
		return nil, refuse(http.StatusBadRequest, "Invalid volume: volume %s status must be 'available'. Currently in '%s'",
			v.ID, v.Status)
	}
	return v, nil
}

func deleteServer(s *Server, r *http.Request) (int, any, error) {
	v := s.servers.byID[r.PathValue("id")]
	if v == nil {
		return 0, nil, noSuch("Instance", r.PathValue("id"))
	}
	v.Task = "deleting"
	now := v.copy()
	s.later(func() error {
		if disks, running := s.disksOf(v); running {
			s.closeAll(disks)
		}
		if s.cfg.Hooks.ServerDeleted == nil {
			return nil
		}
		return s.cfg.Hooks.ServerDeleted(now)
	}, func(err error) {
		v.Task = ""
		v.running, v.defined = false, false
		if err != nil {
			v.Status, v.Fault = "ERROR", err.Error()
			return
		}
		for _, id := range v.Volumes {
			s.detached(v.ID, id)
			if vol := s.volumes.byID[id]; vol != nil {
				vol.Status, vol.Servers = "available", nil
			}
		}
		s.servers.remove(v.ID)
	})
	return http.StatusNoContent, nil, nil
}
