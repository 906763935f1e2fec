package integratetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// sync lets the service records follow the hosts before each request.
func (w *World) sync(*http.Request) (status int, body string, ok bool) {
	host := w.hostOf("cinder-volume")
	enabled := w.running(host, "cinder-volume", "DEFAULT", "enabled_backends")
	if enabled == "" && w.running(host, "cinder-volume", "DEFAULT", "volume_driver") != "" { // one without a name
		w.API.AddService(openstack.ServiceRecord{Binary: "cinder-volume", Host: host, Zone: "nova", Enabled: true, Up: true, Updated: time.Now().UTC()})
	}
	for b := range strings.SplitSeq(enabled, ",") {
		if b = strings.TrimSpace(b); b != "" {
			w.API.AddService(openstack.ServiceRecord{Binary: "cinder-volume", Host: host + "@" + b, Zone: "nova", Enabled: true, Up: true, Updated: time.Now().UTC()})
		}
	}
	return 0, "", false
}

// hooks mirror what the APIs do into Ceph, by the configuration that the
// services run with.
func (w *World) hooks() openstacktest.Hooks {
	return openstacktest.Hooks{
		ImageUploaded:     w.imageUploaded,
		ImageDeleted:      func(i openstack.Image) error { return w.deleted(w.imagePool(), i.ID) },
		VolumeCreated:     w.volumeCreated,
		VolumeDeleted:     func(v openstack.Volume) error { return w.remove(w.volumePool(v), "volume-"+v.ID) },
		SnapshotCreated:   func(s openstack.Snapshot) error { return w.snapshot(s, true) },
		SnapshotDeleted:   func(s openstack.Snapshot) error { return w.snapshot(s, false) },
		BackupCreated:     w.backupCreated,
		BackupDeleted:     w.backupDeleted,
		BackupRestored:    w.backupRestored,
		ServerCreated:     w.serverCreated,
		ServerDeleted:     func(s openstack.Server) error { return w.remove(w.vmPool(s.Host), s.ID+"_disk") },
		ServerSnapshotted: w.serverSnapshotted,
		Attached:          w.attach,
		Detached:          w.detach,
		Migrated:          w.migrate,
		Console:           w.consoleOf,
	}
}

// imagePool is Glance's pool, empty as long as its default store is a folder.
func (w *World) imagePool() string {
	host := w.hostOf("glance-api")
	store := w.running(host, "glance-api", "glance_store", "default_backend")
	return w.running(host, "glance-api", store, "rbd_store_pool")
}

// volumePool is the pool of a volume's backend, empty when it is not in Ceph.
func (w *World) volumePool(v openstack.Volume) string {
	_, backend, _ := strings.Cut(v.Host, "@")
	backend, _, _ = strings.Cut(backend, "#")
	return w.running(w.hostOf("cinder-volume"), "cinder-volume", backend, "rbd_pool")
}

// vmPool is Nova's pool on a compute, empty when disks are local.
func (w *World) vmPool(host string) string {
	if w.running(host, "nova-compute", "libvirt", "images_type") != "rbd" {
		return ""
	}
	return w.running(host, "nova-compute", "libvirt", "images_rbd_pool")
}

// remove removes an RBD image; one in no pool, or not there, is none.
func (w *World) remove(pool, name string) error {
	if pool == "" {
		return nil
	}
	err := w.first().RemoveImage(pool, name)
	if errors.Is(err, ceph.ErrNotFound) {
		return nil
	}
	return err
}

// deleted removes an RBD image with its snapshots.
func (w *World) deleted(pool, name string) error {
	if pool == "" {
		return nil
	}
	image, err := w.first().Inspect(context.Background(), pool, name)
	for _, s := range image.Snapshots {
		err = errors.Join(err, w.first().RemoveSnapshot(pool, name, s.Name))
	}
	if errors.Is(err, ceph.ErrNotFound) {
		return nil
	}
	return errors.Join(err, w.remove(pool, name))
}

func (w *World) imageUploaded(i *openstack.Image, data []byte) error {
	pool := w.imagePool()
	if pool == "" {
		return nil
	}
	i.Stores, i.DirectURL = []string{"rbd"}, "rbd://fsid/"+pool+"/"+i.ID+"/snap"
	return w.first().AddImage(ceph.Image{Pool: pool, Name: i.ID, Size: int64(len(data)),
		Snapshots: []ceph.Snapshot{{Name: "snap", Size: int64(len(data)), Protected: true}}})
}

