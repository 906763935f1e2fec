package openstacktest

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack/api"
)

type volume struct {
	api.Volume
}

func (v *volume) copy() api.Volume {
	out := v.Volume
	out.Servers, out.Attachments = slices.Clone(out.Servers), nil
	return out
}

// settle keeps what a hook changed in its copy of a volume, but for the status.
func (v *volume) settle(now api.Volume, status string) {
	servers := v.Servers
	v.Volume = now
	v.Servers, v.Status = servers, status
}

type message struct{ id, text string }

func volumeRoutes() map[string]handle {
	return map[string]handle{
		"GET /os-services":             listServices("cinder-"),
		"GET /messages":                listMessages,
		"POST /volumes":                createVolume,
		"GET /volumes/detail":          listVolumes,
		"GET /volumes/{id}":            showVolume,
		"DELETE /volumes/{id}":         deleteVolume,
		"POST /volumes/{id}/action":    forceVolume,
		"POST /snapshots/{id}/action":  forceSnapshot,
		"POST /backups/{id}/action":    forceBackup,
		"GET /attachments/detail":      listAttachments,
		"POST /snapshots":              createSnapshot,
		"GET /snapshots/detail":        listSnapshots,
		"GET /snapshots/{id}":          showSnapshot,
		"DELETE /snapshots/{id}":       deleteSnapshot,
		"POST /backups":                createBackup,
		"GET /backups/detail":          listBackups,
		"GET /backups/{id}":            showBackup,
		"POST /backups/{id}/restore":   restoreBackup,
		"DELETE /backups/{id}":         deleteBackup,
		"GET /types":                   listTypes,
		"POST /types":                  createType,
		"DELETE /types/{id}":           deleteType,
		"POST /types/{id}/extra_specs": setSpecs,
	}
}

func listMessages(s *Server, r *http.Request) (int, any, error) {
	if minor(r, "volume") < 5 {
		return 0, nil, refuse(http.StatusNotFound, "The resource could not be found.")
	}
	if err := s.queries(r, "resource_uuid"); err != nil {
		return 0, nil, err
	}
	out := []any{}
	for _, m := range s.messages {
		if m.id == r.URL.Query().Get("resource_uuid") {
			out = append(out, map[string]any{"user_message": m.text, "resource_uuid": m.id, "message_level": "ERROR"})
		}
	}
	return http.StatusOK, map[string]any{"messages": out}, nil
}

func (v *volume) json(s *Server) map[string]any {
	null := func(text string) any {
		if text == "" {
			return nil
		}
		return text
	}
	out := map[string]any{"id": v.ID, "name": v.Name, "status": v.Status, "size": v.SizeGiB, "volume_type": v.Type,
		"description": v.Description, "created_at": v.Created.Format(zoneless),
		"availability_zone":     v.Zone,
		"os-vol-host-attr:host": v.Host, "attachments": s.attachmentsOf(v), "bootable": word(v.Bootable, "true", "false"),
		"os-vol-tenant-attr:tenant_id": cmp.Or(v.Project, project), "os-vol-mig-status-attr:migstat": null(v.Migration),
		"os-vol-mig-status-attr:name_id": null(v.NameID), "migration_status": null(v.Migration), "encrypted": v.Encrypted,
		"multiattach": v.Multiattach, "source_volid": null(v.SourceID), "snapshot_id": null(v.SnapshotID)}
	if !v.Updated.IsZero() {
		out["updated_at"] = v.Updated.UTC().Format(zoneless)
	}
	if v.ImageID != "" {
		out["volume_image_metadata"] = map[string]any{"image_id": v.ImageID}
	}
	return out
}

