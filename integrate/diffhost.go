package integrate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
)

// hostDiffer compares one host.
type hostDiffer struct {
	*differ
	spec     spec.Host
	names    []string    // services
	users    []spec.User // the Ceph users whose keyrings this host needs
	seen     *observedHost
	places   []place
	blocked  map[string]string // clusters whose files may not be written here, and the file that is why
	needed   []string          // what all other changes of the host need
	brokenBy map[string]bool   // services whose configuration has a problem
	install  string            // the ID of the change that installs packages, once it was asked for
}

// host compares a host, in a plan of its own.
func (d *differ) host(h spec.Host, seen *observedHost) *differ {
	d = d.part()
	if seen.err != nil {
		d.problem(h.Name, "", seen.err, "cannot be read, so nothing is planned for it: %v%s", seen.err, advice(seen.err))
		return d
	}
	x := d.on(h, seen)
	if !x.wayIn() {
		return d
	}
	if x.repository() {
		x.packages()
		x.upgrade()
	}
	x.containers()
	x.releases()
	x.directories()
	x.files()
	x.guests()
	x.settings()
	x.units()
	x.undone()
	return d
}

// on looks at one host.
func (d *differ) on(h spec.Host, seen *observedHost) *hostDiffer {
	names := d.site.servicesOf(h)
	x := &hostDiffer{differ: d, spec: h, names: names, users: d.site.usersOf(names), seen: seen,
		blocked: map[string]string{}, brokenBy: map[string]bool{}}
	x.places = x.newPlaces()
	return x
}

// files plans what services need to log in: ceph.conf, keyrings and libvirt's
// secrets.
func (x *hostDiffer) files() {
	for _, p := range x.places {
		for _, cluster := range p.clusters {
			x.clusterConf(p, cluster)
		}
	}
	for _, p := range x.places {
		for _, id := range p.users {
			x.keyring(p, id)
		}
	}
	if !slices.Contains(x.names, "nova-compute") || x.unfitContainer("nova-compute") != nil {
		return
	}
	for _, id := range x.site.secrets {
		x.secret(id)
		x.secretFiles(id)
	}
}

func (x *hostDiffer) change(kind Kind, action Action, name, reason string, diffs []FieldDiff, needs ...string) {
	x.add(Change{Stage: stageOf(x.spec), Kind: kind, Action: action, Target: x.spec.Name, Name: name, Reason: reason, Diffs: diffs}, append(needs, x.needed...)...)
}

func (x *hostDiffer) id(kind Kind, name string) string { return changeID(kind, x.spec.Name, name) }

func (x *hostDiffer) packages() {
	missing := x.missingPackages(x.names...)
	if len(missing) == 0 {
		return
	}
	list := strings.Join(missing, " ")
	if x.site.spec.Packages != "install" {
		x.problem(x.spec.Name, "packages", nil, "not installed: %s; install them, or say packages: install in the Spec", list)
		for _, name := range x.names {
			x.brokenBy[name] = len(x.missingPackages(name)) > 0
		}
		return
	}
	x.change(KindPackages, Create, list, "not installed", nil, x.repositoryID())
}

// packagesID is the ID of the change that installs what is missing, if there is one.
func (x *hostDiffer) packagesID() string {
	if x.install == "" {
		x.install = x.id(KindPackages, strings.Join(x.missingPackages(x.names...), " "))
	}
	return x.install
}

// missingPackages lists what services need and the host has none of.
func (x *hostDiffer) missingPackages(names ...string) []string {
	var missing []string
	for _, name := range names {
		for _, p := range x.service(name).packages {
			any := alternatives(p)
			have := slices.ContainsFunc(any, func(p string) bool { return x.seen.packages[p] != "" })
			if !have && !slices.Contains(missing, any[0]) {
				missing = append(missing, any[0])
			}
		}
	}
	slices.Sort(missing)
	return missing
}

func (x *hostDiffer) directory() {
	f := x.seen.files[cephDir]
	switch {
	case f.err != nil:
		x.problem(x.spec.Name, cephDir, f.err, "cannot be read: %v", f.err)
	case f.missing:
		x.change(KindDirectory, Create, cephDir, "the folder does not exist", []FieldDiff{{"mode", "", "root:root 0755"}})
	case f.Kind != "dir":
		x.problem(x.spec.Name, cephDir, nil, "is a %s, not a folder; move it away", f.Kind)
	case f.Mode&0o005 != 0o005:
		x.change(KindDirectory, Update, cephDir, "services cannot enter it", []FieldDiff{{"mode", octal(f.Mode), octal(f.Mode | 0o055)}})
	}
}

func octal(m fs.FileMode) string { return fmt.Sprintf("%04o", uint32(m.Perm())) }