// parent is the snapshot that a copy-on-write child of an image has, nil when
// the image is not in Ceph.
func (w *World) parent(imageID string) *ceph.Parent {
	if pool := w.imagePool(); pool != "" && imageID != "" {
		return &ceph.Parent{Pool: pool, Image: imageID, Snapshot: "snap"}
	}
	return nil
}

func (w *World) volumeCreated(v *openstack.Volume, from openstack.VolumeRequest) error {
	if pool := w.volumePool(*v); pool != "" {
		return w.first().AddImage(ceph.Image{Pool: pool, Name: "volume-" + v.ID, Size: int64(v.SizeGiB) << 30, Parent: w.parent(from.ImageID)})
	}
	return nil
}

func (w *World) snapshot(s openstack.Snapshot, there bool) error {
	pool := w.running(w.hostOf("cinder-volume"), "cinder-volume", w.spec.Cinder.Backends[0].Name, "rbd_pool")
	if there {
		return w.first().AddSnapshot(pool, "volume-"+s.VolumeID, "snapshot-"+s.ID, false)
	}
	return w.first().RemoveSnapshot(pool, "volume-"+s.VolumeID, "snapshot-"+s.ID)
}

func (w *World) backupPool() string {
	host := w.hostOf("cinder-backup")
	if !strings.Contains(w.running(host, "cinder-backup", "DEFAULT", "backup_driver"), "CephBackupDriver") {
		return ""
	}
	return w.running(host, "cinder-backup", "DEFAULT", "backup_ceph_pool")
}

// The Ceph driver keeps a full backup and those that build upon it in one
// image, each as a snapshot.
func (w *World) backupCreated(b *openstack.Backup, parent string) error {
	w.mu.Lock()
	w.backups[b.ID] = w.volumes[b.VolumeID]
	w.mu.Unlock()
	pool := w.backupPool()
	if pool == "" {
		b.Container = "volumebackups"
		return nil
	}
	b.Container = pool
	base := backupImage(b.VolumeID, cmp.Or(parent, b.ID))
	if parent == "" {
		if err := w.first().AddImage(ceph.Image{Pool: pool, Name: base, Size: 1 << 30}); err != nil {
			return err
		}
	}
	return w.first().AddSnapshot(pool, base, "backup."+b.ID+".snap.1", false)
}

func backupImage(volumeID, first string) string { return "volume-" + volumeID + ".backup." + first }

// backupDeleted removes a backup's snapshot, and the image with the last one.
func (w *World) backupDeleted(b openstack.Backup) error {
	pool := w.backupPool()
	names, err := w.first().List(context.Background(), pool)
	if pool == "" || err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, backupImage(b.VolumeID, "")) {
			continue
		}
		err := w.first().RemoveSnapshot(pool, name, "backup."+b.ID+".snap.1")
		if errors.Is(err, ceph.ErrNotFound) {
			continue
		}
		image, inspectErr := w.first().Inspect(context.Background(), pool, name)
		if err := errors.Join(err, inspectErr); err != nil || len(image.Snapshots) > 0 {
			return err
		}
		return w.remove(pool, name)
	}
	return nil
}

func (w *World) backupRestored(b openstack.Backup, v *openstack.Volume) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.backups[b.ID]
	if !ok {
		return fmt.Errorf("backup %s is not there", b.ID)
	}
	w.volumes[v.ID] = c
	return nil
}

func (w *World) serverCreated(s *openstack.Server, userData []byte) error {
	w.mu.Lock()
	w.guests[s.ID] = newGuest(userData)
	w.mu.Unlock()
	if pool := w.vmPool(s.Host); pool != "" && s.ImageID != "" {
		return w.first().AddImage(ceph.Image{Pool: pool, Name: s.ID + "_disk", Size: 1 << 30, Parent: w.parent(s.ImageID)})
	}
	return nil
}

func (w *World) serverSnapshotted(_ openstack.Server, i *openstack.Image) ([]byte, error) {
	data := []byte("the disk of a vm")
	return data, w.imageUploaded(i, data)
}
