package openstacktest

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/cephstack/cephstack/openstack/api"
)

// usualRoom is what a compute has that SetRoom did not set.
func usualRoom() api.Room { return api.Room{VCPUs: 1024, RAMMiB: 4 << 20, DiskGiB: 100 << 10} }

// SetRoom sets what Placement gives of a compute, to all of its VMs together.
func (s *Server) SetRoom(host string, room api.Room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rooms[host] = room
}

// extra are the extra specs in an answer.
func (f Flavor) extra() map[string]string {
	if f.Extra == nil {
		return map[string]string{}
	}
	return f.Extra
}

// sizes are the flavor as the client has it.
func (f Flavor) sizes() api.Flavor {
	return api.Flavor{VCPUs: f.VCPUs, RAMMiB: f.RAMMiB, DiskGiB: f.DiskGiB, EphemeralGiB: f.EphemeralGiB,
		SwapMiB: f.SwapMiB, CPUs: f.Extra["hw:cpu_policy"]}
}

// room is what a compute has, and what its VMs use of that. s.mu is held.
func (s *Server) room(host string) (has, used api.Room) {
	has, ok := s.rooms[host]
	if !ok {
		has = usualRoom()
	}
	for _, v := range s.servers.byID {
		if v.Host != host {
			continue
		}
		if has.Pins && v.flavor.Extra["hw:cpu_policy"] == "dedicated" {
			used.PCPUs += v.flavor.VCPUs
		} else {
			used.VCPUs += v.flavor.VCPUs
		}
		used.RAMMiB += v.flavor.RAMMiB
		used.DiskGiB += v.flavor.DiskGiB + v.flavor.EphemeralGiB + (v.flavor.SwapMiB+1023)/1024
	}
	return has, used
}

// fits reports whether a compute has room for a VM. Without a policy, the CPUs of a VM are shared. s.mu is held.
func (s *Server) fits(f Flavor, host string) bool {
	has, used := s.room(host)
	left := api.Room{VCPUs: has.VCPUs - used.VCPUs, RAMMiB: has.RAMMiB - used.RAMMiB, DiskGiB: has.DiskGiB - used.DiskGiB,
		Pins: has.Pins, PCPUs: has.PCPUs - used.PCPUs}
	size := f.sizes()
	size.CPUs = cmp.Or(size.CPUs, "shared")
	return left.Takes(size)
}

// providerID is the ID of the hypervisor of a compute, and of its resource provider.
func providerID(host string) string {
	sum := sha256.Sum256([]byte("provider " + host))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func placementRoutes() map[string]handle {
	return map[string]handle{
		"GET /resource_providers/{id}/inventories": listInventories,
		"GET /resource_providers/{id}/usages":      listUsages,
	}
}

// provider finds the compute of a resource provider. s.mu is held.
func (s *Server) provider(r *http.Request) (string, error) {
	for _, rec := range s.services {
		if rec.Binary == "nova-compute" && providerID(rec.Host) == r.PathValue("id") {
			return rec.Host, nil
		}
	}
	return "", refuse(http.StatusNotFound, "No resource provider with uuid %s found", r.PathValue("id"))
}

func listInventories(s *Server, r *http.Request) (int, any, error) {
	host, err := s.provider(r)
	if err != nil {
		return 0, nil, err
	}
	has, _ := s.room(host)
	one := func(total int) any {
		return map[string]any{"total": total, "reserved": 0, "min_unit": 1, "max_unit": total, "step_size": 1,
			"allocation_ratio": 1.0}
	}
	all := map[string]any{"VCPU": one(has.VCPUs), "MEMORY_MB": one(has.RAMMiB), "DISK_GB": one(has.DiskGiB)}
	if has.Pins {
		all["PCPU"] = one(has.PCPUs)
	}
	return http.StatusOK, map[string]any{"resource_provider_generation": 1, "inventories": all}, nil
}

func listUsages(s *Server, r *http.Request) (int, any, error) {
	host, err := s.provider(r)
	if err != nil {
		return 0, nil, err
	}
	has, used := s.room(host)
	all := map[string]any{"VCPU": used.VCPUs, "MEMORY_MB": used.RAMMiB, "DISK_GB": used.DiskGiB}
	if has.Pins {
		all["PCPU"] = used.PCPUs
	}
	return http.StatusOK, map[string]any{"resource_provider_generation": 1, "usages": all}, nil
}
