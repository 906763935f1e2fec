package cephtest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/cephstack/cephstack/ceph"
)

// A rule is a CRUSH rule of erasure-coded pools.
type rule struct{ name, domain, class string }

// AddErasureRule puts a CRUSH rule for erasure-coded pools into the cluster, as
// ceph osd crush rule create-erasure does.
func (c *Cluster) AddErasureRule(name, profile string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addRule(call{prefix: "osd crush rule create-erasure"}, name, profile)
}

// addRule makes a rule by a profile, unless there is one of that name. It is here
// that a monitor looks at what a profile says of CRUSH.
func (c *Cluster) addRule(a call, name, profile string) error {
	p, ok := c.profiles[profile]
	if !ok {
		return a.refuse(einval, "cannot determine the erasure code plugin because there is no 'plugin' entry in the "+
			"erasure_code_profile {}")
	}
	if slices.Contains(c.ruleNames(), name) {
		return nil
	}
	r := rule{name, cmp.Or(p["crush-failure-domain"], "host"), p["crush-device-class"]}
	switch {
	case !slices.Contains(crushTypes(), r.domain):
		return a.refuse(einval, "unknown type %s", r.domain)
	case r.class != "" && !slices.Contains(c.classes(), r.class):
		return a.refuse(einval, "device class %s does not exist", r.class)
	}
	c.coded = append(c.coded, r)
	return nil
}

// pickRule is the CRUSH rule of a pool to be: the one that it asks for, the
// cluster's, or, of an erasure-coded pool, one that its profile leads to.
func (c *Cluster) pickRule(a call, p ceph.Pool) (string, error) {
	coded, name := p.ErasureProfile != "", p.CRUSHRule
	switch {
	case name != "" && !slices.Contains(c.ruleNames(), name):
		return "", a.refuse(enoent, "specified rule %s doesn't exist", name)
	case name == "" && !coded:
		name = c.CRUSHRules[0]
	case name == "" && p.ErasureProfile == "default":
		name = "erasure-code"
	case name == "":
		name = p.Name
	}
	if coded {
		if err := c.addRule(a, name, p.ErasureProfile); err != nil {
			return "", err
		}
	}
	return name, c.ruleFits(a, name, coded)
}

func (c *Cluster) ruleFits(a call, name string, coded bool) error {
	if slices.Contains(c.CRUSHRules, name) == coded {
		return a.refuse(einval, "crush rule %d type does not match pool", slices.Index(c.ruleNames(), name))
	}
	return nil
}

// ruleNames lists all rules; a rule's place is its ID.
func (c *Cluster) ruleNames() []string {
	names := slices.Clone(c.CRUSHRules)
	for _, r := range c.coded {
		names = append(names, r.name)
	}
	return names
}

// crushTypes are the types of buckets in a new cluster, by their numbers.
func crushTypes() []string {
	return []string{"osd", "host", "chassis", "rack", "row", "pdu", "pod", "room", "datacenter", "zone", "region", "root"}
}

func (c *Cluster) classes() []string {
	var all []string
	for _, classes := range c.OSDs {
		all = append(all, classes...)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(class string) bool { return class == "" })
}

func (c *Cluster) rules() []object {
	rules := []object{}
	add := func(name string, kind int, take, choose object) {
		rules = append(rules, object{"rule_id": len(rules), "ruleset": c.ruleset(len(rules)), "rule_name": name, "type": kind,
			"steps": []object{take, choose, {"op": "emit"}}})
	}
	for _, name := range c.CRUSHRules {
		add(name, 1, c.take(""), object{"op": "chooseleaf_firstn", "num": 0, "type": "host"})
	}
	for _, r := range c.coded {
		op := "chooseleaf_indep"
		if r.domain == "osd" {
			op = "choose_indep"
		}
		add(r.name, 3, c.take(r.class), object{"op": op, "num": 0, "type": r.domain})
	}
	return rules
}

// ruleset is the ruleset of a rule. Before Luminous a pool named its rule by it, and it could be
// another number than the rule's own.
func (c *Cluster) ruleset(rule int) int {
	if c.Release < "luminous" {
		return rule + 3
	}
	return rule
}

// take is the step that begins with the tree of a class, or that of all OSDs.
func (c *Cluster) take(class string) object {
	return object{"op": "take", "item": c.treeID(class), "item_name": "default" + suffix(class)}
}

func suffix(class string) string {
	if class == "" {
		return ""
	}
	return "~" + class
}

// treeID is the ID of a tree's root; its hosts have those below it.
func (c *Cluster) treeID(class string) int {
	return -1 - (slices.Index(c.classes(), class)+1)*(len(c.OSDs)+1)
}

// tree lists the buckets of a class, or of all OSDs.
func (c *Cluster) tree(class string) []object {
	root, osd := c.treeID(class), 0
	var buckets, hosts []object
	for i, host := range slices.Sorted(maps.Keys(c.OSDs)) {
		items := []object{}
		for _, has := range c.OSDs[host] {
			if class == "" || class == has {
				items = append(items, object{"id": osd, "weight": 1 << 16, "pos": len(items)})
			}
			osd++
		}
		buckets = append(buckets, object{"id": root - 1 - i, "name": host + suffix(class), "type_id": 1, "type_name": "host",
			"items": items})
		hosts = append(hosts, object{"id": root - 1 - i, "weight": len(items) << 16, "pos": i})
	}
	return append(buckets, object{"id": root, "name": "default" + suffix(class), "type_id": 11, "type_name": "root",
		"items": hosts})
}

func (c *Cluster) crushRules(call) (any, string, error) { return c.rules(), "", nil }

func (c *Cluster) crushDump(call) (any, string, error) {
	devices, types, buckets := []object{}, []object{}, c.tree("")
	for _, host := range slices.Sorted(maps.Keys(c.OSDs)) {
		for _, class := range c.OSDs[host] {
			devices = append(devices, object{"id": len(devices), "name": "osd." + strconv.Itoa(len(devices)), "class": class})
		}
	}
	for i, name := range crushTypes() {
		types = append(types, object{"type_id": i, "name": name})
	}
	for _, class := range c.classes() {
		buckets = append(buckets, c.tree(class)...)
	}
	return object{"devices": devices, "types": types, "buckets": buckets, "rules": c.rules(), "tunables": object{},
		"choose_args": object{}}, "", nil
}
