package cloud

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// FleetID is the resource of all computes together.
func FleetID() step.ID { return step.ID{Target: step.AtCloud(), Kind: "fleet", Name: "fleet"} }

// A fleet is all computes together. It has no change of its own, only notes.
type fleet struct{ site *want.Site }

func newFleet(s *want.Site) []step.Resource {
	if s.Nova == nil {
		return nil
	}
	return []step.Resource{fleet{s}}
}

// ID implements step.Resource.
func (fleet) ID() step.ID { return FleetID() }

// Needs implements step.Resource. Of a compute that is left alone, nothing is known.
func (fleet) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (fleet) Asks() step.Asks { return step.Asks{} }

// Compare implements step.Resource.
func (f fleet) Compare(v step.View) step.Delta {
	var d step.Delta
	disks := f.disks(v)
	all, outside := f.computes(v)
	groups := groupsOf(v.Cloud)
	at := func(hosts []string, place func(want.Disks) string) kinds { return sort(hosts, disks, place) }
	after, when := at(all, afterwards), ""
	place := afterwards
	switch now := at(all, today); {
	case after.mixed() && now.counts() != after.counts():
		when = " once this plan is applied"
	case !after.mixed() && now.mixed():
		after, place, when = now, today, " until this plan is applied"
	case !after.mixed():
		f.outside(&d, after, outside)
		return d
	}
	var mixed []string
	for _, g := range groups {
		if k := at(g.hosts, place); k.mixed() {
			mixed = append(mixed, g.name+" ("+k.counts()+")")
		}
	}
	d.Note("fleet-mixed", "computes", "%s%s. %s %s %s", after.names(), when, harm, where(v.Cloud, mixed), routes)
	return d
}

const (
	harm = "Nova's scheduler does not know the difference, and Nova does not convert disks: a resize or cold migration " +
		"of a VM with local disks to a compute with disks in Ceph ends in ERROR (ImageNotFound), a live migration fails, " +
		"and an evacuation does not bring the data."
	routes = "As long as there are both kinds, name a compute of the VM's own kind for each migration (openstack server " +
		"migrate --host COMPUTE ID; --live-migration, and openstack server evacuate, take --host too), and let nobody " +
		"resize VMs with local disks. To have the scheduler keep them apart, give each kind a host aggregate with a " +
		"property, and flavors that ask for it (openstack aggregate set --property disks=ceph AGGREGATE; openstack flavor " +
		"set --property aggregate_instance_extra_specs:disks=ceph FLAVOR), with AggregateInstanceExtraSpecsFilter among " +
		"enabled_filters of nova-scheduler; a VM that is there keeps the flavor that it was made with. To end it, bring " +
		"the VMs into Ceph, as the guide (local-disks.md) says, and switch the other computes"
)

// outside notes computes of which the Spec says nothing, where the others have disks in Ceph.
func (fleet) outside(d *step.Delta, after kinds, names []string) {
	if len(after.at) == 0 || len(after.at[""]) > 0 || len(names) == 0 {
		return
	}
	d.Note("fleet-unknown", "computes", "Nova has computes that are not in the Spec (%s), and where they keep the "+
		"disks of VMs is not known. If they are local, a VM that is resized or cold-migrated from there to a compute with "+
		"disks in Ceph ends in ERROR: put these computes into the Spec, or keep them in a host aggregate of their own",
		folded(names))
}

// disks is where each compute has the disks of VMs, as far as that is known. The settings of the
// hosts tell it in their Delta.Fact.
func (f fleet) disks(v step.View) map[string]want.Disks {
	all := map[string]want.Disks{}
	for _, h := range f.site.Hosts {
		if !want.IsCompute(h) {
			continue
		}
		path := f.site.Service(h, "nova-compute").Config[0]
		d, _ := v.Ledger.Lookup(step.ID{Target: step.AtHost(h.Name), Kind: "settings", Name: path})
		if known, ok := d.Fact.(want.Disks); ok {
			all[h.Name] = known
		}
	}
	return all
}

