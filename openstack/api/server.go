package api

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strings"
	"time"
)

// A Server is a VM.
type Server struct {
	ID, Name, Host string
	Description    string
	Status         string   // ACTIVE, SHUTOFF, ERROR, …
	Task           string   // task state; empty when idle
	ImageID        string   // empty when booted from a volume
	FlavorID       string   // empty when the flavor was deleted since
	Volumes        []string // attached volume IDs
	Fault          string
	Created        time.Time
	HasLocalDisk   bool // root from an image, ephemeral or swap disks, or a config drive
	ConfigDrive    bool

	Project  string   // ID
	Zone     string   // availability zone of its compute
	Instance string   // name of its domain in libvirt, such as instance-0000002a; empty where Nova does not tell
	State    string   // vm_state: active, stopped, error, resized, soft-delete, shelved_offloaded, …
	Power    string   // what its compute last saw: running, shutdown, paused, crashed or suspended; or empty
	Locked   bool     // only an administrator may change the VM
	Tags     []string // in the order of Nova
	// Flavor is the VM's own copy of its flavor: it stays when the flavor is deleted. Its ID is FlavorID.
	Flavor Flavor
}

type serverJSON struct {
	ID, Name, Status string
	Description      string
	Project          string          `json:"tenant_id"`
	Host             string          `json:"OS-EXT-SRV-ATTR:host"`
	Instance         string          `json:"OS-EXT-SRV-ATTR:instance_name"`
	Zone             string          `json:"OS-EXT-AZ:availability_zone"`
	Task             string          `json:"OS-EXT-STS:task_state"`
	State            string          `json:"OS-EXT-STS:vm_state"`
	Power            int             `json:"OS-EXT-STS:power_state"`
	Image            json.RawMessage // an empty string when booted from a volume
	Flavor           struct {
		Name             string `json:"original_name"`
		VCPUs, RAM, Disk int
		Ephemeral, Swap  int
		Extra            map[string]string `json:"extra_specs"`
	}
	Locked      bool
	Tags        []string
	ConfigDrive string                `json:"config_drive"` // "True" or empty
	Volumes     []struct{ ID string } `json:"os-extended-volumes:volumes_attached"`
	Fault       struct{ Message string }
	Created     stamp
}

// power is a power state of Nova in a word; empty for "no state" and for what is not known.
func power(state int) string {
	return map[int]string{1: "running", 3: "paused", 4: "shutdown", 6: "crashed", 7: "suspended"}[state]
}

// server converts; flavors are the IDs of flavors by name.
func (s serverJSON) server(c *Cloud, flavors map[string]string) Server {
	var image struct{ ID string }
	_ = json.Unmarshal(s.Image, &image)
	f := s.Flavor
	out := Server{ID: s.ID, Name: s.Name, Description: s.Description, Host: s.Host, Status: s.Status, Task: s.Task,
		ImageID: image.ID, FlavorID: flavors[f.Name], Project: s.Project, Zone: s.Zone, Instance: s.Instance,
		State: s.State, Power: power(s.Power), Locked: s.Locked, Tags: s.Tags,
		Fault: c.clean(s.Fault.Message), Created: time.Time(s.Created), ConfigDrive: s.ConfigDrive != "",
		Flavor: Flavor{ID: flavors[f.Name], Name: f.Name, VCPUs: f.VCPUs, RAMMiB: f.RAM, DiskGiB: f.Disk,
			EphemeralGiB: f.Ephemeral, SwapMiB: f.Swap, CPUs: f.Extra["hw:cpu_policy"]}}
	for name := range f.Extra { // "resources:VGPU", or "resources1:VGPU" of a group
		out.Flavor.Other = out.Flavor.Other || strings.HasPrefix(name, "resources")
	}
	out.HasLocalDisk = image.ID != "" || f.Ephemeral > 0 || f.Swap > 0 || out.ConfigDrive
	for _, v := range s.Volumes {
		out.Volumes = append(out.Volumes, v.ID)
	}
	return out
}

// Servers is EachServer, collected.
func (c *Cloud) Servers(ctx context.Context, host string) ([]Server, error) {
	return collect(c.EachServer(kept(ctx), host))
}

// EachServer reads the VMs of all projects page by page: those on host, or all when host is empty. An error is the
// last that it gives. A VM that was deleted and can still be restored (SOFT_DELETED) is not in Nova's lists: see
// SoftDeleted.
//
// Similar To: openstack server list --all-projects --host <host>
func (c *Cloud) EachServer(ctx context.Context, host string) iter.Seq2[Server, error] {
	return c.eachServer(ctx, host, nil)
}

// SoftDeleted reads the VMs of all projects that were deleted and can still be restored, or wait to be reclaimed.
// They keep their disks and their volumes. Where Nova does not keep deleted VMs (reclaim_instance_interval is 0), there
// are none.
//
// Similar To: openstack server list --all-projects --deleted --status SOFT_DELETED
func (c *Cloud) SoftDeleted(ctx context.Context) iter.Seq2[Server, error] {
	return c.eachServer(ctx, "", map[string]string{"deleted": "True", "status": "SOFT_DELETED"})
}

func (c *Cloud) eachServer(ctx context.Context, host string, only map[string]string) iter.Seq2[Server, error] {
	k := call{op: "list servers", object: host, service: c.compute, path: []string{"servers", "detail"},
		query: everything()}
	if host != "" {
		k.query.Set("host", host)
	}
	for name, value := range only {
		k.query.Set(name, value)
	}
	return func(yield func(Server, error) bool) {
		flavors, err := c.Flavors(ctx)
		if err != nil {
			yield(Server{}, err)
			return
		}
		// Nova ignores filters that the account may not use.
		each(ctx, c, list[serverJSON]{call: k, key: "servers"}, func(s serverJSON) (Server, bool) {
			mine := (host == "" || s.Host == host) && (only == nil || s.Status == only["status"])
			return s.server(c, flavors), mine
		})(yield)
	}
}

// Server reads one VM, or ErrNotFound.
//
// Similar To: openstack server show
func (c *Cloud) Server(ctx context.Context, id string) (Server, error) {
	s, err := c.read(ctx, id)
	if err != nil {
		return Server{}, err
	}
	flavors, err := c.Flavors(ctx)
	return s.server(c, flavors), err
}

// read reads one VM without the ID of its flavor.
func (c *Cloud) read(ctx context.Context, id string) (serverJSON, error) {
	var out struct{ Server serverJSON }
	_, err := c.do(ctx, call{op: "read server", object: id, method: http.MethodGet, service: c.compute,
		path: []string{"servers", id}, out: &out, id: &out.Server.ID})
	return out.Server, err
}
