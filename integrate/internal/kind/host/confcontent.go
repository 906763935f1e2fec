package host

import (
	"bytes"
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
)

// A confContent is what a ceph.conf should hold, and how that differs from what it
// holds.
type confContent struct {
	data  []byte
	diffs []step.FieldDiff
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
	guests         bool   // whether the file needs the options of guests
	base           []byte // the file as it is, or the minimal one of the cluster
}

func (s contentSource) equal(o contentSource) bool {
	return s.site == o.site && s.cluster == o.cluster && s.fsid == o.fsid && s.monitors == o.monitors &&
		s.guests == o.guests && slices.Equal(s.copy.Services, o.copy.Services) &&
		slices.Equal(s.copy.Users, o.copy.Users) && bytes.Equal(s.base, o.base)
}

// of is the content for a source.
func (m *contentMemo) of(s contentSource) (confContent, error) {
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

// edit sets the monitors, the options that the Spec gives, and the users' keyrings
// and data pools.
func (s contentSource) edit() (w confContent, err error) {
	conf, err := ceph.ParseConf(s.base)
	if err != nil {
		return w, refuse("conf-not-parsed", "cannot be parsed, so it is left alone: %w", err)
	}
	if fsid, ok := conf.Lookup("global", "fsid"); ok && !strings.EqualFold(fsid, s.fsid) {
		return w, refuse("conf-of-another-cluster", "is the configuration of another cluster (fsid %s, not %s); "+
			"move it away, or give the cluster another name in the Spec", fsid, s.fsid)
	}
	var unfit []error
	set := func(section, option, value string) {
		have, ok := conf.Lookup(section, option)
		if ok && have == value {
			return
		}
		field := "[" + section + "] " + option
		if err := conf.Set(section, option, value); err != nil {
			unfit = append(unfit, fmt.Errorf("%s: %w", field, err))
		}
		w.diffs = append(w.diffs, step.FieldDiff{Field: field, Observed: have, Desired: value})
	}
	set("global", "fsid", s.fsid)
	if have, _ := conf.Lookup("global", "mon_host"); !sameMonitors(have, s.monitors) {
		set("global", "mon_host", s.monitors)
	}
	more := s.site.Cluster(s.cluster).Conf
	for _, section := range slices.Sorted(maps.Keys(more)) {
		for _, option := range slices.Sorted(maps.Keys(more[section])) {
			set(section, option, more[section][option])
		}
	}
	for _, u := range s.copy.Users {
		if u.Cluster == s.cluster {
			set(u.Entity, "keyring", place.KeyringPath(s.cluster, u.Entity))
			if pool := s.site.DataPool(u); pool != "" {
				set(u.Entity, "rbd_default_data_pool", pool)
			}
		}
	}
	if s.guests {
		all := s.site.Prep().Guests.AllOptions()
		for _, option := range slices.Sorted(maps.Keys(all)) {
			set("client", option, all[option])
		}
	}
	w.data = conf.Render()
	return w, errors.Join(unfit...)
}
