package reference_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec/reference"
)

func TestLookup(t *testing.T) {
	for path, want := range map[string]string{
		"release": "release", "hosts": "hosts", "hosts[]": "hosts", "hosts[3]": "hosts",
		"hosts[].disks": "hosts[].disks", "hosts.disks": "hosts[].disks", "hosts[17].disks": "hosts[].disks",
		"Hosts.Disks": "hosts[].disks", ".hosts.disks": "hosts[].disks", "disks": "hosts[].disks",
		"cinder.backends[0].pool": "cinder.backends[].pool", "backends.pool": "cinder.backends[].pool",
		"clusters[0].conf.client.rbd_cache":     "clusters[].conf",
		"prepare.guests.options.log_file":       "prepare.guests.options",
		"cinder.backends[1].extra_specs.RESKEY": "cinder.backends[].extra_specs",
		"groups":                                "groups", "groups.computes": "groups",
		"groups.computes.disks":       "hosts[].disks",
		"groups.computes.services[0]": "hosts[].services", "hosts[].services[1]": "hosts[].services",
		"prepare.sudo": "prepare.sudo", "apis": "cloud.apis",
	} {
		f, ok := reference.Lookup(path)
		assert.True(t, ok, path)
		assert.Equal(t, want, f.Path, path)
	}
	for _, path := range []string{"", ".", "[", "pool", "hosts[].disk", "release.x", "cinder.pool", "x-ceph",
		"groups.computes.disk", "user", "  "} {
		f, ok := reference.Lookup(path)
		assert.False(t, ok, "%s is %s", path, f.Path)
		assert.Empty(t, f, path)
	}
	for _, f := range reference.Fields() {
		got, ok := reference.Lookup(f.Path)
		require.True(t, ok, f.Path)
		require.Equal(t, f, got)
	}
}

func TestSuggest(t *testing.T) {
	for path, want := range map[string]string{
		"host": "hosts", "hosts.disk": "hosts[].disks", "cinder.pool": "cinder.backends[].pool", "relase": "release",
		"ssh.key_file": "ssh.key_files", "secretuuid": "nova.secret_uuid", "backend": "cinder.backends",
	} {
		assert.Contains(t, reference.Suggest(path), want, path)
	}
	assert.Equal(t, []string{"ssh.sudo", "prepare.sudo"}, reference.Suggest("sudo")[:2])
	assert.Equal(t, []string{"ssh.key_files", "ssh.entry.key_files"}, reference.Suggest("ssh.key_file"))
	for _, path := range []string{"", "qqqqqqqqqqq", strings.Repeat("x", 1000)} {
		assert.Empty(t, reference.Suggest(path), path)
	}
}

func TestFieldsBelongToTheCaller(t *testing.T) {
	reference.Fields()[0].Path = "changed"
	assert.Equal(t, "release", reference.Fields()[0].Path)
	reference.Schema()[0] = 'x'
	assert.Equal(t, byte('{'), reference.Schema()[0])
}

func TestEachFieldPrints(t *testing.T) {
	for _, f := range reference.Fields() {
		text := f.String()
		assert.True(t, strings.HasSuffix(text, "\n") && !strings.HasSuffix(text, "\n\n"), f.Path)
		said, _, _ := strings.Cut(text, "\nExample:\n")
		for line := range strings.Lines(said) {
			assert.LessOrEqual(t, len(line), 81, "%s: %s", f.Path, line)
			assert.Equal(t, strings.TrimRight(line, " \n"), strings.TrimSuffix(line, "\n"), f.Path)
		}
	}
}

func ExampleLookup() {
	f, _ := reference.Lookup("hosts[3].disks")
	fmt.Print(f)
	// Output:
	// hosts[].disks (text)
	//
	//   disks says where Nova puts the disks of VMs on this compute. auto is in Ceph,
	//   unless there are VMs with local disks, which the switch would break. ceph is
	//   always in Ceph: such VMs are only noted. keep leaves the compute as it is. No
	//   compute is switched while a VM is on its way to or from it, or waits to be
	//   confirmed.
	//
	// Default: auto.
	// Limits:  auto, ceph or keep.
	//
	// Example:
	//   hosts:
	//     - {name: ceph01}
	//     - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
	//     - {name: compute1, services: [nova-compute], disks: ceph}
	//     - {name: compute2, services: [nova-compute], disks: keep}
}

func ExampleSuggest() {
	if _, ok := reference.Lookup("cinder.pool"); !ok {
		fmt.Println(reference.Suggest("cinder.pool")[0])
	}
	// Output: cinder.backends[].pool
}
