package integrate_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// traces are what an integration may have written in a world: files of hosts, libvirt secrets and Ceph users. A file
// that is not there is empty.
func traces(t *testing.T, w *integratetest.World, paths map[string][]string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for host, list := range paths {
		for _, p := range list {
			data, _ := w.Machines[host].Contents(p)
			all[host+" "+p] = string(data)
		}
	}
	for host, store := range w.Libvirt {
		secrets, err := store.List(t.Context())
		require.NoError(t, err)
		for _, s := range secrets {
			all[host+" secret "+s.UUID] = s.UsageID
		}
	}
	return all
}

// users lists the Ceph users of a world that a Spec names.
func users(t *testing.T, w *integratetest.World, s spec.Spec) []string {
	t.Helper()
	var all []string
	for _, use := range s.Uses() {
		if _, err := ceph.New(w.Ceph[use.User.Cluster]).User(t.Context(), use.User.Entity); err == nil {
			all = append(all, use.User.Cluster+" "+use.User.Entity)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// written are the files of each host that were written or removed.
func written(w *integratetest.World) map[string][]string {
	all := map[string][]string{}
	for name, m := range w.Machines {
		for _, op := range m.Log() {
			if o, is := op.(remote.If); is {
				op = o.Op
			}
			if o, is := op.(remote.WriteFile); is && !slices.Contains(all[name], o.Path) {
				all[name] = append(all[name], o.Path)
			}
		}
	}
	return all
}

// prepared are files that only prepare asks for: they stay.
func prepared(path string) bool {
	for _, part := range []string{"authorized_keys", "/etc/sudoers.d/", "/etc/apt/", "/etc/yum.repos.d/", "/etc/pki/",
		"/usr/share/keyrings/", "/usr/local/"} {
		if strings.Contains(path, part) {
			return true
		}
	}
	return false
}

// retired integrates a cloud and takes the integration out again. It gives the world before, and the world after.
func retired(t *testing.T, c goldenCase) (before, after *goldenRun) {
	t.Helper()
	before, after = newGoldenRun(t, c.spec), newGoldenRun(t, c.spec)
	for _, s := range c.steps {
		before.step(s)
		after.step(s)
		in := after.integration()
		_, err := after.apply(in, after.plan(in))
		require.NoError(t, err)
	}
	after.spec.Retire = true
	return before, after
}

// stopVolumes stops each cinder-volume that would be left without a backend.
func stopVolumes(r *goldenRun, problems []string) bool {
	stopped := false
	for name, m := range r.world.Machines {
		for _, p := range problems {
			_, unit, ok := strings.Cut(p, "systemctl disable --now ")
			if unit, _, _ = strings.Cut(unit, "`"); ok && strings.Contains(p, name+" ") && m.Unit(unit).Active == "active" {
				m.StopUnit(unit)
				stopped = true
			}
		}
	}
	return stopped
}

// TestRetireLeavesNothing: after an integration was taken out, the world is as it was before it.
func TestRetireLeavesNothing(t *testing.T) {
	t.Parallel()
	for i, c := range goldenScenarios(t) {
		if i%oneIn(4) != 0 {
			continue
		}
		if strings.HasPrefix(c.name, "drift") || strings.HasPrefix(c.name, "brownfield") || c.name == "retired" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			before, after := retired(t, c)
			in := after.integration()
			p := after.plan(in)
			var problems []string
			for _, f := range p.Problems() {
				problems = append(problems, f.String())
			}
			if stopVolumes(after, problems) {
				in = after.integration()
				p = after.plan(in)
			}
			require.Empty(t, p.Problems(), "%s", p)
			_, err := after.apply(in, p)
			require.NoError(t, err)
			in = after.integration()
			assert.Empty(t, after.plan(in).Changes)
			files := written(after.world)
			for host, list := range files {
				files[host] = slices.DeleteFunc(list, prepared)
			}
			was, is := traces(t, before.world, files), traces(t, after.world, files)
			for _, name := range slices.Sorted(maps.Keys(is)) {
				if c.name == "mixed-layouts" && strings.HasSuffix(name, "cinder.conf") { // that of the other backend, too
					was[name] = strings.Replace(was[name], "backends = san\n", "backends = san\ncluster = ha\n", 1) +
						"\n[coordination]\nbackend_url = etcd3+http://:secret-word@203.0.113.5:2379\n"
				}
				if c.name == "havana" { // default_store was set, and what it was is not known
					was[name] = strings.Replace(was[name], "default_store = file\n", "", 1)
				}
				if is[name] != was[name] {
					t.Errorf("%s", unifiedDiff(name, was[name], is[name]))
				}
			}
			if c.name != "havana" { // Ceph of then does not tell who is logged in
				assert.Empty(t, users(t, after.world, after.spec))
			}
			if testing.Verbose() {
				fmt.Println(p)
			}
		})
	}
}
