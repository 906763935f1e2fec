package cloud_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// computes is a Spec of n computes, what Nova tells of them, and their settings: now and after give
// the pool of each compute's VM disks, by its number. What is "?" is not known.
func computes(n int, now, after func(i int) string) (spec.Spec, *step.Cloud, map[step.ID]step.Delta) {
	s := example()
	s.Cinder, s.Hosts = nil, []spec.Host{{Name: "controller", Services: []string{"glance-api"}}}
	seen, facts := &step.Cloud{Computes: map[string]bool{}}, map[step.ID]step.Delta{}
	for i := 1; i <= n; i++ {
		name := fmt.Sprintf("compute%04d", i)
		s.Hosts = append(s.Hosts, spec.Host{Name: name, Services: []string{"nova-compute"}})
		seen.Computes[name] = true
		seen.Records = append(seen.Records, api.ServiceRecord{Binary: "nova-compute", Host: name, Zone: "nova"})
		if now(i) != "?" {
			facts[step.ID{Target: step.AtHost(name), Kind: "settings", Name: "/etc/nova/nova.conf"}] =
				step.Delta{Fact: want.Disks{Host: name, Now: now(i), After: after(i)}}
		}
	}
	return s, seen, facts
}

func local(int) string  { return "" }
func inCeph(int) string { return "vms" }
func upTo(n int) func(int) string {
	return func(i int) string {
		if i <= n {
			return "vms"
		}
		return ""
	}
}

// A mix is where computes keep disks, and what is said of them.
type mix struct {
	now, after func(int) string
	zone       func(i int) string // if not nova
	aggregates []api.Aggregate
	err        error
	says       []string // in the one note; without any, there is none
}

func mixes() map[string]mix {
	const rest = " Nova's scheduler does not know the difference"
	zone := func(i int) string { return []string{"a", "b"}[(i-1)/500] }
	third := func(i int) string { return []string{"?", "vms", ""}[i%3] }
	second := func(i int) string { return []string{"vms", "old"}[i%2] }
	return map[string]mix{
		"all local":        {now: local, after: local},
		"all in Ceph":      {now: inCeph, after: inCeph},
		"a whole rollout":  {now: local, after: inCeph},
		"no host was read": {now: func(int) string { return "?" }, after: local},
		"a canary": {now: local, after: upTo(1), says: []string{
			"VM disks are in pool vms on 1 compute (compute0001), local on 999 " +
				"computes (compute[0002-1000]) once this plan is applied." + rest,
			"Both are in availability zone nova (1 in pool vms, 999 local). As"}},
		"on purpose": {now: upTo(400), after: upTo(400), says: []string{
			"VM disks are in pool vms on 400 computes (compute[0001-0400]), local on 600 " +
				"computes (compute[0401-1000])." + rest}},
		"more of them": {now: upTo(1), after: upTo(2), says: []string{
			"on 998 computes (compute[0003-1000]) once this plan is applied."}},
		"the end of it": {now: upTo(999), after: inCeph, says: []string{
			"local on 1 compute (compute1000) until this plan is applied."}},
		"some are not read": {now: third, after: third, says: []string{
			", of 333 it is not known.",
			"Both are in availability zone nova (334 in pool vms, 333 local, of 333 it is " +
				"not known)."}},
		"another pool": {now: second, after: second, says: []string{
			"VM disks are in pool old on 500 computes (" +
				"compute0001, compute0003, compute0005, compute0007, compute0009 and 495 more), in pool vms on"}},
		"zones apart": {now: upTo(500), after: upTo(500), zone: zone,
			says: []string{
				"Each availability zone and aggregate has computes of one kind, which " +
					"does not hold a VM that was made without a zone"}},
		"one zone is mixed": {now: upTo(250), after: upTo(250), zone: zone,
			says: []string{
				"Both are in availability zone a (250 in pool vms, 250 local). As"}},
		"aggregates": {now: upTo(1), after: upTo(1), aggregates: []api.Aggregate{
			{Name: "fast", Hosts: []string{"compute0001", "compute0002"}}, {Name: "slow", Hosts: []string{"compute0003"}},
			{Name: "zone", Zone: "nova", Hosts: []string{"compute0001", "compute0002"}},
			{Name: "foreign", Hosts: []string{"x"}}},
			says: []string{
				"Both are in availability zone nova (1 in pool vms, 999 local), " +
					"aggregate fast (1 in pool vms, 1 local). As"}},
		"aggregates may not be listed": {now: upTo(1), after: upTo(1), err: api.ErrDenied,
			says: []string{
				"Both are in availability zone nova (1 in pool vms, 999 local). " +
					"Which aggregates have both is not known: " + api.ErrDenied.Error() + ". As"}},
	}
}

