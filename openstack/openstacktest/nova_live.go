package openstacktest

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack/openstack/api"
)

// FailMigrations makes the next n live migrations fail with a reason, on the host that they come to; all of them when n
// is negative.
func (s *Server) FailMigrations(n int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing, s.reason = n, reason
}

// SlowMigrations makes live migrations take that many more looks; they can be aborted until then.
func (s *Server) SlowMigrations(looks int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = looks
}

func (s *Server) migrate(r *http.Request, v *server, host *string, block string) (int, any, error) {
	switch {
	case block != "auto" || minor(r, "compute") < 25:
		return 0, nil, refuse(http.StatusBadRequest, "Invalid input for field/attribute block_migration. Value: %s.", block)
	case v.Status != "ACTIVE":
		return 0, nil, refuse(http.StatusConflict, "Cannot 'os-migrateLive' instance %s while it is in vm_state %s", v.ID,
			v.state())
	case host != nil && s.service("nova-compute", *host) == nil:
		return 0, nil, refuse(http.StatusBadRequest, "Compute host %s could not be found.", *host)
	case host != nil && *host == v.Host:
		return 0, nil, refuse(http.StatusBadRequest, "Unable to migrate instance (%s) to current host (%s).", v.ID, *host)
	}
	a := s.begin(r, v.ID, "live-migration")
	m := &move{Migration: s.addMigration(api.Migration{Server: v.ID, Source: v.Host, Type: "live-migration",
		Status: "queued"}), vm: v, action: a}
	if host != nil {
		m.Dest = *host
	}
	v.Status, v.Task = "MIGRATING", "migrating"
	v.moving = m
	slow := s.slow
	if slow <= 0 {
		s.later(m.check(s, m.carry(s)), m.end)
		return http.StatusAccepted, nil, nil
	}
	s.later(m.check(s, func() error { return nil }), func(err error) {
		if err != nil {
			m.end(err)
			return
		}
		m.Status = "running"
		s.later(m.carry(s), m.end)
		s.pending[len(s.pending)-1].looks += slow
	})
	return http.StatusAccepted, nil, nil
}

// A move is a live migration that is under way.
type move struct {
	*api.Migration
	vm      *server
	action  *action
	aborted bool
	disks   []Disk // on the new host
}

var errAborted = errors.New("operation aborted: migration out job: canceled by client")

// check finds out where the VM may go. It makes a hook that goes on with next.
func (m *move) check(s *Server, next func() error) func() error {
	return func() error {
		s.mu.Lock()
		err := m.place(s)
		s.mu.Unlock()
		if err != nil {
			return err
		}
		return next()
	}
}

// place picks the compute, and refuses it as Nova's scheduler, conductor and compute do. s.mu is held.
func (m *move) place(s *Server) error {
	v := m.vm
	if m.Dest == "" {
		for _, host := range s.up("nova-compute") {
			if host != v.Host && s.mayMigrate(v, host) == nil && s.fits(v.flavor, host) {
				m.Dest = host
				break
			}
		}
	}
	switch up := slices.Contains(s.up("nova-compute"), m.Dest); {
	case m.Dest == "":
		return refuse(http.StatusBadRequest, "No valid host was found. There are not enough hosts available.")
	case s.mayMigrate(v, m.Dest) != nil:
		return s.mayMigrate(v, m.Dest)
	case !up:
		return refuse(http.StatusBadRequest, "Compute service of %s is unavailable at this time.", m.Dest)
	case !s.fits(v.flavor, m.Dest):
		return refuse(http.StatusBadRequest, "No valid host was found. There are not enough hosts available.")
	case s.failing != 0:
		s.failing = max(s.failing-1, -1)
		return errors.New(s.reason)
	}
	m.Status = "preparing"
	return nil
}

