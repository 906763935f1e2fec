package spec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// fleet is a Spec of 400 computes.
const fleet = `release: zed
clusters: [{name: ceph, host: mon1}]
x-all: &all {disks: ceph}
groups:
  computes: {<<: *all, services: [nova-compute], address: .cloud.example}
hosts:
  - {name: mon1, address: 10.0.0.1}
  - name: compute[001-300]
    group: computes
    address: 10.1.0.[1-300]
  - {name: "gpu[001-099,200]", group: computes, disks: keep}
nova: {}
x-more: [1, {b: c}]
`

func TestAShortTextIsManyHosts(t *testing.T) {
	s, err := load(fleet)
	require.NoError(t, err)
	require.Len(t, s.Hosts, 401)
	assert.Equal(t, spec.Host{Name: "mon1", Address: "10.0.0.1"}, s.Hosts[0])
	compute := spec.Host{Services: []string{"nova-compute"}, Disks: "ceph"}
	compute.Name, compute.Address = "compute001", "10.1.0.1"
	assert.Equal(t, compute, s.Hosts[1])
	compute.Name, compute.Address = "compute256", "10.1.1.0"
	assert.Equal(t, compute, s.Hosts[256])
	compute.Name, compute.Address, compute.Disks = "gpu200", "gpu200.cloud.example", "keep"
	assert.Equal(t, compute, s.Hosts[400])

	s.Hosts[1].Services[0] = "changed"
	assert.Equal(t, "nova-compute", s.Hosts[2].Services[0], "hosts share nothing")
}

// TestTheTextOfASpecIsExplicit: what is written of a Spec has each host, and is the same Spec.
func TestTheTextOfASpecIsExplicit(t *testing.T) {
	s, err := load(fleet)
	require.NoError(t, err)
	data, err := yaml.Marshal(s)
	require.NoError(t, err)
	again, err := load(string(data))
	require.NoError(t, err)
	assert.Equal(t, s, again)
	assert.Equal(t, s.Digest(), again.Digest())
}

func TestAnEmptyListIsAList(t *testing.T) {
	s, err := load(strings.Replace(fleet, "disks: keep", "services: []", 1))
	require.NoError(t, err)
	assert.Empty(t, s.Hosts[400].Services)
	assert.Equal(t, "ceph", s.Hosts[400].Disks)
}

// hostsOf loads a Spec with these hosts.
func hostsOf(name, address string) ([]spec.Host, error) {
	s, err := load(fmt.Sprintf("release: zed\nclusters: [{name: ceph}]\nglance: {}\nhosts:\n- {name: control, "+
		"services: [glance-api]}\n- name: %q\n  address: %q\n", name, address))
	if err != nil {
		return nil, err
	}
	return s.Hosts[1:], nil
}

