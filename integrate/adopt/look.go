package adopt

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/remote"
)

// A host is what was found on a machine.
type host struct {
	spec.Host                     // the services and the layout are those that were found
	services  map[string]*service // by name
	fsids     map[string]string   // of the ceph.conf files in /etc/ceph, by path
	deployed  string              // the release that OpenStack-Ansible noted on the host
}

// A service is a service on a host.
type service struct {
	version, release string
	active, enabled  bool
	options          *options
	err              error                 // why the options are not known
	confs            map[string]*ceph.Conf // by the path that the service knows
}

// openstackRelease is the file in which OpenStack-Ansible notes what it deployed.
const openstackRelease = "/etc/openstack-release"

// layoutsOf are the layouts that a host may have, those of a package or a unit last: a host with a container of
// Kolla may have a package of the service, too.
func layoutsOf(known string) []string {
	if known != "" {
		return []string{known}
	}
	return []string{spec.LayoutKolla, spec.LayoutRDO, spec.LayoutDebian}
}

// probes are the operations that tell what runs on a host, and how it is configured. All of them read.
func probes(layouts []string) []remote.Op {
	all := place.Layouts("")
	ops := []remote.Op{remote.ReadFile{Path: place.OSRelease}, remote.ReadFile{Path: openstackRelease},
		remote.ReadDir{Path: spec.CephDir, Suffix: ".conf"}}
	var packages []string
	add := func(op remote.Op) {
		if !slices.ContainsFunc(ops, func(o remote.Op) bool { return same(o, op) }) {
			ops = append(ops, op)
		}
	}
	for _, layout := range layouts {
		for _, name := range spec.ServiceNames() {
			l := all[layout][name]
			for _, p := range slices.Concat(l.Dist, l.Config) {
				add(remote.ReadFile{Path: p})
			}
			add(remote.UnitState{Unit: l.Unit})
			folders := l.ConfDirs
			if l.Kolla != nil {
				folders = []string{l.Kolla.Folder, l.Kolla.Folder + "/ceph"}
				add(remote.ReadFile{Path: l.Kolla.ConfigJSON()})
			} else if !slices.Contains(packages, l.Program) {
				packages = append(packages, l.Program)
			}
			for _, dir := range folders {
				add(remote.ReadDir{Path: dir, Suffix: ".conf"})
			}
		}
	}
	if len(packages) > 0 {
		ops = append(ops, remote.Packages{Names: packages})
	}
	if slices.Contains(layouts, spec.LayoutKolla) {
		ops = append(ops, place.Inspect(containers())...)
	}
	return ops
}

// same reports whether two operations read the same.
func same(a, b remote.Op) bool {
	switch a := a.(type) {
	case remote.ReadFile:
		o, ok := b.(remote.ReadFile)
		return ok && a.Path == o.Path
	case remote.ReadDir:
		o, ok := b.(remote.ReadDir)
		return ok && a.Path == o.Path
	case remote.UnitState:
		o, ok := b.(remote.UnitState)
		return ok && a.Unit == o.Unit
	}
	return false
}

// containers are the containers of Kolla's services.
func containers() (names []string) {
	kolla := place.Layouts("")[spec.LayoutKolla]
	for _, name := range spec.ServiceNames() {
		names = append(names, kolla[name].Kolla.Container)
	}
	return names
}

// look reads a host in one exchange.
func (a *adopting) look(ctx context.Context, name string) (host, error) {
	given := a.given(name)
	h := host{Host: given, services: map[string]*service{}, fsids: map[string]string{}}
	layouts := layoutsOf(cmp.Or(given.Layout, a.cfg.Spec.Layout))
	ops := probes(layouts)
	results, err := a.world.Hosts[name].Do(ctx, ops...)
	a.rest(name)
	if err != nil {
		return h, err
	}
	if len(results) != len(ops) {
		return h, fmt.Errorf("%s: %d results for %d operations", name, len(results), len(ops))
	}
	seen := step.NewHost(name)
	for i, op := range ops {
		err := seen.Take([]remote.Op{op}, results[i:i+1])
		if _, unit := op.(remote.UnitState); err != nil && !unit { // Upstart does not know units of systemd
			return h, err
		}
	}
	a.read(&h, seen, layouts)
	return h, nil
}

