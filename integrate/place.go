package integrate

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// A place is a copy of Ceph's files on a host, and the services that read it:
// all of the host, or the one that a container is for.
type place struct {
	services []string
	users    []spec.User
	clusters []string // whose ceph.conf is there
	kolla    *kollaService
	from     container
}

// newPlaces lists the places of a host, without those of containers that are
// not as they should be.
func (x *hostDiffer) newPlaces() []place {
	if !x.inContainers() {
		return []place{{services: x.names, users: x.users, clusters: clustersOf(x.users)}}
	}
	var own []place
	for _, name := range x.names {
		if x.unfitContainer(name) != nil {
			continue
		}
		k, users := x.service(name).kolla, x.site.copiedUsers(name)
		own = append(own, place{services: []string{name}, users: users, clusters: clustersOf(users), kolla: k, from: x.seen.containers[k.container]})
		if k.libvirt != "" {
			own = append(own, x.libvirtPlace(name))
		}
	}
	return own
}

// libvirtPlace is that of the container of libvirt. Guests are told by Nova where
// their cluster is, but the container does not start again without a ceph.conf
// that its config.json copies.
func (x *hostDiffer) libvirtPlace(service string) place {
	k := x.service(service).kolla.ofLibvirt()
	p := place{services: []string{service}, kolla: &k, from: x.seen.containers[k.container]}
	for _, cluster := range clustersOf(x.site.secrets) {
		if _, ok := p.from.from(spec.ConfPath(cluster)); ok {
			p.clusters = append(p.clusters, cluster)
		}
	}
	return p
}

// inContainers reports whether the services of this host are in containers.
func (x *hostDiffer) inContainers() bool {
	return len(x.names) > 0 && x.service(x.names[0]).kolla != nil
}

// at is where a file of Ceph is on the host, by its path as services see it.
func (p place) at(file string) string {
	if p.kolla != nil {
		file, _ = p.from.from(file) // there is one: see unfitContainer
	}
	return file
}

func (p place) conf(cluster string) string { return p.at(spec.ConfPath(cluster)) }

func (p place) keyring(id spec.User) string { return p.at(keyringPath(id.Cluster, id.Entity)) }

// files lists the files of Ceph of a place.
func (p place) files() []string {
	var files []string
	for _, cluster := range p.clusters {
		files = append(files, p.conf(cluster))
	}
	for _, id := range p.users {
		files = append(files, p.keyring(id))
	}
	return files
}

// cephFiles lists the files of Ceph on the host that a service reads.
func (x *hostDiffer) cephFiles(service string) []string {
	var files []string
	for _, p := range x.places {
		if !slices.Contains(p.services, service) {
			continue
		}
		for _, id := range x.site.usersOn(service) {
			if slices.Contains(p.users, id) {
				files = append(files, p.conf(id.Cluster), p.keyring(id))
			}
		}
	}
	return files
}

// containerObject begins the object of a finding about a service's container.
const containerObject = "container of "

// containers reports which containers are not as they should be; their services
// are left alone.
func (x *hostDiffer) containers() {
	for _, name := range x.names {
		if err := x.unfitContainer(name); err != nil {
			x.brokenBy[name] = true
			x.problem(x.spec.Name, containerObject+name, err, "%v", err)
		}
	}
}

// unfitContainer says why a service's container cannot be worked with: nothing
// is guessed about one that is not as kolla-ansible makes it.
func (x *hostDiffer) unfitContainer(name string) error {
	l := x.service(name)
	k := l.kolla
	if k == nil {
		return nil
	}
	c, u := x.seen.containers[k.container], x.seen.units[l.unit]
	if err := x.unfit(k.container, c, k.folder); err != nil {
		return err
	}
	switch {
	case u.Load == "not-found" || u.Load == "masked":
		return fmt.Errorf("the unit %s is %s, so that container %s cannot be restarted by it; deploy it with kolla-ansible 2023.1 or newer", l.unit, u.Load, k.container)
	case c.running && u.Active != "active":
		return fmt.Errorf("container %s runs, but not by its unit %s, which is %s; stop it (%s stop %s) and start the unit", k.container, l.unit, u.Active, c.engine, k.container)
	}
	for _, id := range x.site.copiedUsers(name) {
		for _, file := range []string{spec.ConfPath(id.Cluster), keyringPath(id.Cluster, id.Entity)} {
			if err := x.copied(*k, c, file); err != nil {
				return err
			}
		}
	}
	if k.libvirt == "" || len(x.site.secrets) == 0 {
		return nil
	}
	libvirt := k.ofLibvirt()
	c = x.seen.containers[libvirt.container]
	if err := x.unfit(libvirt.container, c, libvirt.folder); err != nil {
		return err
	}
	for _, cluster := range clustersOf(x.site.secrets) {
		if _, ok := c.from(spec.ConfPath(cluster)); !ok {
			continue
		}
		if err := x.copied(libvirt, c, spec.ConfPath(cluster)); err != nil {
			return err
		}
	}
	if folder, ok := c.from(kollaSecrets + "/x"); !ok || path.Dir(folder) != c.folder+"/secrets" {
		return fmt.Errorf("%s/config.json does not copy %s/secrets to %s, so that secrets would be lost when %s is made anew; %s", c.folder, c.folder, kollaSecrets, k.libvirt, x.byKolla(*k))
	}
	return nil
}