func TestAddressesOfARange(t *testing.T) {
	for _, c := range []struct{ name, address, first, last string }{
		{"c[1-3]", "", "", ""},
		{"c[1-3]", ".x", "c1.x", "c3.x"},
		{"c[1-3]", ".x:2222", "c1.x:2222", "c3.x:2222"},
		{"c1", ".x", "c1.x", "c1.x"},
		{"c1", "10.0.0.[7]", "10.0.0.7", "10.0.0.7"},
		{"c1", "[fe80::1%eth0]:22", "[fe80::1%eth0]:22", "[fe80::1%eth0]:22"},
		{"c[1-2]", "node[01-02].x", "node01.x", "node02.x"},
		{"c[1-400]", "10.0.0.[1-400]", "10.0.0.1", "10.0.1.144"},
		{"c[1-400]", "10.0.0.[101-500]:2222", "10.0.0.101:2222", "10.0.1.244:2222"},
		{"c[001-400]", "10.0.0.[001-400]", "10.0.0.1", "10.0.1.144"},
		{"c[1-400]", "10.0.[1-400].9", "10.0.1.9", "10.1.144.9"},
		{"c[1-400]", "10.0.[1-4].[1-100]", "10.0.1.1", "10.0.4.100"},
		{"c[1-400]", "10.255.255.[1-400]", "10.255.255.1", "11.0.0.144"},
		{"c[1-4]", "10.0.0.[11-12,21,31]", "10.0.0.11", "10.0.0.31"},
		{"c[1-2]", "10.0.0.9:[2201-2202]", "10.0.0.9:2201", "10.0.0.9:2202"},
		{"r[1-2]c[1-200]", "10.0.[1-2].[1-200]", "10.0.1.1", "10.0.2.200"},
		{"c[1-400]", "2001:db8::[1-190]", "2001:db8::1", "2001:db8::190"},
		{"c[1-400]", "[2001:db8::[1-190]]:22", "[2001:db8::1]:22", "[2001:db8::190]:22"},
		{"c[1-400]", "2001:db8::1:[ff01-10090]", "2001:db8::1:ff01", "2001:db8::2:90"},
		{"c[1-2]", "2001:db8:[a-b]::1", "2001:db8:a::1", "2001:db8:b::1"},
		{"c[1-2]", "1:2:3:4:5:6:7:[8-9]", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:9"},
		{"c[1-2]", "fe80::[1-2]%eth0", "fe80::1%eth0", "fe80::2%eth0"},
	} {
		hosts, err := hostsOf(c.name, c.address)
		require.NoError(t, err, c)
		assert.Equal(t, c.first, hosts[0].Address, c)
		assert.Equal(t, c.last, hosts[len(hosts)-1].Address, c)
		seen := map[string]bool{}
		for _, h := range hosts {
			seen[h.Name+h.Address] = true
		}
		assert.Len(t, seen, len(hosts), c)
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, c := range []struct{ name, address, says string }{
		{"c[1-400]", "10.0.0.[1-255]", `"10.0.0.[1-255]" stands for 255 addresses, and the name for 400 hosts`},
		{"c[1-400]", "10.0.0.1", `"10.0.0.1" stands for 1 address, and the name for 400 hosts`},
		{"c1", "10.0.0.[1-2]", `stands for 2 addresses, and the name for 1 host`},
		{"c[1-400]", "fe80::[1-400]", "stands for 1024 addresses, as numbers of an IPv6 address are hexadecimal, and"},
		{"c[1-400]", "255.255.255.[1-400]", `stands for 255.255.255.256, which is beyond 255.255.255.255`},
		{"c[1-2]", "10.0.256.[1-2]", `stands for 10.0.256.1, which is not an address`},
		{"c[1-2]", "10.0.010.[1-2]", `which is not an address`},
		{"c[1-2]", "10.0.0.[1-2", `"10.0.0.[1-2" has a [ without a ]`},
		{"c[1-2]", "1:2:3:4:5:6:7:8:[1-2]", `which is not an address`},
		{"c[1-2]", "1:2:[1-2]", `which is not an address`},
		{"c[1-2]", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:[ffff-10000]", `which is beyond the last address`},
		{"c[1-2]", "::g:[1-2]", `which is not an address`},
		{"c[1-2]", "[2001:db8::[1-2]]", "is neither host nor host:port"},
		{"c[1-3]", "10.0.0.[1,1,2]", `"10.0.0.1" is the address of hosts[1] (c1) too`},
	} {
		_, err := hostsOf(c.name, c.address)
		require.ErrorContains(t, err, c.says, c)
		assert.True(t, strings.HasPrefix(err.Error(), "spec: line 7, column 3: hosts[1].address: "), err.Error())
	}
}

func TestFaultsOfHostsHaveThePlaceInTheText(t *testing.T) {
	_, err := load(fleet + `cinder: {backends: [{name: a, secret-uid: x}]}
`)
	assert.Equal(t, []string{"line 14, column 31: cinder.backends[0].secret-uid: is not a field of a Spec; " +
		`did you mean "secret_uuid"?`}, faultsOf(t, err))
	for change, want := range map[string][]string{
		"group: computes, disks/group: Compute, disks": {
			`line 11, column 32: hosts[2].group: "Compute" is not among the groups; did you mean "computes"?`},
		"group: computes, disks/group: 'x', disks": {`line 11, column 32: hosts[2].group: "x" is not among the groups`},
		"disks: keep/disk: keep": {
			`line 11, column 49: hosts[2].disk: is not a field of a Spec; did you mean "disks"?`},
		"disks: ceph/disks: floppy": { // in what is merged into the group
			`line 3, column 14: hosts[1].disks: "floppy" is none of auto, ceph and keep; ` +
				`299 more hosts of this entry have a fault of this kind`},
		"services: [/name: a, services: [":  {`line 5, column 24: groups.computes.name: is not a field of a Spec`},
		"services: [/group: a, services: [": {`line 5, column 24: groups.computes.group: is not a field of a Spec`},
		"[nova-compute]/[nova-computer]": {
			`line 5, column 35: hosts[1].services[0]: "nova-computer" is none of glance-api, cinder-volume, ` +
				`cinder-backup and nova-compute; 299 more hosts of this entry have a fault of this kind`,
			`line 5, column 35: hosts[2].services[0]: "nova-computer" is none of glance-api, cinder-volume, ` +
				`cinder-backup and nova-compute; 99 more hosts of this entry have a fault of this kind`,
			`line 6, column 1: hosts: no host runs nova-compute, which nova needs`},
		"gpu[001-099/Compute[001-099": {
			`line 11, column 6: hosts[2].name: "Compute001" is "compute001" of hosts[1] in another case; list each machine ` +
				`once; the first is at line 8, column 5; 99 more hosts of this entry have a fault of this kind`},
		"gpu[001-099,200]/gpu[001-003,002]": {
			`line 11, column 6: hosts[2].name: "gpu002" is there twice; the first is at line 11, column 6`},
		"10.1.0.[1-300]/.cloud.example": nil,
		"mon1, address: 10.0.0.1/mon1, address: 10.1.0.1": {
			`line 10, column 5: hosts[1].address: "10.1.0.1" is the address of hosts[0] (mon1) too; list each machine ` +
				`once; the first is at line 7, column 18`},
		"gpu[001-099/gpu[001-9999": {
			`line 11, column 6: hosts[2].name: "gpu[001-9999,200]" has [001-9999]: with zeros in front, both ends have as ` +
				`many digits`},
		"gpu[001-099/gpu[0001-9999": {
			`line 11, column 6: hosts[2].name: makes more than 10000 hosts of the Spec, which are not possible`},
	} {
		from, to, _ := strings.Cut(change, "/")
		require.Equal(t, 1, strings.Count(fleet, from), from)
		_, err := load(strings.Replace(fleet, from, to, 1))
		if want == nil {
			require.NoError(t, err, change)
			continue
		}
		assert.Equal(t, want, faultsOf(t, err), change)
	}
}

// TestFaultsOfOneFieldAreAllTold: only hosts of an entry share a fault.
func TestFaultsOfOneFieldAreAllTold(t *testing.T) {
	_, err := load("release: zed\nclusters: [{name: a}]\nhosts: [{name: a, services: [x, x]}]\n" +
		"glance: {}\nnova: {}\ncinder: {backends: [{name: b}]}\n")
	got := strings.Join(faultsOf(t, err), "\n")
	for _, service := range []string{"glance-api", "nova-compute", "cinder-volume"} {
		assert.Contains(t, got, "line 3, column 1: hosts: no host runs "+service)
	}
	assert.NotContains(t, got, "more hosts")
}

// TestFaultsNameTheFile that the text is from.
func TestFaultsNameTheFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cloud.yaml")
	require.NoError(t, os.WriteFile(name, []byte(strings.Replace(fleet, "gpu[001-099", "COMPUTE[001-099", 1)), 0o600))
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	_, err = spec.Load(f, ".")
	require.ErrorContains(t, err, "spec: "+name+":11:6: hosts[2].name: ")
	require.ErrorContains(t, err, "; the first is at "+name+":8:5")
	var fault *spec.FieldError
	require.ErrorAs(t, err, &fault)
	assert.Equal(t, []any{name, 11, 6}, []any{fault.File, fault.Line, fault.Column})
}

func TestWhatIsLikeAField(t *testing.T) {
	for name, like := range map[string]string{
		"relase": "release", "Release": "release",
		"hots": "hosts", "clouds": "cloud", "custer": "clusters", "custers": "clusters",
		"novaa": "nova", "backups": "backup", "prepar": "prepare", "zzz": "", "a": "", "x": "", "": "",
		strings.Repeat("release", 100): "", "X-anchor": "", "group": "groups",
	} {
		_, err := load(small + fmt.Sprintf("%q: {}\n", name))
		require.Error(t, err)
		text := ": is not a field of a Spec"
		if like != "" {
			text += fmt.Sprintf("; did you mean %q?", like)
		}
		assert.True(t, strings.HasSuffix(err.Error(), text), "%s: %v", name, err)
	}
}

func TestASpecHasAtMostTenThousandHosts(t *testing.T) {
	s := exampleSpec()
	for i := range 9_997 {
		s.Hosts = append(s.Hosts, spec.Host{Name: fmt.Sprintf("more%d", i)})
	}
	require.NoError(t, s.Validate())
	s.Hosts = append(s.Hosts, spec.Host{Name: "last"})
	require.EqualError(t, s.Validate(), "spec: hosts: has 10001 hosts, 10000 are possible")
	s = exampleSpec()
	s.Hosts[0].Address = ".cloud.example"
	assert.Contains(t, faults(t, s)["hosts[0].address"], "begins with a dot")
}