// rest closes the connection to a host if there are more hosts than are read at once. The host of a cluster is in use.
func (a *adopting) rest(name string) {
	if len(a.cfg.Spec.Hosts) <= a.parallel() ||
		slices.ContainsFunc(a.cfg.Spec.Clusters, func(c spec.Cluster) bool { return c.Host == name }) {
		return
	}
	if closer, ok := a.world.Hosts[name].(io.Closer); ok {
		_ = closer.Close() // what was read is there, whatever this says
	}
}

// read finds the services of a host, and takes what matters of their files. The files may hold passwords: nothing else
// of them is kept.
func (a *adopting) read(h *host, seen *step.Host, layouts []string) {
	boxes := place.ContainersOn(seen, containers())
	h.deployed = deployed(seen.Files[openstackRelease])
	all := place.Layouts("")
	for _, name := range spec.ServiceNames() {
		if len(h.Host.Services) > 0 && !slices.Contains(h.Host.Services, name) {
			continue
		}
		for _, layout := range layouts {
			l := all[layout][name]
			if layout == spec.LayoutDebian && isUpstart(seen) {
				layout, l = spec.LayoutUpstart, all[spec.LayoutUpstart][name]
			}
			if !installed(l, seen, boxes) {
				continue
			}
			h.services[name] = a.service(l, seen, boxes)
			h.Host.Layout = layout
			break
		}
	}
	h.Host.Services = nil
	for _, name := range spec.ServiceNames() {
		if h.services[name] != nil {
			h.Host.Services = append(h.Host.Services, name)
		}
	}
	for p, f := range seen.Files {
		if path.Dir(p) == spec.CephDir && f.Err == nil && !f.Missing {
			if fsid := fsidOf(f.Data); fsid != "" {
				h.fsids[p] = fsid
			}
		}
	}
}

// installed reports whether a service is on a host: as a container, as a package, or as a unit with a configuration.
// Services in virtual environments of Python, such as those of OpenStack-Ansible, have no package.
func installed(l place.Service, seen *step.Host, boxes place.Containers) bool {
	if l.Kolla != nil {
		return boxes.ByName[l.Kolla.Container].Engine != ""
	}
	conf := seen.Files[l.Config[0]]
	there := conf.Err != nil || !conf.Missing && conf.SHA256 != "" || len(conf.Data) > 0
	return there && (seen.Units[l.Unit].Load == "loaded" || seen.Packages[l.Program] != "")
}

// isUpstart reports whether a host is of a release of Ubuntu that has Upstart.
func isUpstart(seen *step.Host) bool {
	d := place.DistributionOf(seen)
	return d.ID == "ubuntu" && (d.Version == "12.04" || d.Version == "14.04")
}

// service takes what matters of a service.
func (a *adopting) service(l place.Service, seen *step.Host, boxes place.Containers) *service {
	u := l.State(seen, boxes)
	s := &service{version: l.Version(seen, boxes), active: u.Active == "active",
		enabled: u.Enabled != "disabled" && u.Load != "masked", confs: map[string]*ceph.Conf{}}
	if u.Load == "" { // a job of Upstart, which was not asked for
		s.active, s.enabled = true, true
	}
	if r, err := l.ReleaseOf(s.version); err == nil {
		s.release = string(r)
	}
	_, values, err := l.Parsed(seen, boxes)
	if err != nil {
		s.err = err
		return s
	}
	s.options = optionsOf(values)
	for _, p := range s.options.confs() {
		at := p
		if l.Kolla != nil {
			from, ok := boxes.ByName[l.Kolla.Container].From(p)
			if !ok {
				continue
			}
			at = from
		}
		f := seen.Files[at]
		if conf, err := ceph.ParseConf(f.Data); err == nil && f.Err == nil && len(f.Data) > 0 {
			s.confs[p] = conf
		}
	}
	return s
}

// fsidOf is the cluster that a ceph.conf is of.
func fsidOf(data []byte) string {
	conf, err := ceph.ParseConf(data)
	if err != nil {
		return ""
	}
	fsid, _ := conf.Lookup("global", "fsid")
	return strings.ToLower(fsid)
}

// deployed is the release that OpenStack-Ansible noted: by its name, or by the number of a version of OpenStack.
func deployed(f step.File) string {
	if f.Err != nil || f.Missing {
		return ""
	}
	for line := range strings.Lines(string(f.Data)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && (name == "DISTRIB_CODENAME" || name == "DISTRIB_RELEASE") {
			if r, err := openstack.ParseRelease(strings.Trim(value, `"'`)); err == nil {
				return string(r)
			}
		}
	}
	return ""
}