// computes lists the computes of the Spec and those of Nova, and then the computes of Nova that
// are not in the Spec.
func (f fleet) computes(v step.View) (all, outside []string) {
	for _, h := range f.site.Hosts {
		if want.IsCompute(h) {
			all = append(all, h.Name)
		}
	}
	inSpec := map[string]bool{}
	for _, h := range f.site.Before().Hosts { // a compute that retires is in the Spec, too
		inSpec[h.Name] = inSpec[h.Name] || want.IsCompute(h)
	}
	for _, name := range slices.Sorted(maps.Keys(v.Cloud.Computes)) {
		if !inSpec[name] {
			outside = append(outside, name)
		}
	}
	return slices.Concat(all, outside), outside
}

// A group is computes among which Nova's scheduler may move VMs.
type group struct {
	name  string
	hosts []string
}

// groupsOf lists the availability zones, and the aggregates that are not just a zone.
func groupsOf(c *step.Cloud) []group {
	zones := map[string][]string{}
	for _, r := range c.Records {
		if r.Binary == "nova-compute" {
			zones[r.Zone] = append(zones[r.Zone], r.Host)
		}
	}
	var all []group
	for _, zone := range slices.Sorted(maps.Keys(zones)) {
		all = append(all, group{"availability zone " + zone, zones[zone]})
	}
	for _, a := range c.Aggregates {
		if a.Zone == "" {
			all = append(all, group{"aggregate " + a.Name, a.Hosts})
		}
	}
	return all
}

// where says which groups are mixed, as far as that is known.
func where(c *step.Cloud, mixed []string) string {
	switch {
	case c.Err != nil:
		return fmt.Sprintf("Which availability zones and aggregates have both is not known: %v.", c.Err)
	case len(mixed) == 0 && c.AggregatesErr == nil:
		return "Each availability zone and aggregate has computes of one kind, which does not hold a VM that was made " +
			"without a zone, and whose flavor asks for no aggregate."
	}
	text := "No availability zone has both."
	if len(mixed) > 0 {
		text = "Both are in " + words.JoinShort(mixed) + "."
	}
	if c.AggregatesErr != nil {
		text += fmt.Sprintf(" Which aggregates have both is not known: %v.", c.AggregatesErr)
	}
	return text
}

func today(d want.Disks) string      { return d.Now }
func afterwards(d want.Disks) string { return d.After }

// kinds are computes by where they keep the disks of VMs: by pool, or by nothing where they are local.
type kinds struct {
	at      map[string][]string
	unknown int
}

func sort(hosts []string, disks map[string]want.Disks, place func(want.Disks) string) kinds {
	k := kinds{at: map[string][]string{}}
	for _, name := range hosts {
		if d, ok := disks[name]; ok {
			k.at[place(d)] = append(k.at[place(d)], name)
		} else {
			k.unknown++
		}
	}
	return k
}

func (k kinds) mixed() bool { return len(k.at) > 1 }

// counts tells how many computes there are of each kind: those in Ceph first.
func (k kinds) counts() string {
	return k.text(func(hosts []string, kind string) string { return fmt.Sprintf("%d %s", len(hosts), kind) })
}

// names tells which computes there are of each kind.
func (k kinds) names() string {
	return "VM disks are " + k.text(func(hosts []string, kind string) string {
		noun := "computes"
		if len(hosts) == 1 {
			noun = "compute"
		}
		return fmt.Sprintf("%s on %d %s (%s)", kind, len(hosts), noun, folded(hosts))
	})
}

func (k kinds) text(of func(hosts []string, kind string) string) string {
	var texts []string
	for _, pool := range slices.Sorted(maps.Keys(k.at)) {
		if pool != "" {
			texts = append(texts, of(k.at[pool], "in pool "+pool))
		}
	}
	if local := k.at[""]; len(local) > 0 {
		texts = append(texts, of(local, "local"))
	}
	if k.unknown > 0 {
		texts = append(texts, fmt.Sprintf("of %d it is not known", k.unknown))
	}
	return strings.Join(texts, ", ")
}

// folded is a short text for the names of computes: some of them, where ranges would make it long.
func folded(names []string) string {
	const most = 100
	if text := words.JoinShort(spec.FoldNames(names)); len(text) <= most {
		return text
	}
	return words.JoinShort(names)
}
