package api

import (
	"context"
	"net/http"
)

// A Room is what Placement still gives of a compute: what there is, without what is reserved, times the allocation
// ratio, less what is used.
type Room struct {
	VCPUs, RAMMiB, DiskGiB int
}

// Takes reports whether a VM of a flavor fits.
func (r Room) Takes(f Flavor) bool {
	return f.VCPUs <= r.VCPUs && f.RAMMiB <= r.RAMMiB && f.DiskGiB+f.EphemeralGiB+(f.SwapMiB+1023)/1024 <= r.DiskGiB
}

// Room asks Placement what it still gives of the compute of a hypervisor, by Hypervisor.ID.
//
// Similar To: openstack resource provider inventory list <uuid>; openstack resource provider usage show <uuid>
func (c *Cloud) Room(ctx context.Context, id string) (Room, error) {
	type inventory struct {
		Total, Reserved int
		Ratio           float64 `json:"allocation_ratio"`
	}
	var has struct{ Inventories map[string]inventory }
	var used struct{ Usages map[string]int }
	for _, part := range []struct {
		name string
		out  any
	}{{"inventories", &has}, {"usages", &used}} {
		k := call{op: "read " + part.name + " of compute", object: id, method: http.MethodGet, service: c.placement,
			path: []string{"resource_providers", id, part.name}, out: part.out}
		if c.placement == nil {
			return Room{}, &Error{Op: k.op, Object: c.named(id), Detail: "the catalog has no endpoint for placement"}
		}
		if _, err := c.do(ctx, k); err != nil {
			return Room{}, err
		}
	}
	if has.Inventories == nil || used.Usages == nil {
		return Room{}, &Error{Op: "read usages of compute", Object: c.named(id),
			Detail: "the answer has no inventories or usages"}
	}
	left := func(class string) int {
		i := has.Inventories[class]
		return int(float64(i.Total-i.Reserved)*i.Ratio) - used.Usages[class]
	}
	return Room{VCPUs: left("VCPU"), RAMMiB: left("MEMORY_MB"), DiskGiB: left("DISK_GB")}, nil
}
