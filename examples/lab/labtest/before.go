package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/cephstack/cephstack/openstack/api"
)

// stillServed downloads the old image and compares it.
func (l *lab) stillServed(ctx context.Context, cloud *api.Cloud) (string, error) {
	r, err := cloud.DownloadImage(ctx, l.before.Image.ID)
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return "", err
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != l.before.Image.SHA256 {
		return "", fmt.Errorf("image %s has sha256 %s now, not %s", l.before.Image.ID, sum, l.before.Image.SHA256)
	}
	return fmt.Sprintf("image %s: %d bytes, same sha256", l.before.Image.ID, n), nil
}

// start starts the old VM unless it runs.
func (l *lab) start(ctx context.Context, cloud *api.Cloud) error {
	s, err := cloud.Server(ctx, l.before.Server.ID)
	if err != nil || s.Status == "ACTIVE" {
		return err
	}
	return cloud.StartServer(ctx, l.before.Server.ID)
}

// stillRuns starts the old VM, reboots it the hard way, and stops it again.
func (l *lab) stillRuns(ctx context.Context, cloud *api.Cloud) (string, error) {
	id := l.before.Server.ID
	if err := l.start(ctx, cloud); err != nil {
		return "", err
	}
	if err := cloud.RebootServer(ctx, id); err != nil {
		return "", err
	}
	disks, err := l.sh(ctx, l.before.Server.Host, "virsh domblklist --details $(virsh list --name --uuid | grep "+id+
		" | cut -d' ' -f1)")
	if err != nil {
		return "", err
	}
	if err := cloud.StopServer(ctx, id); err != nil {
		return "", err
	}
	return "vm " + id + " started and rebooted hard; its disk: " + strings.Join(strings.Fields(diskLine(disks)), " "), nil
}

func diskLine(list string) string {
	for line := range strings.Lines(list) {
		if strings.Contains(line, " disk ") {
			return line
		}
	}
	return list
}

// stillAttaches puts the old volume, on its old backend, into the old VM.
func (l *lab) stillAttaches(ctx context.Context, cloud *api.Cloud) (string, error) {
	vm, vol := l.before.Server.ID, l.before.Volume.ID
	if err := l.start(ctx, cloud); err != nil {
		return "", err
	}
	if err := cloud.Attach(ctx, vm, vol); err != nil {
		return "", err
	}
	v, err := cloud.Volume(ctx, vol)
	if err != nil {
		return "", err
	}
	if err := cloud.Detach(ctx, vm, vol); err != nil {
		return "", err
	}
	return "volume " + vol + " on " + v.Host + " attached and detached", cloud.StopServer(ctx, vm)
}

// moveDisk is what an operator does with a VM whose disk is local before its
// compute can be switched: stop it, copy its disk into Nova's pool.
func (l *lab) moveDisk(ctx context.Context, cloud *api.Cloud) (string, error) {
	id := l.before.Server.ID
	if err := cloud.StopServer(ctx, id); err != nil {
		return "", err
	}
	const script = `set -e; for disk in disk disk.config; do
  file=/var/lib/nova/instances/ID/$disk
  [ ! -e $file ] || AS qemu-img convert -U -O raw $file rbd:vms/ID_$disk:id=cinder:conf=/etc/ceph/ceph.conf
done`
	_, err := l.sh(ctx, l.before.Server.Host, strings.NewReplacer("ID", id, "AS", l.asNova).Replace(script))
	return "copied the disk of " + l.before.Server.Name + " into vms/" + id + "_disk", err
}
