package openstacktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack/api"
)

// An action is what Nova remembers of a request on a VM.
type action struct {
	server, name, fault string
	over                bool
}

// begin remembers a request. A header of the answer gives its ID.
func (s *Server) begin(r *http.Request, id, name string) *action {
	request := "req-" + s.id()
	r.Header.Set("X-Fake-Request", request)
	a := &action{server: id, name: name}
	s.actions[request] = a
	return a
}

// end remembers how a request went.
func (a *action) end(err error) {
	a.over = true
	if err != nil {
		a.fault = "Traceback (most recent call last):\n  File \"manager.py\", line 1, in decorated_function\nFakeError: " +
			err.Error() + "\n"
	}
}

func showAction(s *Server, r *http.Request) (int, any, error) {
	a := s.actions[r.PathValue("request")]
	if a == nil || a.server != r.PathValue("id") {
		return 0, nil, noSuch("Action", r.PathValue("request"))
	}
	events := []any{}
	if a.over {
		e := map[string]any{"event": "compute_" + a.name, "result": "Success", "traceback": nil}
		if a.fault != "" {
			e["result"], e["traceback"] = "Error", a.fault
		}
		events = append(events, e)
	}
	return http.StatusOK, map[string]any{"instanceAction": map[string]any{"action": a.name,
		"request_id": r.PathValue("request"), "message": nil, "events": events}}, nil
}