// TestAMixedFleet is said once, by the number of computes of each kind, with the zones and
// aggregates that have both.
func TestAMixedFleet(t *testing.T) {
	for name, c := range mixes() {
		t.Run(name, func(t *testing.T) {
			s, seen, facts := computes(1000, c.now, c.after)
			for i := range seen.Records {
				if c.zone != nil {
					seen.Records[i].Zone = c.zone(i + 1)
				}
			}
			seen.Aggregates, seen.AggregatesErr = c.aggregates, c.err
			got := compare(t, s, seen, facts).findings
			if c.says == nil {
				assert.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			assert.Equal(t, []any{"fleet-mixed", "computes", false}, []any{got[0].Code, got[0].Object, got[0].Problem})
			for _, says := range c.says {
				assert.Contains(t, got[0].Message, says)
			}
			assert.Less(t, len(got[0].Message), 2500)
		})
	}
}

// TestManyMixedAggregates: the note names some.
func TestManyMixedAggregates(t *testing.T) {
	s, seen, facts := computes(1000, upTo(500), upTo(500))
	for i := 1; i <= 400; i++ {
		seen.Aggregates = append(seen.Aggregates, api.Aggregate{Name: fmt.Sprint("rack", i),
			Hosts: []string{fmt.Sprintf("compute%04d", i), fmt.Sprintf("compute%04d", i+500)}})
	}
	got := compare(t, s, seen, facts).findings
	require.Len(t, got, 1)
	assert.Contains(t, got[0].Message, "aggregate rack4 (1 in pool vms, 1 local) and 396 more. As")
}

// TestTheAdviceOnAMixedFleet names only what works.
func TestTheAdviceOnAMixedFleet(t *testing.T) {
	s, seen, facts := computes(2, upTo(1), upTo(1))
	m := compare(t, s, seen, facts).findings[0].Message
	for _, says := range []string{"a resize or cold migration of a VM with local disks to a compute with disks in " +
		"Ceph ends in ERROR (ImageNotFound)", "a live migration fails", "an evacuation does not bring the data",
		"--host COMPUTE ID",
		"openstack aggregate set --property disks=ceph AGGREGATE", "aggregate_instance_extra_specs:disks=ceph",
		"AggregateInstanceExtraSpecsFilter", "as the guide (local-disks.md) says"} {
		assert.Contains(t, m, says)
	}
	for _, harm := range []string{"delete", "shelve", "blockcopy"} {
		assert.NotContains(t, m, harm)
	}
}

// TestComputesOutsideTheSpec: what is not known is not taken for well.
func TestComputesOutsideTheSpec(t *testing.T) {
	s, seen, facts := computes(3, inCeph, inCeph)
	seen.Computes["gpu1"], seen.Computes["gpu2"] = true, true
	seen.Records = append(seen.Records, api.ServiceRecord{Binary: "nova-compute", Host: "gpu1", Zone: "nova"})
	got := compare(t, s, seen, facts).findings
	require.Len(t, got, 1)
	assert.Equal(t, "fleet-unknown", got[0].Code)
	assert.Contains(t, got[0].Message, "computes that are not in the Spec (gpu[1-2])")
	s, seen, facts = computes(3, local, local)
	seen.Computes["gpu1"] = true
	assert.Empty(t, compare(t, s, seen, facts).findings, "nothing is in Ceph")
	s, seen, facts = computes(3, upTo(1), upTo(1))
	seen.Computes["gpu1"] = true
	got = compare(t, s, seen, facts).findings
	require.Len(t, got, 1)
	assert.Contains(t, got[0].Message, ", of 1 it is not known.")
}

// TestAMixedFleetWithoutAPIs: the Spec and the hosts tell that the fleet is mixed.
func TestAMixedFleetWithoutAPIs(t *testing.T) {
	s, _, facts := computes(3, upTo(1), upTo(1))
	got := compare(t, s, &step.Cloud{Err: step.ErrNoCloud}, facts).findings
	require.Len(t, got, 1)
	assert.Contains(t, got[0].Message, "Which availability zones and aggregates have both is not known: no cloud was "+
		"given.")
	got = compare(t, s, &step.Cloud{Err: errors.New("broken")}, facts).findings
	assert.True(t, strings.Contains(got[0].Message, "is not known: broken."))
	s.Nova = nil
	got = compare(t, s, &step.Cloud{Err: step.ErrNoCloud}, facts).findings
	require.Len(t, got, 1)
	assert.Equal(t, "service-left-out", got[0].Code)
}
