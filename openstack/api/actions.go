package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// act asks an action of a VM and gives the request's ID, by which Nova keeps
// what became of it.
func (c *Cloud) act(ctx context.Context, op, id string, action map[string]any) (request string, err error) {
	header, err := c.do(ctx, call{op: op, object: id, method: http.MethodPost, service: c.compute, path: []string{"servers", id, "action"}, in: action})
	return requestID(header), err
}

func requestID(h http.Header) string {
	return first(h.Get("X-Compute-Request-Id"), h.Get("X-Openstack-Request-Id"))
}

// actionFault gives the reason of an action's failure, the last line of the
// trace that Nova shows to administrators; empty when there is none.
func (c *Cloud) actionFault(ctx context.Context, id, request string) string {
	var out struct {
		Action struct {
			Events []struct{ Event, Result, Traceback string }
		} `json:"instanceAction"`
	}
	_, err := c.do(ctx, call{op: "read action", object: request, method: http.MethodGet, service: c.compute,
		path: []string{"servers", id, "os-instance-actions", request}, out: &out})
	if err != nil {
		return ""
	}
	for _, e := range out.Action.Events {
		if e.Result != "Error" {
			continue
		}
		lines := strings.Split(strings.TrimSpace(e.Traceback), "\n")
		return first(lines[len(lines)-1], e.Event+" failed")
	}
	return ""
}

// change brings an idle VM from one status to another, unless it is there.
func (c *Cloud) change(ctx context.Context, op, id, to string, action map[string]any) error {
	now, err := c.read(ctx, id)
	if err != nil || now.Status == to && now.Task == "" {
		return err
	}
	request, err := c.act(ctx, op, id, action)
	if err != nil {
		return err
	}
	_, err = c.settled(ctx, op, id, request, to)
	return err
}

// StopServer stops a VM and waits until it is SHUTOFF.
//
// Similar To: openstack server stop
func (c *Cloud) StopServer(ctx context.Context, id string) error {
	return c.change(ctx, "stop server", id, "SHUTOFF", map[string]any{"os-stop": nil})
}

// StartServer starts a stopped VM and waits until it is ACTIVE.
//
// Similar To: openstack server start
func (c *Cloud) StartServer(ctx context.Context, id string) error {
	return c.change(ctx, "start server", id, "ACTIVE", map[string]any{"os-start": nil})
}

// RebootServer reboots a VM the hard way and waits until it is ACTIVE.
//
// Similar To: openstack server reboot --hard
func (c *Cloud) RebootServer(ctx context.Context, id string) error {
	const op = "reboot server"
	request, err := c.act(ctx, op, id, map[string]any{"reboot": map[string]any{"type": "HARD"}})
	if err != nil {
		return err
	}
	_, err = c.settled(ctx, op, id, request, "ACTIVE")
	return err
}

// Console reads the VM's console log, at most the last lines lines (0: all
// that the hypervisor kept). A VM that was moved begins a new log.
//
// Similar To: openstack console log show
func (c *Cloud) Console(ctx context.Context, id string, lines int) (string, error) {
	length := map[string]any{}
	if lines > 0 {
		length["length"] = lines
	}
	var out struct{ Output string }
	_, err := c.do(ctx, call{op: "read console", object: id, method: http.MethodPost, service: c.compute,
		path: []string{"servers", id, "action"}, in: map[string]any{"os-getConsoleOutput": length}, out: &out})
	return out.Output, err
}

// SnapshotServer makes an image of a VM and waits until it is active and the
// VM idle. An image that could not be filled is returned with the error.
//
// Similar To: openstack server image create
func (c *Cloud) SnapshotServer(ctx context.Context, id, name string) (Image, error) {
	const op = "snapshot server"
	var made struct {
		Image string `json:"image_id"`
	}
	header, err := c.do(ctx, call{op: op, object: id, method: http.MethodPost, service: c.compute, path: []string{"servers", id, "action"},
		in: map[string]any{"createImage": map[string]any{"name": name}}, out: &made})
	if err != nil {
		return Image{ID: made.Image, Name: name}, err
	}
	out, err := c.activeImage(ctx, op, made.Image)
	if err != nil {
		if fault := c.actionFault(ctx, id, requestID(header)); fault != "" {
			err = c.failed(op, id, fault)
		}
		return out, err
	}
	_, err = c.settled(ctx, op, id, requestID(header), "ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED")
	return out, err
}

// Attach attaches a volume to a VM and waits until both sides say so.
//
// Similar To: openstack server add volume
func (c *Cloud) Attach(ctx context.Context, serverID, volumeID string) error {
	const op = "attach volume"
	header, err := c.do(ctx, call{op: op, object: volumeID, method: http.MethodPost, service: c.compute,
		path: []string{"servers", serverID, "os-volume_attachments"}, in: map[string]any{"volumeAttachment": map[string]any{"volumeId": volumeID}}})
	if err != nil {
		return err
	}
	// Nova reserves the volume before it answers: one that is available again was given back.
	return c.attachment(ctx, op, serverID, volumeID, requestID(header), "available", func(v Volume, s serverJSON) bool {
		return v.Status == "in-use" && slices.Contains(v.Servers, serverID) && s.holds(volumeID) && s.Task == ""
	})
}

// Detach detaches a volume and waits until it is available. A volume that is
// not attached to the VM is no error.
//
// Similar To: openstack server remove volume
func (c *Cloud) Detach(ctx context.Context, serverID, volumeID string) error {
	const op = "detach volume"
	header, err := c.do(ctx, call{op: op, object: volumeID, method: http.MethodDelete, service: c.compute,
		path: []string{"servers", serverID, "os-volume_attachments", volumeID}})
	if unlessGone(err) != nil {
		return err
	}
	// A guest that keeps the disk makes the volume in-use again.
	return c.attachment(ctx, op, serverID, volumeID, requestID(header), "in-use", func(v Volume, s serverJSON) bool {
		return !slices.Contains(v.Servers, serverID) && !s.holds(volumeID) && (v.Status == "available" || v.Status == "in-use" && len(v.Servers) > 0)
	})
}

func (s serverJSON) holds(volumeID string) bool {
	return slices.ContainsFunc(s.Volumes, func(v struct{ ID string }) bool { return v.ID == volumeID })
}

// attachment waits until volume and VM agree. A volume that rests in the
// status from which it should have gone, for some looks, did not get away.
func (c *Cloud) attachment(ctx context.Context, op, serverID, volumeID, request, back string, agree func(Volume, serverJSON) bool) error {
	resting := 0
	return c.await(ctx, op, volumeID, func(ctx context.Context) (string, bool, error) {
		v, err := c.Volume(ctx, volumeID)
		if err != nil {
			return "", false, err
		}
		s, err := c.read(ctx, serverID)
		if err = unlessGone(err); err != nil {
			return "", false, err
		}
		if agree(v, s) {
			return v.Status, true, nil
		}
		resting++
		if v.Status != back {
			resting = 0
		}
		if bad(v.Status) || resting >= patience {
			return "", false, c.failed(op, volumeID, first(c.actionFault(ctx, serverID, request), "the volume is "+v.Status+" again; the log of nova-compute on "+s.Host+" says why"))
		}
		return v.Status, false, nil
	})
}
