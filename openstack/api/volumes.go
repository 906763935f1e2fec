package api

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// A Volume is a Cinder volume.
type Volume struct {
	ID, Name, Status string
	Description      string
	SizeGiB          int
	Host             string // host@backend#pool
	Type             string
	Zone             string   // availability zone
	Servers          []string // IDs of the VMs that it is attached to
	Created          time.Time
	Updated          time.Time // when Cinder last changed its record, such as its status; zero if it never did

	Project string // ID
	// NameID is the ID in the name of its image in the backend, where that is not its own ID: after a migration from
	// another backend, the image is volume-<NameID>.
	NameID      string
	Migration   string // migration_status: migrating, success, error, …; empty if it was never migrated
	Bootable    bool
	Encrypted   bool
	Multiattach bool
	SourceID    string // the volume that it is a copy of
	SnapshotID  string // the snapshot that it is a copy of
	ImageID     string // the image that it is a copy of, by its own copy of the image's properties
	// Attachments are those that are attached, with ID, Server and Host. Cloud.EachAttachment has all of them.
	Attachments []Attachment
}

// A VolumeRequest asks for a volume. It is empty, or a copy of an image, of a
// snapshot or of another volume.
type VolumeRequest struct {
	Name        string
	Description string
	SizeGiB     int // 0: the size of the snapshot or volume that it is a copy of
	ImageID     string
	SnapshotID  string
	VolumeID    string
	// AvailabilityZone is the zone of the backend; the cloud's default when empty.
	AvailabilityZone string
	Type             string // volume type; the cloud's default when empty
}

type volumeJSON struct {
	ID, Name, Status string
	Description      string
	Size             int
	Host             string `json:"os-vol-host-attr:host"`
	Project          string `json:"os-vol-tenant-attr:tenant_id"`
	NameID           string `json:"os-vol-mig-status-attr:name_id"`
	Migration        string `json:"migration_status"`
	MigStat          string `json:"os-vol-mig-status-attr:migstat"`
	Type             string `json:"volume_type"`
	Zone             string `json:"availability_zone"`
	Bootable         string // "true" or "false"
	Encrypted        bool
	Multiattach      bool
	SourceID         string `json:"source_volid"`
	SnapshotID       string `json:"snapshot_id"`
	Image            struct {
		ID string `json:"image_id"`
	} `json:"volume_image_metadata"`
	Attachments []struct {
		ID     string `json:"attachment_id"`
		Server string `json:"server_id"`
		Host   string `json:"host_name"`
	}
	Created stamp `json:"created_at"`
	Updated stamp `json:"updated_at"`
}

func (v volumeJSON) volume() Volume {
	out := Volume{ID: v.ID, Name: v.Name, Status: v.Status, SizeGiB: v.Size, Host: v.Host, Type: v.Type, Zone: v.Zone,
		Description: v.Description, Created: time.Time(v.Created), Project: v.Project,
		Updated: time.Time(v.Updated), Migration: first(v.MigStat, v.Migration),
		Bootable: v.Bootable == "true", Encrypted: v.Encrypted,
		Multiattach: v.Multiattach, SourceID: v.SourceID, SnapshotID: v.SnapshotID, ImageID: v.Image.ID}
	if v.NameID != v.ID {
		out.NameID = v.NameID
	}
	for _, a := range v.Attachments {
		out.Servers = append(out.Servers, a.Server)
		out.Attachments = append(out.Attachments, Attachment{ID: a.ID, Volume: v.ID, Server: a.Server, Host: a.Host,
			Status: "attached"})
	}
	return out
}

// CreateVolume creates a volume and waits until it is available. A volume that
// went into error is returned with the error, so that the caller can delete the
// volume.
//
// Similar To: openstack volume create --size … --image …
func (c *Cloud) CreateVolume(ctx context.Context, r VolumeRequest) (Volume, error) {
	in := map[string]any{"name": r.Name}
	for field, value := range map[string]string{"imageRef": r.ImageID, "snapshot_id": r.SnapshotID,
		"source_volid": r.VolumeID, "volume_type": r.Type, "availability_zone": r.AvailabilityZone,
		"description": r.Description} {
		if value != "" {
			in[field] = value
		}
	}
	if r.SizeGiB != 0 {
		in["size"] = r.SizeGiB
	}
	var made struct{ Volume volumeJSON }
	_, err := c.do(ctx, call{op: "create volume", object: r.Name, method: http.MethodPost, service: c.volume,
		path: []string{"volumes"},
		in:   map[string]any{"volume": in}, out: &made, id: &made.Volume.ID})
	if err != nil {
		return made.Volume.volume(), err
	}
	return c.availableVolume(ctx, "create volume", made.Volume.ID)
}

// availableVolume waits until a volume is available.
func (c *Cloud) availableVolume(ctx context.Context, op, id string) (Volume, error) {
	out := Volume{ID: id}
	err := c.await(ctx, op, id, func(ctx context.Context) (string, bool, error) {
		now, err := c.Volume(ctx, id)
		if err != nil {
			return "", false, err
		}
		out = now
		if bad(out.Status) {
			return "", false, c.failed(op, id, out.Status+": "+c.message(ctx, id))
		}
		return out.Status, out.Status == "available", nil
	})
	return out, err
}

