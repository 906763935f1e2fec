package openstacktest

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/cephstack/cephstack/openstack/api"
)

func createSnapshot(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Snapshot struct {
			VolumeID string `json:"volume_id"`
			Name     string `json:"name"`
			Text     string `json:"description"`
			Force    bool   `json:"force"`
		} `json:"snapshot"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	v := s.volumes.byID[in.Snapshot.VolumeID]
	if v == nil {
		return 0, nil, noSuch("Volume", in.Snapshot.VolumeID)
	}
	if v.Status != "available" && (v.Status != "in-use" || !in.Snapshot.Force) {
		return 0, nil, refuse(http.StatusBadRequest,
			"Invalid volume: Volume %s status must be available, but current status is: %s.", v.ID, v.Status)
	}
	id := s.id()
	p := s.snapshots.add(id, api.Snapshot{ID: id, Name: in.Snapshot.Name, Status: "creating", VolumeID: v.ID,
		Description: in.Snapshot.Text, Created: s.now(), SizeGiB: v.SizeGiB, Project: v.Project})
	now := *p
	s.later(func() error {
		if s.cfg.Hooks.SnapshotCreated == nil {
			return nil
		}
		return s.cfg.Hooks.SnapshotCreated(now)
	}, func(err error) {
		p.Status = word(err == nil, "available", "error")
		if err != nil {
			s.messages = append(s.messages, message{id, err.Error()})
		}
	})
	return http.StatusAccepted, map[string]any{"snapshot": snapshotJSON(p)}, nil
}

func snapshotJSON(p *api.Snapshot) map[string]any {
	return map[string]any{"id": p.ID, "name": p.Name, "status": p.Status, "volume_id": p.VolumeID,
		"description": p.Description, "created_at": p.Created.Format(zoneless),
		"size": p.SizeGiB, "os-extended-snapshot-attributes:project_id": cmp.Or(p.Project, project)}
}

func listSnapshots(s *Server, r *http.Request) (int, any, error) {
	if err := s.queries(r, "all_tenants", "marker", "limit"); err != nil {
		return 0, nil, err
	}
	found, next := page(s, r, &s.snapshots, nil)
	out := []any{}
	for _, p := range found {
		out = append(out, snapshotJSON(p))
	}
	return http.StatusOK, map[string]any{"snapshots": out, "snapshots_links": links(r, next)}, nil
}

func showSnapshot(s *Server, r *http.Request) (int, any, error) {
	p := s.snapshots.byID[r.PathValue("id")]
	if p == nil {
		return 0, nil, noSuch("Snapshot", r.PathValue("id"))
	}
	return http.StatusOK, map[string]any{"snapshot": snapshotJSON(p)}, nil
}

func deleteSnapshot(s *Server, r *http.Request) (int, any, error) {
	p := s.snapshots.byID[r.PathValue("id")]
	if p == nil {
		return 0, nil, noSuch("Snapshot", r.PathValue("id"))
	}
	if p.Status != "available" && p.Status != "error" {
		return 0, nil, refuse(http.StatusBadRequest,
			"Invalid snapshot: Snapshot status must be available or error, but is %s.", p.Status)
	}
	p.Status = "deleting"
	now := *p
	s.later(func() error {
		if s.cfg.Hooks.SnapshotDeleted == nil {
			return nil
		}
		return s.cfg.Hooks.SnapshotDeleted(now)
	}, func(err error) {
		switch {
		case err == nil:
			s.snapshots.remove(p.ID)
		case errors.Is(err, ErrBusy):
			p.Status = "available"
		default:
			p.Status = "error_deleting"
			s.messages = append(s.messages, message{p.ID, err.Error()})
		}
	})
	return http.StatusAccepted, nil, nil
}