// clusterConf plans the cluster's ceph.conf, once per place and cluster.
func (x *hostDiffer) clusterConf(p place, cluster string) {
	path := p.conf(cluster)
	if x.blocked[cluster] != "" || x.ids[x.id(KindFile, path)] {
		return
	}
	c := x.o.clusters[cluster]
	if c.err != nil { // said once for the cluster
		x.blocked[cluster] = path
		return
	}
	want, err := x.desiredConf(p, cluster)
	if err != nil {
		x.blocked[cluster] = path
		x.problem(x.spec.Name, path, err, "%v", err)
		return
	}
	x.file(path, want)
}

// desiredConf is the ceph.conf that this host should have: the present one
// with the monitors and the users' keyring lines set.
func (x *hostDiffer) desiredConf(p place, cluster string) (wantedFile, error) {
	c := x.o.clusters[cluster]
	f := x.seen.files[p.conf(cluster)]
	if f.err != nil {
		return wantedFile{}, fmt.Errorf("cannot be read: %w", f.err)
	}
	w := wantedFile{owner: rootName, group: rootName, mode: 0o644}
	base := c.conf
	if !f.missing {
		base, w.owner, w.group, w.mode = f.data, f.Owner, f.Group, f.Mode|0o444
	}
	if p.kolla != nil { // a copy is made for the service, by root
		w = x.kollaMode(p.kolla.folder, f, 0o660)
	}
	if p.kolla == nil && w.mode != f.Mode && !f.missing && holdsSecret.Match(base) {
		return w, fmt.Errorf("is not readable for the services (mode %s) and seems to hold passwords or keys, so its mode is left alone; move those out of it, or give the services a group that reads it", octal(f.Mode))
	}
	content, err := x.confContent(p, cluster, base)
	w.data, w.diffs = content.data, content.diffs
	return w, err
}

var holdsSecret = regexp.MustCompile(`(?mi)^\s*([a-z0-9_ -]*(password|secret)[a-z0-9_ -]*|key)\s*=`)

// A wantedFile is a file as it should be. Unchanged data is nil where only
// owner, group or mode matter.
type wantedFile struct {
	data         []byte
	owner, group string
	mode         fs.FileMode
	diffs        []FieldDiff // of the content
}

// file plans a file: created, rewritten, or given its owner and mode.
func (x *hostDiffer) file(path string, w wantedFile, needs ...string) {
	f, ok := x.seen.files[path]
	needs = append(needs, x.id(KindDirectory, parentDir(path)), x.packagesID())
	if f.missing || !ok {
		diffs := append(w.diffs, FieldDiff{"mode", "", w.owner + ":" + w.group + " " + octal(w.mode)})
		x.change(KindFile, Create, path, "the file does not exist", diffs, needs...)
		return
	}
	diffs := w.diffs
	have, want := f.Owner+":"+f.Group+" "+octal(f.Mode), w.owner+":"+w.group+" "+octal(w.mode)
	reason := "its content is not as needed"
	if have != want {
		diffs = append(diffs, FieldDiff{"mode", have, want})
		if len(w.diffs) == 0 {
			reason = "its owner or mode is not as needed"
		}
	}
	if len(diffs) > 0 {
		x.change(KindFile, Update, path, reason, diffs, needs...)
	}
}

func (x *hostDiffer) keyring(p place, id spec.User) {
	path := p.keyring(id)
	if x.blocked[id.Cluster] != "" || x.foreign[id] != "" || x.bad[userKey(id)] {
		return
	}
	w, err := x.desiredKeyring(p, id)
	if err != nil {
		x.problem(x.spec.Name, path, err, "%v", err)
		for _, name := range p.services {
			x.brokenBy[name] = x.brokenBy[name] || slices.Contains(x.site.usersOn(name), id)
		}
		return
	}
	x.unreadable(p, id)
	x.file(path, w, changeID(KindUser, id.Cluster, id.Entity))
}

// desiredKeyring is a user's keyring file on this host. As long as the user
// has no key yet, its data is nil.
func (x *hostDiffer) desiredKeyring(p place, id spec.User) (wantedFile, error) {
	f := x.seen.files[p.keyring(id)]
	if f.err != nil {
		return wantedFile{}, fmt.Errorf("cannot be read: %w", f.err)
	}
	var w wantedFile
	if p.kolla != nil {
		w = x.kollaMode(p.kolla.folder, f, 0o660)
	} else {
		w.owner, w.group, w.mode = x.keyringOwner(id)
	}
	key, known := x.o.key(id)
	if known && p.kolla == nil {
		if err := x.reads(id, key); err != nil {
			return w, err
		}
	}
	have := ""
	if !f.missing {
		ring, err := ceph.ParseKeyring(f.data)
		if err != nil {
			return w, fmt.Errorf("is no keyring, so it is left alone; move it away: %w", err)
		}
		for _, u := range ring.Users {
			if u.Entity != id.Entity {
				return w, fmt.Errorf("holds the key of %s too, so it is left alone; give each user a file of its own", u.Entity)
			}
		}
		user, ok := ring.Lookup(id.Entity)
		if known && ok && user.Key.Equal(key) {
			w.data = f.data
			return w, nil
		}
		have = digest(user.Key.Reveal())
	}
	want := "of the new user"
	if known {
		want = digest(key.Reveal())
		w.data = ceph.Keyring{Users: []ceph.User{{Entity: id.Entity, Key: key}}}.Render()
	}
	w.diffs = []FieldDiff{{"key", have, want}}
	return w, nil
}

