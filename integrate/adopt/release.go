package adopt

import (
	"cmp"
	"errors"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// vote is what most have: the most frequent key, and of equally frequent keys the first one. The others are the hosts
// with other keys.
func vote[T any](all []T, key func(T) string) (most string, others []T) {
	count := map[string]int{}
	var order []string
	for _, v := range all {
		k := key(v)
		if count[k] == 0 {
			order = append(order, k)
		}
		count[k]++
	}
	for _, k := range order {
		if most == "" || count[k] > count[most] {
			most = k
		}
	}
	for _, v := range all {
		if key(v) != most {
			others = append(others, v)
		}
	}
	return most, others
}

// findRelease finds the release that most services are of.
func (a *adopting) findRelease() error {
	type telling struct{ host, release string }
	var told []telling
	for _, h := range a.hosts {
		for _, name := range spec.ServiceNames() {
			if s := h.services[name]; s != nil {
				if r := cmp.Or(s.release, h.deployed); r != "" {
					told = append(told, telling{h.Name, r})
				}
			}
		}
	}
	most, others := vote(told, func(t telling) string { return t.release })
	if len(others) > 0 {
		by := map[string][]string{}
		for _, t := range others {
			by[t.release] = append(by[t.release], t.host)
		}
		for _, r := range slices.Sorted(maps.Keys(by)) {
			a.remark("release", "%s runs release %s.", strings.Join(spec.FoldNames(slices.Compact(by[r])), ", "), r)
		}
	}
	if given := a.cfg.Spec.Release; given != "" {
		if most != "" && !strings.EqualFold(most, given) {
			if r, err := openstack.ParseRelease(given); err == nil && string(r) != most {
				a.remark("release", "Most services are of release %s.", most)
			}
		}
		most = given
	}
	r, err := openstack.ParseRelease(most)
	if most == "" {
		return errors.New("adopt: no host tells the release of OpenStack; name it with --release")
	}
	a.release, a.spec.Release = r, string(r)
	return err
}

// clusterName is a name that a Spec takes for a cluster.
var clusterName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// nameClusters calls each cluster as the services call it: by the name of its ceph.conf, whose fsid is that of the
// cluster.
func (a *adopting) nameClusters() {
	names := map[string]map[string]int{} // by fsid and name
	for _, h := range a.hosts {
		for _, s := range h.services {
			for p, conf := range s.confs {
				fsid, _ := conf.Lookup("global", "fsid")
				name := strings.TrimSuffix(path.Base(p), ".conf")
				if path.Dir(p) != spec.CephDir || !s.uses(p) || !clusterName.MatchString(name) {
					continue
				}
				fsid = strings.ToLower(fsid)
				if names[fsid] == nil {
					names[fsid] = map[string]int{}
				}
				names[fsid][name]++
			}
		}
	}
	for i := range a.spec.Clusters {
		c := &a.spec.Clusters[i]
		used := names[strings.ToLower(a.clusters[c.Name].status.FSID)]
		if len(used) == 0 || used[c.Name] > 0 && len(used) == 1 {
			continue
		}
		all := slices.SortedFunc(maps.Keys(used), func(x, y string) int {
			return cmp.Or(cmp.Compare(used[y], used[x]), cmp.Compare(x, y))
		})
		if all[0] != c.Name && !slices.ContainsFunc(a.spec.Clusters, func(o spec.Cluster) bool { return o.Name == all[0] }) {
			a.clusters[all[0]] = a.clusters[c.Name]
			delete(a.clusters, c.Name)
			c.Name = all[0]
		}
		if len(all) > 1 {
			a.remark(at("clusters", i), "Services know this cluster by several files, those of %s. The Spec has one name for "+
				"a cluster.", strings.Join(all, ", "))
		}
	}
}

// uses reports whether the service keeps data in the cluster of a ceph.conf, or may do so: a path that an option names,
// or the usual path.
func (s *service) uses(p string) bool {
	named := false
	for at, v := range s.options.values {
		if strings.HasSuffix(at.Option, "ceph_conf") && v != "" {
			named = true
			if v == p {
				return true
			}
		}
	}
	return !named
}

// clusterOf is the cluster that a service reaches by a ceph.conf. The reason says why there is none in the Spec.
func (a *adopting) clusterOf(s *service, p string) (name, reason string) {
	name = strings.TrimSuffix(path.Base(p), ".conf")
	known := func(n string) bool {
		return slices.ContainsFunc(a.spec.Clusters, func(c spec.Cluster) bool { return c.Name == n })
	}
	fsid := ""
	if conf := s.confs[p]; conf != nil {
		fsid, _ = conf.Lookup("global", "fsid")
	}
	if path.Dir(p) == spec.CephDir && known(name) &&
		(fsid == "" || strings.EqualFold(fsid, a.clusters[name].status.FSID)) {
		return name, ""
	}
	for _, c := range a.spec.Clusters {
		if fsid != "" && strings.EqualFold(fsid, a.clusters[c.Name].status.FSID) {
			return c.Name, "It is reached by " + p + ", and a Spec has " + spec.ConfPath(c.Name) + " for cluster " + c.Name + "."
		}
	}
	if fsid != "" {
		return "", "It is in the cluster of " + p + " (fsid " + fsid + "), which was not named."
	}
	return "", "It is in the cluster of " + p + ", which was not named, or whose file cannot be read."
}

// dataPool is the pool where a user's new images keep their objects.
func (s *service) dataPool(p, user string) string {
	conf := s.confs[p]
	if conf == nil {
		return ""
	}
	pool, _, _ := conf.Effective("client."+user, "rbd_default_data_pool")
	return pool
}
