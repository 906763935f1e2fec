package integrate

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
	"github.com/cephstack/cephstack/remote"
)

// settings plans the edits of each configuration file once, for all services
// of the host that read it first.
func (x *hostDiffer) settings() {
	for _, path := range x.configPaths() {
		edit, err := x.desiredSettings(path)
		if err != nil {
			x.breakServices(path)
			x.problem(x.spec.Name, path, err, "%v", err)
			continue
		}
		if len(edit.diffs) > 0 {
			x.change(KindSettings, Update, path, "options are not as the services need them", edit.diffs, x.settingNeeds(path)...)
		}
	}
}

func (x *hostDiffer) configPaths() []string {
	var paths []string
	for _, name := range x.names {
		if p := x.service(name).config[0]; !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

func (x *hostDiffer) servicesReading(path string) []string {
	var names []string
	for _, name := range x.names {
		if x.service(name).config[0] == path {
			names = append(names, name)
		}
	}
	return names
}

func (x *hostDiffer) breakServices(path string) {
	for _, name := range x.servicesReading(path) {
		x.brokenBy[name] = true
	}
}

// settingNeeds is all that must be on the host, and in Ceph, before the services
// that read a file are told to use it.
func (x *hostDiffer) settingNeeds(path string) []string {
	needs := []string{x.packagesID(), x.upgradeID()}
	names := x.servicesReading(path)
	used := func(id spec.User) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(x.site.usersOn(name), id) })
	}
	for _, id := range x.users {
		if !used(id) {
			continue
		}
		for _, p := range x.site.pools[id.Cluster] {
			needs = append(needs, changeID(KindPool, id.Cluster, p.Name))
		}
	}
	for _, p := range x.places {
		if !slices.ContainsFunc(p.services, func(name string) bool { return slices.Contains(names, name) }) {
			continue
		}
		for _, cluster := range p.clusters {
			if slices.ContainsFunc(x.users, func(id spec.User) bool { return id.Cluster == cluster && used(id) }) {
				needs = append(needs, x.id(KindFile, p.conf(cluster)))
			}
		}
		for _, id := range p.users {
			if used(id) {
				needs = append(needs, x.id(KindFile, p.keyring(id)))
			}
		}
	}
	for _, id := range x.site.secrets {
		needs = append(needs, x.id(KindSecret, x.uuids[id]))
		for _, file := range x.secretPaths(id) {
			needs = append(needs, x.id(KindFile, file))
		}
	}
	return needs
}

// desiredSettings edits one configuration file for its services.
func (x *hostDiffer) desiredSettings(path string) (wantedFile, error) {
	var w wantedFile
	var file *osloconf.File
	for _, name := range x.servicesReading(path) {
		if err := x.cephReady(name); err != nil {
			return w, err
		}
		first, all, err := x.seen.config(x.service(name))
		if errors.Is(err, fs.ErrNotExist) {
			return w, fmt.Errorf("%w: is %s installed here? install it, or take %s off this host's services", errMissingConfig, name, name)
		}
		if err != nil {
			return w, fmt.Errorf("cannot be read, so it is left alone: %w", err)
		}
		if file == nil {
			file = first
		}
		all[slices.Index(all, first)] = file
		settings, err := x.serviceSettings(name, all)
		if err == nil {
			err = x.otherPool(name, all)
		}
		if err != nil {
			return w, err
		}
		if err := x.edit(&w, name, file, all, settings); err != nil {
			return w, err
		}
		x.findings(name, path, all)
		if name == "cinder-volume" {
			x.serves(all)
		}
	}
	w.data = file.Bytes()
	return w, nil
}

