package openstacktest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"

	"github.com/cephstack/cephstack/openstack/api"
)

// AddAggregate adds a host aggregate. If it has a zone, its computes are in that zone from now on.
func (s *Server) AddAggregate(a api.Aggregate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.ID, a.Hosts, a.Metadata = len(s.aggregates)+1, slices.Clone(a.Hosts), maps.Clone(a.Metadata)
	if a.Metadata == nil {
		a.Metadata = map[string]string{}
	}
	if a.Zone != "" {
		a.Metadata["availability_zone"] = a.Zone
	}
	s.aggregates = append(s.aggregates, a)
}

// computeZone is the zone of a nova-compute: that of its aggregate, or the zone of the record. s.mu is held.
func (s *Server) computeZone(r *api.ServiceRecord) string {
	for _, a := range s.aggregates {
		if a.Zone != "" && slices.Contains(a.Hosts, r.Host) {
			return a.Zone
		}
	}
	return cmp.Or(r.Zone, defaultZone)
}

// hasZone reports whether a VM may be asked for in a zone. s.mu is held.
func (s *Server) hasZone(zone string) bool {
	of := func(a api.Aggregate) bool { return a.Zone == zone }
	return zone == defaultZone || slices.ContainsFunc(s.aggregates, of) ||
		slices.ContainsFunc(s.services, func(r *api.ServiceRecord) bool {
			return r.Binary == "nova-compute" && s.computeZone(r) == zone
		})
}

// listAggregates gives all aggregates: Nova does not page this list. It knows no query.
func listAggregates(s *Server, r *http.Request) (int, any, error) {
	if err := s.queries(r); err != nil {
		return 0, nil, err
	}
	out := []any{}
	for _, a := range s.aggregates {
		one := map[string]any{"id": a.ID, "name": a.Name, "availability_zone": nil, "hosts": append([]string{}, a.Hosts...),
			"metadata": a.Metadata, "deleted": false, "created_at": s.now().Format(zoneless), "updated_at": nil,
			"deleted_at": nil}
		if a.Zone != "" {
			one["availability_zone"] = a.Zone
		}
		if minor(r, "compute") >= 41 {
			one["uuid"] = uuid(a.ID)
		}
		out = append(out, one)
	}
	return http.StatusOK, map[string]any{"aggregates": out}, nil
}

// AddMigration adds a migration of a VM. The statuses of the VM and of the migration are what the
// caller says: nothing goes on by itself.
func (s *Server) AddMigration(m api.Migration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addMigration(m)
}

// addMigration keeps a migration under the next ID. s.mu is held.
func (s *Server) addMigration(m api.Migration) *api.Migration {
	m.ID = len(s.migrations) + 1
	s.migrations = append(s.migrations, &m)
	return &m
}

// listMigrations gives migrations, the newest first. Before 2.59 Nova does not page them, and takes
// one value of each filter.
func listMigrations(s *Server, r *http.Request) (int, any, error) {
	if minor(r, "compute") >= 59 {
		return 0, nil, refuse(http.StatusNotAcceptable, "the fake does not page migrations, as 2.59 does")
	}
	if err := s.queries(r, "instance_uuid", "migration_type", "status", "host"); err != nil {
		return 0, nil, err
	}
	q, out := r.URL.Query(), []any{}
	for _, m := range slices.Backward(s.migrations) {
		is := func(filter string, values ...string) bool {
			return !q.Has(filter) || slices.Contains(values, q[filter][len(q[filter])-1])
		}
		if !is("instance_uuid", m.Server) || !is("migration_type", m.Type) || !is("status", m.Status) ||
			!is("host", m.Source, m.Dest) {
			continue
		}
		one := map[string]any{"id": m.ID, "instance_uuid": m.Server, "status": m.Status, "source_compute": m.Source,
			"source_node": m.Source, "dest_compute": m.Dest, "dest_node": m.Dest, "dest_host": nil, "old_instance_type_id": 1,
			"new_instance_type_id": 1, "created_at": s.now().Format(zoneless), "updated_at": nil}
		for _, end := range []string{"source_compute", "source_node", "dest_compute", "dest_node"} {
			if one[end] == "" { // Nova does not know it yet, or the account may not see it
				one[end] = nil
			}
		}
		if minor(r, "compute") >= 23 {
			one["migration_type"] = m.Type
		}
		out = append(out, one)
	}
	return http.StatusOK, map[string]any{"migrations": out}, nil
}
