package integratetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

// cinderHost is the name under which a service of Cinder reports that runs with options on a host.
func cinderHost(runs osloconf.Values, host, backend string) string {
	own := ""
	if backend != "" {
		own, _ = runs.Lookup(backend, "backend_host")
	}
	usual, _ := runs.Lookup("DEFAULT", "host")
	return cmp.Or(own, usual, host)
}

// zone is the availability zone that a service with such options is in, or a backend of the service.
func (w *World) zone(runs osloconf.Values, backend string) string {
	zone := ""
	if backend != "" && !w.before("pike") {
		zone, _ = runs.Lookup(backend, "backend_availability_zone")
	}
	usual, _ := runs.Lookup("DEFAULT", "storage_availability_zone")
	return cmp.Or(zone, usual, "nova")
}

func (w *World) before(r openstack.Release) bool {
	mine, err := openstack.ParseRelease(w.spec.Release)
	return err == nil && mine.Before(r)
}

// hooks do in the fake Ceph what the services behind the APIs would do there. Where images and volumes go depends on
// the configuration that the services run with.
func (w *World) hooks() openstacktest.Hooks {
	return openstacktest.Hooks{
		ImageUploaded:     w.imageUploaded,
		ImageDeleted:      w.imageDeleted,
		VolumeCreated:     w.volumeCreated,
		VolumeDeleted:     func(v api.Volume) error { return w.volumesOf(v).remove("volume-" + v.ID) },
		SnapshotCreated:   func(s api.Snapshot) error { return w.snapshot(s, true) },
		SnapshotDeleted:   func(s api.Snapshot) error { return w.snapshot(s, false) },
		BackupCreated:     w.backupCreated,
		BackupDeleted:     w.backupDeleted,
		BackupRestored:    w.backupRestored,
		ServerCreated:     w.serverCreated,
		ServerDeleted:     w.serverDeleted,
		ServerSnapshotted: w.serverSnapshotted,
		BackendName:       w.backendName,
		Attached:          w.attach,
		Detached:          w.detach,
		Migrated:          w.migrate,
		Console:           w.consoleOf,
		VolumeConnection:  w.volumeConnection,
		ComputeConnection: w.computeConnection,
		DiskOpened:        w.diskOpened,
		DiskClosed:        w.diskClosed,
	}
}

// backendName is the volume_backend_name of a service of cinder-volume.
func (w *World) backendName(service string) string {
	_, backend, _ := strings.Cut(service, "@")
	return cmp.Or(w.running(w.hostOf("cinder-volume"), "cinder-volume", backend, "volume_backend_name"), backend)
}

// remove removes an RBD image. It is not an error if the image is not there.
func (p place) remove(name string) error {
	if p.cluster == nil {
		return nil
	}
	err := p.cluster.RemoveImage(p.pool, name)
	if errors.Is(err, ceph.ErrNotFound) {
		return nil
	}
	return err
}

// deleted removes an RBD image with its snapshots.
func (p place) deleted(name string) error {
	if p.cluster == nil {
		return nil
	}
	image, err := p.cluster.Inspect(context.Background(), p.pool, name)
	for _, s := range image.Snapshots {
		err = errors.Join(err, p.cluster.RemoveSnapshot(p.pool, name, s.Name))
	}
	if errors.Is(err, ceph.ErrNotFound) {
		return nil
	}
	return errors.Join(err, p.remove(name))
}

func (w *World) volumeCreated(v *api.Volume, from api.VolumeRequest) error {
	p := w.volumesOf(*v)
	if p.cluster == nil {
		return nil
	}
	return p.add(ceph.Image{Name: "volume-" + v.ID, Size: int64(v.SizeGiB) << 30,
		Parent: w.parent(from.ImageID, p.cluster)})
}

// snapshot takes a snapshot of a volume. It knows only the volumes of the first backend, which the journey uses.
func (w *World) snapshot(s api.Snapshot, there bool) error {
	p := w.backend(w.spec.Cinder.Backends[0].Name)
	if there {
		return p.cluster.AddSnapshot(p.pool, "volume-"+s.VolumeID, "snapshot-"+s.ID, false)
	}
	return p.cluster.RemoveSnapshot(p.pool, "volume-"+s.VolumeID, "snapshot-"+s.ID)
}

