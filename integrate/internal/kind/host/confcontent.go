package host

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A confContent is what a ceph.conf should hold, and how that differs from what it
// holds.
type confContent struct {
	data   []byte
	diffs  []step.FieldDiff
	mended bool // Ceph cannot read the file as it is
	pools  []otherDataPool
}

// A contentMemo keeps the content that was worked out last, with all that it was
// worked out from: hosts with the same services mostly have the same file.
type contentMemo struct{ last atomic.Pointer[contentEntry] }

type contentEntry struct {
	from    contentSource
	content confContent
}

// A contentSource is all that the content of a ceph.conf is worked out from.
type contentSource struct {
	site           *want.Site
	cluster        string
	fsid, monitors string
	copy           Copy
	guests         bool          // whether the file needs the options of guests
	open           bool          // whether the cluster tells clients that they need no key
	base           []byte        // the file as it is, or the minimal one of the cluster
	keys           []ceph.Key    // of the users of the copy; zero where a key is not known
	keep           *want.Keeping // what the Spec keeps of this file; nil for nothing
}

func (s contentSource) equal(o contentSource) bool {
	return s.site == o.site && s.cluster == o.cluster && s.fsid == o.fsid && s.monitors == o.monitors &&
		s.guests == o.guests && s.open == o.open && slices.Equal(s.copy.Services, o.copy.Services) &&
		slices.Equal(s.copy.Users, o.copy.Users) && bytes.Equal(s.base, o.base) &&
		slices.EqualFunc(s.keys, o.keys, ceph.Key.Equal)
}

// of is the content for a source.
func (m *contentMemo) of(s contentSource) (confContent, error) {
	if s.keep != nil { // what is kept depends on the host and on the path, too
		return s.edit()
	}
	if e := m.last.Load(); e != nil && e.from.equal(s) {
		return e.content, nil
	}
	content, err := s.edit()
	if err == nil {
		content.diffs = slices.Clip(content.diffs) // those who use it append to them
		m.last.Store(&contentEntry{s, content})
	}
	return content, err
}

// A confEdit is a ceph.conf while its options are set.
type confEdit struct {
	conf  *ceph.Conf
	diffs []step.FieldDiff
	pools []otherDataPool
	keep  *want.Keeping
	unfit []error
}

// set sets an option that has another value.
func (e *confEdit) set(section, option, value string) {
	have, ok := e.conf.Lookup(section, option)
	if ok && have == value {
		return
	}
	field := "[" + section + "] " + option
	diff := step.FieldDiff{Field: field, Observed: have, Desired: value}
	if e.keep.Keeps(diff) {
		return
	}
	if err := e.conf.Set(section, option, value); err != nil {
		e.unfit = append(e.unfit, fmt.Errorf("%s: %w", field, err))
	}
	e.diffs = append(e.diffs, diff)
}

// edit sets the monitors, the options that the Spec gives, and the users' keyrings
// and data pools. What counts is what a client sees: an option in [client] or in the
// client's own section is before [global].
func (s contentSource) edit() (w confContent, err error) {
	conf, err := ceph.ParseConf(s.base)
	if err != nil {
		return w, refuse("conf-not-parsed", "cannot be parsed, so it is left alone: %w", err)
	}
	if fsid, ok := conf.Lookup("global", "fsid"); ok && !strings.EqualFold(fsid, s.fsid) {
		return w, refuse("conf-of-another-cluster", "is the configuration of another cluster (fsid %s, not %s); "+
			"move it away, or give the cluster another name in the Spec", fsid, s.fsid)
	}
	e := &confEdit{conf: conf, keep: s.keep}
	if repairs := conf.Repairs(); len(repairs) > 0 {
		w.mended = true
		e.diffs = append(e.diffs, step.FieldDiff{Field: "form", Observed: strings.Join(repairs, "; "), Desired: readable})
	}
	e.set("global", "fsid", s.fsid)
	if have, _ := conf.Lookup("global", "mon_host"); !sameMonitors(have, s.monitors) {
		s.setMonitors(e, "global", have)
	}
	more := s.site.Cluster(s.cluster).Conf
	for _, section := range slices.Sorted(maps.Keys(more)) {
		for _, option := range slices.Sorted(maps.Keys(more[section])) {
			e.set(section, option, more[section][option])
		}
	}
	for _, u := range s.copy.Users {
		if _, leaves := s.site.Replaced(u); !leaves && u.Cluster == s.cluster {
			s.editFor(e, u)
		}
	}
	if s.guests {
		all := s.site.Prep().Guests.AllOptions()
		for _, option := range slices.Sorted(maps.Keys(all)) {
			e.set("client", option, all[option])
		}
	}
	w.data, w.diffs, w.pools = conf.Render(), e.diffs, e.pools
	if err := errors.Join(e.unfit...); err != nil {
		return w, err
	}
	if err := conf.Fault(); err != nil {
		return w, refuse("conf-not-parsed", "cannot be read by Ceph, so it is left alone; take the character away: %w", err)
	}
	return w, cmp.Or(s.bypassed(conf), s.needsKey(conf))
}

