package adopt_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/adopt"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// randomSpec is a Spec of any cloud. It may have faults.
func randomSpec(r *rand.Rand) spec.Spec {
	releases := map[string][]string{
		"":    {"icehouse", "mitaka", "ocata", "queens", "stein", "train", "zed", "2024.1", "2026.2"},
		"rdo": {"icehouse", "pike", "train", "ussuri", "2025.1"}, "upstart": {"havana", "juno", "mitaka"},
		"kolla": {"2023.1", "2024.2", "2025.2"}}
	layout := pick(r, "", "", "rdo", "upstart", "kolla")
	s := spec.Spec{Layout: layout, Release: pick(r, releases[layout]...), Packages: "install",
		Clusters: []spec.Cluster{{Name: pick(r, "ceph", "hdd")}}}
	if pick(r, true, false, false) {
		s.Clusters = append(s.Clusters, spec.Cluster{Name: "ssd"})
	}
	cluster := func() string { return pick(r, s.Clusters...).Name }
	if pick(r, true, true, false) {
		s.Glance = &spec.Glance{Cluster: cluster(), Pool: pick(r, "", "images", "osa-images"), User: pick(r, "", "img"),
			Store: pick(r, "", "", "ceph-images")}
		for i := range r.IntN(3) {
			s.Glance.Stores = append(s.Glance.Stores, spec.Store{Name: fmt.Sprint("store", i), Cluster: cluster(),
				Pool: fmt.Sprint("images-", i), User: pick(r, "", "glance-more")})
		}
	}
	if pick(r, true, true, false) {
		s.Cinder = randomCinder(r, cluster)
	}
	if pick(r, true, true, false) {
		s.Backup = &spec.Backup{Cluster: cluster(), Pool: pick(r, "", "safe"), User: pick(r, "", "saver", "cinder")}
	}
	if pick(r, true, true, false) {
		s.Nova = &spec.Nova{Cluster: cluster(), Pool: pick(r, "", "disks"), User: pick(r, "", "nova", "cinder"),
			DirectSnapshots: pick(r, true, false, false), SecretUUID: pick(r, "", "", "7d1f0c3e-58b4-4f7a-9a51-0c2b7e4d9f10")}
	}
	randomHosts(r, &s)
	return s
}

func randomCinder(r *rand.Rand, cluster func() string) *spec.Cinder {
	c := &spec.Cinder{}
	for i := range 1 + r.IntN(3) {
		b := spec.Backend{Name: pick(r, "rbd", "ceph", "fast") + fmt.Sprint(i), Cluster: cluster(),
			Pool: pick(r, "", fmt.Sprint("volumes", i)), User: pick(r, "", "vol"), BackendName: pick(r, "", "", "RBD"),
			VolumeType: pick(r, "", fmt.Sprint("type", i)), AvailabilityZone: pick(r, "", "", "az1"),
			SecretUUID: pick(r, "", "", "6d1f0c3e-58b4-4f7a-9a51-0c2b7e4d9f1"+fmt.Sprint(i))}
		if b.VolumeType != "" && pick(r, true, false) {
			b.ExtraSpecs = map[string]string{"multiattach": "<is> True"}
		}
		if pick(r, true, false) {
			b.Options = map[string]string{"rbd_max_clone_depth": pick(r, "0", "3")}
		}
		c.Backends = append(c.Backends, b)
	}
	if len(c.Backends) == 1 && pick(r, true, false, false) {
		c.Backends[0].Name, c.Backends[0].BackendName, c.Backends[0].VolumeType = spec.SingleBackend, "", ""
		c.Backends[0].ExtraSpecs = nil
	}
	return c
}

func randomHosts(r *rand.Rand, s *spec.Spec) {
	var services []string
	for service, there := range map[string]bool{"glance-api": s.Glance != nil, "cinder-volume": s.Cinder != nil,
		"cinder-backup": s.Backup != nil} {
		if there {
			services = append(services, service)
		}
	}
	slices.Sort(services)
	if len(services) > 0 {
		s.Hosts = append(s.Hosts, spec.Host{Name: "controller", Services: services})
	}
	if s.Nova != nil || s.Cinder != nil {
		for i := range 1 + r.IntN(4) {
			h := spec.Host{Name: fmt.Sprint("compute", i), Services: []string{"nova-compute"}}
			if s.Nova != nil && i > 0 {
				h.Disks = pick(r, "", "ceph", "keep")
			}
			s.Hosts = append(s.Hosts, h)
		}
	}
	names := []string{"images", "volumes"}
	for _, u := range s.Uses() { // a data pool for some
		i := slices.IndexFunc(s.Clusters, func(c spec.Cluster) bool { return c.Name == u.User.Cluster })
		if u.What == spec.ForImages && s.Glance.DataPool == "" && s.Glance.Cluster == s.Clusters[i].Name &&
			pick(r, true, false, false, false) {
			s.Glance.DataPool = names[0] + "-data"
			s.Clusters[i].Pools = append(s.Clusters[i].Pools, spec.Pool{Name: s.Glance.DataPool, Size: 2})
		}
	}
	if pick(r, true, false, false, false) {
		s.Clusters[0].Caps = "classic"
	}
}

// TestWhatASpecMadeIsFoundAgain: an apply of a random Spec leaves a cloud whose Spec is found, with an empty plan.
func TestWhatASpecMadeIsFoundAgain(t *testing.T) {
	t.Parallel()
	cases, tried := 30, 0 // 250 were run once, in 90 s
	if testing.Short() {
		cases = 10
	}
	for seed := uint64(0); tried < cases && seed < uint64(100*cases); seed++ {
		s := randomSpec(rand.New(rand.NewPCG(17, seed)))
		if s.Validate() != nil {
			continue
		}
		if foundAgain(t, seed, s) {
			tried++
		}
		if t.Failed() {
			return
		}
	}
	assert.Equal(t, cases, tried, "too few of the random Specs can be applied")
}

// foundAgain reports whether the Spec could be applied at all.
func foundAgain(t *testing.T, seed uint64, s spec.Spec) bool {
	w, err := integratetest.New(s)
	require.NoError(t, err)
	defer w.Close()
	if !integrated(t, w, s) {
		return false
	}
	var bare spec.Spec
	for _, c := range s.Clusters {
		bare.Clusters = append(bare.Clusters, spec.Cluster{Name: c.Name})
	}
	for _, h := range s.Hosts {
		bare.Hosts = append(bare.Hosts, spec.Host{Name: h.Name})
	}
	before := w.Writes()
	a, err := adopt.Adopt(t.Context(), adopt.Config{Spec: bare,
		Open: func(context.Context, spec.Spec) (world.World, error) { return w.World, nil }})
	require.NoError(t, err, "seed %d", seed)
	text, err := a.Text()
	require.NoError(t, err, "seed %d", seed)
	assert.Equal(t, before, w.Writes(), "seed %d: nothing may be written", seed)
	assert.Empty(t, left(a), "seed %d:\n%s\nof\n%+v", seed, text, s)
	assert.Empty(t, a.Spec.Keep, "seed %d: what a Spec made needs nothing to be kept:\n%s", seed, text)
	return true
}
