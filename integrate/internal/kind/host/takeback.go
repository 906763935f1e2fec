package host

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

// Retire implements step.Retirer: the options that have exactly the value that the integration gives them go.
func (r settings) Retire(v step.View) step.Delta {
	x := &editing{settings: r, v: v, in: r.Site.Containers(v.Host)}
	for _, name := range r.Readers(r.path) {
		if err := x.takeBackOf(r.Node, name); err != nil {
			return left(x.d, r.path, err, "settings-not-possible")
		}
	}
	return x.takenBack()
}

// optionsGo is why a file changes that only loses options.
const optionsGo = "options of what retires"

// takenBack is the Delta of a file from which options go.
func (x *editing) takenBack() step.Delta {
	if len(x.diffs) == 0 {
		return x.d
	}
	f := x.v.Host.Files[x.path]
	if err := symlinked(f); err != nil {
		return left(x.d, x.path, err, "file-is-symlink")
	}
	x.d.Action, x.d.Reason, x.d.Diffs = step.Remove, optionsGo, x.diffs
	x.d.Do = x.write()
	return x.d
}

// takeBack takes out of a file that stays what its services had because of what retires. It waits until that may go.
func (x *editing) takeBack() error {
	if x.Site.Going == nil {
		return nil
	}
	was := NewNode(x.Site.Going, x.Site.Going.Host(x.Spec.Name))
	before := settings{was, x.path}
	needs, diffs := x.goingNeeds(was, before), len(x.diffs)
	for _, id := range needs {
		if x.v.Ledger.Refused(id) {
			x.d.HeldBy = id
			return nil // the gate says why
		}
	}
	defer func() {
		if len(x.diffs) > diffs {
			x.d.Recheck = rechecked(needs)
		}
	}()
	for _, name := range before.Readers(x.path) {
		if x.computeStays(name) {
			continue
		}
		if err := x.takeBackOf(was, name); err != nil {
			return err
		}
	}
	return nil
}

// computeStays reports whether a service is Nova's on a compute that stays. What of its disks is not needed now,
// because a VM has a local disk or has lost its disk in Ceph, does not go because something else retires.
func (x *editing) computeStays(name string) bool {
	return name == "nova-compute" && x.Site.Nova != nil && slices.Contains(x.Services, name)
}

// own notes an option that a service needs.
func (x *editing) own(s openstack.Setting) {
	if x.owned == nil {
		x.owned = map[string]bool{}
	}
	x.owned[field(s)] = true
}

// takeBackOf takes out of the file what a service had before something retired.
func (x *editing) takeBackOf(was *Node, name string) error {
	in := was.Site.Containers(x.v.Host)
	first, all, err := was.Service(name).Parsed(x.v.Host, in)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // the service is not installed any more
	case err != nil:
		return refuse("config-unreadable", "cannot be read, so it is left alone: %w", err)
	case x.file == nil:
		x.file = first
	}
	all.Files[slices.Index(all.Files, first)] = x.file
	before := &editing{settings: settings{was, x.path}, v: x.v, in: in, file: x.file}
	had, err := before.hadBefore(name, all)
	if old, is := before.oldStyle(name, all); is && len(x.Stays().Site.Stores) == 0 {
		had, x.whole = old, true
	}
	if err != nil {
		return refuse("settings-not-possible", "what cephstack has set cannot be told from the rest, so all of it stays: %w",
			err)
	}
	if err := x.elsewhere(name, had); err != nil {
		return err
	}
	if !x.drop(name, had) {
		return nil
	}
	x.tellDefaults(name, was)
	return x.serviceless(name, was)
}

// serviceless refuses to leave a cinder-volume that runs without any backend: it ends as soon as it starts. Whoever
// keeps it running decides about that.
func (x *editing) serviceless(name string, was *Node) error {
	enabled, _ := x.file.Lookup("DEFAULT", "enabled_backends")
	place := was.Service(name)
	u := place.State(x.v.Host, was.Site.Containers(x.v.Host))
	if name != "cinder-volume" || enabled != "" || u.Active != "active" {
		return nil
	}
	return refuse("no-backend-left", "would have no backend of cinder-volume left, and cinder-volume does not "+
		"run without: run `systemctl disable --now %s` on this host, or put another backend into enabled_backends, "+
		"and plan again",
		place.Unit)
}

// hadBefore are the options that a service had before something retired.
func (x *editing) hadBefore(name string, cur openstack.Current) ([]openstack.Setting, error) {
	if name != "nova-compute" || x.Site.Nova == nil {
		return x.neededBy(name, cur)
	}
	u := x.Site.Nova.Use().User
	disks := openstack.ComputeDisks{User: u.Name(), SecretUUID: x.uuid(u), Conf: spec.ConfPath(u.Cluster),
		Pool: x.Site.Nova.Pool}
	return disks.Settings(x.Site.Release, cur)
}

