package draft_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/spec/draft"
)

func load(t *testing.T, text string) spec.Spec {
	t.Helper()
	s, err := spec.Load(strings.NewReader(text), "/etc/cephstack")
	require.NoError(t, err, text)
	return s
}

// TestRandomAnswers: what Text writes loads, and is what was answered.
func TestRandomAnswers(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 8))
	for range 300 {
		a := random(r)
		text, err := a.Text()
		require.NoError(t, err, "%+v", a)
		s := load(t, text)
		assert.Equal(t, a.Release, s.Release)
		assert.Equal(t, a.Layout, s.Layout)
		assert.Equal(t, a.Clusters, s.Clusters)
		assert.Equal(t, a.SSH.User, s.SSH.User)
		assert.Equal(t, a.SSH.Jump, s.SSH.Jump)
		assert.Equal(t, a.SSH.Sudo, s.SSH.Sudo)
		assert.Equal(t, a.SSH.KeyFiles, s.SSH.KeyFiles)
		assert.Equal(t, a.Cloud, s.Cloud.Name)
		assert.Equal(t, a.NoAPIs, s.Cloud.None())
		pools := map[string]string{}
		for _, u := range s.Uses() {
			pools[u.What] = u.Pool
		}
		on := map[string][]string{}
		for _, h := range s.Hosts {
			for _, service := range h.Services {
				on[service] = append(on[service], h.Name)
			}
			if strings.HasPrefix(h.Name, "compute") && len(a.Addresses) > 0 {
				assert.Regexp(t, `^10\.1\.0\.\d+$`, h.Address)
			} else {
				assert.Empty(t, h.Address)
			}
		}
		for service, what := range map[string]string{"glance-api": spec.ForImages, "cinder-volume": spec.ForVolumes,
			"cinder-backup": spec.ForBackups, "nova-compute": spec.ForDisks} {
			var want []string
			for _, hosts := range a.Services[service].Hosts {
				all, err := spec.ExpandNames(hosts)
				require.NoError(t, err)
				want = append(want, all...)
			}
			assert.ElementsMatch(t, want, on[service], "%s in\n%s", service, text)
			if pool := a.Services[service].Pool; pool != "" {
				assert.Equal(t, pool, pools[what])
			}
			assert.Equal(t, len(want) > 0, pools[what] != "", "%s in\n%s", service, text)
		}
	}
}

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

func random(r *rand.Rand) draft.Answers {
	a := draft.Answers{Release: pick(r, "", "zed", "2024.1", "2025.1"), Layout: pick(r, "", "rdo"),
		Clusters: []spec.Cluster{{Name: "ceph", Host: pick(r, "ceph01", "true", "42", "ctl1"),
			Access: pick(r, "", "cephadm", "container mon")}},
		SSH: spec.SSH{User: pick(r, "", "stack", "yes", "1000"), Sudo: pick(r, true, false),
			Jump: pick(r, "", "none", "operator@bastion.example:2222", "[2001:db8::1]:22")},
		Cloud: pick(r, "", "production", "my cloud: #1", "null"), Services: map[string]draft.Service{}}
	if a.Cloud == "" {
		a.NoAPIs = pick(r, true, false)
	}
	if pick(r, true, false) {
		a.Clusters = append(a.Clusters, spec.Cluster{Name: "west", Host: "west01"})
	}
	if pick(r, true, false) {
		a.SSH.KeyFiles = []string{pick(r, "/root/.ssh/id_ed25519", "/keys/my key, [1]")}
	}
	for len(a.Services) == 0 {
		for service, pool := range map[string]string{"glance-api": "on", "cinder-volume": "volumes-hdd",
			"cinder-backup": "1", "nova-compute": "vm.disks"} {
			if pick(r, true, false) {
				continue
			}
			hosts := pick(r, []string{"ctl1"}, []string{"ctl[1-3]"}, []string{"ctl[1-3]", "other"},
				[]string{"r[1-2]n[1-2]"})
			if service == "nova-compute" {
				hosts = []string{"compute[001-020]"}
			}
			a.Services[service] = draft.Service{Hosts: hosts, Pool: pick(r, "", pool)}
		}
	}
	if len(a.Services["nova-compute"].Hosts) > 0 && pick(r, true, false) {
		a.Addresses = []draft.Address{{"compute[001-020]", "10.1.0.[1-20]"}}
	}
	return a
}

