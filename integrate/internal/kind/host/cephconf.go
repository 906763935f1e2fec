package host

import (
	"regexp"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// newConfs are the ceph.conf files of a host, one for each cluster in each copy of
// Ceph's files.
func newConfs(n *Node, memo *contentMemo) []step.Resource {
	var all []step.Resource
	for _, c := range n.Copies() {
		for _, name := range c.Clusters {
			all = append(all, cephConf{n, c, name, memo})
		}
	}
	return all
}

// A cephConf is a cluster's ceph.conf in a copy of Ceph's files. cephstack owns the
// options in it that it sets, and no others.
type cephConf struct {
	*Node
	copy    Copy
	cluster string
	memo    *contentMemo
}

// ID implements step.Resource.
func (r cephConf) ID() step.ID { return r.ConfID(r.copy, r.cluster) }

// Needs implements step.Resource.
func (r cephConf) Needs() []step.ID {
	return []step.ID{cluster.ID(r.cluster), r.folderID(r.copy)}
}

// Asks implements step.Resource.
func (r cephConf) Asks() step.Asks {
	asks := step.Asks{Host: r.asks(r.copy, spec.ConfPath(r.cluster))}
	if r.Site.Rest != nil {
		asks.Host = append(asks.Host, remote.Stat{Path: r.adminKeyring()})
		if !r.Site.Helps() { // an allow-list that is on the hosts already does not have the folder
			asks.Host = append(asks.Host, remote.ReadDir{Path: spec.CephDir, Suffix: keyringSuffix})
		}
	}
	return asks
}

// Compare implements step.Resource. The container of libvirt has no ceph.conf unless
// its config.json copies that. Root's programs of Ceph write logs where a ceph.conf says.
func (r cephConf) Compare(v step.View) step.Delta {
	if d, unfit := r.unfit(v, r.copy.Services[0]); unfit {
		return d
	}
	path, ok := r.copy.Path(r.Site.Containers(v.Host), spec.ConfPath(r.cluster))
	if !ok {
		return step.Delta{}
	}
	f := seen(v.Host, path)
	keep := r.Site.Keeping(r.ID(), "file", path)
	w, err := r.desired(v, f, keep)
	if err != nil {
		return left(step.Delta{Name: path}, path, err, "conf-unfit")
	}
	w.path, w.keep = path, keep
	d := w.delta(f)
	if r.copy.Kolla == nil {
		noteMode(&d, f, r.accounts())
	}
	d = r.byEntry(d)
	r.notesDataPools(&d, w.pools)
	return d
}

// desired is the file with the monitors and the users' keyring lines set. All
// services may read it.
func (r cephConf) desired(v step.View, f step.File, keep *want.Keeping) (wantedFile, error) {
	c := v.Clusters[r.cluster]
	if f.Err != nil {
		return wantedFile{}, refuse("conf-unreadable", "cannot be read: %w", f.Err)
	}
	if n := len(f.Data); n > longestConf {
		return wantedFile{}, refuse("conf-not-parsed", "has %d bytes, and more than %d are not a ceph.conf that somebody "+
			"wrote; look at what fills the file", n, longestConf)
	}
	w := wantedFile{owner: place.Root, group: place.Root, mode: 0o644}
	base := c.Conf
	if !f.Missing {
		base, w.owner, w.group, w.mode = f.Data, f.Owner, f.Group, f.Mode|0o444
	}
	if r.copy.Kolla != nil { // root makes a copy for the service
		w = inKolla(v.Host, *r.copy.Kolla, f, 0o660)
	} else if w.mode != f.Mode && !f.Missing && holdsSecret.Match(base) {
		return w, refuse("conf-holds-secrets", "is not readable for the services (mode %s) and seems to hold "+
			"passwords or keys, so its mode is left alone; move those out of it, "+
			"or give the services a group that reads it", words.Octal(f.Mode))
	}
	from := contentSource{site: r.Site, cluster: r.cluster, fsid: c.Status.FSID, monitors: c.Monitors,
		copy: r.copy, guests: r.Site.GuestsOn(r.Spec) != nil, open: withoutKeys(c.Conf), base: base, keys: r.keys(v)}
	if keep.Any() && !f.Missing {
		from.keep = keep
	}
	content, err := r.memo.of(from)
	w.data, w.diffs, w.pools = content.data, content.diffs, content.pools
	w.mended = content.mended && !f.Missing
	return w, err
}

// accounts are those that read the file, sorted.
func (r cephConf) accounts() (all []string) {
	for _, name := range r.copy.Services {
		if a := r.Service(name).Account; !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	slices.Sort(all)
	return all
}

// keys are the keys of the users that this file is for, as far as they are known.
func (r cephConf) keys(v step.View) []ceph.Key {
	var all []ceph.Key
	for _, u := range r.copy.Users {
		key, _ := v.Key(r.cluster, u.Entity)
		all = append(all, key)
	}
	return all
}

// longestConf bounds the work for a file that nobody wrote by hand.
const longestConf = 1 << 20

var holdsSecret = regexp.MustCompile(`(?mi)^\s*([a-z0-9_ -]*(password|secret)[a-z0-9_ -]*|key)\s*=`)