// oldStyle are the options of glance-api if its list of stores is exactly what cephstack makes of stores of the old
// style, which have no list: then the list goes as a whole, and so does what was carried over.
func (x *editing) oldStyle(name string, cur osloconf.Values) ([]openstack.Setting, bool) {
	have, listed := cur.Text("DEFAULT", "enabled_backends")
	if name != "glance-api" || !listed {
		return nil, false
	}
	had, err := x.Site.GlanceStore().Settings(x.Site.Release, unlisted{cur})
	if err != nil {
		return nil, false
	}
	for _, s := range had {
		now, _ := x.file.Lookup(s.Section, s.Option)
		carried := !slices.ContainsFunc(x.Site.Stores, func(st spec.Store) bool { return st.Name == s.Section })
		if s.Option == "enabled_backends" && s.Value != have || carried && s.Section != "DEFAULT" && now != s.Value {
			return nil, false
		}
	}
	return had, true
}

// An unlisted configuration is one without the list of stores.
type unlisted struct{ osloconf.Values }

// Lookup implements openstack.Current.
func (u unlisted) Lookup(section, option string) (string, bool) {
	if option == "enabled_backends" || option == "default_backend" {
		return "", false
	}
	return u.Values.Lookup(section, option)
}

// elsewhere refuses to touch a service that keeps its data in another pool than the Spec says: what it has is not
// what cephstack has set.
func (x *editing) elsewhere(name string, had []openstack.Setting) error {
	for _, s := range had {
		pools := []string{"images_rbd_pool", "libvirt_images_rbd_pool", "rbd_pool", "rbd_store_pool", "backup_ceph_pool"}
		if !slices.Contains(pools, s.Option) || x.owned[field(s)] {
			continue
		}
		if have, ok := x.file.Lookup(s.Section, s.Option); ok && have != s.Value {
			return refuse("retire-of-another-pool", "%s is %s, and not %s as in the Spec, so that %s keeps its data elsewhere "+
				"and is left alone; name that pool in the Spec, or take the options out by hand", field(s),
				words.Shown(have), s.Value, name)
		}
	}
	return nil
}

// drop takes options out of the file, and reports whether there were any.
func (x *editing) drop(name string, had []openstack.Setting) bool {
	before := len(x.diffs)
	var sections []string
	for _, s := range had {
		have, ok := x.file.Lookup(s.Section, s.Option)
		if !ok || s.Remove || x.ofOthers(name, s, have) {
			continue
		}
		rest, list := x.without(name, s, have)
		switch {
		case list && rest == have, !list && (x.owned[field(s)] || !sameValue(have, s.Value)):
			continue
		case list && rest != "":
			if x.file.Set(s.Section, s.Option, rest) != nil {
				continue // a value that was read can be written
			}
		default:
			x.file.Unset(s.Section, s.Option)
		}
		x.diffs = append(x.diffs, step.FieldDiff{Field: field(s), Observed: have, Desired: rest})
		if s.Section != "DEFAULT" && !slices.Contains(sections, s.Section) {
			sections = append(sections, s.Section)
		}
	}
	for _, section := range sections {
		if !x.file.DropEmpty(section) && (x.goes(name, section)) {
			x.d.Note("options-stay", x.path+" ["+section+"]", "has options that cephstack has not set (%s), which "+
				"stay; nothing reads them any more", words.JoinShort(x.file.Options(section)))
		}
	}
	return len(x.diffs) > before
}

// ofOthers reports whether an option is by now also that of backends which stay: their volumes are in the cluster of
// Cinder, and in the zone. cinder-backup has some of these options, too, in the same file.
func (x *editing) ofOthers(name string, s openstack.Setting, have string) bool {
	enabled, _ := x.file.Lookup("DEFAULT", "enabled_backends") // comes first among the options, and is without what goes
	shared := map[string]bool{"cluster": true, "backend_url": true, "storage_availability_zone": true}
	if !strings.HasPrefix(name, "cinder-") || !shared[s.Option] || enabled == "" || x.owned[field(s)] || have != s.Value {
		return false
	}
	object := x.path + " " + field(s)
	if slices.ContainsFunc(x.d.Findings, func(f step.Finding) bool { return f.Object == object }) {
		return true
	}
	x.d.Note("options-stay", object, "is that of the other backends here, too (%s), whose volumes "+
		"are bound to it, so it stays", enabled)
	return true
}

// goes reports whether a section is that of a backend or of a store that retires.
func (x *editing) goes(name, section string) bool {
	return slices.Contains(x.goingSections(name), section)
}