func TestAnswersOfWhichNoSpecCanBeMade(t *testing.T) {
	for name, a := range map[string]draft.Answers{
		"no Ceph cluster is named":      {},
		"there is nothing to integrate": {Clusters: []spec.Cluster{{Name: "ceph", Host: "a"}}},
		`hosts "a[" has a [ without a ]`: {Clusters: []spec.Cluster{{Name: "ceph", Host: "a"}},
			Services: map[string]draft.Service{"glance-api": {Hosts: []string{"a["}}}},
		"no service and no cluster is on host b": {Clusters: []spec.Cluster{{Name: "ceph", Host: "a"}},
			Services:  map[string]draft.Service{"glance-api": {Hosts: []string{"a"}}},
			Addresses: []draft.Address{{"b", "10.0.0.1"}}},
		"host a has two addresses": {Clusters: []spec.Cluster{{Name: "ceph", Host: "a"}},
			Services:  map[string]draft.Service{"glance-api": {Hosts: []string{"a"}}},
			Addresses: []draft.Address{{"a", "10.0.0.1"}, {"a", "10.0.0.2"}}},
		"for hosts with different services": {Clusters: []spec.Cluster{{Name: "ceph", Host: "a1"}},
			Services:  map[string]draft.Service{"glance-api": {Hosts: []string{"a2"}}},
			Addresses: []draft.Address{{"a[1-2]", "10.0.0.[1-2]"}}},
	} {
		_, err := a.Text()
		assert.ErrorContains(t, err, name)
	}
}

// TestWhatIsOptionalLoads: each part that the text shows as a comment may be put into force.
func TestWhatIsOptionalLoads(t *testing.T) {
	a := random(rand.New(rand.NewPCG(1, 1)))
	a.Services = map[string]draft.Service{"glance-api": {Hosts: []string{"ctl1"}},
		"cinder-volume": {Hosts: []string{"ctl1"}},
		"cinder-backup": {Hosts: []string{"ctl1"}}, "nova-compute": {Hosts: []string{"compute1"}}}
	a.Clusters = []spec.Cluster{{Name: "ceph", Host: "ceph01"}}
	a.Release, a.Addresses, a.Cloud, a.NoAPIs = "", nil, "", false
	a.SSH, a.Layout = spec.SSH{User: "stack"}, ""
	text, err := a.Text()
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(text) {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		rest, ok := strings.CutPrefix(line[indent:], "#")
		if ok && (!strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "  ")) {
			line = line[:indent] + rest
		}
		lines = append(lines, line)
	}
	s := load(t, strings.Join(lines, ""))
	assert.Equal(t, "health", s.Gate)
	assert.Equal(t, "install", s.Packages)
	assert.Equal(t, "ceph", s.Cinder.Backends[0].VolumeType)
	assert.True(t, s.SSH.Sudo)
	assert.NotNil(t, s.Prepare)
}

// TestFurtherClustersHaveABackendAsAComment, which may be put into force.
func TestFurtherClustersHaveABackendAsAComment(t *testing.T) {
	text, err := draft.Answers{
		Clusters: []spec.Cluster{{Name: "ceph", Host: "ceph01"}, {Name: "ssd", Host: "ssd01"}},
		Services: map[string]draft.Service{"cinder-volume": {Hosts: []string{"ctl1"}, Pool: "vols"}},
	}.Text()
	require.NoError(t, err)
	assert.Len(t, load(t, text).Cinder.Backends, 1)
	s := load(t, strings.Replace(text, "    #- {name: ssd", "    - {name: ssd", 1))
	assert.Equal(t, []spec.Backend{{Name: "ceph", Pool: "vols", User: "cinder"},
		{Name: "ssd", Cluster: "ssd", Pool: "vols", User: "cinder-ssd", VolumeType: "ssd"}}, s.Cinder.Backends)
}

func ExampleAnswers_Text() {
	text, err := draft.Answers{
		Clusters: []spec.Cluster{{Name: "ceph", Host: "ceph01"}},
		Services: map[string]draft.Service{"glance-api": {Hosts: []string{"controller"}},
			"nova-compute": {Hosts: []string{"compute[001-400]"}}},
	}.Text()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "  - {") {
			fmt.Print(line)
		}
	}
	fmt.Println(err)
	// Output:
	//   - {name: ceph01}
	//   - {name: controller, services: [glance-api]}
	//   - {name: "compute[001-400]", services: [nova-compute]}
	// <nil>
}
