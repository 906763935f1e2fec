package api

import (
	"context"
	"iter"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// An Attachment is what Cinder knows of a volume that a VM has, and how the VM's compute is to reach the volume. Each
// live migration and each refresh makes another one.
type Attachment struct {
	ID, Volume string
	Server     string // ID of the VM; empty where something else than a VM has the volume
	Status     string // attached, attaching, reserved, detaching, error_attaching, …
	Host       string // the compute; only in Volume.Attachments
	// Driver is rbd for a volume in Ceph. It is empty where Cinder does not tell how the volume is reached: as long as
	// the volume is only reserved, and where the account may not see it.
	Driver string
	// What follows is that of a volume in Ceph. Image is <pool>/<image>.
	Image    string
	User     string   // without "client."; empty if no authentication is used
	Secret   string   // UUID of libvirt's secret
	Monitors []string // host:port, [host]:port with IPv6, in the order of Cinder
	Cluster  string   // name, such as ceph
}

type attachmentJSON struct {
	ID     string
	Status string
	Server string `json:"instance"`
	Volume string `json:"volume_id"`
	Info   struct {
		Driver  string `json:"driver_volume_type"`
		Name    string
		Hosts   []string
		Ports   []port
		Cluster string `json:"cluster_name"`
		Auth    bool   `json:"auth_enabled"`
		User    string `json:"auth_username"`
		Secret  string `json:"secret_uuid"`
	} `json:"connection_info"`
}

// A port is a text, or a number in what some releases wrote.
type port string

// UnmarshalJSON reads both.
func (p *port) UnmarshalJSON(text []byte) error {
	if plain, err := strconv.Unquote(string(text)); err == nil {
		text = []byte(plain)
	}
	*p = port(text)
	return nil
}

func (a attachmentJSON) attachment() Attachment {
	i := a.Info
	out := Attachment{ID: a.ID, Volume: a.Volume, Server: a.Server, Status: a.Status, Driver: i.Driver}
	if i.Driver != "rbd" {
		return out
	}
	out.Image, out.Cluster = i.Name, i.Cluster
	if i.Auth {
		out.User, out.Secret = strings.TrimPrefix(i.User, "client."), i.Secret
	}
	for n, host := range i.Hosts {
		if n < len(i.Ports) {
			host = net.JoinHostPort(host, string(i.Ports[n]))
		}
		out.Monitors = append(out.Monitors, host)
	}
	return out
}

// attachmentsVersion is the version of Cinder's API that has attachments, since Ocata.
const attachmentsVersion = "volume 3.27"

// EachAttachment reads the attachments of the volumes of all projects page by page. An error is the last that it gives.
//
// Similar To: openstack --os-volume-api-version 3.27 volume attachment list --all-projects --long
func (c *Cloud) EachAttachment(ctx context.Context) iter.Seq2[Attachment, error] {
	return c.eachAttachment(ctx, everything())
}

// Attachments lists the attachments of a volume.
//
// Similar To: openstack --os-volume-api-version 3.27 volume attachment list --all-projects --volume-id <volume> --long
func (c *Cloud) Attachments(ctx context.Context, volumeID string) ([]Attachment, error) {
	q := everything()
	q.Set("volume_id", volumeID)
	return collect(c.eachAttachment(kept(ctx), q))
}

func (c *Cloud) eachAttachment(ctx context.Context, q url.Values) iter.Seq2[Attachment, error] {
	only := q.Get("volume_id")
	k := call{op: "list attachments", object: only, service: c.volume, path: []string{"attachments", "detail"}, query: q,
		header: map[string]string{"OpenStack-API-Version": attachmentsVersion}}
	// Cinder cuts this list at its largest page, and gives no link to the next page.
	l := list[attachmentJSON]{call: k, key: "attachments", after: func(a attachmentJSON) string { return a.ID }}
	return each(ctx, c, l, func(a attachmentJSON) (Attachment, bool) {
		return a.attachment(), only == "" || a.Volume == only
	})
}
