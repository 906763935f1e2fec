package ceph

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// A CRUSHMap says where a cluster can put data: its tree of hosts and OSDs, and
// its rules.
type CRUSHMap struct {
	buckets map[int]crushBucket
	rules   map[string][]crushStep
	ids     map[int]string // names of rules
	sets    map[int]string // names of rules by their rulesets, which pools named before Luminous
}

// A crushBucket has items that are buckets, with IDs below zero, or OSDs. Each
// device class has a tree of its own, whose names end in ~ and the class.
type crushBucket struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Type  string `json:"type_name"`
	Items []struct {
		ID     int   `json:"id"`
		Weight int64 `json:"weight"`
	} `json:"items"`
}

type crushStep struct {
	Op   string `json:"op"`
	Item int    `json:"item"`
	Num  int    `json:"num"`
	Type string `json:"type"`
}

// CRUSHMap reads the map.
//
// Similar To: ceph osd crush dump
func (c *Cluster) CRUSHMap(ctx context.Context) (CRUSHMap, error) {
	var found crushDump
	if err := c.query(ctx, read("osd crush dump", nil), &found); err != nil {
		return CRUSHMap{}, err
	}
	return found.tree(), nil
}

// A crushDump is the answer to osd crush dump.
type crushDump struct {
	Buckets []crushBucket `json:"buckets"`
	Rules   []struct {
		ID      int         `json:"rule_id"`
		Ruleset int         `json:"ruleset"`
		Name    string      `json:"rule_name"`
		Steps   []crushStep `json:"steps"`
	} `json:"rules"`
}

func (d crushDump) tree() CRUSHMap {
	m := CRUSHMap{buckets: map[int]crushBucket{}, rules: map[string][]crushStep{}, ids: map[int]string{},
		sets: map[int]string{}}
	for _, b := range d.Buckets {
		m.buckets[b.ID] = b
	}
	for _, r := range d.Rules {
		m.rules[r.Name], m.ids[r.ID], m.sets[r.Ruleset] = r.Steps, r.Name, r.Name
	}
	return m
}

// ProfileDomains counts the failure domains that a pool made with a profile could
// choose from. OSDs count whether they are up or not, but not with a weight of
// zero. The count of a type of bucket or a device class that is not there is 0.
func (m CRUSHMap) ProfileDomains(p ErasureProfile) int {
	root := cmp.Or(p.root, defaultRoot)
	if p.DeviceClass != "" {
		root += "~" + p.DeviceClass
	}
	for id, b := range m.buckets {
		if b.Name == root {
			return m.domains(id, cmp.Or(p.FailureDomain, "host"), nil)
		}
	}
	return 0
}

// RuleDomains counts the failure domains that a rule chooses from, as
// ProfileDomains does, and names their type. The type is empty where a rule
// chooses in several steps. Without such a rule, ok is false.
func (m CRUSHMap) RuleDomains(rule string) (domain string, n int, ok bool) {
	steps, ok := m.rules[rule]
	steps = slices.DeleteFunc(slices.Clone(steps), func(s crushStep) bool { return strings.HasPrefix(s.Op, "set_") })
	if len(steps) != 3 || steps[0].Op != "take" || steps[1].Num != 0 || steps[2].Op != "emit" {
		return "", 0, ok
	}
	choose := steps[1]
	if !strings.HasPrefix(choose.Op, "chooseleaf_") && (!strings.HasPrefix(choose.Op, "choose_") || choose.Type != "osd") {
		return "", 0, ok
	}
	return choose.Type, m.domains(steps[0].Item, choose.Type, nil), ok
}

// A choice is how a rule begins to choose: so many buckets of a type, or OSDs, below a root.
type choice struct {
	root int
	kind string
	want int
}

// firstChoices are how the rule of a pool begins to choose, for each bucket that the rule takes.
func (m CRUSHMap) firstChoices(p servedPool) []choice {
	name := m.ids[p.Rule]
	if p.Ruleset != nil {
		name = m.sets[*p.Ruleset]
	}
	var all []choice
	var taken *int
	for _, s := range m.rules[name] {
		switch {
		case s.Op == "take":
			taken = &s.Item
		case taken != nil && strings.HasPrefix(s.Op, "choose"):
			want := s.Num
			if want <= 0 { // as many as the pool has replicas or chunks, or fewer by that
				want += p.Size
			}
			all, taken = append(all, choice{*taken, s.Type, want}), nil
		}
	}
	return all
}

// domains counts the buckets of a type below a bucket that hold an OSD, or the
// OSDs themselves. An OSD counts only if counts says so; nil counts all.
func (m CRUSHMap) domains(root int, kind string, counts func(osd int) bool) int {
	found := map[int]bool{}
	var holds func(id int) bool
	seen := map[int]bool{} // a broken map may lead back to where it began
	holds = func(id int) bool {
		if full, ok := seen[id]; ok {
			return full
		}
		b, bucket := m.buckets[id]
		full := id >= 0 && (counts == nil || counts(id))
		seen[id] = full
		for _, item := range b.Items {
			if item.Weight > 0 && holds(item.ID) {
				full = true
			}
		}
		if full && (b.Type == kind || !bucket && kind == "osd") {
			found[id] = true
		}
		seen[id] = full
		return full
	}
	holds(root)
	return len(found)
}
