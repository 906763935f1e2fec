package openstacktest

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/openstack/api"
)

// attached makes an attachment of a volume that a VM has, and gives its ID. s.mu is held.
func (s *Server) attached(d Disk) string {
	a := api.Attachment{ID: s.id(), Volume: d.Volume, Server: d.Server, Status: "attached", Host: d.Host, Driver: "nfs"}
	if d.InCeph() {
		a.Driver, a.Image, a.User, a.Secret, a.Cluster = "rbd", d.Pool+"/"+d.Image, d.User, d.Secret, d.Cluster
		a.Monitors = d.copy().Monitors
	}
	s.addAttachment(a)
	return a.ID
}

// addAttachment keeps an attachment. s.mu is held.
func (s *Server) addAttachment(a api.Attachment) {
	s.attachments.add(a.ID, a)
	s.byVolume[a.Volume] = append(s.byVolume[a.Volume], a.ID)
}

// detached removes the attachments of a volume to a VM. s.mu is held.
func (s *Server) detached(serverID, volumeID string) {
	s.byVolume[volumeID] = slices.DeleteFunc(s.byVolume[volumeID], func(id string) bool {
		mine := s.attachments.byID[id].Server == serverID
		if mine {
			s.attachments.remove(id)
		}
		return mine
	})
}

// AddAttachment adds an attachment that was there before, such as one that nothing uses, and gives its ID.
func (s *Server) AddAttachment(a api.Attachment) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.ID == "" {
		a.ID = s.id()
	}
	if a.Status == "" {
		a.Status = "attached"
	}
	s.addAttachment(a)
	return a.ID
}

// Attachments gives the attachments as they are now.
func (s *Server) Attachments() []api.Attachment {
	return snap(s, &s.attachments, func(a *api.Attachment) api.Attachment { return *a })
}

// listAttachments gives pages without a link to the next page, as Cinder does.
func listAttachments(s *Server, r *http.Request) (int, any, error) {
	if minor(r, "volume") < 27 {
		return 0, nil, refuse(http.StatusNotFound, "The resource could not be found.")
	}
	if err := s.queries(r, "all_tenants", "marker", "limit", "volume_id"); err != nil {
		return 0, nil, err
	}
	q := r.URL.Query()
	if m := q.Get("marker"); m != "" && s.attachments.byID[m] == nil {
		return 0, nil, noSuch("Attachment", m)
	}
	volume := q.Get("volume_id")
	found, _ := page(s, r, &s.attachments, func(a *api.Attachment) bool { return volume == "" || a.Volume == volume })
	out := []any{}
	for _, a := range found {
		out = append(out, attachmentJSON(a))
	}
	return http.StatusOK, map[string]any{"attachments": out}, nil
}

func attachmentJSON(a *api.Attachment) map[string]any {
	info := map[string]any{}
	switch {
	case a.Driver == "rbd":
		hosts, ports := []string{}, []string{}
		for _, m := range a.Monitors {
			host, port, err := net.SplitHostPort(m)
			if err != nil {
				host, port = m, "6789"
			}
			hosts, ports = append(hosts, host), append(ports, port)
		}
		info = map[string]any{"driver_volume_type": "rbd", "name": a.Image, "hosts": hosts, "ports": ports,
			"cluster_name": a.Cluster, "auth_enabled": a.User != "", "auth_username": a.User, "secret_type": "ceph",
			"secret_uuid": a.Secret, "volume_id": a.Volume, "discard": true, "qos_specs": nil, "access_mode": "rw",
			"encrypted": false, "cacheable": false, "attachment_id": a.ID}
	case a.Driver != "":
		info = map[string]any{"driver_volume_type": a.Driver, "export": "nfs:/export", "name": "volume-" + a.Volume}
	}
	var server any
	if a.Server != "" {
		server = a.Server
	}
	return map[string]any{"id": a.ID, "status": a.Status, "instance": server, "volume_id": a.Volume,
		"attached_at": "", "detached_at": "", "attach_mode": "rw", "connection_info": info}
}

// attachmentsOf are the attachments of a volume, as the volume tells them. s.mu is held.
func (s *Server) attachmentsOf(v *volume) []any {
	out := []any{}
	for _, server := range v.Servers {
		one := map[string]any{"server_id": server, "volume_id": v.ID, "id": v.ID, "device": "/dev/vdb",
			"attachment_id": nil, "host_name": nil}
		for _, id := range s.byVolume[v.ID] {
			if a := s.attachments.byID[id]; a.Server == server {
				one["attachment_id"], one["host_name"] = a.ID, a.Host
			}
		}
		out = append(out, one)
	}
	return out
}

// limit is how many objects a page has at most: what the service gives, or less where less is asked for.
func (s *Server) limit(r *http.Request) int {
	n, err := strconv.Atoi(strings.TrimSpace(r.URL.Query().Get("limit")))
	if err != nil || n <= 0 {
		return s.cfg.PageSize
	}
	return min(n, s.cfg.PageSize)
}