// carry opens the disks on the new host, where volumes are reached as cinder-volume says now, and Nova's own disks as
// before. It makes a hook.
func (m *move) carry(s *Server) func() error {
	return func() error {
		s.mu.Lock()
		now, aborted, dest := m.vm.copy(), m.aborted, m.Dest
		s.mu.Unlock()
		if aborted {
			return errAborted
		}
		old, _ := s.disksOf(m.vm)
		there := now
		there.Host = dest
		anew := s.reachAll(there)
		for _, d := range old {
			if at := slices.IndexFunc(anew, func(n Disk) bool { return n.Volume == d.Volume }); d.Kind == kindVolume && at >= 0 {
				n := anew[at]
				n.Target = d.Target
				d = n
			}
			d.Host = dest
			m.disks = append(m.disks, d)
		}
		started := time.Now()
		if err := s.openAll(m.disks); err != nil {
			return err
		}
		if s.cfg.Hooks.Migrated != nil {
			if err := s.cfg.Hooks.Migrated(now, dest); err != nil {
				s.closeAll(m.disks)
				return err
			}
		}
		s.closeAll(old)
		s.mu.Lock()
		defer s.mu.Unlock()
		m.vm.Host, m.vm.started = dest, started
		s.keep(m.vm, m.disks, true)
		return nil
	}
}

// end is what becomes of a VM and its migration. The mutex is held.
func (m *move) end(err error) {
	v := m.vm
	v.Status, v.Task, v.moving = "ACTIVE", "", nil
	switch {
	case err == nil:
		m.Status = "completed"
	case errors.Is(err, errAborted):
		m.Status, err = "cancelled", nil
	default:
		m.Status = "error"
	}
	m.action.end(err)
}

// listServerMigrations gives the live migration of a VM that is under way.
func listServerMigrations(s *Server, r *http.Request) (int, any, error) {
	v := s.servers.byID[r.PathValue("id")]
	switch {
	case minor(r, "compute") < 23:
		return 0, nil, refuse(http.StatusNotFound, "The resource could not be found.")
	case v == nil:
		return 0, nil, noSuch("Instance", r.PathValue("id"))
	}
	out := []any{}
	if m := v.moving; m != nil {
		total := int64(v.flavor.RAMMiB) << 20
		out = append(out, map[string]any{"id": m.ID, "server_uuid": v.ID, "status": m.Status, "source_compute": m.Source,
			"source_node": m.Source, "dest_compute": m.Dest, "dest_node": m.Dest, "dest_host": nil,
			"memory_total_bytes": total, "memory_processed_bytes": total / 2, "memory_remaining_bytes": total - total/2,
			"disk_total_bytes": 0, "disk_processed_bytes": 0, "disk_remaining_bytes": 0,
			"created_at": s.now().Format(zoneless), "updated_at": nil})
	}
	return http.StatusOK, map[string]any{"migrations": out}, nil
}

// abortMigration ends a live migration that runs.
func abortMigration(s *Server, r *http.Request) (int, any, error) {
	id, err := strconv.Atoi(r.PathValue("migration"))
	v := s.servers.byID[r.PathValue("id")]
	switch {
	case minor(r, "compute") < 24 || err != nil:
		return 0, nil, refuse(http.StatusNotFound, "The resource could not be found.")
	case v == nil:
		return 0, nil, noSuch("Instance", r.PathValue("id"))
	}
	at := slices.IndexFunc(s.migrations, func(m *api.Migration) bool { return m.ID == id && m.Server == v.ID })
	if at < 0 {
		return 0, nil, refuse(http.StatusNotFound, "Migration %d for server %s could not be found.", id, v.ID)
	}
	m := s.migrations[at]
	if v.moving == nil || v.moving.Migration != m || m.Status != "running" {
		return 0, nil, refuse(http.StatusBadRequest, "Migration %d state of instance %s is %s. Cannot abort while the "+
			"migration is in this state.", id, v.ID, strings.ToLower(m.Status))
	}
	v.moving.aborted = true
	return http.StatusAccepted, nil, nil
}