func createVolume(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Volume struct {
			Name       string `json:"name"`
			Text       string `json:"description"`
			Size       int    `json:"size"`
			ImageRef   string `json:"imageRef"`
			SnapshotID string `json:"snapshot_id"`
			SourceID   string `json:"source_volid"`
			Type       string `json:"volume_type"`
			Zone       string `json:"availability_zone"`
		} `json:"volume"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	w := in.Volume
	from := api.VolumeRequest{Name: w.Name, Description: w.Text, SizeGiB: w.Size, ImageID: w.ImageRef,
		SnapshotID: w.SnapshotID,
		VolumeID:   w.SourceID, Type: w.Type, AvailabilityZone: cmp.Or(w.Zone, defaultZone)}
	if from.Type == "" {
		from.Type = "__DEFAULT__"
	}
	if err := s.source(&from); err != nil {
		return 0, nil, err
	}
	if w.Zone != "" && len(s.inZone("cinder-volume", w.Zone)) == 0 {
		return 0, nil, refuse(http.StatusBadRequest, "Availability zone '%s' is invalid.", w.Zone)
	}
	backend, err := s.backend(from.Type, from.AvailabilityZone)
	if err != nil {
		return 0, nil, err
	}
	v := s.addVolume(api.Volume{Name: from.Name, Status: "creating", SizeGiB: from.SizeGiB, Host: backend, Type: from.Type,
		Zone: from.AvailabilityZone, Description: from.Description, Project: project, SourceID: from.VolumeID,
		SnapshotID: from.SnapshotID, ImageID: from.ImageID, Bootable: from.ImageID != ""})
	s.build(v, backend, func(now *api.Volume) error {
		if s.cfg.Hooks.VolumeCreated == nil {
			return nil
		}
		return s.cfg.Hooks.VolumeCreated(now, from)
	}, nil)
	return http.StatusAccepted, map[string]any{"volume": v.json(s)}, nil
}

func (s *Server) addVolume(v api.Volume) *volume {
	v.ID, v.Created = s.id(), s.now()
	return s.volumes.add(v.ID, volume{Volume: v})
}

// build makes a volume available once its hook has succeeded.
func (s *Server) build(v *volume, backend string, hook func(*api.Volume) error, done func(error)) {
	now, failed := v.copy(), "error"
	if v.Status == "restoring-backup" {
		failed = "error_restoring"
	}
	s.later(func() error {
		if backend == "" {
			//nolint:staticcheck // the words are those of Cinder
			return errors.New("schedule allocate volume:Could not find any available weighted backend.")
		}
		return hook(&now)
	}, func(err error) {
		v.settle(now, word(err == nil, "available", failed))
		if err != nil {
			s.messages = append(s.messages, message{v.ID, err.Error()})
		}
		if done != nil {
			done(err)
		}
	})
}

// source checks where a volume comes from and fills in its size.
func (s *Server) source(r *api.VolumeRequest) error {
	size := 0
	switch {
	case r.ImageID != "":
		i := s.images.byID[r.ImageID]
		if i == nil || i.Status != "active" {
			return refuse(http.StatusBadRequest, "Invalid image identifier or unable to access requested image.")
		}
		size = int((i.Size + 1<<30 - 1) >> 30)
		if r.SizeGiB < size {
			return refuse(http.StatusBadRequest,
				"Invalid input received: Size of specified image %dGB is larger than volume size %dGB.", size, r.SizeGiB)
		}
	case r.SnapshotID != "":
		p := s.snapshots.byID[r.SnapshotID]
		if p == nil {
			return noSuch("Snapshot", r.SnapshotID)
		}
		if v := s.volumes.byID[p.VolumeID]; v != nil {
			size = v.SizeGiB
		}
	case r.VolumeID != "":
		v := s.volumes.byID[r.VolumeID]
		if v == nil {
			return noSuch("Volume", r.VolumeID)
		}
		size = v.SizeGiB
	}
	if r.SizeGiB == 0 && r.ImageID == "" {
		r.SizeGiB = size
	}
	if r.SizeGiB <= 0 || r.SizeGiB < size {
		return refuse(http.StatusBadRequest, "Invalid input received: Volume size '%d' must be an integer and greater than 0",
			r.SizeGiB)
	}
	return nil
}

// backend schedules a volume type in a zone, and gives host@backend#pool. It is
// empty when no service that is up in the zone has the backend.
func (s *Server) backend(typeName, zone string) (string, error) {
	at := slices.IndexFunc(s.types.all(), func(t *volumeType) bool { return t.Name == typeName || t.ID == typeName })
	if at < 0 {
		return "", noSuch("Volume type with name", typeName)
	}
	want := s.types.all()[at].Extra["volume_backend_name"]
	for _, host := range s.inZone("cinder-volume", zone) {
		_, b, _ := strings.Cut(host, "@")
		if own := s.cfg.Hooks.BackendName; own != nil {
			b = own(host)
		}
		if want == "" || b == want {
			return host + "#" + b, nil
		}
	}
	return "", nil
}

func listVolumes(s *Server, r *http.Request) (int, any, error) {
	if err := s.queries(r, "all_tenants", "marker", "limit"); err != nil {
		return 0, nil, err
	}
	found, next := page(s, r, &s.volumes, nil)
	out := []any{}
	for _, v := range found {
		out = append(out, v.json(s))
	}
	return http.StatusOK, map[string]any{"volumes": out, "volumes_links": links(r, next)}, nil
}

func showVolume(s *Server, r *http.Request) (int, any, error) {
	v := s.volumes.byID[r.PathValue("id")]
	if v == nil {
		return 0, nil, noSuch("Volume", r.PathValue("id"))
	}
	return http.StatusOK, map[string]any{"volume": v.json(s)}, nil
}

func deleteVolume(s *Server, r *http.Request) (int, any, error) {
	v := s.volumes.byID[r.PathValue("id")]
	if v == nil {
		return 0, nil, noSuch("Volume", r.PathValue("id"))
	}
	dependent := slices.ContainsFunc(s.snapshots.all(), func(p *api.Snapshot) bool { return p.VolumeID == v.ID })
	free := v.Status == "available" || strings.HasPrefix(v.Status, "error")
	if !free || len(v.Servers) > 0 || dependent {
		return 0, nil, refuse(http.StatusBadRequest,
			"Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing "+
				"and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be "+
				"disassociated from snapshots after volume transfer.")
	}
	v.Status = "deleting"
	now := v.copy()
	s.later(func() error {
		if s.cfg.Hooks.VolumeDeleted == nil {
			return nil
		}
		return s.cfg.Hooks.VolumeDeleted(now)
	}, func(err error) {
		switch {
		case err == nil:
			s.volumes.remove(v.ID)
		case errors.Is(err, ErrBusy):
			v.Status = "available"
		default:
			v.Status = "error_deleting"
			s.messages = append(s.messages, message{v.ID, err.Error()})
		}
	})
	return http.StatusAccepted, nil, nil
}
