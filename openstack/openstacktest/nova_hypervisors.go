package openstacktest

import (
	"cmp"
	"net/http"
)

// usualQEMU is the version of QEMU of a compute that SetQEMU did not set: 7.2.0.
const usualQEMU = 7002000

// SetQEMU sets the version of QEMU of a compute, as Nova tells it: 6002000 is 6.2.0.
func (s *Server) SetQEMU(host string, version int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.qemu[host] = version
}

// qemuOn is the version of QEMU of a compute. s.mu is held.
func (s *Server) qemuOn(host string) int { return cmp.Or(s.qemu[host], usualQEMU) }

// SetDriver sets the type of the hypervisor of a compute, such as ironic. It is QEMU where nothing is set.
func (s *Server) SetDriver(host, hypervisorType string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drivers[host] = hypervisorType
}

// listHypervisors gives a hypervisor for each nova-compute.
func listHypervisors(s *Server, r *http.Request) (int, any, error) {
	if err := s.queries(r, "limit"); err != nil {
		return 0, nil, err
	}
	out, vms := []any{}, map[string]int{}
	for _, v := range s.servers.byID {
		vms[v.Host]++
	}
	for _, rec := range s.services {
		if rec.Binary == "nova-compute" {
			out = append(out, map[string]any{"id": providerID(rec.Host), "running_vms": vms[rec.Host],
				"hypervisor_type": cmp.Or(s.drivers[rec.Host], "QEMU"), "hypervisor_version": s.qemuOn(rec.Host),
				"hypervisor_hostname": rec.Host, "service": map[string]any{"host": rec.Host, "disabled_reason": nil},
				"state": word(rec.Up, "up", "down"), "status": word(rec.Enabled, "enabled", "disabled")})
		}
	}
	return http.StatusOK, map[string]any{"hypervisors": out}, nil
}

func showFlavor(s *Server, r *http.Request) (int, any, error) {
	f := s.flavors.byID[r.PathValue("id")]
	if f == nil {
		return 0, nil, noSuch("Flavor", r.PathValue("id"))
	}
	return http.StatusOK, map[string]any{"flavor": map[string]any{"id": f.ID, "name": f.Name, "vcpus": f.VCPUs,
		"ram": f.RAMMiB, "disk": f.DiskGiB, "OS-FLV-EXT-DATA:ephemeral": f.EphemeralGiB, "swap": f.SwapMiB}}, nil
}

// mayMigrate refuses a migration as Nova's scheduler and conductor do: a VM stays in the zone that was asked for, and
// QEMU on the new host must not be older. s.mu is held.
func (s *Server) mayMigrate(v *server, host string) error {
	to := s.service("nova-compute", host)
	switch {
	case v.zone != "" && s.computeZone(to) != v.zone:
		return refuse(http.StatusBadRequest, "No valid host was found. ")
	case s.qemuOn(host) < s.qemuOn(v.Host):
		return refuse(http.StatusBadRequest, "The instance requires a newer hypervisor version than has been provided.")
	}
	return nil
}
