package api

import (
	"context"
	"net/http"
)

// A Hypervisor is what runs the VMs of a compute.
type Hypervisor struct {
	Host string // of its nova-compute, as in service records
	Type string // QEMU; other drivers of Nova have other types
	// Version is that of QEMU, as Nova tells it: 7002001 is 7.2.1. It is 0 where Nova does not tell.
	Version int
}

// Hypervisors lists the hypervisors of all computes.
//
// Similar To: openstack hypervisor list --long
func (c *Cloud) Hypervisors(ctx context.Context) ([]Hypervisor, error) {
	type hypervisor struct {
		Type    string `json:"hypervisor_type"`
		Version int    `json:"hypervisor_version"`
		Service struct{ Host string }
	}
	found, err := pages[hypervisor](ctx, c, call{op: "list hypervisors", service: c.compute,
		path: []string{"os-hypervisors", "detail"}}, "hypervisors")
	if err != nil {
		return nil, err
	}
	out := make([]Hypervisor, len(found))
	for i, h := range found {
		out[i] = Hypervisor{h.Service.Host, h.Type, h.Version}
	}
	return out, nil
}

// A Flavor is a size of VMs.
type Flavor struct {
	ID, Name        string
	VCPUs           int
	RAMMiB, DiskGiB int // DiskGiB is 0 where the root disk is as large as the image
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
		}
	}
	_, err = c.do(ctx, call{op: op, object: name, method: http.MethodGet, service: c.compute,
		path: []string{"flavors", id}, out: &out, id: &out.Flavor.ID})
	f := out.Flavor
	return Flavor{f.ID, f.Name, f.VCPUs, f.RAM, f.Disk}, err
}
