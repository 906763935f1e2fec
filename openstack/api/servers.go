package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// A ServerRequest asks for a VM without networks.
type ServerRequest struct {
	Name, Description string
	ImageID, VolumeID string // what to boot from: exactly one of the two
	Flavor            string // name or ID
	Host              string // the compute to run on; when empty, Nova's scheduler decides
	Zone              string // availability zone of Host; nova when empty
	UserData          []byte // for the guest, on its config drive; 48 KiB at most
}

// CreateServer boots a VM and waits until it is ACTIVE. A VM that went into ERROR
// is returned with an *Error that gives the fault, so that the caller can delete
// the VM. When a VM that boots from a volume is deleted, the volume stays.
//
// Similar To: openstack server create
func (c *Cloud) CreateServer(ctx context.Context, r ServerRequest) (Server, error) {
	const op = "create server"
	if (r.ImageID == "") == (r.VolumeID == "") {
		return Server{}, &Error{Op: op, Object: r.Name, Detail: "a VM boots from an image or from a volume: name exactly one"}
	}
	flavor, err := c.flavorID(ctx, op, r.Flavor)
	if err != nil {
		return Server{}, err
	}
	// The answer has the ID and no details.
	var made struct{ Server struct{ ID string } }
	_, err = c.do(ctx, call{op: op, object: r.Name, method: http.MethodPost, service: c.compute, path: []string{"servers"},
		in: map[string]any{"server": r.body(flavor)}, out: &made, id: &made.Server.ID})
	if err != nil {
		return Server{ID: made.Server.ID, Name: r.Name}, err
	}
	last, err := c.settled(ctx, action{op: op, id: made.Server.ID}, "ACTIVE")
	if last.ID == "" {
		return Server{ID: made.Server.ID}, err
	}
	return last.server(c, map[string]string{last.Flavor.Name: flavor}), err
}

func (r ServerRequest) body(flavor string) map[string]any {
	in := map[string]any{"name": r.Name, "flavorRef": flavor, "networks": "none", "config_drive": true}
	if r.ImageID != "" {
		in["imageRef"] = r.ImageID
	} else {
		in["block_device_mapping_v2"] = []map[string]any{{"boot_index": 0, "uuid": r.VolumeID,
			"source_type": "volume", "destination_type": "volume", "delete_on_termination": false}}
	}
	if r.Description != "" {
		in["description"] = r.Description
	}
	if len(r.UserData) > 0 {
		in["user_data"] = r.UserData // base64 in JSON
	}
	if r.Host != "" {
		in["availability_zone"] = first(r.Zone, "nova") + ":" + r.Host
	} else if r.Zone != "" {
		in["availability_zone"] = r.Zone
	}
	return in
}

// settled waits until a VM is idle in one of the statuses. When it is idle in
// another status, for some looks in a row, the action failed.
func (c *Cloud) settled(ctx context.Context, a action, status ...string) (serverJSON, error) {
	var last serverJSON
	idle := 0
	err := c.await(ctx, a.op, a.id, func(ctx context.Context) (string, bool, error) {
		now, err := c.read(ctx, a.id)
		if err != nil {
			return "", false, err
		}
		last = now
		idle++
		if now.Task != "" || now.Status == "BUILD" {
			idle = 0
		}
		state := now.Status
		if now.Task != "" {
			state += " and " + now.Task
		}
		switch {
		case now.Task == "" && slices.Contains(status, now.Status):
			return state, true, nil
		case now.Status == "ERROR" && idle > 0, idle >= patience:
			why := first(c.actionFault(ctx, a), now.Fault.Message, "it stays "+now.Status)
			return state, false, c.failed(a.op, a.id, why)
		}
		return state, false, nil
	})
	return last, err
}

// DeleteServer deletes a VM and waits until it is gone. It is not an error when
// there is no such VM. A cloud that keeps deleted VMs for some time is asked to
// delete this VM at once.
//
// Similar To: openstack server delete --wait
func (c *Cloud) DeleteServer(ctx context.Context, id string) error {
	const op = "delete server"
	_, err := c.do(ctx, call{op: op, object: id, method: http.MethodDelete, service: c.compute,
		path: []string{"servers", id}})
	if err != nil {
		return unlessGone(err)
	}
	return c.serverGone(ctx, op, id)
}

// ForceDeleteServer deletes a VM at once, in whatever status it is, and waits until it is gone.
//
// Similar To: openstack server delete --force --wait
func (c *Cloud) ForceDeleteServer(ctx context.Context, id string) error {
	const op = "delete server"
	if _, err := c.act(ctx, op, id, map[string]any{"forceDelete": nil}); err != nil {
		return unlessGone(err)
	}
	return c.serverGone(ctx, op, id)
}

// serverGone waits until a VM is gone.
func (c *Cloud) serverGone(ctx context.Context, op, id string) error {
	idle, forced := 0, false
	var refused error
	err := c.await(ctx, op, id, func(ctx context.Context) (string, bool, error) {
		now, err := c.read(ctx, id)
		if err != nil {
			return "", errors.Is(err, ErrNotFound), unlessGone(err)
		}
		if now.Status == "SOFT_DELETED" && !forced {
			forced = true
			_, err := c.act(ctx, op, id, map[string]any{"forceDelete": nil})
			if away(err) {
				return "", false, err
			}
			refused = unlessGone(err)
			return now.Status, err != nil, nil
		}
		idle++
		if now.Task != "" || now.Status == "DELETED" {
			idle = 0
		}
		if idle > patience {
			return "", false, c.failed(op, id, first(now.Fault.Message, "it stays "+now.Status))
		}
		return now.Status, false, nil
	})
	if err == nil {
		err = refused
	}
	return err
}