// keyringOwner makes a keyring readable for the services on this host that
// log in with it, and for nobody else: root owns it and the service's group
// reads it; where two accounts need it, one owns it and the other's group
// reads it.
func (x *hostDiffer) keyringOwner(id spec.User) (owner, group string, mode fs.FileMode) {
	var accounts []string
	for _, name := range x.names {
		if a := x.service(name).account; slices.Contains(x.site.usersOn(name), id) && !slices.Contains(accounts, a) {
			accounts = append(accounts, a)
		}
	}
	slices.Sort(accounts)
	if len(accounts) == 1 {
		return rootName, accounts[0], 0o640
	}
	return accounts[0], accounts[1], 0o440
}

// digest makes a secret comparable in a plan without showing it.
func digest(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("cephstack plan " + secret))
	return "sha256:" + hex.EncodeToString(sum[:4])
}

func (x *hostDiffer) secret(id spec.User) {
	if x.blocked[id.Cluster] != "" || x.o.clusters[id.Cluster].err != nil || x.foreign[id] != "" || x.bad[userKey(id)] {
		return
	}
	want, err := x.desiredSecret(id)
	if err != nil {
		x.problem(x.spec.Name, "secret of "+id.Entity, err, "%v", err)
		x.brokenBy["nova-compute"] = true
		return
	}
	needs := []string{changeID(KindUser, id.Cluster, id.Entity)}
	i := slices.IndexFunc(x.seen.secrets, func(s libvirtsecret.Secret) bool { return s.UUID == want.UUID })
	value := digest(want.Value.Reveal())
	if want.Value.IsZero() {
		value = "of the new user"
	}
	if i < 0 {
		x.change(KindSecret, Create, want.UUID, "the libvirt secret is not defined",
			[]FieldDiff{{"usage", "", want.UsageID}, {"value", "", value}}, needs...)
		return
	}
	have := x.seen.secrets[i]
	if have.Private || (!want.Value.IsZero() && have.Value.Equal(want.Value)) {
		return
	}
	x.change(KindSecret, Update, want.UUID, "its value is not the user's key",
		[]FieldDiff{{"value", digest(have.Value.Reveal()), value}}, needs...)
}

// desiredSecret is the libvirt secret for a Ceph user on this compute: one
// with the right UUID is adopted with the usage it has; another one with the
// same usage is a conflict.
func (x *hostDiffer) desiredSecret(id spec.User) (libvirtsecret.Secret, error) {
	if x.seen.secretErr != nil {
		return libvirtsecret.Secret{}, fmt.Errorf("libvirt's secrets cannot be read: %w%s", x.seen.secretErr, advice(x.seen.secretErr))
	}
	fsid := x.o.clusters[id.Cluster].status.FSID
	want := libvirtsecret.Secret{
		UUID: x.uuids[id], UsageID: libvirtsecret.UsageID(fsid, id.Entity),
		Description: "CephX key of " + id.Entity + ", cluster " + id.Cluster,
	}
	if key, ok := x.o.key(id); ok {
		value, err := libvirtsecret.ParseValue(key.Reveal())
		if err != nil {
			return want, err
		}
		want.Value = value
	}
	for _, s := range x.seen.secrets {
		if s.UUID == want.UUID {
			want.UsageID, want.Description, want.Private, want.Ephemeral = s.UsageID, s.Description, s.Private, s.Ephemeral
			return want, nil
		}
	}
	for _, s := range x.seen.secrets {
		if s.UsageID == want.UsageID {
			return want, fmt.Errorf("%w: secret %s has the usage %q already; say secret_uuid: %s in the Spec to adopt it",
				libvirtsecret.ErrConflict, s.UUID, s.UsageID, s.UUID)
		}
	}
	return want, nil
}

// secretUUID is the one UUID of a user's secret, the same on every compute.
func (s *site) secretUUID(id spec.User, fsid string) string {
	if given := s.givenUUID(id); given != "" {
		return given
	}
	return libvirtsecret.DeriveUUID(fsid, id.Entity)
}

var errMissingConfig = errors.New("configuration file missing")
