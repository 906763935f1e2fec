package spec_test

import (
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
)

// TestEachHostIsAMachineOfItsOwn, whatever the spelling of its name and address.
func TestEachHostIsAMachineOfItsOwn(t *testing.T) {
	const isAddress = `is the address of hosts[1] (compute1) too; list each machine once`
	at := func(name, address string) spec.Host { return spec.Host{Name: name, Address: address} }
	for _, c := range []struct {
		one, other spec.Host
		field      string // of hosts[2]; empty for two machines
		says       string
	}{
		{at("compute1", ""), at("compute1", ""), "name", `"compute1" is there twice`},
		{at("compute1", ""), at("Compute1", ""), "name",
			`"Compute1" is "compute1" of hosts[1] in another case; list each machine once`},
		{at("compute1", ""), at("c2", "compute1"), "address", `"compute1" ` + isAddress},
		{at("compute1", ""), at("c2", "COMPUTE1.:22"), "address", `"COMPUTE1.:22" ` + isAddress},
		{at("compute1", "c2:22"), at("c2", ""), "name", `"c2" ` + isAddress},
		{at("compute1", "10.0.0.1"), at("c2", "10.0.0.1:22"), "address", `"10.0.0.1:22" ` + isAddress},
		{at("compute1", "10.0.0.1:2222"), at("c2", "10.0.0.1:02222"), "address", `"10.0.0.1:02222" ` + isAddress},
		{at("compute1", "2001:DB8::0:1"), at("c2", "[2001:db8::1]:22"), "address", `"[2001:db8::1]:22" ` + isAddress},
		{at("compute1", "10.0.0.1:22"), at("c2", "10.0.0.1:23"), "", ""},
		{at("compute1", "10.0.0.1"), at("c2", "10.0.0.11"), "", ""},
		{at("compute1", "bastion:2201"), at("c2", "bastion:2202"), "", ""},
		{at("compute1", "c2"), at("c2", "compute1"), "", ""},
	} {
		s := exampleSpec()
		s.Hosts[1].Name, s.Hosts[1].Address = c.one.Name, c.one.Address
		s.Hosts[2].Name, s.Hosts[2].Address = c.other.Name, c.other.Address
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