// readable is how a file should be that Ceph cannot read.
const readable = "a file that Ceph reads"

// editFor sets what a user needs. A monitor list of the user's own or of all clients is
// corrected where it stands, unless the Spec has put it there.
func (s contentSource) editFor(e *confEdit, u spec.User) {
	have, section, _ := e.conf.Effective(u.Entity, "mon_host")
	_, ours := s.site.Cluster(s.cluster).Conf[section]["mon_host"]
	if !ours && !sameMonitors(have, s.monitors) {
		s.setMonitors(e, section, have)
	}
	s.setKeyring(e, u)
	s.otherDataPool(e, u)
	if pool := s.site.DataPool(u); pool != "" {
		e.set(u.Entity, "rbd_default_data_pool", pool)
	}
}

// setMonitors sets the monitors. Addresses of which the cluster has none are not kept as found: a client that starts
// with them reaches no monitor, or that of another cluster.
func (s contentSource) setMonitors(e *confEdit, section, have string) {
	keep := e.keep
	if noneOf(have, s.monitors) {
		e.keep = nil
	}
	e.set(section, "mon_host", s.monitors)
	e.keep = keep
}

// setKeyring sets the keyring of a user. Where the client reads another file, that is not kept as found: the client
// would not see its key change.
func (s contentSource) setKeyring(e *confEdit, u spec.User) {
	path, keep := place.KeyringPath(s.cluster, u.Entity), e.keep
	have, _, _ := e.conf.Effective(u.Entity, "keyring")
	kind, id, _ := strings.Cut(u.Entity, ".")
	have = strings.NewReplacer("$cluster", s.cluster, "$name", u.Entity, "$type", kind, "$id", id).Replace(have)
	if have != "" && have != path {
		e.keep = nil
	}
	e.set(u.Entity, "keyring", path)
	e.keep = keep
}

// bypassed is about options of others that take the place of the keyring, or of the
// monitors: a client takes a key from the option key, then from the file that keyfile
// names, and only then from its keyring.
func (s contentSource) bypassed(conf *ceph.Conf) error {
	for i, u := range s.copy.Users {
		if u.Cluster != s.cluster {
			continue
		}
		for _, option := range []string{"key", "keyfile", "monmap", "mon_host_override"} {
			value, section, _ := conf.Effective(u.Entity, option)
			if value == "" {
				continue
			}
			if key, err := ceph.ParseKey(value); option == "key" && err == nil && i < len(s.keys) && key.Equal(s.keys[i]) {
				break // the right key is before a keyfile too
			}
			of := "the keyring"
			if strings.HasPrefix(option, "mon") {
				of = "mon_host"
			}
			return refuse("conf-bypasses", "has the option %s in [%s], which %s takes in place of %s, so the file is left "+
				"alone; remove the option %s from [%s] of this file", option, section, u.Entity, of, option, section)
		}
	}
	return nil
}
