package host

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// helperKind is the name of the kind.
const helperKind = "helper"

// newHelper are the helper and its allow-list. The sudo rule is sudoRule.
func newHelper(n *Node) []step.Resource {
	if !n.Site.Helps() {
		return nil
	}
	return []step.Resource{helperFile{n, false}, helperFile{n, true}}
}

// A helperFile is the helper, or its allow-list. Both are written by the first entry: the
// helper never changes them.
type helperFile struct {
	*Node
	list bool
}

// helperIDs are the files of the helper on this host, if the Spec asks for them.
func (n *Node) helperIDs() []step.ID {
	if !n.Site.Helps() {
		return nil
	}
	return []step.ID{n.FileID(helper.Path), n.FileID(helper.AllowPath)}
}

// ID implements step.Resource.
func (r helperFile) ID() step.ID { return r.FileID(r.path()) }

func (r helperFile) path() string {
	if r.list {
		return helper.AllowPath
	}
	return helper.Path
}

// Needs implements step.Resource.
func (r helperFile) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (r helperFile) Asks() step.Asks {
	return step.Asks{Host: []remote.Op{remote.ReadFile{Path: r.path()}, emptyEnv()}}
}

// emptyEnv is what the helper starts with.
func emptyEnv() remote.Run { return remote.Run{Argv: []string{"env", "-S", "-i /bin/true"}} }

// Compare implements step.Resource.
func (r helperFile) Compare(v step.View) step.Delta {
	f := v.Host.Files[r.path()]
	if f.Err != nil {
		return step.Refuse("file-unreadable", r.path(), fmt.Errorf("cannot be read: %w", f.Err))
	}
	if ran := v.Host.Ran(emptyEnv()); !r.list && (ran.Err != nil || ran.Exit != 0) {
		return step.Refuse("helper-unfit", r.path(), fmt.Errorf("the helper cannot start, as env knows no -S (%s): install "+
			"coreutils 8.30 or newer, or put prepare.sudo.narrow in place of prepare.sudo.helper",
			cmp.Or(words.LastWords(ran), fmt.Sprint(ran.Err))))
	}
	w := wantedFile{path: r.path(), owner: place.Root, group: place.Root, mode: 0o755, data: helper.Text()}
	folder := remote.Mkdir{Path: path.Dir(w.path)}
	if r.list {
		folder.Owner, folder.Group, folder.Mode = place.Root, place.Root, 0o755
		w.mode, w.data = 0o644, r.allowed(v)
		w.diffs = lineDiffs(string(f.Data), string(w.data))
	} else if string(f.Data) != string(w.data) {
		d := step.FieldDiff{Field: "content", Desired: words.Digest(string(w.data))}
		if !f.Missing {
			d.Observed = words.Digest(string(f.Data))
		}
		w.diffs = []step.FieldDiff{d}
	}
	d := w.delta(f)
	if d.Do != nil {
		s := doing(folder, remote.WriteFile{Path: w.path, Data: w.data, Owner: w.owner, Group: w.group, Mode: w.mode,
			Was: f.Was()})
		s.Alone, s.Entry, s.Size = true, true, len(w.data)
		d.Do = s
	}
	return d
}

