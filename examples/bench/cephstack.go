//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
)

// This file is the benchmark's use of the SDK; memory.go has its fakes of hosts.

// A job tells the process that is measured what to do.
type job struct {
	Tool     string // cephstack, floor or bare
	Hosts    []jobHost
	Known    string // known_hosts
	Cluster  cluster
	Parallel int
}

// A jobHost is a host to connect to.
type jobHost struct{ Name, Address, KeyFile string }

// drive does a job: it is the cephstack, or one of the floors, that is measured.
func drive(ctx context.Context, path string, out io.Writer) error {
	var j job
	if err := readJSON(path, &j); err != nil {
		return err
	}
	var d driven
	stop := countGoroutines(&d)
	var err error
	if j.Tool == "bare" {
		err = bare(ctx, j)
	} else {
		err = j.own(ctx, &d)
	}
	stop()
	return errors.Join(err, json.NewEncoder(out).Encode(d))
}

// own is the SDK: the whole job, or the floor.
func (j job) own(ctx context.Context, d *driven) error {
	var names []string
	for _, h := range j.Hosts {
		names = append(names, h.Name)
	}
	s := theSpec(names)
	for i, h := range j.Hosts {
		s.Hosts[i+1].Address = h.Address
	}
	s.SSH = spec.SSH{User: "root", KeyFiles: []string{j.Hosts[0].KeyFile}, KnownHosts: []string{j.Known},
		Timeouts: spec.Timeouts{Connect: "1m", Handshake: "1m", Authenticate: "1m"}}
	memory, err := inMemory(s, j.Cluster)
	if err != nil {
		return err
	}
	world, err := connect.Open(ctx, s, connect.Options{Have: memory, WithoutCloud: true})
	if err != nil {
		return err
	}
	defer world.Close()
	if j.Tool == "floor" {
		return runTrue(ctx, world.World, names, j.Parallel)
	}
	return converge(ctx, integrate.Config{Spec: s, World: world.World, Parallel: j.Parallel}, d)
}

// runTrue is the floor: a connection and a program that does nothing.
func runTrue(ctx context.Context, w world.World, names []string, parallel int) error {
	return failures(remote.Each(ctx, names, parallel, func(ctx context.Context, name string) (int, error) {
		host := w.Hosts[name].(*remote.SSH)
		defer host.Close()
		results, err := host.Do(ctx, remote.Run{Argv: []string{"true"}})
		if err != nil {
			return 0, err
		}
		return results[0].Exit, results[0].Err
	}))
}

func failures(outcomes []remote.Outcome[int]) error {
	var errs []error
	for _, o := range outcomes {
		switch {
		case o.Err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", o.Name, o.Err))
		case o.Value != 0:
			errs = append(errs, fmt.Errorf("%s: exit status %d", o.Name, o.Value))
		}
	}
	return errors.Join(errs...)
}

// A driven is what the tool itself says it did; the disks are asked, too.
type driven struct{ Changes, Applied, Goroutines int }

// countGoroutines keeps the most goroutines that were seen, until stop.
func countGoroutines(d *driven) (stop func()) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			d.Goroutines = max(d.Goroutines, runtime.NumGoroutine())
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(done); <-stopped }
}

// inMemory is what of the benchmark's world is in memory: Ceph, with the users and
// pools there, and the one host that is not a compute. What is measured is the work
// on the computes.
func inMemory(s spec.Spec, c cluster) (world.World, error) {
	fake, err := seededCeph(c)
	if err != nil {
		return world.World{}, err
	}
	controller := s.Hosts[0].Name
	return world.World{
		Clusters: map[string]world.Cluster{"ceph": {Mon: fake, Images: fake}},
		Hosts:    map[string]remote.Host{controller: newController(controller)},
		Secrets:  map[string]libvirtsecret.Store{},
	}, nil
}

// converge brings the benchmark's Spec about.
func converge(ctx context.Context, cfg integrate.Config, d *driven) error {
	cfg.Settle = time.Millisecond
	in, err := integrate.New(cfg)
	if err != nil {
		return err
	}
	var errs []error
	for part := range in.Converge(ctx, integrate.ConvergeOptions{}) {
		errs = append(errs, part.Err())
		if part.Stage == "computes" {
			d.Changes += len(part.Plan.Changes)
			d.Applied += part.Result.Count(integrate.Applied)
		}
	}
	return errors.Join(errs...)
}

func theSpec(computes []string) spec.Spec {
	s := spec.Spec{
		Release:  "zed",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts:    []spec.Host{{Name: "controller", Services: []string{"cinder-volume"}}},
		Cinder:   &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", User: "cinder"}}},
		Nova:     &spec.Nova{User: "nova"},
	}
	for _, name := range computes {
		s.Hosts = append(s.Hosts, spec.Host{Name: name, Services: []string{"nova-compute"}, Disks: "ceph"})
	}
	return s
}

// seededCeph is the cluster in memory.
func seededCeph(c cluster) (*cephtest.Cluster, error) {
	fake := cephtest.New()
	fake.FSID, fake.MonHosts = c.FSID, []string{c.Mon}
	layout := ceph.Layout{VolumePools: []string{"volumes"}, MgrCaps: true}
	cinder := layout.CinderCaps()
	layout.VMPool = "vms"
	caps := map[string]ceph.Caps{"client.cinder": cinder, "client.nova": layout.NovaCaps()}
	for entity, text := range c.Keys {
		key, err := ceph.ParseKey(text)
		if err != nil {
			return nil, fmt.Errorf("key of %s: %w", entity, err)
		}
		fake.AddUser(ceph.User{Entity: entity, Key: key, Caps: caps[entity]})
	}
	for _, pool := range []string{"volumes", "vms"} {
		if err := fake.AddPool(ceph.Pool{Name: pool, Application: "rbd"}); err != nil {
			return nil, err
		}
	}
	return fake, nil
}

// record converges one compute in memory and takes down what came out: the
// state that all tools have to bring about.
func record(ctx context.Context, c cluster) (desired, error) {
	const name = "compute"
	m := newCompute(name, "192.0.2.1")
	secrets := secrettest.New()
	s := theSpec([]string{name})
	w, err := inMemory(s, c)
	if err != nil {
		return desired{}, err
	}
	w.Hosts[name], w.Secrets[name] = m.host, secrets
	before, _ := m.host.Contents(novaConf)
	was := iniLines(before)
	if err := converge(ctx, integrate.Config{Spec: s, World: w, Parallel: 1}, &driven{}); err != nil {
		return desired{}, fmt.Errorf("recording the desired state: %w", err)
	}
	var d desired
	for _, path := range []string{"/etc/ceph/ceph.conf", "/etc/ceph/ceph.client.nova.keyring",
		"/etc/ceph/ceph.client.cinder.keyring"} {
		f, err := m.file(path)
		if err != nil {
			return d, err
		}
		d.Files = append(d.Files, f)
	}
	after, _ := m.host.Contents(novaConf)
	for _, l := range iniLines(after) {
		have, ok := iniValue(was, l.section, l.option)
		if l.option != "" && !l.commented && (!ok || have != l.value) {
			d.Options = append(d.Options, wantOption{l.section, l.option, l.value})
		}
	}
	all, err := secrets.List(ctx)
	if err != nil {
		return d, err
	}
	for _, s := range all {
		xml, err := s.XML()
		if err != nil {
			return d, err
		}
		d.Secrets = append(d.Secrets, wantSecret{UUID: s.UUID, Usage: s.UsageID, XML: string(xml), Value: s.Value.Reveal()})
	}
	return d, d.check()
}
