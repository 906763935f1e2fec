package integrate

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/cephstack/cephstack/ceph"
)

// A confContent is what a ceph.conf should hold, and how that differs from
// what it holds.
type confContent struct {
	data  []byte
	diffs []FieldDiff
}

// A confMemo keeps the content that was worked out last, with all that it was
// worked out from: hosts with the same services mostly have the same file.
type confMemo struct{ last atomic.Pointer[confEntry] }

type confEntry struct {
	cluster string
	place   place
	base    []byte
	content confContent
}

func (e *confEntry) of(p place, cluster string, base []byte) bool {
	return e != nil && e.cluster == cluster && slices.Equal(e.place.services, p.services) && slices.Equal(e.place.users, p.users) && bytes.Equal(e.base, base)
}

// confContent is a ceph.conf made from base for the services of a place.
func (x *hostDiffer) confContent(p place, cluster string, base []byte) (confContent, error) {
	if e := x.conf.last.Load(); e.of(p, cluster, base) {
		return e.content, nil
	}
	content, err := x.editConf(p, cluster, base)
	if err == nil {
		content.diffs = slices.Clip(content.diffs) // many append to them
		x.conf.last.Store(&confEntry{cluster, place{services: p.services, users: p.users}, base, content})
	}
	return content, err
}

// editConf sets the monitors, the options that the Spec gives, and the users'
// keyrings and data pools.
func (x *hostDiffer) editConf(p place, cluster string, base []byte) (w confContent, err error) {
	c := x.o.clusters[cluster]
	conf, err := ceph.ParseConf(base)
	if err != nil {
		return w, fmt.Errorf("cannot be parsed, so it is left alone: %w", err)
	}
	if fsid, ok := conf.Lookup("global", "fsid"); ok && !strings.EqualFold(fsid, c.status.FSID) {
		return w, fmt.Errorf("is the configuration of another cluster (fsid %s, not %s); move it away, or give the cluster another name in the Spec", fsid, c.status.FSID)
	}
	set := func(section, option, value string) {
		have, ok := conf.Lookup(section, option)
		if !ok || have != value {
			conf.Set(section, option, value)
			w.diffs = append(w.diffs, FieldDiff{"[" + section + "] " + option, have, value})
		}
	}
	set("global", "fsid", c.status.FSID)
	if have, _ := conf.Lookup("global", "mon_host"); !sameMonitors(have, c.mons) {
		set("global", "mon_host", c.mons)
	}
	more := x.site.cluster(cluster).Conf
	for _, section := range slices.Sorted(maps.Keys(more)) {
		for _, option := range slices.Sorted(maps.Keys(more[section])) {
			set(section, option, more[section][option])
		}
	}
	for _, id := range p.users {
		if id.Cluster == cluster {
			set(id.Entity, "keyring", keyringPath(cluster, id.Entity))
			if pool := x.site.dataPool(id); pool != "" {
				set(id.Entity, "rbd_default_data_pool", pool)
			}
		}
	}
	x.tuning(set)
	w.data = conf.Render()
	return w, nil
}
