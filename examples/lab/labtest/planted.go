package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/cephstack/cephstack/openstack/api"
)

// planted are the objects of OpenStack that faults are planted into, beside the witnesses. All of them have their data
// in Ceph, and none has a fault yet.
type planted struct {
	cloud   *api.Cloud
	images  map[string]string // IDs, by name
	volumes map[string]string
	backup  string // of the volume backed-up
}

// plantObjects makes the objects. "whole" is a volume of the image "copied".
func (l *lab) plantObjects(ctx context.Context, cloud *api.Cloud) (planted, error) {
	p := planted{cloud: cloud, images: map[string]string{}, volumes: map[string]string{}}
	var mu sync.Mutex
	var errs []error
	make := func(into map[string]string, name string, one func() (string, error)) {
		id, err := one()
		mu.Lock()
		defer mu.Unlock()
		into[name] = id
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	for _, name := range []string{"copied", "unprotected", "no-snap", "renamed", "not-raw"} {
		make(p.images, name, func() (string, error) {
			i, err := cloud.UploadImage(ctx, api.ImageRequest{Name: name, DiskFormat: "raw"},
				bytes.NewReader(bytes.Repeat([]byte(name), 1<<16)))
			return i.ID, err
		})
	}
	volume := func(name, image string) {
		make(p.volumes, name, func() (string, error) {
			v, err := cloud.CreateVolume(ctx, api.VolumeRequest{Name: name, SizeGiB: 1, Type: "ceph", ImageID: image})
			return v.ID, err
		})
	}
	var wait sync.WaitGroup
	for _, name := range []string{"moved", "in-trash", "stuck", "unused", "backed-up"} {
		wait.Go(func() { volume(name, "") })
	}
	wait.Go(func() { volume("whole", p.images["copied"]) })
	wait.Wait()
	if len(errs) > 0 {
		return p, errors.Join(errs...)
	}
	var err error
	p.backup, err = l.backUp(ctx, cloud, api.BackupRequest{Name: "backed-up", VolumeID: p.volumes["backed-up"]})
	return p, err
}

// backUp makes a backup. A cinder-backup that was restarted tells Cinder's scheduler one to two minutes later that its
// driver works. Until then the scheduler refuses backups, though the service is up.
func (l *lab) backUp(ctx context.Context, cloud *api.Cloud, r api.BackupRequest) (string, error) {
	if _, err := l.servicesBack(ctx, cloud, "cinder-backup"); err != nil {
		return "", err
	}
	for end := time.Now().Add(3 * time.Minute); ; {
		b, err := cloud.CreateBackup(ctx, r)
		if err == nil || time.Now().After(end) || !strings.Contains(b.FailReason, "Service not found") {
			return b.ID, err
		}
		if err := cloud.DeleteBackup(ctx, b.ID); err != nil {
			return b.ID, err
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(5 * time.Second):
		}
	}
}

// clear deletes the objects.
func (p planted) clear(ctx context.Context) error {
	var errs []error
	if p.backup != "" {
		errs = append(errs, p.cloud.DeleteBackup(ctx, p.backup))
	}
	for name, id := range p.volumes {
		if id != "" {
			errs = append(errs, wrapped(name, p.cloud.DeleteVolume(ctx, id)))
		}
	}
	for name, id := range p.images {
		errs = append(errs, wrapped(name, p.cloud.DeleteImage(ctx, id)))
	}
	return errors.Join(errs...)
}

func wrapped(what string, err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
	}
	return err
}
