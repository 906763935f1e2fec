package cephtest

import (
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
)

func (c *Cluster) authGet(a call) (any, string, error) {
	u, ok := c.users[a.str("entity")]
	if !ok {
		return nil, "", a.refuse(enoent, "failed to find %s in keyring", a.str("entity"))
	}
	return []object{c.describe(u)}, "exported keyring for " + u.Entity, nil
}

func (c *Cluster) authList(call) (any, string, error) {
	list := []object{}
	for _, name := range slices.Sorted(maps.Keys(c.users)) {
		if name == "mon." { // the monitors have it in a file
			continue
		}
		list = append(list, c.describe(c.users[name]))
	}
	return object{"auth_dump": list}, "", nil
}

func (c *Cluster) describe(u *ceph.User) object {
	o := object{"entity": u.Entity, "key": u.Key.Reveal(), "caps": map[string]string(u.Caps)}
	if p, ok := c.cephx.pending[u.Entity]; ok {
		o["pending_key"] = p.key.Reveal()
	}
	return o
}

// authCreate compares texts, and only of the daemon types that were given, as
// a monitor does.
func (c *Cluster) authCreate(a call) (any, string, error) {
	entity := a.str("entity")
	if kind, _, ok := strings.Cut(entity, "."); !ok ||
		!slices.Contains([]string{"client", "osd", "mgr", "mds", "mon", "auth"}, kind) {
		return nil, "", a.refuse(einval, "bad entity name")
	}
	caps, err := capsOf(a)
	if err != nil {
		return nil, "", err
	}
	key, err := c.keyOf(a)
	if err != nil {
		return nil, "", err
	}
	u, ok := c.users[entity]
	if !ok {
		u = &ceph.User{Entity: entity, Key: key, Caps: caps}
		c.users[entity] = u
	}
	for _, d := range slices.Sorted(maps.Keys(caps)) {
		if u.Caps[d] != caps[d] {
			return nil, "", a.refuse(einval, "key for %s exists but cap %s does not match", entity, d)
		}
	}
	return []object{c.describe(u)}, "", nil
}

func (c *Cluster) authCaps(a call) (any, string, error) {
	u, ok := c.users[a.str("entity")]
	if !ok {
		return nil, "", a.refuse(enoent, "couldn't find entry %s", a.str("entity"))
	}
	caps, err := capsOf(a)
	if err != nil {
		return nil, "", err
	}
	u.Caps = caps
	return nil, "updated caps for " + u.Entity, nil
}

func (c *Cluster) authRemove(a call) (any, string, error) {
	entity := a.str("entity")
	if _, ok := c.users[entity]; !ok {
		return nil, "entity " + entity + " does not exist", nil
	}
	delete(c.users, entity)
	delete(c.cephx.pending, entity)
	return nil, "updated", nil
}

// authImport takes a keyring from the input buffer.
func (c *Cluster) authImport(a call) (any, string, error) {
	k, err := ceph.ParseKeyring(a.input)
	if err != nil || len(k.Faults) > 0 || len(a.input) == 0 {
		return nil, "", a.refuse(einval, "error decoding keyring cannot parse buffer: Malformed input")
	}
	for _, u := range k.Users {
		if u.Caps == nil {
			u.Caps = ceph.Caps{}
		}
		c.users[u.Entity] = &u
		delete(c.cephx.pending, u.Entity)
	}
	return nil, "imported keyring", nil
}

func capsOf(a call) (ceph.Caps, error) {
	list, _ := a.args["caps"].([]any)
	if len(list)%2 != 0 {
		return nil, a.refuse(einval, "bad capabilities request; odd number of arguments")
	}
	caps := ceph.Caps{}
	for i := 0; i < len(list); i += 2 {
		caps[list[i].(string)] = list[i+1].(string)
	}
	for _, d := range slices.Sorted(maps.Keys(caps)) {
		if !slices.Contains([]string{"mon", "osd", "mgr", "mds"}, d) {
			return nil, a.refuse(einval, "unknown cap type '%s'", d)
		}
		if _, err := ceph.ParseCaps(ceph.Caps{d: caps[d]}); err != nil {
			return nil, a.refuse(einval, "%s capability parse failed, stopped at '%s' of '%s'", d, caps[d], caps[d])
		}
	}
	return caps, nil
}