// cephReady refuses to send a service to a cluster that it could not reach:
// one that cannot be read, or whose files on this host are a problem.
func (x *hostDiffer) cephReady(service string) error {
	if x.brokenBy[service] {
		return fmt.Errorf("left alone until the problem of %s on this host is solved", service)
	}
	for _, id := range x.site.usersOn(service) {
		if err := x.o.clusters[id.Cluster].err; err != nil {
			return fmt.Errorf("left alone, as cluster %s cannot be read", id.Cluster)
		}
		if file := x.blocked[id.Cluster]; file != "" {
			return fmt.Errorf("left alone until %s is in order", file)
		}
		if pool := x.foreign[id]; pool != "" {
			return fmt.Errorf("left alone, as pool %s cannot be used", pool)
		}
		if x.bad[userKey(id)] {
			return fmt.Errorf("left alone until the problem of user %s is solved", id.Entity)
		}
	}
	return nil
}

// otherPool refuses to send a backend that is in use to another pool, or to
// another cluster: what it holds would be out of reach.
func (x *hostDiffer) otherPool(service string, cur openstack.Current) error {
	check := func(section, option, list, pool, confOption, conf string) error {
		enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
		if driver, _ := cur.Lookup("DEFAULT", "volume_driver"); section == spec.SingleBackend && driver != "" {
			enabled = spec.SingleBackend
		}
		have, ok := cur.Lookup(section, option)
		inUse := slices.ContainsFunc(strings.Split(enabled, ","), func(item string) bool {
			name, _, _ := strings.Cut(strings.TrimSpace(item), ":")
			return name == section
		})
		if ok && inUse && have != pool {
			return fmt.Errorf("[%s] is in use with %s = %s, and what is there would be out of reach in %s; name that pool or another %s in the Spec",
				section, option, have, pool, list)
		}
		file, there := cur.Lookup(section, confOption)
		if !there || file == "" {
			file = spec.ConfPath("ceph") // what librados reads by itself
		}
		if ok && inUse && file != conf {
			return fmt.Errorf("[%s] is in use with the cluster of %s, and what is there would be out of reach with %s; call the cluster in the Spec as that file is called, or name another %s",
				section, file, conf, list)
		}
		return nil
	}
	switch service {
	case "glance-api":
		for _, st := range x.site.stores {
			if err := check(st.Name, "rbd_store_pool", "store", st.Pool, "rbd_store_ceph_conf", spec.ConfPath(st.Cluster)); err != nil {
				return err
			}
		}
	case "cinder-volume":
		for _, b := range x.site.cinder {
			if err := check(b.Name, "rbd_pool", "backend name", b.Pool, "rbd_ceph_conf", spec.ConfPath(b.Cluster)); err != nil {
				return err
			}
		}
	}
	return nil
}

// edit makes settings effective in file, collecting what differed.
func (x *hostDiffer) edit(w *wantedFile, service string, file *osloconf.File, all osloconf.Files, settings []openstack.Setting) error {
	for _, s := range settings {
		have, ok := all.Lookup(s.Section, s.Option)
		if (s.Remove && !ok) || (!s.Remove && ok && sameValue(have, s.Value)) {
			continue
		}
		w.diffs = append(w.diffs, FieldDiff{"[" + s.Section + "] " + s.Option, have, s.Value})
		if s.Option == "backup_driver" && have != "" {
			x.note(x.spec.Name, "backup_driver", "backups made with %s stay where they are, but Cinder can neither restore nor delete them while another driver is set", have)
		}
		if s.Remove {
			file.Unset(s.Section, s.Option)
		} else if err := file.Set(s.Section, s.Option, s.Value); err != nil {
			return fmt.Errorf("[%s] %s: %w", s.Section, s.Option, err)
		}
		if now, _ := all.Lookup(s.Section, s.Option); !sameValue(now, s.Value) {
			return fmt.Errorf("[%s] %s would not take effect: a file that %s reads later overrides it with %q; remove it from %s",
				s.Section, s.Option, service, now, x.overrider(service, s))
		}
	}
	return nil
}

