package integratetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// A client is a disk that a QEMU has open: a client that is logged in to a cluster.
type client struct {
	disk    openstacktest.Disk
	session *cephtest.Session
}

// Clients are the sessions of the disks in Ceph that the VM has open, on all computes. A session was opened with the
// key that the libvirt secret of its compute had at that time.
func (w *World) Clients(serverID string) []*cephtest.Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*cephtest.Session
	for _, c := range w.clients {
		if c.disk.Server == serverID {
			all = append(all, c.session)
		}
	}
	return all
}

// volumeConnection is how a compute reaches a volume, by the options that cinder-volume runs with.
func (w *World) volumeConnection(v api.Volume) openstacktest.Disk {
	_, backend, _ := strings.Cut(v.Host, "@")
	backend, _, _ = strings.Cut(backend, "#")
	secret := w.running(w.hostOf("cinder-volume"), "cinder-volume", backend, "rbd_secret_uuid")
	return w.connection(w.backend(backend), secret)
}

// computeConnection is how a compute reaches the disks of its VMs, by the options that nova-compute runs with.
func (w *World) computeConnection(host string) openstacktest.Disk {
	section, havana := "libvirt", strings.EqualFold(w.spec.Release, "havana")
	if havana {
		section = "DEFAULT"
	}
	d := w.connection(w.disks(host), w.running(host, "nova-compute", section, "rbd_secret_uuid"))
	if d.InCeph() && havana {
		d.Image = "instance-" // the names of disks begin so
	}
	return d
}

func (w *World) connection(p place, secret string) openstacktest.Disk {
	if p.cluster == nil {
		return openstacktest.Disk{}
	}
	d := openstacktest.Disk{Pool: p.pool, User: p.user, Secret: secret}
	for name, c := range w.Ceph {
		if c == p.cluster {
			d.Cluster = name
		}
	}
	for _, m := range p.cluster.MonHosts {
		for part := range strings.SplitSeq(strings.Trim(m, "[]"), ",") {
			if address, ok := strings.CutPrefix(part, "v1:"); ok {
				address, _, _ = strings.Cut(address, "/")
				d.Monitors = append(d.Monitors, address)
			}
		}
	}
	return d
}

// diskOpened is QEMU opening a disk: it logs in with the value that the secret has now on its compute, and watches the
// RBD image.
func (w *World) diskOpened(d openstacktest.Disk) error {
	cluster := w.Ceph[d.Cluster]
	if cluster == nil {
		return fmt.Errorf("error connecting: no cluster %q", d.Cluster)
	}
	value := w.Libvirt[d.Host].Held(d.Secret)
	if value.IsZero() {
		//nolint:staticcheck // libvirt's words
		return fmt.Errorf("Secret not found: no secret with matching uuid '%s'", d.Secret)
	}
	key, err := ceph.ParseKey(value.Reveal())
	if err != nil {
		return errors.New("error connecting: Operation not supported")
	}
	if key.Type() == "aes256k" && !host.ReadsAES256k(w.installed(d.Host)) {
		return errors.New("error connecting: Invalid argument")
	}
	session, err := cluster.Login("client."+d.User, key)
	if errors.Is(err, ceph.ErrDenied) {
		return errors.New("error connecting: Permission denied")
	} else if err != nil {
		return fmt.Errorf("error connecting: %w", err)
	}
	err = session.Watch(d.Pool, d.Image)
	if errors.Is(err, ceph.ErrNotFound) && d.Kind != "volume" {
		// Nova makes such disks when it makes the domain.
		if err = cluster.AddImage(ceph.Image{Pool: d.Pool, Name: d.Image, Size: 1 << 20}); err == nil {
			err = session.Watch(d.Pool, d.Image)
		}
	}
	if err != nil {
		session.Close()
		return fmt.Errorf("error reading header from %s: %w", d.Image, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clients = append(w.clients, client{d, session})
	return nil
}

// diskClosed is QEMU letting go of a disk.
func (w *World) diskClosed(d openstacktest.Disk) {
	w.mu.Lock()
	i := slices.IndexFunc(w.clients, func(c client) bool {
		return c.disk.Server == d.Server && c.disk.Host == d.Host && c.disk.Pool == d.Pool && c.disk.Image == d.Image
	})
	var session *cephtest.Session
	if i >= 0 {
		session = w.clients[i].session
		w.clients = slices.Delete(w.clients, i, i+1)
	}
	w.mu.Unlock()
	if session != nil {
		session.Close()
	}
}

// installed is the version of Ceph that a new process gets on a host.
func (w *World) installed(name string) string {
	for _, l := range w.runs(w.host(name), running.Options{}).Installed {
		return l.Version
	}
	return defaultLibrados
}
