package connect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/upstart"
)

// Options say how a World is opened. The zero Options need nothing but the Spec.
type Options struct {
	// Librados opens the clusters that have access: librados, and those that have
	// no host. Without it, such a cluster is a fault of the Spec.
	Librados Librados
	// CephFolder is where this machine has the clusters' ceph.conf files and
	// keyrings, for Librados; /etc/ceph when empty.
	CephFolder string
	// WithoutCloud leaves the APIs out. The World then has neither a Cloud nor a
	// CloudErr.
	WithoutCloud bool
	// Have are parts that the caller has already. Open opens only what is not among
	// them, and Close leaves them open. With a Cloud or a CloudErr here, the APIs are
	// not logged in to.
	Have world.World
}

// A World is a world.World whose parts Open opened.
type World struct {
	world.World
	opened []io.Closer
	once   sync.Once
	err    error
}

// Close ends all connections that Open or a use of the World began. It does not wait for
// calls that are under way. It may be called more than once.
func (w *World) Close() error {
	w.once.Do(func() {
		var errs []error
		for _, c := range w.opened {
			errs = append(errs, c.Close())
		}
		w.err = errors.Join(errs...)
	})
	return w.err
}

// Open opens the World of a Spec. The release of the Spec may be missing, as
// detect.Release needs a World to tell it.
func Open(ctx context.Context, s spec.Spec, o Options) (*World, error) {
	if err := check(s, o); err != nil {
		return nil, err
	}
	w := newWorld(o.Have)
	err := w.open(ctx, s, o)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = w.Close() // the first error is the one that tells something
		return nil, err
	}
	return w, nil
}

// newWorld is a World with the parts that the caller has.
func newWorld(have world.World) *World {
	w := &World{World: world.World{
		Clusters: map[string]world.Cluster{},
		Hosts:    map[string]remote.Host{},
		Entries:  map[string]remote.Host{},
		Secrets:  map[string]libvirtsecret.Store{},
		Cloud:    have.Cloud,
		CloudErr: have.CloudErr,
	}}
	copyInto(w.Clusters, have.Clusters)
	copyInto(w.Hosts, have.Hosts)
	copyInto(w.Entries, have.Entries)
	copyInto(w.Secrets, have.Secrets)
	return w
}

func copyInto[V any](to, from map[string]V) {
	for name, value := range from {
		to[name] = value
	}
}

func (w *World) open(ctx context.Context, s spec.Spec, o Options) error {
	if err := w.openHosts(s); err != nil {
		return err
	}
	if err := w.openClusters(ctx, s.Clusters, o); err != nil {
		return err
	}
	if w.Cloud == nil && w.CloudErr == nil && !o.WithoutCloud && !s.Cloud.None() {
		w.openCloud(ctx, s.Cloud)
	}
	return nil
}

// openHosts makes the hosts, their first entries, and the stores of their libvirt secrets.
// It connects to nothing.
func (w *World) openHosts(s spec.Spec) error {
	missing := func(h spec.Host) bool { return w.Hosts[h.Name] == nil }
	if !slices.ContainsFunc(s.Hosts, missing) {
		return nil
	}
	all, err := newFleets(s)
	if err != nil {
		return err
	}
	for _, h := range s.Hosts {
		if !missing(h) {
			continue
		}
		if err := w.openHost(s, h, all); err != nil {
			return fmt.Errorf("host %s: %w", h.Name, err)
		}
	}
	for _, f := range all.all {
		w.opened = append(w.opened, f) // after the hosts, whose connections go through its jump host
	}
	return nil
}

func (w *World) openHost(s spec.Spec, h spec.Host, all *fleets) error {
	layout := cmp.Or(h.Layout, s.Layout)
	host, err := all.host(h)
	if err != nil {
		return err
	}
	w.opened = append(w.opened, host)
	w.Hosts[h.Name] = inLayout(layout, h.Name, host)
	if all.entry != nil && w.Entries[h.Name] == nil {
		entry, err := all.first(h)
		if err != nil {
			return err
		}
		w.opened = append(w.opened, entry)
		w.Entries[h.Name] = inLayout(layout, h.Name, entry)
	}
	if w.Secrets[h.Name] == nil && slices.Contains(h.Services, "nova-compute") {
		w.Secrets[h.Name] = virsh.New(host, virsh.Options{Container: libvirtContainer(layout)})
	}
	return nil
}

// inLayout is a host whose units are those of its layout.
func inLayout(layout, name string, host remote.Host) remote.Host {
	if layout == spec.LayoutUpstart {
		return upstart.New(name, host)
	}
	return host
}

// libvirtContainer is the container that libvirt is in; empty when it is on the
// host itself.
func libvirtContainer(layout string) string {
	if layout == spec.LayoutKolla {
		return "nova_libvirt"
	}
	return ""
}

// openClusters opens all clusters, or joins the errors of those that cannot be.
func (w *World) openClusters(ctx context.Context, clusters []spec.Cluster, o Options) error {
	var errs []error
	for i, c := range clusters {
		if _, ok := w.Clusters[c.Name]; ok {
			continue
		}
		a := access{path: fmt.Sprintf("clusters[%d]", i), cluster: c, host: w.Hosts[c.Host], options: o}
		cluster, closer, err := a.open(ctx)
		if closer != nil {
			w.opened = append(w.opened, closer)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		w.Clusters[c.Name] = cluster
	}
	return errors.Join(errs...)
}

func (w *World) openCloud(ctx context.Context, c spec.Cloud) {
	w.Cloud, w.CloudErr = api.Dial(ctx, api.Config{Cloud: c.Name, CloudsFile: c.CloudsFile})
	switch {
	case w.CloudErr != nil && c.Name == "":
		w.CloudErr = fmt.Errorf("the Spec has no cloud.name: %w", w.CloudErr)
	case w.CloudErr != nil:
		w.CloudErr = fmt.Errorf("cloud %q of %s: %w", c.Name, cmp.Or(c.CloudsFile, "clouds.yaml"), w.CloudErr)
	}
}