// backupPlace is where cinder-backup keeps its data. It is the zero place as long as cinder-backup has another driver.
func (w *World) backupPlace() place {
	host := w.hostOf("cinder-backup")
	if !strings.Contains(w.running(host, "cinder-backup", "DEFAULT", "backup_driver"), "cinder.backup.drivers.ceph") {
		return place{}
	}
	return w.place(host, "cinder-backup", "DEFAULT", options{"backup_ceph_conf", "backup_ceph_pool", "backup_ceph_user"})
}

// RefuseBackups makes the next n backups fail. So does the real scheduler until it has heard that the driver of a
// restarted cinder-backup is ready, which may take two minutes.
func (w *World) RefuseBackups(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = n
}

// SkipHoles makes restores leave what is in a volume where the backup has holes, as some versions of Cinder do.
func (w *World) SkipHoles() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.skipHoles = true
}

// backupCreated makes what the Ceph driver makes. It keeps a full backup, and the
// incremental backups that build upon it, in one image, each as a snapshot.
func (w *World) backupCreated(b *api.Backup, parent string) error {
	w.mu.Lock()
	refused := w.refused > 0
	if refused {
		w.refused--
	} else {
		w.backups[b.ID] = w.volumes[b.VolumeID]
	}
	w.mu.Unlock()
	if refused {
		return errors.New("Service not found for creating backup.") //nolint:staticcheck // it is Cinder's text
	}
	p := w.backupPlace()
	if p.cluster == nil {
		b.Container = "volumebackups"
		return nil
	}
	b.Container = p.pool
	base := backupImage(b.VolumeID, cmp.Or(parent, b.ID))
	if parent == "" {
		if err := p.add(ceph.Image{Name: base, Size: 1 << 30}); err != nil {
			return err
		}
	}
	return p.cluster.AddSnapshot(p.pool, base, "backup."+b.ID+".snap.1", false)
}

func backupImage(volumeID, first string) string { return "volume-" + volumeID + ".backup." + first }

// backupDeleted removes the snapshot of a backup. With the last snapshot it removes the image.
func (w *World) backupDeleted(b api.Backup) error {
	p := w.backupPlace()
	if p.cluster == nil {
		return nil
	}
	names, err := p.cluster.List(context.Background(), p.pool)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, backupImage(b.VolumeID, "")) {
			continue
		}
		err := p.cluster.RemoveSnapshot(p.pool, name, "backup."+b.ID+".snap.1")
		if errors.Is(err, ceph.ErrNotFound) {
			continue
		}
		image, inspectErr := p.cluster.Inspect(context.Background(), p.pool, name)
		if err := errors.Join(err, inspectErr); err != nil || len(image.Snapshots) > 0 {
			return err
		}
		return p.remove(name)
	}
	return nil
}

func (w *World) backupRestored(b api.Backup, v *api.Volume) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.backups[b.ID]
	if !ok {
		return fmt.Errorf("backup %s is not there", b.ID)
	}
	if w.skipHoles {
		for at, by := range w.volumes[v.ID].blocks {
			if c.blocks[at] == "" {
				c = c.written(by, at)
			}
		}
	}
	w.volumes[v.ID] = c
	return nil
}

func (w *World) serverCreated(s *api.Server, userData []byte) error {
	w.mu.Lock()
	w.guests[s.ID] = newGuest(userData)
	w.mu.Unlock()
	if p := w.disks(s.Host); p.cluster != nil && s.ImageID != "" {
		return p.add(ceph.Image{Name: w.diskOf(s.ID), Size: 1 << 30, Parent: w.parent(s.ImageID, p.cluster)})
	}
	return nil
}

// serverDeleted removes the disks that Nova made for a VM.
func (w *World) serverDeleted(s api.Server) error {
	p := w.disks(s.Host)
	disk := w.diskOf(s.ID)
	err := p.remove(disk)
	for _, other := range []string{".config", ".eph0", ".swap"} {
		err = errors.Join(err, p.remove(disk+other))
	}
	return err
}

// diskOf is the name of the disk of a VM in Ceph. In Havana the name does not contain the ID of the VM.
func (w *World) diskOf(id string) string {
	if strings.EqualFold(w.spec.Release, "havana") {
		id = "instance-" + id
	}
	return id + "_disk"
}

func (w *World) serverSnapshotted(_ api.Server, i *api.Image) ([]byte, error) {
	data := []byte("the disk of a vm")
	return data, w.imageUploaded(i, data)
}