// overrider names the file, read after the edited one, that sets an option.
func (x *hostDiffer) overrider(service string, s openstack.Setting) string {
	l := x.service(service)
	later := slices.Concat(l.config[1:], x.seen.dropIns(l))
	for _, path := range slices.Backward(later) {
		f, err := osloconf.Parse(x.seen.files[path].data)
		if err != nil {
			continue
		}
		if _, ok := f.Lookup(s.Section, s.Option); ok {
			return path
		}
	}
	return "there"
}

// sameValue compares as oslo.config's types would: booleans without case.
func sameValue(a, b string) bool {
	if a == b {
		return true
	}
	isBool := func(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }
	return isBool(a) && strings.EqualFold(a, b)
}

func (x *hostDiffer) serviceSettings(name string, cur openstack.Current) ([]openstack.Setting, error) {
	release := x.site.release
	switch name {
	case "glance-api":
		store := x.site.spec.GlanceStore()
		return store.Settings(release, cur)
	case "cinder-volume":
		return x.volumeSettings(release, cur)
	case "cinder-backup":
		b := x.site.backup
		return openstack.BackupDriver{Pool: b.Pool, User: b.User, Conf: spec.ConfPath(b.Cluster)}.Settings(release, cur)
	}
	return x.computeSettings(release, cur)
}

func (x *hostDiffer) volumeSettings(release openstack.Release, cur openstack.Current) ([]openstack.Setting, error) {
	var all []openstack.Setting
	enabled := ""
	for _, b := range x.site.cinder {
		id := spec.User{Cluster: b.Cluster, Entity: "client." + b.User}
		backend := openstack.VolumeBackend{Name: b.Name, Pool: b.Pool, User: b.User, Conf: spec.ConfPath(b.Cluster),
			SecretUUID: x.uuids[id], AvailabilityZone: b.AvailabilityZone, Extra: b.Options}
		settings, err := backend.Settings(release, overlay{cur, enabled})
		if err != nil {
			return nil, err
		}
		for _, s := range settings {
			if s.Section == "DEFAULT" && s.Option == "enabled_backends" {
				enabled = s.Value
				all = slices.DeleteFunc(all, func(o openstack.Setting) bool { return o.Section == s.Section && o.Option == s.Option })
			}
			all = append(all, s)
		}
	}
	return once(all), x.zones(cur)
}

// An overlay shows each backend the list that the one before it extended.
type overlay struct {
	openstack.Current
	enabled string
}

// Lookup implements openstack.Current.
func (o overlay) Lookup(section, option string) (string, bool) {
	if o.enabled != "" && section == "DEFAULT" && option == "enabled_backends" {
		return o.enabled, true
	}
	return o.Current.Lookup(section, option)
}

// computeSettings leaves the place of VM disks alone where VMs with local
// disks would not survive the switch.
func (x *hostDiffer) computeSettings(release openstack.Release, cur openstack.Current) ([]openstack.Setting, error) {
	if x.site.nova == nil {
		return nil, nil // the computes only need the secrets of Cinder's users
	}
	id := x.site.secrets[0]
	disks := openstack.ComputeDisks{User: id.Name(), SecretUUID: x.uuids[id], Conf: spec.ConfPath(id.Cluster)}
	if x.disksToCeph(cur) {
		disks.Pool = x.site.nova.Pool
	}
	return disks.Settings(release, cur)
}

func (x *hostDiffer) disksToCeph(cur openstack.Current) bool {
	switch x.spec.Disks {
	case "ceph":
		return true
	case "keep":
		return false
	}
	inCeph := x.saysCeph(cur)
	if inCeph && x.startedAfterFiles() {
		return true
	}
	local, err := x.localDisks(x.spec.Name, inCeph)
	if err != nil {
		x.problem(x.spec.Name, "VM disks", err, "left as they are: which VMs with local disks are here cannot be told: %v", err)
		return false
	}
	if len(local) > 0 {
		x.note(x.spec.Name, "VM disks", "left local, because the next hard reboot of %s would fail after the switch; "+
			"delete or move such VMs and run again, or say disks: ceph for this host", joinShort(local))
		return false
	}
	return true
}

