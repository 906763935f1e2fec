package openstacktest

import (
	"encoding/json"
	"net/http"
)

// forced reads an action that ignores the status of an object of Cinder. s.mu is held.
func (s *Server) forced(r *http.Request) (reset string, detach bool, err error) {
	var in struct {
		Force json.RawMessage `json:"os-force_delete"`
		Reset struct {
			Status string `json:"status"`
			Attach string `json:"attach_status"`
		} `json:"os-reset_status"`
	}
	if err := s.decode(r, &in); err != nil {
		return "", false, err
	}
	if in.Force == nil && in.Reset.Status == "" {
		return "", false, refuse(http.StatusBadRequest, "There is no such action")
	}
	return in.Reset.Status, in.Reset.Attach == "detached", nil
}

func forceVolume(s *Server, r *http.Request) (int, any, error) {
	v := s.volumes.byID[r.PathValue("id")]
	if v == nil {
		return 0, nil, noSuch("Volume", r.PathValue("id"))
	}
	reset, detach, err := s.forced(r)
	if err != nil {
		return 0, nil, err
	}
	if detach {
		v.Servers = nil
	}
	if v.Status = reset; reset != "" {
		return http.StatusAccepted, nil, nil
	}
	v.Status = "error"
	return deleteVolume(s, r)
}

func forceSnapshot(s *Server, r *http.Request) (int, any, error) {
	p := s.snapshots.byID[r.PathValue("id")]
	if p == nil {
		return 0, nil, noSuch("Snapshot", r.PathValue("id"))
	}
	reset, _, err := s.forced(r)
	if err != nil {
		return 0, nil, err
	}
	if p.Status = reset; reset != "" {
		return http.StatusAccepted, nil, nil
	}
	p.Status = "error"
	return deleteSnapshot(s, r)
}

func forceBackup(s *Server, r *http.Request) (int, any, error) {
	b := s.backups.byID[r.PathValue("id")]
	if b == nil {
		return 0, nil, noSuch("Backup", r.PathValue("id"))
	}
	reset, _, err := s.forced(r)
	if err != nil {
		return 0, nil, err
	}
	if b.Status = reset; reset != "" {
		return http.StatusAccepted, nil, nil
	}
	b.Status = "error"
	return deleteBackup(s, r)
}