// act does an action: the body has one field, which is its name.
func act(s *Server, r *http.Request) (int, any, error) {
	v := s.servers.byID[r.PathValue("id")]
	if v == nil {
		return 0, nil, noSuch("Instance", r.PathValue("id"))
	}
	var in struct {
		Stop    json.RawMessage        `json:"os-stop"`
		Start   json.RawMessage        `json:"os-start"`
		Reboot  *struct{ Type string } `json:"reboot"`
		Console *struct{ Length int }  `json:"os-getConsoleOutput"`
		Force   json.RawMessage        `json:"forceDelete"`
		Unlock  json.RawMessage        `json:"unlock"`
		Image   *struct {
			Name     string            `json:"name"`
			Metadata map[string]string `json:"metadata"`
		} `json:"createImage"`
		Migrate *struct {
			Host  string `json:"host"`
			Block string `json:"block_migration"`
		} `json:"os-migrateLive"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Console != nil {
		return s.console(v, in.Console.Length)
	}
	if in.Unlock != nil {
		v.Locked = false
		return http.StatusAccepted, nil, nil
	}
	if in.Force != nil {
		_, _, err := deleteServer(s, r)
		return http.StatusAccepted, nil, err
	}
	if v.Task != "" {
		return 0, nil, refuse(http.StatusConflict, "Cannot do that to instance %s while it is in task_state %s", v.ID, v.Task)
	}
	switch {
	case in.Stop != nil:
		return s.power(r, v, transition{"stop", "powering-off", "SHUTOFF"}, "ACTIVE", "ERROR")
	case in.Start != nil:
		return s.power(r, v, transition{"start", "powering-on", "ACTIVE"}, "SHUTOFF")
	case in.Reboot != nil && in.Reboot.Type == "HARD":
		return s.power(r, v, transition{"reboot", "rebooting_hard", "ACTIVE"}, "ACTIVE", "SHUTOFF", "ERROR")
	case in.Image != nil:
		return s.snapshotServer(r, v, api.Image{Name: in.Image.Name, Description: in.Image.Metadata["description"]})
	case in.Migrate != nil:
		return s.migrate(r, v, in.Migrate.Host, in.Migrate.Block)
	}
	s.violation("action of VM %s that the fake does not know", v.ID)
	return 0, nil, refuse(http.StatusBadRequest, "There is no such action")
}

func (s *Server) console(v *server, lines int) (int, any, error) {
	text := ""
	if s.cfg.Hooks.Console != nil {
		id := v.ID
		s.mu.Unlock()
		_ = s.call(func() error { text = s.cfg.Hooks.Console(id); return nil })
		s.mu.Lock()
	}
	if lines > 0 {
		all := strings.SplitAfter(text, "\n")
		if len(all) > 0 && all[len(all)-1] == "" {
			all = all[:len(all)-1]
		}
		text = strings.Join(all[max(0, len(all)-lines):], "")
	}
	return http.StatusOK, map[string]any{"output": text}, nil
}

// A transition is an action that brings a VM into a status by way of a task.
type transition struct{ name, task, to string }

// power makes a transition from one of the given statuses.
func (s *Server) power(r *http.Request, v *server, t transition, from ...string) (int, any, error) {
	if !slices.Contains(from, v.Status) {
		return 0, nil, refuse(http.StatusConflict, "Cannot '%s' instance %s while it is in vm_state %s", t.name, v.ID,
			strings.ToLower(v.Status))
	}
	a := s.begin(r, v.ID, t.name)
	v.Task = t.task
	now := v.copy()
	s.later(func() error {
		if s.cfg.Hooks.ServerChanged == nil {
			return nil
		}
		return s.cfg.Hooks.ServerChanged(now, t.name)
	}, func(err error) {
		v.Task = ""
		switch {
		case err == nil:
			v.Status = t.to
		case t.name == "reboot":
			v.Status, v.Fault = "ERROR", err.Error()
		}
		a.end(err)
	})
	return http.StatusAccepted, nil, nil
}

func (s *Server) snapshotServer(r *http.Request, v *server, in api.Image) (int, any, error) {
	if v.Status != "ACTIVE" && v.Status != "SHUTOFF" {
		return 0, nil, refuse(http.StatusConflict, "Cannot 'createImage' instance %s while it is in vm_state %s", v.ID,
			strings.ToLower(v.Status))
	}
	a := s.begin(r, v.ID, "createImage")
	v.Task = "image_snapshot"
	id := s.id()
	i := s.images.add(id, image{Image: api.Image{ID: id, Name: in.Name, Status: "queued", DiskFormat: "raw",
		Description: in.Description, Created: s.now()}})
	now, from := i.Image, v.copy()
	data := []byte{}
	s.later(func() (err error) {
		if s.cfg.Hooks.ServerSnapshotted != nil {
			data, err = s.cfg.Hooks.ServerSnapshotted(from, &now)
		}
		return err
	}, func(err error) {
		v.Task = ""
		a.end(err)
		if err != nil {
			s.images.remove(id)
			return
		}
		now.Status, now.Size, now.SHA512 = "active", int64(len(data)), digest(data)
		i.Image, i.data = now, data
	})
	if minor(r, "compute") < 45 {
		return http.StatusAccepted, nil, nil
	}
	return http.StatusAccepted, map[string]any{"image_id": id}, nil
}

func (s *Server) migrate(r *http.Request, v *server, host, block string) (int, any, error) {
	switch {
	case block != "auto" || minor(r, "compute") < 25:
		return 0, nil, refuse(http.StatusBadRequest, "Invalid input for field/attribute block_migration. Value: %s.", block)
	case v.Status != "ACTIVE":
		return 0, nil, refuse(http.StatusConflict, "Cannot 'os-migrateLive' instance %s while it is in vm_state %s", v.ID,
			strings.ToLower(v.Status))
	case s.service("nova-compute", host) == nil:
		return 0, nil, refuse(http.StatusBadRequest, "Compute host %s could not be found.", host)
	case host == v.Host:
		return 0, nil, refuse(http.StatusBadRequest, "Unable to migrate instance (%s) to current host (%s).", v.ID, host)
	}
	a := s.begin(r, v.ID, "live-migration")
	m := s.addMigration(api.Migration{Server: v.ID, Source: v.Host, Dest: host, Type: "live-migration", Status: "queued"})
	v.Status, v.Task = "MIGRATING", "migrating"
	now, up, refused := v.copy(), slices.Contains(s.up("nova-compute"), host), s.mayMigrate(v, host)
	s.later(func() error {
		if refused != nil {
			return refused
		}
		if !up {
			return refuse(http.StatusBadRequest, "Compute service of %s is unavailable at this time.", host)
		}
		if s.cfg.Hooks.Migrated == nil {
			return nil
		}
		return s.cfg.Hooks.Migrated(now, host)
	}, func(err error) {
		v.Status, v.Task = "ACTIVE", ""
		m.Status = word(err == nil, "completed", "error")
		if err == nil {
			v.Host = host
		}
		a.end(err)
	})
	return http.StatusAccepted, nil, nil
}

func attach(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Attachment struct {
			VolumeID string `json:"volumeId"`
		} `json:"volumeAttachment"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	v, vol := s.servers.byID[r.PathValue("id")], s.volumes.byID[in.Attachment.VolumeID]
	switch {
	case v == nil:
		return 0, nil, noSuch("Instance", r.PathValue("id"))
	case vol == nil:
		return 0, nil, noSuch("Volume", in.Attachment.VolumeID)
	case vol.Status != "available":
		return 0, nil, refuse(http.StatusBadRequest,
			"Invalid volume: volume %s status must be available or downloading to reserve, but the current status is %s.",
			vol.ID, vol.Status)
	case v.Status != "ACTIVE" && v.Status != "SHUTOFF" || v.Task != "":
		return 0, nil, refuse(http.StatusConflict, "Cannot 'attach_volume' instance %s while it is in vm_state %s", v.ID,
			strings.ToLower(v.Status))
	}
	a := s.begin(r, v.ID, "attach_volume")
	vol.Status = "reserved"
	v.Volumes = append(v.Volumes, vol.ID)
	s.pair(s.cfg.Hooks.Attached, v, vol, func(err error) {
		a.end(err)
		if err != nil {
			vol.Status = "available"
			v.Volumes = without(v.Volumes, vol.ID)
			return
		}
		vol.Status, vol.Servers = "in-use", append(vol.Servers, v.ID)
	})
	return http.StatusOK, map[string]any{"volumeAttachment": map[string]any{"id": vol.ID, "volumeId": vol.ID,
		"serverId": v.ID, "device": "/dev/vdb"}}, nil
}

// pair starts a change of a VM and a volume.
func (s *Server) pair(hook func(api.Server, api.Volume) error, v *server, vol *volume, done func(error)) {
	now, nowVol := v.copy(), vol.copy()
	s.later(func() error {
		if hook == nil {
			return nil
		}
		return hook(now, nowVol)
	}, done)
}

func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(o string) bool { return o == id })
}

func detach(s *Server, r *http.Request) (int, any, error) {
	v, vol := s.servers.byID[r.PathValue("id")], s.volumes.byID[r.PathValue("volume")]
	if v == nil || vol == nil || !slices.Contains(v.Volumes, vol.ID) {
		return 0, nil, noSuch("Volume attachment", r.PathValue("volume"))
	}
	if vol.Status != "in-use" {
		return 0, nil, refuse(http.StatusBadRequest,
			"Invalid volume: Unable to detach volume. Volume status must be 'in-use'. Currently in '%s'", vol.Status)
	}
	a := s.begin(r, v.ID, "detach_volume")
	vol.Status = "detaching"
	s.pair(s.cfg.Hooks.Detached, v, vol, func(err error) {
		a.end(err)
		if err != nil {
			vol.Status = "in-use"
			return
		}
		vol.Servers, v.Volumes = without(vol.Servers, v.ID), without(v.Volumes, vol.ID)
		vol.Status = word(len(vol.Servers) > 0, "in-use", "available")
	})
	return http.StatusAccepted, nil, nil
}
