package api

import (
	"context"
	"math"
	"net/http"
)

// A Room is what Placement still gives of a compute: what there is, without what is reserved, times the allocation
// ratio, less what is used. What Placement does not count at the compute itself, such as space on a disk that several
// computes share, is Endless.
type Room struct {
	VCPUs, RAMMiB, DiskGiB int
	// Pins says that Placement counts CPUs of the compute for VMs that have theirs alone. PCPUs are those that are left;
	// 0 where it counts none.
	Pins  bool
	PCPUs int
}

// Endless is a part of a Room that has no end.
const Endless = math.MaxInt32

// Takes reports whether a VM of a flavor fits. What is not told of the flavor does not keep it out: a VM whose
// image may ask for CPUs of its own fits by either kind, and so does one that needs something else than its sizes
// say.
func (r Room) Takes(f Flavor) bool {
	cpus := f.VCPUs <= r.VCPUs
	switch {
	case f.Other, f.CPUs == "mixed":
		return true
	case r.Pins && f.CPUs == "dedicated": // elsewhere, Nova asks for VCPUs instead
		cpus = f.VCPUs <= r.PCPUs
	case r.Pins && f.CPUs != "shared":
		cpus = cpus || f.VCPUs <= r.PCPUs
	}
	return cpus && f.RAMMiB <= r.RAMMiB && f.DiskGiB+f.EphemeralGiB+(f.SwapMiB+1023)/1024 <= r.DiskGiB
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
		i, counted := has.Inventories[class]
		if !counted {
			return Endless
		}
		return int(float64(i.Total-i.Reserved)*i.Ratio) - used.Usages[class]
	}
	room := Room{VCPUs: left("VCPU"), RAMMiB: left("MEMORY_MB"), DiskGiB: left("DISK_GB")}
	if _, room.Pins = has.Inventories["PCPU"]; room.Pins {
		room.PCPUs = left("PCPU")
	}
	return room, nil
}
