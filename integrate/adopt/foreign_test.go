package adopt_test

import (
	"context"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/adopt"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A stranger makes an integrated cloud one that others could have made: with other options, owners and rights.
type stranger struct {
	t *testing.T
	r *rand.Rand
	s spec.Spec
	*integratetest.World
}

// written are the files that were written on a host, sorted.
func written(m *remotetest.Host) (all []string) {
	for _, op := range m.Log() {
		if o, is := op.(remote.If); is {
			op = o.Op
		}
		if o, is := op.(remote.WriteFile); is && !slices.Contains(all, o.Path) {
			all = append(all, o.Path)
		}
	}
	slices.Sort(all)
	return all
}

// optional are options that a cloud works without, or with another value.
var optional = regexp.MustCompile(`(?m)^(rbd_flatten_volume_from_snapshot|rbd_store_chunk_size|rados_connect_timeout|` +
	`report_discard_supported|hw_disk_discard|backup_ceph_chunk_size|restore_discard_excess_bytes|rbd_max_clone_depth|` +
	`show_image_direct_url|disk_cachemodes) = .*\n`)

var keyringLine = regexp.MustCompile(`(?m)^keyring = .*\n`)

// files edits what was written on hosts.
func (x stranger) files() {
	for _, name := range slices.Sorted(maps.Keys(x.Machines)) {
		m := x.Machines[name]
		for _, p := range written(m) {
			data, there := m.Contents(p)
			if !there || pick(x.r, true, false) {
				continue
			}
			set := remote.SetAttr{Path: p}
			switch {
			case strings.HasSuffix(p, ".keyring"), strings.HasSuffix(p, ".base64"):
				set.Mode = pick[fs.FileMode](x.r, 0o644, 0o660)
			case path.Dir(p) == "/etc/ceph" || strings.HasSuffix(p, "/ceph.conf"):
				m.AddFile(p, keyringLine.ReplaceAll(data, nil), 0o644)
			case strings.HasSuffix(p, ".conf"):
				edited := optional.ReplaceAllFunc(data, func(line []byte) []byte {
					option, _, _ := strings.Cut(string(line), " =")
					return []byte(pick(x.r, string(line), "", option+" = 7\n"))
				})
				m.AddFile(p, edited, 0o640)
			}
			if set.Mode != 0 {
				_, err := m.Do(x.t.Context(), set)
				require.NoError(x.t, err)
			}
		}
	}
}

// rights takes rights away, and gives others.
func (x stranger) rights() {
	for _, u := range x.s.Uses() {
		c := ceph.New(x.Clusters[u.User.Cluster].Mon)
		have, err := c.User(x.t.Context(), u.User.Entity)
		require.NoError(x.t, err)
		caps := ceph.Caps{"mon": have.Caps["mon"], "osd": have.Caps["osd"]}
		if mgr := have.Caps["mgr"]; mgr != "" && pick(x.r, true, false) {
			caps["mgr"] = mgr
		}
		if pick(x.r, true, false, false) {
			caps["osd"] = strings.Replace(caps["osd"], "rbd-read-only", "rbd", 1)
		}
		require.NoError(x.t, c.SetCaps(x.t.Context(), u.User.Entity, have.Caps, caps))
	}
}

// restart restarts all services, so that they have read their files.
func (x stranger) restart() {
	for _, h := range x.s.Hosts {
		m := x.Machines[h.Name]
		for _, service := range h.Services {
			for _, unit := range []string{service + ".service", "openstack-" + service + ".service", service,
				"kolla-" + strings.ReplaceAll(service, "-", "_") + "-container.service"} {
				if m.Unit(unit).Load == "loaded" {
					_, err := m.Do(x.t.Context(), remote.RestartUnit{Unit: unit})
					require.NoError(x.t, err)
				}
			}
		}
	}
}

// TestACloudOfOthersHasNothingToDo: whatever options, owners and rights a random cloud has, the plan of its Spec is
// empty, also once the Spec went through its text. Without what the Spec keeps, the plan has those differences.
func TestACloudOfOthersHasNothingToDo(t *testing.T) {
	t.Parallel()
	cases, tried, kept := 30, 0, 0
	if testing.Short() {
		cases = 8
	}
	for seed := uint64(0); tried < cases && seed < uint64(100*cases); seed++ {
		r := rand.New(rand.NewPCG(23, seed))
		s := randomSpec(r)
		if s.Validate() != nil {
			continue
		}
		n, ok := ofOthers(t, r, s)
		if ok {
			tried, kept = tried+1, kept+n
		}
		if t.Failed() {
			t.Logf("seed %d", seed)
			return
		}
	}
	assert.Equal(t, cases, tried, "too few of the random Specs can be applied")
	assert.Greater(t, kept, 5*cases, "the random clouds are as cephstack makes them")
}

// ofOthers reports how many entries the Spec keeps of a random cloud.
func ofOthers(t *testing.T, r *rand.Rand, s spec.Spec) (kept int, ok bool) {
	w, err := integratetest.New(s)
	require.NoError(t, err)
	defer w.Close()
	if !integrated(t, w, s) {
		return 0, false
	}
	x := stranger{t, r, s, w}
	x.files()
	x.rights()
	x.restart()
	before := w.Writes()
	a, err := adopt.Adopt(t.Context(), adopt.Config{Spec: bare(s),
		Open: func(context.Context, spec.Spec) (world.World, error) { return w.World, nil }})
	require.NoError(t, err)
	text, err := a.Text()
	require.NoError(t, err)
	require.Empty(t, left(a), text)
	again, err := spec.Read(strings.NewReader(text), ".")
	require.NoError(t, err)
	assert.Empty(t, diffsOf(planned(t, w, again)), text)
	assert.Equal(t, before, w.Writes(), "nothing may be written")
	assert.NotContains(t, a.Plan.String(), "keep-without-difference", text)
	again.Keep = nil
	if all := diffsOf(planned(t, w, again)); len(a.Spec.Keep) > 0 {
		assert.NotEmpty(t, all, text)
	}
	return len(a.Spec.Keep), true
}

// integrated reports whether a Spec can be applied as a whole.
func integrated(t *testing.T, w *integratetest.World, s spec.Spec) bool {
	t.Helper()
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	p, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	if _, err := in.Apply(t.Context(), p, integrate.ApplyOptions{}); err != nil {
		return false
	}
	again, err := in.Plan(t.Context(), integrate.PlanOptions{})
	return err == nil && again.Empty() && again.Problems() == nil
}

func planned(t *testing.T, w *integratetest.World, s spec.Spec) *integrate.Plan {
	t.Helper()
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	p, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	return p
}

func diffsOf(p *integrate.Plan) (all []string) {
	for _, c := range p.Changes {
		all = append(all, c.ID)
		for _, d := range c.Diffs {
			all = append(all, c.ID+" "+d.String())
		}
	}
	return all
}