// message gives Cinder's user message about an object. It is the only place where
// Cinder tells why a volume failed.
func (c *Cloud) message(ctx context.Context, id string) string {
	type messageJSON struct {
		Text string `json:"user_message"`
		ID   string `json:"resource_uuid"`
	}
	k := call{op: "list messages", object: id, service: c.volume, path: []string{"messages"},
		query: url.Values{"resource_uuid": {id}}, header: map[string]string{"OpenStack-API-Version": "volume 3.5"}}
	found, err := pages[messageJSON](ctx, c, k, "messages")
	if err == nil {
		for _, m := range found {
			if m.ID == id {
				return m.Text
			}
		}
	}
	return "Cinder has no message about it; see the logs of cinder-volume and cinder-backup"
}

// Volume reads one volume, or ErrNotFound.
//
// Similar To: openstack volume show
func (c *Cloud) Volume(ctx context.Context, id string) (Volume, error) {
	var out struct{ Volume volumeJSON }
	_, err := c.do(ctx, call{op: "read volume", object: id, method: http.MethodGet, service: c.volume,
		path: []string{"volumes", id}, out: &out, id: &out.Volume.ID})
	return out.Volume.volume(), err
}

// Volumes is EachVolume, collected.
func (c *Cloud) Volumes(ctx context.Context) ([]Volume, error) {
	return collect(c.EachVolume(kept(ctx)))
}

// EachVolume reads the volumes of all projects page by page. An error is the last that it gives.
//
// Similar To: openstack volume list --all-projects
func (c *Cloud) EachVolume(ctx context.Context) iter.Seq2[Volume, error] {
	return each(ctx, c, list[volumeJSON]{key: "volumes", call: call{op: "list volumes", service: c.volume,
		path: []string{"volumes", "detail"}, query: everything()}},
		func(v volumeJSON) (Volume, bool) { return v.volume(), true })
}

// DeleteVolume deletes a volume and waits until it is gone. It is not an error when
// there is no such volume.
//
// Similar To: openstack volume delete
func (c *Cloud) DeleteVolume(ctx context.Context, id string) error {
	return c.remove(ctx, c.deletion("volume", id), c.volumeStatus(id))
}

// ForceDeleteVolume deletes a volume in whatever status it is, such as one that is stuck in deleting, or attached to a
// VM that does not exist any more, and waits until the volume is gone. It refuses a volume that a VM has.
//
// Similar To: openstack volume set --state error --detached; openstack volume delete --force
func (c *Cloud) ForceDeleteVolume(ctx context.Context, id string) error {
	v, err := c.Volume(ctx, id)
	if err != nil {
		return unlessGone(err)
	}
	for _, server := range v.Servers {
		switch _, err := c.read(ctx, server); {
		case err == nil:
			return c.failed("delete volume", id, "it is attached to server "+server)
		case !errors.Is(err, ErrNotFound):
			return err
		}
	}
	reset := c.force("volume", id, map[string]any{"os-reset_status": map[string]string{"status": "error",
		"attach_status": "detached"}})
	if _, err := c.do(ctx, reset); err != nil {
		return unlessGone(err)
	}
	return c.remove(ctx, c.force("volume", id, map[string]any{"os-force_delete": struct{}{}}), c.volumeStatus(id))
}

func (c *Cloud) volumeStatus(id string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		v, err := c.Volume(ctx, id)
		return v.Status, err
	}
}

// force is an action of Cinder that ignores the status of an object.
func (c *Cloud) force(kind, id string, action map[string]any) call {
	return call{op: "delete " + kind, object: id, method: http.MethodPost, service: c.volume,
		path: []string{kind + "s", id, "action"}, in: action}
}

// deletion is the call that deletes an object of Cinder.
func (c *Cloud) deletion(kind, id string) call {
	return call{op: "delete " + kind, object: id, method: http.MethodDelete, service: c.volume,
		path: []string{kind + "s", id}}
}

// remove deletes an object of Cinder and waits until status does not find it any
// more. Cinder makes an object that it cannot delete, such as a volume with clones,
// available again.
func (c *Cloud) remove(ctx context.Context, k call, status func(context.Context) (string, error)) error {
	if _, err := c.do(ctx, k); err != nil {
		return unlessGone(err)
	}
	resting := 0
	return c.await(ctx, k.op, k.object, func(ctx context.Context) (string, bool, error) {
		now, err := status(ctx)
		if err != nil {
			return "", errors.Is(err, ErrNotFound), unlessGone(err)
		}
		if now == "available" || now == "in-use" {
			resting++
		} else {
			resting = 0
		}
		switch {
		case bad(now):
			return "", false, c.failed(k.op, k.object, now+": "+c.message(ctx, k.object))
		case resting >= patience:
			return "", false, c.failed(k.op, k.object, "it is "+now+" again: something depends on it, such as a clone")
		}
		return now, false, nil
	})
}
