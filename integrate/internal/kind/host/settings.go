package host

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
	"github.com/cephstack/cephstack/remote"
)

// newSettings are the options in the main configuration files of a host's services:
// one resource for each file, for all services that read the file first.
func newSettings(n *Node) []step.Resource {
	var all []step.Resource
	for _, path := range n.ConfigPaths() {
		all = append(all, settings{n, path})
	}
	return all
}

// A settings resource is the options in a file that services need. Other options of
// the file stay as they are.
type settings struct {
	*Node
	path string
}

// ID implements step.Resource.
func (r settings) ID() step.ID { return r.SettingsID(r.path) }

// Needs implements step.Resource.
func (r settings) Needs() []step.ID { return r.settingNeeds(r.Readers(r.path)) }

// settingNeeds are all that must be on the host, and in Ceph, before services are told
// to use it.
func (n *Node) settingNeeds(services []string) []step.ID {
	var needs []step.ID
	for _, name := range services {
		needs = append(needs, n.ServiceID(name))
	}
	used := func(u spec.User) bool {
		return slices.ContainsFunc(services, func(name string) bool { return slices.Contains(n.Site.UsersOn(name), u) })
	}
	for _, u := range n.Users {
		for _, p := range n.Site.Pools[u.Cluster] {
			if used(u) && n.usesPool(services, u.Cluster, p.Name) {
				needs = append(needs, cluster.PoolID(u.Cluster, p.Name))
			}
		}
	}
	for _, c := range n.Copies() {
		if !slices.ContainsFunc(c.Services, func(name string) bool { return slices.Contains(services, name) }) {
			continue
		}
		for _, name := range c.Clusters {
			if slices.ContainsFunc(n.Users, func(u spec.User) bool { return u.Cluster == name && used(u) }) {
				needs = append(needs, n.ConfID(c, name))
			}
		}
		for _, u := range c.Users {
			if used(u) {
				needs = append(needs, n.KeyringID(c, u))
			}
		}
	}
	if slices.Contains(services, "nova-compute") {
		for _, r := range slices.Concat(newSecrets(n), newSecretFiles(n)) {
			needs = append(needs, r.ID())
		}
	}
	return needs
}

// usesPool reports whether one of some services keeps or finds something in a pool.
func (n *Node) usesPool(services []string, cluster, pool string) bool {
	return slices.ContainsFunc(n.Site.Uses, func(u spec.Use) bool {
		return (u.Pool == pool || u.DataPool == pool) && slices.ContainsFunc(services, func(name string) bool {
			return u.In(cluster, purposes(name)...)
		})
	})
}

// purposes are what a service uses pools for.
func purposes(service string) []string {
	switch service {
	case "glance-api":
		return []string{spec.ForImages}
	case "cinder-volume":
		return []string{spec.ForVolumes}
	case "cinder-backup":
		return []string{spec.ForBackups, spec.ForVolumes}
	}
	return []string{spec.ForDisks}
}

// LeftAlone implements step.Blocked.
func (r settings) LeftAlone(v step.View, need, root step.ID) step.Finding {
	return step.Finding{Code: "settings-left-alone", Problem: true, Object: r.path, Because: root,
		Message: r.because(v, need, root)}
}

func (r settings) because(v step.View, need, root step.ID) string {
	switch root.Kind {
	case "cluster":
		return fmt.Sprintf("left alone, as cluster %s cannot be read", root.Target.Name)
	case "pool":
		return fmt.Sprintf("left alone, as pool %s cannot be used", root.Name)
	case "user":
		return fmt.Sprintf("left alone until the problem of user %s is solved", root.Name)
	}
	if need.Kind == "pool" {
		return fmt.Sprintf("left alone, as pool %s cannot be used", need.Name)
	}
	for _, c := range r.Copies() {
		for _, name := range c.Clusters {
			if root == r.ConfID(c, name) {
				path, _ := c.Path(r.Site.Containers(v.Host), spec.ConfPath(name))
				return fmt.Sprintf("left alone until %s is in order", path)
			}
		}
	}
	names := r.Readers(r.path)
	first := slices.IndexFunc(names, func(name string) bool {
		return slices.Contains(r.settingNeeds([]string{name}), need)
	})
	return fmt.Sprintf("left alone until the problem of %s on this host is solved", names[max(first, 0)])
}

