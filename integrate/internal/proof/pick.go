package proof

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/openstack/api"
)

// usualGuests is on how many computes guests boot, if nobody says.
const usualGuests = 4

// A Wish says on which computes guests should boot, and what the APIs tell of computes.
type Wish struct {
	Names       []string // of computes; where there are none, Number of them
	Number      int      // 0 is 4
	Records     []api.ServiceRecord
	Hypervisors []api.Hypervisor
	Err         error // why the APIs do not tell zones and versions
}

// A Pick is the computes on which guests boot.
type Pick struct {
	Guests []Compute // the first two have the data; the second one moves while it runs
	MoveTo string    // where the second guest moves to; empty where there is no such compute
	Others int       // computes without a guest
	Zones  []string  // zones without a guest
	Err    error     // why nothing is known of zones and versions
}

// A Compute is a compute, as the APIs know it.
type Compute struct {
	Name, Zone string
	QEMU       int    // as Nova tells it; 0 where it is not known
	Why        string // why a guest boots there
	up         bool
}

// String is the compute, and why a guest boots there.
func (c Compute) String() string {
	facts := []string{}
	if c.Zone != "" {
		facts = append(facts, "zone "+c.Zone)
	}
	if c.QEMU != 0 {
		facts = append(facts, "QEMU "+versionOf(c.QEMU))
	}
	return fmt.Sprintf("%s (%s)", c.Name, strings.Join(append(facts, c.Why), ", "))
}

// versionOf is a version as Nova tells it, such as 7002001 for 7.2.1.
func versionOf(n int) string { return fmt.Sprintf("%d.%d.%d", n/1e6, n/1e3%1e3, n%1e3) }

// Choose picks the computes for guests: a compute of each availability zone, then computes with the two oldest versions
// of QEMU, then others, spread over the zones. The same facts give the same computes. Computes that are down or
// disabled are picked only where too few others are left.
func Choose(s *want.Site, w Wish) Pick {
	all := computesOf(s, w)
	n := cmp.Or(w.Number, usualGuests)
	var chosen []Compute
	switch {
	case len(w.Names) > 0:
		for _, c := range all {
			if c.Why = "named"; slices.Contains(w.Names, c.Name) {
				chosen = append(chosen, c)
			}
		}
	case len(all) <= n:
		for _, c := range all {
			c.Why = "of all"
			chosen = append(chosen, c)
		}
	default:
		chosen = spread(all, n)
	}
	p := Pick{Others: len(all) - len(chosen), Err: w.Err}
	for _, zone := range zonesOf(all) {
		if zone != "" && !slices.Contains(zonesOf(chosen), zone) {
			p.Zones = append(p.Zones, zone)
		}
	}
	p.Guests, p.MoveTo = withRoles(chosen, all)
	return p
}

// computesOf lists the computes of the Spec, in its order.
func computesOf(s *want.Site, w Wish) []Compute {
	records, qemu := map[string]api.ServiceRecord{}, map[string]int{}
	for _, r := range w.Records {
		if r.Binary == "nova-compute" {
			records[r.Host] = r
		}
	}
	for _, h := range w.Hypervisors {
		if h.Type == "QEMU" {
			qemu[h.Host] = h.Version
		}
	}
	var all []Compute
	for _, name := range ComputesOf(s) {
		r := records[name]
		all = append(all, Compute{Name: name, Zone: r.Zone, QEMU: qemu[name], up: r.Up && r.Enabled})
	}
	return all
}

// ComputesOf lists the computes on which guests can boot, in the order of the Spec.
func ComputesOf(s *want.Site) []string {
	var names []string
	for _, h := range s.Hosts {
		if slices.Contains(s.ServicesOf(h), "nova-compute") {
			names = append(names, h.Name)
		}
	}
	return names
}

func zonesOf(computes []Compute) []string {
	zones := map[string]bool{}
	for _, c := range computes {
		zones[c.Zone] = true
	}
	return slices.Sorted(maps.Keys(zones))
}

