package spec_test

import (
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
)

// TestEachHostIsAMachineOfItsOwn, whatever the spelling of its name and address.
func TestEachHostIsAMachineOfItsOwn(t *testing.T) {
	const isAddress = `is the address of hosts[1] (compute1) too; each host is a machine of its own`
	for _, c := range []struct {
		one, other spec.Host
		field      string // of hosts[2]; empty for two machines
		says       string
	}{
		{spec.Host{Name: "compute1"}, spec.Host{Name: "compute1"}, "name", `"compute1" is there twice`},
		{spec.Host{Name: "compute1"}, spec.Host{Name: "Compute1"}, "name",
			`"Compute1" is "compute1" of hosts[1] in another case; names of hosts do not differ by case alone`},
		{spec.Host{Name: "compute1"}, spec.Host{Name: "c2", Address: "compute1"}, "address", `"compute1" ` + isAddress},
		{spec.Host{Name: "compute1"}, spec.Host{Name: "c2", Address: "COMPUTE1.:22"}, "address", `"COMPUTE1.:22" ` + isAddress},
		{spec.Host{Name: "compute1", Address: "c2:22"}, spec.Host{Name: "c2"}, "name", `"c2" ` + isAddress},
		{spec.Host{Name: "compute1", Address: "10.0.0.1"}, spec.Host{Name: "c2", Address: "10.0.0.1:22"}, "address", `"10.0.0.1:22" ` + isAddress},
		{spec.Host{Name: "compute1", Address: "10.0.0.1:2222"}, spec.Host{Name: "c2", Address: "10.0.0.1:02222"}, "address", `"10.0.0.1:02222" ` + isAddress},
		{spec.Host{Name: "compute1", Address: "2001:DB8::0:1"}, spec.Host{Name: "c2", Address: "[2001:db8::1]:22"}, "address", `"[2001:db8::1]:22" ` + isAddress},
		{spec.Host{Name: "compute1", Address: "10.0.0.1:22"}, spec.Host{Name: "c2", Address: "10.0.0.1:23"}, "", ""},
		{spec.Host{Name: "compute1", Address: "10.0.0.1"}, spec.Host{Name: "c2", Address: "10.0.0.11"}, "", ""},
		{spec.Host{Name: "compute1", Address: "bastion:2201"}, spec.Host{Name: "c2", Address: "bastion:2202"}, "", ""},
		{spec.Host{Name: "compute1", Address: "c2"}, spec.Host{Name: "c2", Address: "compute1"}, "", ""},
	} {
		s := exampleSpec()
		s.Hosts[1].Name, s.Hosts[1].Address, s.Hosts[2].Name, s.Hosts[2].Address = c.one.Name, c.one.Address, c.other.Name, c.other.Address
		want := map[string]string{}
		if c.field != "" {
			want["hosts[2]."+c.field] = c.says
		}
		assert.Equal(t, want, faults(t, s), "%v and %v", c.one, c.other)
	}
}

func TestHostsWithoutANameAreSaidOnce(t *testing.T) {
	s := exampleSpec()
	s.Hosts[1].Name, s.Hosts[2].Name = "", ""
	assert.Equal(t, map[string]string{"hosts[1].name": "is missing", "hosts[2].name": "is missing"}, faults(t, s))
}