// Asks implements step.Resource.
func (r settings) Asks() step.Asks {
	var asks step.Asks
	for _, name := range r.Readers(r.path) {
		asks.Host = append(asks.Host, r.configAsks(name)...)
	}
	return asks
}

// confSuffix is the end of the names of files that a service reads in its folders.
const confSuffix = ".conf"

// configAsks reads what a service reads, and since when it runs.
func (n *Node) configAsks(service string) []remote.Op {
	l := n.Service(service)
	var ops []remote.Op
	for _, path := range slices.Concat(l.Dist, l.Config) {
		ops = append(ops, remote.ReadFile{Path: path})
	}
	folders := l.ConfDirs
	if l.Kolla != nil {
		folders = []string{l.Kolla.Folder}
		ops = append(ops, n.kollaAsks(Copy{Kolla: l.Kolla})...)
	}
	for _, dir := range folders {
		ops = append(ops, remote.ReadDir{Path: dir, Suffix: confSuffix})
	}
	return append(ops, remote.UnitState{Unit: l.Unit})
}

// Compare implements step.Resource.
func (r settings) Compare(v step.View) step.Delta {
	x := &editing{settings: r, v: v, in: r.Site.Containers(v.Host)}
	x.keeping = r.Site.Keeping(r.ID(), "settings", r.path)
	err := x.services()
	x.d.Kept = x.keeping.Kept
	made := len(x.diffs)
	if err == nil {
		err = x.takeBack()
	}
	if x.serving != nil {
		x.d.Fact = x.serving
	}
	if x.disks != nil {
		if err != nil {
			x.disks.After = x.disks.Now
		}
		x.d.Fact = *x.disks
	}
	if err != nil {
		return left(x.d, r.path, err, "settings-not-possible")
	}
	if len(x.diffs) == 0 {
		x.d.Have = strings.Join(x.have, ", ")
		return x.d
	}
	f := v.Host.Files[r.path]
	if err := symlinked(f); err != nil {
		return left(x.d, r.path, err, "file-is-symlink")
	}
	if acl := f.ACLDiffs(); acl != nil {
		x.diffs = append(x.diffs, acl...)
		x.d.Note("list-is-removed", r.path, "its access control list goes when the file is written; an account "+
			"that reads the file by the list has to be put into the file's group")
	}
	x.d.Action, x.d.Reason, x.d.Diffs = step.Update, "options are not as the services need them", x.diffs
	if made == 0 {
		x.d.Action, x.d.Reason = step.Remove, optionsGo
	}
	x.d.Do = x.write()
	return x.d
}

// An editing is one comparison of a file with what its services need.
type editing struct {
	settings
	v       step.View
	in      place.Containers
	d       step.Delta
	file    *osloconf.File
	diffs   []step.FieldDiff
	keeping *want.Keeping
	have    []string // the options that tell where data goes, as they take effect
	serving []want.Serving
	disks   *want.Disks
	owned   map[string]bool // the options that services need
	whole   bool            // the list of stores of Glance goes as a whole
	guarded bool            // VMs must not be on the host when the file is written
}

// services makes the options of all services effective in the file.
func (x *editing) services() error {
	for _, name := range x.Readers(x.path) {
		first, all, err := x.Service(name).Parsed(x.v.Host, x.in)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return refuse("config-missing", "configuration file missing: is %s installed here? "+
				"install it, or take %s off this host's services", name, name)
		case err != nil:
			return refuse("config-unreadable", "cannot be read, so it is left alone: %w", err)
		case x.file == nil:
			x.file = first
		}
		all.Files[slices.Index(all.Files, first)] = x.file
		if name == "nova-compute" && x.Site.Nova != nil {
			pool := x.poolOfDisks(all)
			x.disks = &want.Disks{Host: x.Spec.Name, Now: pool, After: pool}
		}
		var needed []openstack.Setting
		if err = x.keeps(name, all); err == nil {
			needed, err = x.neededBy(name, all)
		}
		if err == nil {
			err = x.edit(name, all, needed)
		}
		if err != nil {
			return err
		}
		for _, f := range openstack.Findings(x.Site.Release, x.Service(name).Service, all) {
			x.d.Note("service-option", x.path+" ["+f.Section+"] "+f.Option, "%s", f.Message)
		}
		if name == "cinder-volume" {
			x.serving = x.serves(all)
		}
		x.have = append(x.have, x.effective(name, all)...)
	}
	return nil
}