// saysCeph reports whether the files put VM disks into Nova's pool already.
func (x *hostDiffer) saysCeph(cur openstack.Current) bool {
	section, prefix := x.site.diskOptions()
	kind, _ := cur.Lookup(section, prefix+"images_type")
	pool, _ := cur.Lookup(section, prefix+"images_rbd_pool")
	return kind == "rbd" && pool == x.site.nova.Pool
}

// startedAfterFiles reports whether nova-compute runs with its files as they
// are: newer ones do not tell what the process did.
func (x *hostDiffer) startedAfterFiles() bool {
	l := x.service("nova-compute")
	since := x.seen.unit(l).Since
	return !slices.ContainsFunc(x.seen.inputs(l), func(path string) bool {
		f := x.seen.files[path]
		return !f.missing && f.Changed.After(since)
	})
}

func (x *hostDiffer) findings(service, path string, cur openstack.Current) {
	for _, f := range openstack.Findings(x.site.release, x.service(service).service, cur) {
		x.note(x.spec.Name, path+" ["+f.Section+"] "+f.Option, "%s", f.Message)
	}
}

// units plans the restarts that are owed.
func (x *hostDiffer) units() {
	for _, name := range x.names {
		l := x.service(name)
		u := x.seen.unit(l)
		if x.unfitContainer(name) != nil {
			continue // said once for the container
		}
		switch u.Load {
		case "not-found":
			x.problem(x.spec.Name, l.unit, nil, "there is no such unit; install it, take %s off this host's services, or name another layout for this host than %s", name, x.site.layoutOf(x.spec))
			continue
		case "masked":
			x.problem(x.spec.Name, l.unit, nil, "the unit is masked; unmask it, or take %s off this host's services", name)
			continue
		}
		if x.brokenBy[name] {
			continue
		}
		reason, needs := x.debt(l, u)
		if reason != "" {
			x.change(KindUnit, Restart, l.unit, reason, nil, needs...)
		}
	}
}

// debt says why a unit owes a restart: an input that this plan changes, or
// one that is newer than its start.
func (x *hostDiffer) debt(l serviceLayout, u remote.Unit) (reason string, needs []string) {
	inputs := slices.Concat(x.seen.inputs(l), x.cephFiles(string(l.service)))
	if l.kolla != nil {
		inputs = append(inputs, l.kolla.folder+"/config.json")
	}
	var newer []string
	for _, path := range inputs {
		for _, id := range []string{x.id(KindFile, path), x.id(KindSettings, path)} {
			if x.ids[id] && !slices.Contains(needs, id) {
				needs = append(needs, id)
			}
		}
		if f := x.seen.files[path]; !f.missing && !u.Since.IsZero() && f.Changed.After(u.Since) && !slices.Contains(newer, path) {
			newer = append(newer, path)
		}
	}
	packages := x.packagesID()
	if x.ids[packages] {
		needs = append(needs, packages)
	}
	if id := x.upgradeID(); x.ids[id] {
		needs = append(needs, id)
	}
	switch {
	case len(needs) > 0:
		return "its configuration changes", needs
	case len(newer) > 0:
		return strings.Join(newer, ", ") + " changed after it started", nil
	case u.Active != "active":
		return "it is " + u.Active + ", not active", nil
	}
	return "", nil
}

var addressForm = regexp.MustCompile(`\[[0-9a-fA-F:]+\]|\d+\.\d+\.\d+\.\d+`)

// sameMonitors compares two mon_host values by their addresses: a hand-written
// list without ports or protocols is as good.
func sameMonitors(a, b string) bool {
	set := func(s string) []string {
		var out []string
		for _, m := range addressForm.FindAllString(s, -1) {
			if ip := net.ParseIP(strings.Trim(m, "[]")); ip != nil && !slices.Contains(out, ip.String()) {
				out = append(out, ip.String())
			}
		}
		slices.Sort(out)
		return out
	}
	x := set(a)
	return len(x) > 0 && slices.Equal(x, set(b))
}
