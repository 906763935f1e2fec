package api

import (
	"context"
	"encoding/json"
	"net/http"
)

// A Hypervisor is what runs the VMs of a compute.
type Hypervisor struct {
	Host string // of its nova-compute, as in service records
	Type string // QEMU; other drivers of Nova have other types
	// Version is that of QEMU, as Nova tells it: 7002001 is 7.2.1. It is 0 where Nova does not tell.
	Version int

	ID          string // UUID, also of its resource provider in Placement
	Name        string // hypervisor_hostname: as libvirt calls the machine
	Up, Enabled bool   // of its nova-compute
	VMs         int    // that are on it
}

// Hypervisors lists the hypervisors of all computes.
//
// Similar To: openstack hypervisor list --long
func (c *Cloud) Hypervisors(ctx context.Context) ([]Hypervisor, error) {
	type hypervisor struct {
		ID            string
		Name          string `json:"hypervisor_hostname"`
		Type          string `json:"hypervisor_type"`
		Version       int    `json:"hypervisor_version"`
		VMs           int    `json:"running_vms"`
		State, Status string
		Service       struct{ Host string }
	}
	return collect(each(kept(ctx), c, list[hypervisor]{key: "hypervisors", call: call{op: "list hypervisors",
		service: c.compute, path: []string{"os-hypervisors", "detail"}}}, func(h hypervisor) (Hypervisor, bool) {
		return Hypervisor{Host: h.Service.Host, Type: h.Type, Version: h.Version, ID: h.ID, Name: h.Name,
			Up: h.State == "up", Enabled: h.Status == "enabled", VMs: h.VMs}, true
	}))
}

// A Flavor is a size of VMs.
type Flavor struct {
	ID, Name        string
	VCPUs           int
	RAMMiB, DiskGiB int // DiskGiB is 0 where the root disk is as large as the image
	EphemeralGiB    int
	SwapMiB         int
	// CPUs says which CPUs of a compute the flavor takes, in Nova's word hw:cpu_policy: shared, dedicated or mixed. Where
	// it is empty, the image decides. It is told of the flavor of a Server only.
	CPUs string
	// Other says that Placement is asked for something else than these sizes, by an extra spec of the flavor
	// (resources:…). It is told of the flavor of a Server only.
	Other bool
}

// Flavor reads a flavor by name or ID, or ErrNotFound.
//
// Similar To: openstack flavor show
func (c *Cloud) Flavor(ctx context.Context, name string) (Flavor, error) {
	const op = "read flavor"
	id, err := c.flavorID(ctx, op, name)
	if err != nil {
		return Flavor{}, err
	}
	var out struct {
		Flavor struct {
			ID, Name         string
			VCPUs, RAM, Disk int
			Ephemeral        int `json:"OS-FLV-EXT-DATA:ephemeral"`
			Swap             swap
		}
	}
	_, err = c.do(ctx, call{op: op, object: name, method: http.MethodGet, service: c.compute,
		path: []string{"flavors", id}, out: &out, id: &out.Flavor.ID})
	f := out.Flavor
	return Flavor{ID: f.ID, Name: f.Name, VCPUs: f.VCPUs, RAMMiB: f.RAM, DiskGiB: f.Disk, EphemeralGiB: f.Ephemeral,
		SwapMiB: int(f.Swap)}, err
}

// A swap is the size of a swap disk. Before 2.75, Nova writes an empty string for 0.
type swap int

// UnmarshalJSON reads a number or a text.
func (s *swap) UnmarshalJSON(text []byte) error {
	if string(text) == `""` {
		*s = 0
		return nil
	}
	return json.Unmarshal(text, (*int)(s))
}