// edit makes settings effective in the file, and collects what differed.
func (x *editing) edit(service string, all osloconf.Values, needed []openstack.Setting) error {
	for _, s := range needed {
		x.own(s)
	}
	before := len(x.diffs)
	err := x.setAll(service, all, needed)
	if err == nil && len(x.diffs) > before { // an option that was right may refer to what has been changed
		err = x.setAll(service, all, needed)
	}
	return err
}

func (x *editing) setAll(service string, all osloconf.Values, needed []openstack.Setting) error {
	for _, s := range needed {
		have, ok := all.Text(s.Section, s.Option)
		if (s.Remove && !ok) || (!s.Remove && ok && sameAs(all, s)) {
			continue
		}
		diff := step.FieldDiff{Field: field(s), Observed: have, Desired: s.Value, Why: s.Reason}
		if x.keeping.Keeps(diff) {
			continue
		}
		x.diffs = append(x.diffs, diff)
		if s.Remove {
			x.file.Unset(s.Section, s.Option)
		} else if err := x.file.Set(s.Section, s.Option, s.Value); err != nil {
			return refuse("option-not-settable", "%s: %w", field(s), err)
		}
		if now, _ := all.Text(s.Section, s.Option); !sameAs(all, s) {
			return refuse("settings-overridden", "%s would not take effect: a file that %s reads later overrides it with %q; "+
				"remove the option %s from [%s] of %s", field(s), service, words.Shown(words.Value(field(s), now)), s.Option,
				s.Section, x.overrider(service, s))
		}
	}
	return nil
}

func field(s openstack.Setting) string { return "[" + s.Section + "] " + s.Option }

// overrider names the file, read after the edited file, that sets an option.
func (x *editing) overrider(service string, s openstack.Setting) string {
	l := x.Service(service)
	later := slices.Concat(l.Config[1:], l.DropIns(x.v.Host, x.in))
	for _, path := range slices.Backward(later) {
		f, err := osloconf.Parse(x.v.Host.Files[path].Data)
		if err != nil {
			continue
		}
		if _, ok := f.Lookup(s.Section, s.Option); ok {
			return path
		}
	}
	return "there"
}

// sameAs reports whether a service gets what a setting gives it.
func sameAs(all osloconf.Values, s openstack.Setting) bool {
	text, _ := all.Text(s.Section, s.Option)
	return sameValue(text, s.Value) || sameValue(all.Expand(s.Section, text), all.Expand(s.Section, s.Value))
}

// sameValue compares as oslo.config's types would: booleans without case.
func sameValue(a, b string) bool {
	if a == b {
		return true
	}
	isBool := func(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }
	return isBool(a) && strings.EqualFold(a, b)
}

// write is the step that writes the file, if it still is as it was seen. Owner and
// mode stay. VM disks are looked at once more where they would move.
func (x *editing) write() step.HostStep {
	data := x.file.Bytes()
	s := doing(remote.WriteFile{Path: x.path, Data: data, Was: x.v.Host.Files[x.path].Was()})
	s.Size = len(data)
	section, prefix := x.Site.DiskOptions()
	moves := func(d step.FieldDiff) bool { return d.Field == "["+section+"] "+prefix+"images_type" }
	switch {
	case cloudErr(x.v.Cloud, false) != nil:
	case x.guarded:
		s.Servers = noGuests(x.Spec.Name)
	case slices.ContainsFunc(x.diffs, moves) && x.Stays().Site.Nova == nil:
		s.Servers = noNewGuests(x.v.Cloud.Servers[x.Spec.Name])
	case slices.ContainsFunc(x.diffs, moves):
		s.Servers = x.stillSafe()
	}
	return s
}