// lineDiffs are the lines that a text has not, or has too many.
func lineDiffs(have, want string) (diffs []step.FieldDiff) {
	split := func(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") }
	had, wanted := split(have), split(want)
	for _, line := range had {
		if line != "" && !slices.Contains(wanted, line) {
			diffs = append(diffs, step.FieldDiff{Field: "allows", Observed: line})
		}
	}
	for _, line := range wanted {
		if !slices.Contains(had, line) {
			diffs = append(diffs, step.FieldDiff{Field: "allows", Desired: line})
		}
	}
	if len(diffs) == 0 && have != want {
		diffs = []step.FieldDiff{{Field: "content", Observed: "other order", Desired: "the order of cephstack"}}
	}
	return diffs
}

// byEntry makes a change go by the first entry where the normal login has the helper alone: a
// change of what root's programs read.
func (n *Node) byEntry(d step.Delta) step.Delta {
	if s, ok := d.Do.(step.HostStep); ok && n.Site.Helps() {
		s.Alone, s.Entry = true, true
		d.Do = s
	}
	return d
}

// An allowing resource tells which operations its change may be, apart from contents. What goes
// by the first entry needs none.
type allowing interface{ allows(step.View) []remote.Op }

// allowed is the allow-list of this host: what its resources ask for, and how they may change.
func (r helperFile) allowed(v step.View) []byte {
	ops := r.probes()
	secrets := false
	for _, resource := range r.comparedHere() {
		asks := resource.Asks()
		ops = append(ops, asks.Host...)
		secrets = secrets || asks.Secrets
		if g, is := resource.(gone); is {
			resource = g.Resource
		}
		if a, ok := resource.(allowing); ok {
			ops = append(ops, a.allows(v)...)
		}
	}
	if slices.Contains(ops, remote.Op(remote.ReadFile{Path: place.OSRelease})) {
		ops = append(ops, remote.ReadFile{Path: "/usr/lib/os-release"}) // the file behind the symlink
	}
	if !secrets || v.Host.AllowSecrets == nil {
		return helper.AllowList(ops)
	}
	var wanted []libvirtsecret.Secret
	for _, u := range r.Site.Before().Secrets { // as they are listed: what retires is looked at, too
		if c := v.Clusters[u.Cluster]; c != nil && c.Status.FSID != "" {
			want, _ := secret{r.Node, u}.desired(v) // what is wrong with the secret is said of that
			wanted = append(wanted, want)
		}
	}
	more, scripts := v.Host.AllowSecrets(wanted)
	return helper.AllowList(append(ops, more...), scripts...)
}

// comparedHere are the resources of this host, and those that are taken back here as long as something retires.
func (n *Node) comparedHere() []step.Resource {
	var all []step.Resource
	for _, k := range Kinds() {
		all = append(all, k.New(n)...)
	}
	has := func(id step.ID) bool {
		return slices.ContainsFunc(all, func(r step.Resource) bool { return r.ID() == id })
	}
	for _, t := range Leaving(n, has) {
		all = append(all, t.Resource)
	}
	return all
}

// allows has what a retirement looks at: by then, the list may not be written any more.
func (r cephConf) allows(step.View) []remote.Op {
	return []remote.Op{remote.Stat{Path: r.adminKeyring()}}
}

func (r keyring) allows(v step.View) []remote.Op {
	owner, group, mode := r.owner()
	if owner == "" { // the file is left alone
		return nil
	}
	f, path := seen(v.Host, r.ID().Name), r.ID().Name
	mine := step.FieldDiff{Field: "mode", Observed: f.Ownership(), Desired: words.Ownership(owner, group, mode)}
	if mine.Observed != mine.Desired && !f.Missing && r.Site.Keeping(r.ID(), "file", path).Keeps(mine) {
		owner, group, mode = f.Owner, f.Group, f.Mode
	}
	return []remote.Op{remote.WriteFile{Path: r.ID().Name, Owner: owner, Group: group, Mode: mode}}
}

func (r guestFolder) allows(v step.View) []remote.Op {
	if r.path == cephRun {
		return []remote.Op{r.op(v.Host, v.Host.Files[r.path])}
	}
	var ops []remote.Op
	for _, account := range [][2]string{{"qemu", "qemu"}, {"libvirt-qemu", "kvm"}} {
		if owner, group, ok := strings.Cut(r.guests.Account, ":"); ok {
			account = [2]string{owner, group}
		}
		ops = append(ops, remote.Mkdir{Path: r.path, Owner: account[0], Group: account[1], Mode: 0o770})
	}
	return ops
}

func (r settings) allows(step.View) []remote.Op {
	return []remote.Op{remote.WriteFile{Path: r.ID().Name}}
}

func (r unit) allows(step.View) []remote.Op {
	ops := []remote.Op{remote.RestartUnit{Unit: r.place.Unit}}
	if ask := r.answers(r.service); ask != nil && len(r.Site.Before().Peers(r.Spec.Name, r.service)) > 0 {
		ops = append(ops, ask)
	}
	return ops
}
