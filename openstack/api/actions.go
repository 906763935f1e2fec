package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// An action is what was asked of a VM. Nova keeps what became of it under the
// ID of the request.
type action struct{ op, id, request string }

// act asks an action of a VM; body is what Nova is sent.
func (c *Cloud) act(ctx context.Context, op, id string, body map[string]any) (action, error) {
	header, err := c.do(ctx, call{op: op, object: id, method: http.MethodPost, service: c.compute,
		path: []string{"servers", id, "action"}, in: body})
	return action{op, id, requestID(header)}, err
}

func requestID(h http.Header) string {
	return first(h.Get("X-Compute-Request-Id"), h.Get("X-Openstack-Request-Id"))
}

// actionFault gives the reason of an action's failure: the last line of the
// trace that Nova shows to administrators. It is empty when there is no trace.
func (c *Cloud) actionFault(ctx context.Context, a action) string {
	var out struct {
		Action struct {
			Events []struct{ Event, Result, Traceback string }
		} `json:"instanceAction"`
	}
	_, err := c.do(ctx, call{op: "read action", object: a.request, method: http.MethodGet, service: c.compute,
		path: []string{"servers", a.id, "os-instance-actions", a.request}, out: &out})
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

// change brings an idle VM into a status by an action of Nova. A VM that has
// the status already is left alone.
func (c *Cloud) change(ctx context.Context, id, name, to string) error {
	now, err := c.read(ctx, id)
	if err != nil || now.Status == to && now.Task == "" {
		return err
	}
	a, err := c.act(ctx, strings.TrimPrefix(name, "os-")+" server", id, map[string]any{name: nil})
	if err != nil {
		return err
	}
	_, err = c.settled(ctx, a, to)
	return err
}

// StopServer stops a VM and waits until it is SHUTOFF.
//
// Similar To: openstack server stop
func (c *Cloud) StopServer(ctx context.Context, id string) error {
	return c.change(ctx, id, "os-stop", "SHUTOFF")
}

// StartServer starts a stopped VM and waits until it is ACTIVE.
//
// Similar To: openstack server start
func (c *Cloud) StartServer(ctx context.Context, id string) error {
	return c.change(ctx, id, "os-start", "ACTIVE")
}

// RebootServer reboots a VM the hard way and waits until it is ACTIVE.
//
// Similar To: openstack server reboot --hard
func (c *Cloud) RebootServer(ctx context.Context, id string) error {
	a, err := c.act(ctx, "reboot server", id, map[string]any{"reboot": map[string]any{"type": "HARD"}})
	if err != nil {
		return err
	}
	_, err = c.settled(ctx, a, "ACTIVE")
	return err
}

// Console reads the end of the VM's console log: at most that many lines, or all
// that the hypervisor kept when lines is 0. After a migration the log begins anew.
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

// SnapshotServer makes an image of a VM and waits until the image is active and
// the VM is idle. The description is a property of the image, if it is not empty. An image
// that could not be filled is returned with the error.
//
// Similar To: openstack server image create
func (c *Cloud) SnapshotServer(ctx context.Context, id, name, description string) (Image, error) {
	const op = "snapshot server"
	var made struct {
		Image string `json:"image_id"`
	}
	in := map[string]any{"name": name}
	if description != "" {
		in["metadata"] = map[string]string{"description": description}
	}
	header, err := c.do(ctx, call{op: op, object: id, method: http.MethodPost, service: c.compute,
		path: []string{"servers", id, "action"},
		in:   map[string]any{"createImage": in}, out: &made, id: &made.Image})
	if err != nil {
		return Image{ID: made.Image, Name: name}, err
	}
	a := action{op, id, requestID(header)}
	out, err := c.activeImage(ctx, op, made.Image)
	if err != nil {
		if fault := c.actionFault(ctx, a); fault != "" {
			err = c.failed(op, id, fault)
		}
		return out, err
	}
	_, err = c.settled(ctx, a, "ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED")
	return out, err
}

// Attach attaches a volume to a VM and waits until Cinder and Nova both show it
// attached.
//
// Similar To: openstack server add volume
func (c *Cloud) Attach(ctx context.Context, serverID, volumeID string) error {
	const op = "attach volume"
	header, err := c.do(ctx, call{op: op, object: volumeID, method: http.MethodPost, service: c.compute,
		path: []string{"servers", serverID, "os-volume_attachments"},
		in:   map[string]any{"volumeAttachment": map[string]any{"volumeId": volumeID}}})
	if err != nil {
		return err
	}
	// Nova reserves the volume before it answers. A volume that is available again was given back.
	w := attachment{action{op, serverID, requestID(header)}, volumeID, "available"}
	return c.attachmentIs(ctx, w, func(v Volume, s serverJSON) bool {
		return v.Status == "in-use" && slices.Contains(v.Servers, serverID) && s.holds(volumeID) && s.Task == ""
	})
}

// Detach detaches a volume and waits until it is available. It is not an error
// when the volume is not attached to the VM.
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
	w := attachment{action{op, serverID, requestID(header)}, volumeID, "in-use"}
	return c.attachmentIs(ctx, w, func(v Volume, s serverJSON) bool {
		return !slices.Contains(v.Servers, serverID) && !s.holds(volumeID) &&
			(v.Status == "available" || v.Status == "in-use" && len(v.Servers) > 0)
	})
}

func (s serverJSON) holds(volumeID string) bool {
	return slices.ContainsFunc(s.Volumes, func(v struct{ ID string }) bool { return v.ID == volumeID })
}

// An attachment is an action that attaches or detaches a volume. When the
// action fails, the volume goes back to the status that it had.
type attachment struct {
	action
	volumeID, back string
}

// attachmentIs waits until volume and VM agree. When the volume is back in the
// status that it had, for some looks in a row, the action failed.
func (c *Cloud) attachmentIs(ctx context.Context, a attachment, agree func(Volume, serverJSON) bool) error {
	resting := 0
	return c.await(ctx, a.op, a.volumeID, func(ctx context.Context) (string, bool, error) {
		v, err := c.Volume(ctx, a.volumeID)
		if err != nil {
			return "", false, err
		}
		s, err := c.read(ctx, a.id)
		if err = unlessGone(err); err != nil {
			return "", false, err
		}
		if agree(v, s) {
			return v.Status, true, nil
		}
		resting++
		if v.Status != a.back {
			resting = 0
		}
		if bad(v.Status) || resting >= patience {
			return "", false, c.failed(a.op, a.volumeID, first(c.actionFault(ctx, a.action),
				"the volume is "+v.Status+" again; the log of nova-compute on "+s.Host+" says why"))
		}
		return v.Status, false, nil
	})
}
