package openstacktest

import (
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

// room is what a compute has, and what its VMs use of that. s.mu is held.
func (s *Server) room(host string) (has, used api.Room) {
	has, ok := s.rooms[host]
	if !ok {
		has = usualRoom()
	}
	for _, v := range s.servers.byID {
		if v.Host == host {
			used.VCPUs, used.RAMMiB = used.VCPUs+v.flavor.VCPUs, used.RAMMiB+v.flavor.RAMMiB
			used.DiskGiB += v.flavor.DiskGiB + v.flavor.EphemeralGiB + (v.flavor.SwapMiB+1023)/1024
		}
	}
	return has, used
}

// fits reports whether a compute has room for a VM. s.mu is held.
func (s *Server) fits(f Flavor, host string) bool {
	has, used := s.room(host)
	left := api.Room{VCPUs: has.VCPUs - used.VCPUs, RAMMiB: has.RAMMiB - used.RAMMiB, DiskGiB: has.DiskGiB - used.DiskGiB}
	return left.Takes(api.Flavor{VCPUs: f.VCPUs, RAMMiB: f.RAMMiB, DiskGiB: f.DiskGiB, EphemeralGiB: f.EphemeralGiB,
		SwapMiB: f.SwapMiB})
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
	return http.StatusOK, map[string]any{"resource_provider_generation": 1, "inventories": map[string]any{
		"VCPU": one(has.VCPUs), "MEMORY_MB": one(has.RAMMiB), "DISK_GB": one(has.DiskGiB)}}, nil
}

func listUsages(s *Server, r *http.Request) (int, any, error) {
	host, err := s.provider(r)
	if err != nil {
		return 0, nil, err
	}
	_, used := s.room(host)
	return http.StatusOK, map[string]any{"resource_provider_generation": 1, "usages": map[string]any{
		"VCPU": used.VCPUs, "MEMORY_MB": used.RAMMiB, "DISK_GB": used.DiskGiB}}, nil
}
