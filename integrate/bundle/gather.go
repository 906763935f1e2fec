package bundle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// gathered is what hosts and clusters told.
type gathered struct {
	files    []file
	secrets  []string
	told     string // which hosts were asked, and how that went
	clusters string // the versions of the clusters
}

// gather asks the clusters and the hosts. It takes no longer than Options allow.
func (c Contents) gather(ctx context.Context, o Options) *gathered {
	g := &gathered{}
	names := c.concerned()
	if ctx.Err() != nil {
		g.told = "No host was asked: the run was ended.\n"
		return g
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	site := want.Resolve(c.Spec)
	g.ask(ctx, c, site)
	var b strings.Builder
	if len(names) > o.Hosts {
		fmt.Fprintf(&b, "%d hosts were not asked, as that would be too many: %s\n", len(names)-o.Hosts,
			strings.Join(spec.FoldNames(names[o.Hosts:]), ", "))
		names = names[:o.Hosts]
	}
	type answer struct {
		files   []file
		secrets []string
	}
	ask := func(ctx context.Context, name string) (answer, error) {
		host, entry := c.World.Hosts[name], c.World.Entries[name]
		if host == nil || len(site.ServicesOf(site.Host(name))) == 0 {
			return answer{}, errors.New("the host has no services to ask for")
		}
		q := newQuestion(site, site.Host(name), o)
		files, secrets, err := q.host(ctx, host, o)
		if err != nil && entry != nil { // the login may not be let in yet, or not be root
			files, secrets, err = q.host(ctx, entry, o)
		}
		return answer{files, secrets}, err
	}
	left := o.TotalBytes
	var kept kept
	for _, a := range remote.Each(ctx, names, o.Parallel, ask) {
		if !kept.take(a.Value.secrets) && a.Err == nil {
			a.Err = errTooMany
		}
		if a.Err != nil {
			fmt.Fprintf(&b, "%s: %v\n", a.Name, a.Err)
			continue
		}
		fmt.Fprintf(&b, "%s: asked\n", a.Name)
		for _, f := range a.Value.files {
			if left -= len(f.text); left < 0 {
				f.text = "(left out, as the bundle would be too large)\n"
			}
			g.files = append(g.files, file{path.Join("hosts", a.Name, f.name), f.text})
		}
	}
	g.secrets = append(g.secrets, kept.all...)
	g.told = b.String()
	return g
}

// kept are the secrets of all hosts.
type kept struct {
	all  []string
	seen map[string]bool
	size int // bytes
}

// take keeps secrets. It reports whether there was room for them.
func (k *kept) take(secrets []string) bool {
	const most = 8 * mostBytes
	if k.seen == nil {
		k.seen = map[string]bool{}
	}
	for _, secret := range secrets {
		if k.size <= most && !k.seen[secret] {
			k.seen[secret] = true
			k.size += len(secret)
			k.all = append(k.all, secret)
		}
	}
	return k.size <= most
}

// ask asks the clusters for their versions, and for the keys of the users of the Spec, which are secrets.
func (g *gathered) ask(ctx context.Context, c Contents, site *want.Site) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.World.Clusters)) {
		mon := c.World.Clusters[name].Mon
		if mon == nil {
			continue
		}
		cluster := ceph.New(mon)
		status, err := cluster.Status(ctx)
		if err != nil {
			fmt.Fprintf(&b, "ceph: cluster %s did not tell: %v\n", name, err)
		} else {
			fmt.Fprintf(&b, "ceph: cluster %s: fsid %s, %s, %s\n", name, status.FSID, status.Release, status.Health)
		}
		for _, u := range site.UsersIn(name) {
			if user, err := cluster.User(ctx, u.Entity); err == nil {
				g.secrets = append(g.secrets, user.Key.Reveal())
			}
		}
	}
	g.clusters = b.String()
}