// goingSections are the backends or the stores that a service has no more on this host.
func (x *editing) goingSections(name string) []string {
	now := x.Stays()
	site, all := now.Site, !slices.Contains(now.Services, name)
	var names []string
	switch name {
	case "cinder-volume":
		for _, b := range site.Before().Cinder {
			if all || !slices.ContainsFunc(site.Cinder, func(o spec.Backend) bool { return o.Name == b.Name }) {
				names = append(names, b.Name)
			}
		}
	case "glance-api":
		for _, st := range site.Before().Stores {
			if all || !slices.ContainsFunc(site.Stores, func(o spec.Store) bool { return o.Name == st.Name }) {
				names = append(names, st.Name)
			}
		}
	}
	return names
}

// without is the value of an option without what retires, for options that have more in them than what cephstack has
// set.
func (x *editing) without(name string, s openstack.Setting, have string) (rest string, list bool) {
	if x.whole && name == "glance-api" {
		return "", false
	}
	gone := x.goingSections(name)
	pick := func(is func(string) bool) string {
		var kept []string
		for item := range strings.SplitSeq(have, ",") {
			if item = strings.TrimSpace(item); item != "" && !is(item) {
				kept = append(kept, item)
			}
		}
		if rest := strings.Join(kept, ","); len(kept) < len(slices.DeleteFunc(strings.Split(have, ","),
			func(i string) bool { return strings.TrimSpace(i) == "" })) {
			return rest
		}
		return have
	}
	of := func(kind string) func(string) bool {
		return func(item string) bool {
			n, k, typed := strings.Cut(item, ":")
			return slices.Contains(gone, strings.TrimSpace(n)) && (!typed || strings.TrimSpace(k) == kind)
		}
	}
	switch {
	case s.Option == "enabled_backends" && name == "cinder-volume":
		return pick(func(item string) bool { return slices.Contains(gone, item) }), true
	case s.Option == "enabled_backends":
		return pick(of("rbd")), true
	case s.Option == "stores":
		if rest := pick(of("rbd")); rest != "file,http" { // the default of Glance
			return rest, true
		}
		return "", true
	case s.Option == "default_backend", s.Option == "default_store":
		if !slices.Contains(gone, have) {
			return have, true
		}
		return x.defaultStore(s.Option), true
	case s.Option == "disk_cachemodes" && !x.owned[field(s)]:
		return pick(func(item string) bool { return strings.ReplaceAll(item, " ", "") == "network=writeback" }), true
	}
	return "", false
}

// defaultStore is the store that is the default one without those that retire: by what is left of the list.
func (x *editing) defaultStore(option string) string {
	section, list := "DEFAULT", "enabled_backends"
	if option == "default_store" {
		section, list = "glance_store", "stores"
	}
	left, _ := x.file.Lookup(section, list)
	first := ""
	for item := range strings.SplitSeq(left, ",") {
		name, kind, typed := strings.Cut(strings.TrimSpace(item), ":")
		if !typed {
			kind = name
		}
		switch {
		case name == "" || kind == "http":
		case kind == "file":
			if option == "default_store" {
				return "" // that is Glance's own default
			}
			return name
		case first == "":
			first = name
		}
	}
	return first
}

// tellDefaults says what a service works with when it has nothing in Ceph any more.
func (x *editing) tellDefaults(name string, was *Node) {
	now := func(section, option string) string { value, _ := x.file.Lookup(section, option); return value }
	switch {
	case name == "cinder-backup" && now("DEFAULT", "backup_driver") == "":
		x.d.Note("backup-driver-default", x.path, "what backup_driver was before is not known: without it, "+
			"cinder-backup takes its default, Swift until Stein and none that works without options of its own after "+
			"that; set the driver that you want")
	case name != "glance-api" || !x.changes("default_backend", "default_store"):
	case now("glance_store", "default_backend") == "" && now("glance_store", "default_store") == "":
		x.d.Note("store-default", x.path, "which store was the default before is not known: new images go to Glance's own "+
			"default from now on, a folder of its host; set another one if you want that")
	case name == "glance-api":
		x.d.Note("store-default", x.path, "which store was the default before is not known: new images go to %s from now on",
			now("glance_store", "default_backend")+now("glance_store", "default_store"))
	}
	if name == "nova-compute" && (leaving{x.Stays(), was}).hostLeaves(name) {
		x.guarded = true
	}
}

// changes reports whether one of some options is among the differences.
func (x *editing) changes(options ...string) bool {
	return slices.ContainsFunc(x.diffs, func(d step.FieldDiff) bool {
		_, option, _ := strings.Cut(d.Field, "] ")
		return slices.Contains(options, option)
	})
}
