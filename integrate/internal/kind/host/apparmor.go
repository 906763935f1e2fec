package host

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// The rules of AppArmor that confine QEMU: as packaged, as extended by the host's
// administrator, and a folder for packages that add rules.
const (
	qemuProfile = "/etc/apparmor.d/abstractions/libvirt-qemu"
	qemuLocal   = "/etc/apparmor.d/local/abstractions/libvirt-qemu"
	qemuFolder  = "/etc/apparmor.d/abstractions/libvirt-qemu.d"
	qemuOwn     = qemuFolder + "/cephstack"
)

// The lines of cephstack in a file of others.
const (
	rulesBegin = "# BEGIN cephstack: the folders for the sockets and logs of guests' librbd\n"
	rulesEnd   = "# END cephstack\n"
)

// newAppArmor is the rule that lets QEMU reach the folders of guests.
func newAppArmor(n *Node) []step.Resource {
	if g := n.Site.GuestsOn(n.Spec); g != nil {
		return []step.Resource{appArmor{n, *g}}
	}
	return nil
}

// An appArmor is the rule of AppArmor that lets QEMU reach the folders of guests.
type appArmor struct {
	*Node
	guests spec.Guests
}

// ID implements step.Resource.
func (r appArmor) ID() step.ID { return r.Node.ID("apparmor", "libvirt-qemu") }

// Needs implements step.Resource.
func (r appArmor) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (r appArmor) Asks() step.Asks {
	return step.Asks{Host: []remote.Op{remote.ReadFile{Path: qemuProfile}, remote.ReadFile{Path: qemuLocal},
		remote.ReadFile{Path: qemuOwn}}}
}

// Compare implements step.Resource. A host without AppArmor's rules for QEMU needs
// no rule of cephstack. Where no rules can be added, the folders that QEMU cannot reach
// are noted.
func (r appArmor) Compare(v step.View) step.Delta {
	profile, local, own := v.Host.Files[qemuProfile], v.Host.Files[qemuLocal], v.Host.Files[qemuOwn]
	if profile.Missing {
		return step.Delta{}
	}
	for _, f := range []step.File{profile, local, own} {
		if f.Err != nil {
			return step.Delta{Unable: fmt.Errorf("the rules of AppArmor for QEMU cannot be read: %w", f.Err)}
		}
	}
	others, broken := withoutOwn(string(local.Data))
	allowed := func(dir string) bool { return speaksOf(string(profile.Data)+others, dir) }
	dirs := slices.DeleteFunc(guestDirs(r.guests), allowed)
	switch {
	case includes(profile, "abstractions/"+path.Base(qemuFolder)):
		return r.byEntry(r.ownFile(own, dirs))
	case includes(profile, "local/abstractions/"+path.Base(qemuLocal)) && broken:
		return step.Refuse("apparmor-marks-broken", qemuLocal, fmt.Errorf("has lines of cephstack that do not begin or end "+
			"as they did, so it is left alone; remove what is between %q and %q, and these two lines",
			strings.TrimSpace(rulesBegin), strings.TrimSpace(rulesEnd)))
	case includes(profile, "local/abstractions/"+path.Base(qemuLocal)):
		return r.byEntry(r.marked(local, others, dirs))
	}
	var d step.Delta
	for _, dir := range dirs {
		d.Note("apparmor-confines-qemu", dir, "AppArmor keeps QEMU from it, and guests run on without "+
			"their sockets or logs; for them, add \"%s/** rwk,\" to %s and load the profiles of guests anew", dir, qemuLocal)
	}
	return d
}

// ownFile is the Delta of a file of cephstack's own.
func (r appArmor) ownFile(f step.File, dirs []string) step.Delta {
	if len(dirs) == 0 && f.Missing {
		return step.Delta{}
	}
	w := wantedFile{path: qemuOwn, owner: place.Root, group: place.Root, mode: 0o644,
		data: []byte("# Written by cephstack: the folders for the sockets and logs of guests' librbd.\n" + rules(dirs))}
	if string(f.Data) != string(w.data) {
		w.diffs = f.ContentDiffs(w.data)
	}
	d := w.delta(f)
	if d.Do != nil {
		d.Do = doing(remote.Mkdir{Path: qemuFolder, Owner: place.Root, Group: place.Root, Mode: 0o755},
			remote.WriteFile{Path: qemuOwn, Data: w.data, Owner: w.owner, Group: w.group, Mode: w.mode, Was: f.Was()})
	}
	return r.tell(d)
}

// marked is the Delta of the administrator's file, in which cephstack has lines
// between marks and touches no others.
func (r appArmor) marked(f step.File, others string, dirs []string) step.Delta {
	w := wantedFile{path: qemuLocal, owner: place.Root, group: place.Root, mode: 0o644, data: f.Data}
	if !f.Missing {
		w.owner, w.group, w.mode = f.Owner, f.Group, f.Mode
	}
	block := ""
	if len(dirs) > 0 {
		block = rulesBegin + rules(dirs) + rulesEnd
	}
	have := ownLines.FindString(string(f.Data))
	if have == block {
		return step.Delta{}
	}
	text := string(f.Data)
	switch {
	case have != "":
		text = strings.Replace(text, have, block, 1)
	case others != "" && !strings.HasSuffix(others, "\n"):
		text += "\n" + block
	default:
		text += block
	}
	w.data = []byte(text)
	w.diffs = []step.FieldDiff{{Field: "rules", Observed: strings.TrimSpace(have), Desired: strings.TrimSpace(block)}}
	return r.tell(w.delta(f))
}

// tell says what a change of the rules is to guests that run already.
func (r appArmor) tell(d step.Delta) step.Delta {
	if d.Do != nil {
		d.Note("guests-keep-their-rules", d.Name, "libvirt loads the rules of a guest when the guest starts: "+
			"guests that run already keep theirs until they are stopped and started, or live-migrated away and back")
	}
	return d
}

// ownLines are the lines of cephstack in a file of others.
var ownLines = regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(rulesBegin) + `(?:.*\n)*?` + regexp.QuoteMeta(rulesEnd))

// withoutOwn is a text without the lines of cephstack. It is broken where a mark is
// left.
func withoutOwn(text string) (others string, broken bool) {
	if have := ownLines.FindString(text); have != "" {
		text = strings.Replace(text, have, "", 1)
	}
	return text, strings.Contains(text, "BEGIN cephstack") || strings.Contains(text, "END cephstack")
}

// rules are the narrowest rules with which QEMU makes sockets and logs in folders.
func rules(dirs []string) string {
	var text string
	for _, dir := range dirs {
		text += dir + "/** rwk,\n"
	}
	return text
}

// speaksOf reports whether rules of others are about a folder; they may call /run by
// another name.
func speaksOf(text, dir string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "#") && strings.Contains(line, strings.TrimPrefix(dir, "/run")) {
			return true
		}
	}
	return false
}

var includeForm = regexp.MustCompile(`(?m)^\s*#?include\s+(?:if\s+exists\s+)?[<"]([^>"]+)[>"]`)

// includes reports whether a profile includes a file or a folder of /etc/apparmor.d.
func includes(profile step.File, name string) bool {
	for _, m := range includeForm.FindAllStringSubmatch(string(profile.Data), -1) {
		if strings.TrimPrefix(m[1], "/etc/apparmor.d/") == name {
			return true
		}
	}
	return false
}
