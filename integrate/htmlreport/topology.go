package htmlreport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// A mark says how a target is, in the picture.
type mark struct {
	level level
	word  string
	count int // of changes
}

// A userRow is a row of the table that says the same as the picture.
type userRow struct {
	User, Cluster, For string
	Writes, Reads      []string
	Secret             string
	Hosts              []hostRow
}

// A hostRow is a service that logs in as a user, and where it runs.
type hostRow struct{ Service, Hosts string }

// A hostGroup is the hosts that have the same services.
type hostGroup struct {
	hosts    []spec.Host
	services []string
}

// hostGroups folds hosts that have the same services in the same way.
func (b *builder) hostGroups() []hostGroup {
	var out []hostGroup
	index := map[string]int{}
	for _, h := range b.site.Hosts {
		services := b.site.ServicesOf(h)
		if len(services) == 0 {
			continue
		}
		for i, s := range services {
			if h.StandsBy(s) {
				services[i] += " (stands by)"
			}
		}
		key := fmt.Sprintf("%q %q", b.site.LayoutOf(h), services)
		i, ok := index[key]
		if !ok {
			i = len(out)
			index[key] = i
			out = append(out, hostGroup{services: services})
		}
		out[i].hosts = append(out[i].hosts, h)
	}
	return out
}

func (g hostGroup) names() []string {
	names := make([]string, len(g.hosts))
	for i, h := range g.hosts {
		names[i] = h.Name
	}
	return names
}

// picture draws the cloud, and says the same in a table.
func (b *builder) picture(out *page, fsids map[string]string, marks map[string]mark) {
	if len(b.site.Clusters) == 0 || len(b.site.Users) == 0 {
		return
	}
	groups := b.hostGroups()
	d := &diagram{title: "What the cloud should be", marks: marks}
	for _, g := range groups {
		d.hosts = append(d.hosts, b.hostBox(g))
	}
	for _, c := range b.site.Clusters {
		if len(b.site.UsersIn(c.Name)) > 0 {
			d.clusters = append(d.clusters, b.clusterFrame(c.Name, fsids[c.Name]))
		}
	}
	for _, g := range groups {
		b.logins(d, g)
	}
	for _, u := range b.site.Users {
		write, read := b.site.PoolRights(u.User)
		for _, p := range write {
			d.edges = append(d.edges, arrow{from: userKey(u.User), to: poolKey(u.Cluster, p), kind: "write",
				color: d.color(u.User), says: u.Entity + " reads and writes " + p})
		}
		for _, p := range read {
			d.edges = append(d.edges, arrow{from: userKey(u.User), to: poolKey(u.Cluster, p), kind: "read",
				color: d.color(u.User), says: u.Entity + " reads " + p})
		}
		out.Users = append(out.Users, b.userRow(u.User, groups, fsids))
	}
	d.Desc = fmt.Sprintf("%s, %s, %s, and the services of %s. The table below the picture says the same.",
		counted(len(d.clusters), "cluster"), counted(d.pools(), "pool"), counted(len(b.site.Users), "Ceph user"),
		counted(hostCount(groups), "host"))
	d.lay()
	out.Pictures = []*diagram{d}
}

func hostCount(groups []hostGroup) int {
	n := 0
	for _, g := range groups {
		n += len(g.hosts)
	}
	return n
}

func userKey(u spec.User) string             { return "user " + u.Cluster + " " + u.Entity }
func poolKey(cluster, pool string) string    { return "pool " + cluster + " " + pool }
func rowKey(g hostGroup, name string) string { return "row " + g.hosts[0].Name + " " + name }

// hostBox is a box with a row for each service, and for each secret of libvirt.
func (b *builder) hostBox(g hostGroup) node {
	n := node{key: "host " + g.hosts[0].Name, Title: line(joined(spec.FoldNames(g.names()), 6)),
		Sub: counted(len(g.hosts), "host"), targets: g.names()}
	for _, s := range g.services {
		n.rows = append(n.rows, node{key: rowKey(g, s), Title: s})
		if strings.HasPrefix(s, "nova-compute") {
			for _, u := range b.site.Secrets {
				n.rows = append(n.rows, node{key: rowKey(g, userKey(u)), Title: "libvirt secret of " + u.Name(), quiet: true})
			}
		}
	}
	return n
}

// clusterFrame has the users and the pools of a cluster.
func (b *builder) clusterFrame(name, fsid string) frame {
	f := frame{key: "cluster " + name, Title: line(name), Sub: line(fsid), targets: []string{name}}
	var order []string
	for _, u := range b.site.UsersIn(name) {
		f.users = append(f.users, node{key: userKey(u.User), Title: line(u.Entity),
			Sub: line(strings.Join(b.site.Purposes(u.User), ", "))})
		write, read := b.site.PoolRights(u.User)
		order = append(append(order, write...), read...)
	}
	for _, p := range b.site.Pools[name] {
		f.pools = append(f.pools, node{key: poolKey(name, p.Name), Title: line(p.Name), Sub: line(b.poolSays(name, p.Name))})
	}
	slices.SortStableFunc(f.pools, func(x, y node) int {
		place := func(n node) int {
			return slices.IndexFunc(order, func(p string) bool { return poolKey(name, p) == n.key })
		}
		return place(x) - place(y)
	})
	return f
}

// poolSays is what a pool holds.
func (b *builder) poolSays(cluster, pool string) string {
	var holds []string
	for _, u := range b.site.Uses {
		if u.User.Cluster != cluster {
			continue
		}
		what := ""
		switch pool {
		case u.Pool:
			what = u.What
		case u.DataPool:
			what = "data of " + u.What
		}
		if what != "" && !slices.Contains(holds, what) {
			holds = append(holds, what)
		}
	}
	return strings.Join(holds, ", ")
}

// logins are the lines from the services of some hosts to the users by which they log in.
func (b *builder) logins(d *diagram, g hostGroup) {
	for _, s := range g.services {
		name, _, _ := strings.Cut(s, " ")
		users := b.site.CopiedUsers(name)
		for _, u := range users {
			d.edges = append(d.edges, arrow{from: rowKey(g, s), to: userKey(u), kind: "login", color: d.color(u),
				says: name + " logs in as " + u.Entity + " in " + u.Cluster})
		}
		if name == "nova-compute" {
			for _, u := range b.site.Secrets {
				d.edges = append(d.edges, arrow{from: rowKey(g, userKey(u)), to: userKey(u), kind: "login", color: d.color(u),
					says: "QEMU logs in as " + u.Entity + " in " + u.Cluster})
			}
		}
	}
}

func (b *builder) userRow(u spec.User, groups []hostGroup, fsids map[string]string) userRow {
	write, read := b.site.PoolRights(u)
	row := userRow{User: line(u.Entity), Cluster: line(u.Cluster), For: line(strings.Join(b.site.Purposes(u), ", "))}
	for _, p := range write {
		row.Writes = append(row.Writes, line(p))
	}
	for _, p := range read {
		row.Reads = append(row.Reads, line(p))
	}
	if slices.Contains(b.site.Secrets, u) {
		row.Secret = "its UUID follows from the fsid"
		if fsid := fsids[u.Cluster]; fsid != "" || b.site.NamedSecret(u) != "" {
			row.Secret = line(b.site.SecretUUID(u, fsid))
		}
	}
	for _, g := range groups {
		for _, s := range g.services {
			name, _, _ := strings.Cut(s, " ")
			if slices.Contains(b.site.UsersOn(name), u) {
				row.Hosts = append(row.Hosts, hostRow{s, hostsOf(g.names()).Title})
			}
		}
	}
	return row
}
