package openstacktest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack/api"
)

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
	var disk Disk
	plug := func(now api.Server, nowVol api.Volume) error { return s.plug(v, &disk, now, nowVol) }
	s.pair(plug, v, vol, func(err error) {
		a.end(err)
		if err != nil {
			vol.Status = "available"
			v.Volumes = without(v.Volumes, vol.ID)
			return
		}
		disk.Attachment = s.attached(disk)
		v.disks, v.stored = targets(append(slices.Clone(v.disks), disk)), append(slices.Clone(v.stored), disk)
		vol.Status, vol.Servers = "in-use", append(vol.Servers, v.ID)
	})
	return http.StatusOK, map[string]any{"volumeAttachment": map[string]any{"id": vol.ID, "volumeId": vol.ID,
		"serverId": v.ID, "device": "/dev/vdb"}}, nil
}

// plug opens a volume that is attached, if the VM runs. It runs as a hook.
func (s *Server) plug(v *server, disk *Disk, now api.Server, vol api.Volume) error {
	*disk = s.reach(now, vol)
	if _, running := s.disksOf(v); running {
		if err := s.openAll([]Disk{*disk}); err != nil {
			return err
		}
	}
	if s.cfg.Hooks.Attached == nil {
		return nil
	}
	if err := s.cfg.Hooks.Attached(now, vol); err != nil {
		s.closeAll([]Disk{*disk})
		return err
	}
	return nil
}

// unplug closes a volume that is detached. It runs as a hook.
func (s *Server) unplug(v *server, now api.Server, vol api.Volume) error {
	if s.cfg.Hooks.Detached != nil {
		if err := s.cfg.Hooks.Detached(now, vol); err != nil {
			return err
		}
	}
	disks, running := s.disksOf(v)
	if running {
		s.closeAll(slices.DeleteFunc(disks, func(d Disk) bool { return d.Volume != vol.ID }))
	}
	return nil
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
	unplug := func(now api.Server, nowVol api.Volume) error { return s.unplug(v, now, nowVol) }
	s.pair(unplug, v, vol, func(err error) {
		a.end(err)
		if err != nil {
			vol.Status = "in-use"
			return
		}
		it := func(d Disk) bool { return d.Volume == vol.ID }
		v.disks, v.stored = slices.DeleteFunc(slices.Clone(v.disks), it), slices.DeleteFunc(slices.Clone(v.stored), it)
		s.detached(v.ID, vol.ID)
		vol.Servers, v.Volumes = without(vol.Servers, v.ID), without(v.Volumes, vol.ID)
		vol.Status = word(len(vol.Servers) > 0, "in-use", "available")
	})
	return http.StatusAccepted, nil, nil
}
