package wiring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/upstart"
)

// Open connects a Spec's parts to the real world. Hosts are connected to when
// they are first used; a cloud whose APIs do not answer is the World's
// CloudErr. closeAll ends what was opened. Without librados, clusters are reached
// through the ceph program on a host only.
func Open(ctx context.Context, spec integrate.Spec, librados Librados) (w integrate.World, closeAll func(), err error) {
	w = integrate.World{Clusters: map[string]integrate.Cluster{}, Hosts: map[string]remote.Host{}, Secrets: map[string]libvirtsecret.Store{}, Entries: map[string]remote.Host{}}
	var opened []io.Closer
	closeAll = func() {
		for _, h := range opened {
			_ = h.Close() // the program is done with it
		}
	}
	fleet, err := remote.NewFleet(sshConfig(spec.SSH))
	if err != nil {
		return w, closeAll, err
	}
	entries, err := entryFleet(spec.SSH)
	if err != nil {
		return w, closeAll, err
	}
	var errs []error
	for _, h := range spec.Hosts {
		host, err := fleet.Host(h.Name, cmp.Or(h.Address, h.Name))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		opened = append(opened, host)
		layout := cmp.Or(h.Layout, spec.Layout)
		w.Hosts[h.Name] = inLayout(layout, h.Name, host)
		if entries != nil {
			entry, err := entries.Host(h.Name, cmp.Or(h.Address, h.Name))
			if err != nil {
				errs = append(errs, err)
				continue
			}
			opened = append(opened, entry)
			w.Entries[h.Name] = inLayout(layout, h.Name, entry)
		}
		if slices.Contains(h.Services, "nova-compute") {
			w.Secrets[h.Name] = virsh.New(host, virsh.Options{Container: libvirtOf(layout)})
		}
	}
	opened = append(opened, fleet)
	if entries != nil {
		opened = append(opened, entries)
	}
	for _, c := range spec.Clusters {
		cluster, closer, err := access{"/etc/ceph", librados}.open(ctx, c, w.Hosts[c.Host])
		if closer != nil {
			opened = append(opened, closer)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		w.Clusters[c.Name] = cluster
	}
	if len(errs) == 0 {
		w.Cloud, w.CloudErr = openstack.Dial(ctx, openstack.Config{Cloud: spec.Cloud.Name, CloudsFile: spec.Cloud.CloudsFile})
		if w.CloudErr != nil {
			w.CloudErr = fmt.Errorf("cloud %q of %s: %w", spec.Cloud.Name, cmp.Or(spec.Cloud.CloudsFile, "clouds.yaml"), w.CloudErr)
		}
	}
	return w, closeAll, errors.Join(errs...)
}

// inLayout is a host with the units of its layout.
func inLayout(layout, name string, host remote.Host) remote.Host {
	if layout == "upstart" {
		return upstart.New(name, host)
	}
	return host
}

// libvirtOf is the container that libvirt is in, in a layout.
func libvirtOf(layout string) string {
	if layout == "kolla" {
		return "nova_libvirt"
	}
	return ""
}

func sshConfig(s integrate.SSHSpec) remote.Config {
	c := remote.Config{User: s.User, KeyFiles: s.KeyFiles, Agent: s.Agent, KnownHosts: s.KnownHosts, Sudo: s.Sudo && s.User != "root"}
	if s.Jump != "" {
		jump := c
		jump.Name, jump.Sudo, jump.Address = s.Jump, false, s.Jump
		if user, address, ok := strings.Cut(s.Jump, "@"); ok {
			jump.User, jump.Address = user, address
		}
		c.Jump = &jump
	}
	return c
}

// entryFleet makes the first entries into hosts; nil when the Spec has none.
func entryFleet(s integrate.SSHSpec) (*remote.Fleet, error) {
	e := s.Entry
	if e == nil {
		return nil, nil
	}
	c := sshConfig(s)
	c.User, c.KeyFiles, c.Agent, c.Sudo = e.User, e.KeyFiles, e.Agent, e.User != "root"
	if e.PasswordFile != "" {
		text, err := os.ReadFile(e.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("spec: ssh.entry.password_file: %w", err)
		}
		c.Password = remote.NewPassword(strings.TrimRight(string(text), "\r\n"))
	}
	return remote.NewFleet(c)
}