// unfit says why a container is not as kolla-ansible makes it.
func (x *hostDiffer) unfit(name string, c container, folder string) error {
	switch {
	case c.engine == "":
		return fmt.Errorf("container %s is not to be seen (%s); deploy it with kolla-ansible, or take the service off this host's services", name, strings.Join(x.seen.engines, "; "))
	case c.folder != folder:
		return fmt.Errorf("container %s takes its files from %q, and only %s is known; deploy it with kolla-ansible's node_config_directory as it is by default", name, c.folder, folder)
	case !c.always:
		return fmt.Errorf("container %s takes its files in only when it is made, so that a restart would change nothing; deploy it with kolla-ansible's config_strategy: COPY_ALWAYS", name)
	case c.err != nil:
		return fmt.Errorf("%s/config.json: %w; deploy container %s with kolla-ansible", folder, c.err, name)
	}
	return nil
}

// copied says why a file of Ceph would not get into a container.
func (x *hostDiffer) copied(k kollaService, c container, file string) error {
	source, ok := c.from(file)
	if !ok {
		return fmt.Errorf("%s/config.json does not copy %s into container %s, so that the service would not find it; %s", k.folder, file, k.container, x.byKolla(k))
	}
	if _, seen := x.seen.files[source]; !seen {
		return fmt.Errorf("%s/config.json copies %s from %s, which is neither in %s nor in its folder ceph", k.folder, file, source, k.folder)
	}
	return nil
}

// byKolla is what to do about a container that knows nothing of Ceph.
func (x *hostDiffer) byKolla(k kollaService) string {
	return fmt.Sprintf("tell kolla-ansible that Ceph is used (%s: \"yes\", its ceph.conf and keyrings, and the Spec's names of clusters and users), run its reconfigure, and plan again", k.variable)
}

// kollaOwner is the owner of the files that kolla-ansible puts there.
func (x *hostDiffer) kollaOwner(folder string) (owner, group string) {
	f := x.seen.files[folder+"/config.json"]
	return f.Owner, f.Group
}

// copyFolders are the folders that containers copy Ceph's files and libvirt's
// secrets from, by path.
func (x *hostDiffer) copyFolders() map[string]wantedDir {
	dirs := map[string]wantedDir{}
	add := func(folder, dir string) {
		if dir != folder {
			owner, group := x.kollaOwner(folder)
			dirs[dir] = wantedDir{owner, group, 0o770, "a container's files are copied from there"}
		}
	}
	for _, p := range x.places {
		if p.kolla == nil {
			continue
		}
		for _, file := range p.files() {
			add(p.kolla.folder, path.Dir(file))
		}
		if p.kolla.libvirt != "" && len(x.site.secrets) > 0 {
			folder := p.kolla.ofLibvirt().folder
			add(folder, folder+"/secrets")
		}
	}
	return dirs
}

// directories plans the folders that are missing.
func (x *hostDiffer) directories() {
	if !x.inContainers() {
		x.directory()
		return
	}
	dirs := x.copyFolders()
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		want := dirs[dir]
		switch f := x.seen.files[dir]; {
		case f.err != nil:
			x.problem(x.spec.Name, dir, f.err, "cannot be read: %v", f.err)
		case f.missing:
			x.change(KindDirectory, Create, dir, want.reason, []FieldDiff{{"mode", "", want.owner + ":" + want.group + " " + octal(want.mode)}})
		case f.Kind != "dir":
			x.problem(x.spec.Name, dir, nil, "is a %s, not a folder; move it away", f.Kind)
		}
	}
}

// kollaMode is owner, group and mode of a file that is copied into a container:
// those that kolla-ansible gives, or those that it has, but not for others.
func (x *hostDiffer) kollaMode(folder string, f observedFile, mode fs.FileMode) wantedFile {
	var w wantedFile
	if w.owner, w.group = x.kollaOwner(folder); !f.missing {
		w.owner, w.group, mode = f.Owner, f.Group, f.Mode
	}
	w.mode = mode &^ 0o007
	return w
}

// undone notes that kolla-ansible writes anew what is changed here.
func (x *hostDiffer) undone() {
	for _, name := range x.names {
		l := x.service(name)
		changed := x.ids[x.id(KindSettings, l.config[0])] ||
			slices.ContainsFunc(x.cephFiles(name), func(file string) bool { return x.ids[x.id(KindFile, file)] })
		if l.kolla != nil && changed {
			x.note(x.spec.Name, l.kolla.folder, "kolla-ansible writes these files anew whenever it runs, and undoes what differs from its own: "+
				"give it the same options (config/%s), ceph.conf and keyrings", l.kolla.overrides)
		}
	}
}
