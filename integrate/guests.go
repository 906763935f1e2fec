package integrate

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

const (
	guestsFile = "/etc/tmpfiles.d/cephstack-guests.conf"
	// cephRun belongs to Ceph's daemons, whose own tmpfiles.d file keeps
	// everybody else from entering it.
	cephRun = "/run/ceph"
)

// The rules that confine QEMU, as packaged and as extended by the host's
// administrator.
const (
	qemuProfile      = "/etc/apparmor.d/abstractions/libvirt-qemu"
	qemuProfileLocal = "/etc/apparmor.d/local/abstractions/libvirt-qemu"
)

// guestFolders are those that the options name, sorted. /var/run is /run.
func guestFolders(g spec.Guests) []string {
	var dirs []string
	all := g.AllOptions()
	for _, option := range []string{"admin_socket", "log_file"} {
		if all[option] == "" {
			continue
		}
		dir := path.Dir(all[option])
		if rest, ok := strings.CutPrefix(dir, "/var/run/"); ok {
			dir = "/run/" + rest
		}
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return dirs
}

// guestsOn is what a host's guests need; nil when nothing is asked for there.
func (s *site) guestsOn(h spec.Host) *spec.Guests {
	if !slices.Contains(s.servicesOf(h), "nova-compute") {
		return nil
	}
	return s.prepare().Guests
}

// guestLooks reads what guests has to know.
func (s *site) guestLooks(h spec.Host) []remote.Op {
	g := s.guestsOn(h)
	if g == nil {
		return nil
	}
	ops := []remote.Op{remote.ReadFile{Path: guestsFile}, remote.ReadFile{Path: qemuProfile}, remote.ReadFile{Path: qemuProfileLocal}, remote.Stat{Path: cephRun}}
	for _, dir := range guestFolders(*g) {
		ops = append(ops, remote.Stat{Path: dir})
	}
	return ops
}

// A wantedDir is a folder as it should be; an empty owner is whoever has it.
type wantedDir struct {
	owner, group string
	mode         fs.FileMode
	reason       string
}

// guestDirs are the folders for guests on this host, by path. The one of
// Ceph's daemons only has to let QEMU through.
func (x *hostDiffer) guestDirs() map[string]wantedDir {
	g := x.site.guestsOn(x.spec)
	if g == nil {
		return nil
	}
	owner, group := x.qemuAccount(*g)
	dirs := map[string]wantedDir{}
	for _, dir := range guestFolders(*g) {
		dirs[dir] = wantedDir{owner, group, 0o770, "guests write there"}
		if strings.HasPrefix(dir, cephRun+"/") {
			mode := fs.FileMode(0o771)
			if f := x.seen.files[cephRun]; f.Kind == "dir" {
				mode = f.Mode | 0o001
			}
			dirs[cephRun] = wantedDir{"", "", mode, "guests go through it"}
		}
	}
	return dirs
}

func (x *hostDiffer) qemuAccount(g spec.Guests) (owner, group string) {
	if owner, group, ok := strings.Cut(g.Account, ":"); ok {
		return owner, group
	}
	if x.seen.distribution().family == familyRPM {
		return "qemu", "qemu"
	}
	return "libvirt-qemu", "kvm"
}

// guests plans the folders for guests, and the file that makes them again.
func (x *hostDiffer) guests() {
	dirs := x.guestDirs()
	if dirs == nil {
		return
	}
	var made []string
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		made = append(made, x.guestDir(dir, dirs[dir]))
		x.confined(dir)
	}
	w, err := x.guestsTmpfiles()
	if err != nil {
		x.problem(x.spec.Name, guestsFile, err, "cannot be read, so it is left alone: %v", err)
		return
	}
	x.file(guestsFile, w, made...)
}

// guestDir plans one folder, and gives its change's ID.
func (x *hostDiffer) guestDir(dir string, want wantedDir) string {
	f, id := x.seen.files[dir], x.id(KindDirectory, dir)
	packages := x.packagesID()
	desired := strings.TrimPrefix(want.owner+":"+want.group+" ", ": ") + octal(want.mode)
	switch {
	case f.err != nil:
		x.problem(x.spec.Name, dir, f.err, "cannot be read: %v", f.err)
	case f.missing:
		x.change(KindDirectory, Create, dir, want.reason, []FieldDiff{{"mode", "", desired}}, packages)
	case f.Kind != "dir":
		x.problem(x.spec.Name, dir, nil, "is a %s, not a folder; move it away, or name another place in prepare.guests.options", f.Kind)
	default:
		have := octal(f.Mode)
		if want.owner != "" {
			have = f.Owner + ":" + f.Group + " " + have
		}
		if have != desired {
			x.change(KindDirectory, Update, dir, want.reason, []FieldDiff{{"mode", have, desired}}, packages)
		}
	}
	return id
}

// guestsTmpfiles is the file that makes the folders at boot. The mode of the
// daemons' folder is a line of another type (z) than theirs (d), so that both count.
func (x *hostDiffer) guestsTmpfiles() (wantedFile, error) {
	w := wantedFile{owner: rootName, group: rootName, mode: 0o644}
	f := x.seen.files[guestsFile]
	if f.err != nil {
		return w, f.err
	}
	text := "# Written by cephstack: folders for the sockets and logs of guests' librbd.\n"
	dirs := x.guestDirs()
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		d := dirs[dir]
		if d.owner == "" {
			text += "z " + dir + " 0771 - - -\n"
			continue
		}
		text += "d " + dir + " " + octal(d.mode) + " " + d.owner + " " + d.group + " -\n"
	}
	w.data = []byte(text)
	if string(f.data) != text {
		w.diffs = contentDiff(f, w.data)
	}
	return w, nil
}

// contentDiff tells that a file of ours is not as it should be.
func contentDiff(have observedFile, want []byte) []FieldDiff {
	old := ""
	if !have.missing {
		old = "other content"
	}
	return []FieldDiff{{"content", old, strings.TrimRight(string(want), "\n")}}
}

// confined notes that AppArmor keeps QEMU from a folder.
func (x *hostDiffer) confined(dir string) {
	profile, local := x.seen.files[qemuProfile], x.seen.files[qemuProfileLocal]
	if dir == cephRun || profile.missing || profile.err != nil || strings.Contains(string(profile.data)+string(local.data), strings.TrimPrefix(dir, "/run")) {
		return
	}
	x.note(x.spec.Name, dir, "AppArmor keeps QEMU from it, and guests run on without their sockets or logs; "+
		"for them, add \"%s/** rwk,\" to %s and load the profiles of guests anew", dir, qemuProfileLocal)
}

// tuning sets the options for guests in a cluster's configuration.
func (x *hostDiffer) tuning(set func(section, option, value string)) {
	g := x.site.guestsOn(x.spec)
	if g == nil {
		return
	}
	all := g.AllOptions()
	for _, option := range slices.Sorted(maps.Keys(all)) {
		set("client", option, all[option])
	}
}

// op makes the folder, or only gives it the owner and mode.
func (d wantedDir) op(dir string) remote.Op {
	return remote.Mkdir{Path: dir, Owner: d.owner, Group: d.group, Mode: d.mode}
}
