package openstacktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

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
			Host  *string `json:"host"`
			Block string  `json:"block_migration"`
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
		if err := s.turn(v, now, t.name); err != nil || s.cfg.Hooks.ServerChanged == nil {
			return err
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

// turn closes the disks of a VM, and opens those of the domain that Nova writes anew, unless the VM is stopped. It runs
// as a hook.
func (s *Server) turn(v *server, now api.Server, name string) error {
	disks, running := s.disksOf(v)
	if running {
		s.closeAll(disks)
	}
	var err error
	started := time.Now()
	if name != "stop" {
		disks = s.rebuilt(v, now, v.flavor)
		err = s.openAll(disks)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(v, disks, false)
	v.running, v.started = name != "stop" && err == nil, started
	return err
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