// spread picks n of more computes.
func spread(all []Compute, n int) []Compute {
	usable := slices.DeleteFunc(slices.Clone(all), func(c Compute) bool { return !c.up })
	if len(usable) >= n {
		all = usable
	}
	place := map[string]int{}
	for i, c := range all {
		place[c.Name] = i
	}
	var chosen []Compute
	// take picks the first of those computes that are left and that match; less compares where it is there.
	take := func(why string, match func(Compute) bool, less func(a, b Compute) int) {
		var left []Compute
		for _, c := range all {
			if len(chosen) < n && match(c) && !slices.ContainsFunc(chosen, func(o Compute) bool { return o.Name == c.Name }) {
				left = append(left, c)
			}
		}
		if len(left) == 0 {
			return
		}
		best := slices.MinFunc(left, func(a, b Compute) int {
			return cmp.Or(cmp.Compare(rank(a.up), rank(b.up)), less(a, b), cmp.Compare(place[a.Name], place[b.Name]))
		})
		best.Why = why
		chosen = append(chosen, best)
	}
	in := func(zone string) func(Compute) bool { return func(c Compute) bool { return c.Zone == zone } }
	for _, zone := range zonesOf(all) {
		take("the oldest of its zone", in(zone), func(a, b Compute) int { return cmp.Compare(a.QEMU, b.QEMU) })
	}
	versions := map[int]bool{}
	for _, c := range all {
		if versions[c.QEMU] = true; c.QEMU == 0 {
			delete(versions, 0)
		}
	}
	same := func(Compute, Compute) int { return 0 }
	for i, v := range slices.Sorted(maps.Keys(versions)) {
		has := func(c Compute) bool { return c.QEMU == v }
		if i < 2 && !slices.ContainsFunc(chosen, has) {
			take([]string{"of the oldest version", "of the second oldest version"}[i], has, same)
		}
	}
	for len(chosen) < n { // there are more computes than n
		guests := map[string]int{}
		for _, c := range chosen {
			guests[c.Zone]++
		}
		take("one more", func(Compute) bool { return true },
			func(a, b Compute) int { return cmp.Compare(guests[a.Zone], guests[b.Zone]) })
	}
	slices.SortFunc(chosen, func(a, b Compute) int { return cmp.Compare(place[a.Name], place[b.Name]) })
	return chosen
}

func rank(up bool) int {
	if up {
		return 0
	}
	return 1
}

// withRoles puts two computes first of which the second one's guest can move to the first one: Nova keeps a VM in the
// zone that was asked for, and refuses an older QEMU. Where no two are like that, the second guest moves to a compute
// without a guest.
func withRoles(chosen, all []Compute) (guests []Compute, moveTo string) {
	can := func(from, to Compute) bool {
		return from.Name != to.Name && from.Zone == to.Zone && from.QEMU <= to.QEMU
	}
	first := func(one, two Compute) []Compute {
		taken := func(c Compute) bool { return c.Name == one.Name || c.Name == two.Name }
		rest := slices.DeleteFunc(slices.Clone(chosen), taken)
		return append([]Compute{one, two}, rest...)
	}
	for _, to := range chosen {
		for _, from := range chosen {
			if can(from, to) {
				return first(to, from), to.Name
			}
		}
	}
	for i := 1; i < len(chosen); i++ {
		for _, to := range all {
			if to.up && can(chosen[i], to) {
				return first(chosen[0], chosen[i]), to.Name
			}
		}
	}
	return chosen, ""
}

// String is the picked computes, each with the reason, and what has no guest.
func (p Pick) String() string {
	var parts []string
	for _, c := range p.Guests {
		parts = append(parts, c.String())
	}
	text := strings.Join(parts, ", ")
	if p.Others > 0 {
		text += fmt.Sprintf("; %d other computes have no guest", p.Others)
	}
	if len(p.Zones) > 0 {
		text += "; zones without a guest: " + strings.Join(p.Zones, ", ")
	}
	if p.Err != nil {
		text += fmt.Sprintf("; the APIs do not tell zones and versions: %v", p.Err)
	}
	return text
}
