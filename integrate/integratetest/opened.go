package integratetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
)

// An opening is a disk that QEMU on a host has open.
type opening struct{ host, server, pool, image string }

func openingOf(d openstacktest.Disk) opening { return opening{d.Host, d.Server, d.Pool, d.Image} }

// volumeConnection is how a compute reaches a volume, by the configuration that cinder-volume runs with.
func (w *World) volumeConnection(v api.Volume) openstacktest.Disk {
	p := w.volumesOf(v)
	if p.cluster == nil {
		return openstacktest.Disk{}
	}
	_, backend, _ := strings.Cut(v.Host, "@")
	backend, _, _ = strings.Cut(backend, "#")
	return w.connection(p, w.running(w.hostOf("cinder-volume"), "cinder-volume", backend, "rbd_secret_uuid"),
		"volume-"+v.ID)
}

// computeConnection is where nova-compute of a host keeps disks, by the configuration that it runs with.
func (w *World) computeConnection(host string) openstacktest.Disk {
	p := w.disks(host)
	if p.cluster == nil {
		return openstacktest.Disk{}
	}
	return w.connection(p, w.running(host, "nova-compute", "libvirt", "rbd_secret_uuid"), "")
}

func (w *World) connection(p place, secret, image string) openstacktest.Disk {
	d := openstacktest.Disk{Pool: p.pool, Image: image, User: p.user, Secret: secret}
	for name, c := range w.Ceph {
		if c == p.cluster {
			d.Cluster = name
		}
	}
	for _, addresses := range p.cluster.MonHosts {
		_, v1, _ := strings.Cut(addresses, "v1:")
		v1, _, _ = strings.Cut(v1, "/")
		d.Monitors = append(d.Monitors, v1)
	}
	return d
}

// diskOpened logs QEMU in at the fake Ceph, with the value that the libvirt of its host has for the secret now.
func (w *World) diskOpened(d openstacktest.Disk) error {
	store := w.Libvirt[d.Host]
	cluster := w.Ceph[d.Cluster]
	if store == nil || cluster == nil {
		return fmt.Errorf("internal error: %s has no libvirt, or there is no cluster %q", d.Host, d.Cluster)
	}
	value := store.Held(d.Secret)
	if value.IsZero() {
		return fmt.Errorf("Secret not found: no secret with matching uuid '%s'", d.Secret)
	}
	key, err := ceph.ParseKey(value.Reveal())
	if err != nil {
		return fmt.Errorf("error connecting: Operation not supported")
	}
	session, err := cluster.Login("client."+d.User, key)
	if err != nil {
		return fmt.Errorf("error connecting: Permission denied")
	}
	_ = session.Watch(d.Pool, d.Image) // the fake Nova has disks that the fake Ceph does not keep, such as config drives
	w.mu.Lock()
	defer w.mu.Unlock()
	if was := w.clients[openingOf(d)]; was != nil {
		was.Close()
	}
	w.clients[openingOf(d)] = session
	return nil
}

func (w *World) diskClosed(d openstacktest.Disk) {
	w.mu.Lock()
	session := w.clients[openingOf(d)]
	delete(w.clients, openingOf(d))
	w.mu.Unlock()
	if session != nil {
		session.Close()
	}
}

// Clients are the clients of Ceph that the disks of a VM are, by image.
func (w *World) Clients(server string) map[string]*cephtest.Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]*cephtest.Session{}
	for o, session := range w.clients {
		if o.server == server {
			all[o.pool+"/"+o.image] = session
		}
	}
	return all
}

// tryLogin stands for the program of package login, which logs in with a key of its standard input.
func (w *World) tryLogin(run remote.Run) (stdout, stderr []byte, exit int) {
	var order struct{ Entity, Key, Conf string }
	if err := json.Unmarshal([]byte(run.Stdin.Reveal()), &order); err != nil {
		return nil, []byte("JSONDecodeError"), 1
	}
	cluster := w.Ceph[strings.TrimSuffix(base(order.Conf), ".conf")]
	if cluster == nil {
		return []byte(`{"fault": "conf"}`), nil, 0
	}
	key, err := ceph.ParseKey(order.Key)
	if err != nil {
		return []byte(`{"login": 22}`), nil, 0
	}
	session, err := cluster.Login(order.Entity, key)
	if err != nil {
		return []byte(`{"login": 13}`), nil, 0
	}
	session.Close()
	return []byte(`{"login": 0}`), nil, 0
}

// novaManage stands for nova-manage volume_attachment. It works on hosts with cinder-volume, and only tells the
// connector of a compute elsewhere.
func (w *World) novaManage(h spec.Host, run remote.Run) (stdout, stderr []byte, exit int) {
	a := run.Argv[1:]
	for len(a) > 1 && a[0] == "--config-file" {
		a = a[2:]
	}
	switch {
	case slices.Equal(a, []string{"volume_attachment", "get_connector", "--json"}):
		return []byte(`{"host": "` + h.Name + `", "ip": "192.0.2.9", "multipath": false}` + "\n"), nil, 0
	case len(a) == 5 && a[0] == "volume_attachment" && a[1] == "refresh" && a[4] == "/dev/stdin":
	default:
		return nil, []byte("nova-manage: error: argument category\n"), 2
	}
	var connector struct{ Host string }
	switch err := json.Unmarshal([]byte(run.Stdin.Reveal()), &connector); {
	case err != nil:
		return nil, []byte("No connector\n"), 2
	case !slices.Contains(h.Services, "cinder-volume"):
		return nil, []byte("No sql_connection parameter is established\n"), 255
	}
	if err := w.API.RefreshAttachment(a[2], a[3], connector.Host); err != nil {
		return nil, []byte(err.Error() + "\n"), 1
	}
	return nil, nil, 0
}
