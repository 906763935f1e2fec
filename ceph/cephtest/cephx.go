package cephtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/ceph"
)

const aes, aes256k = "aes", "aes256k"

// cephx is what the monitors know of keys and of who is logged in.
type cephx struct {
	choice             bool // the release has types of keys
	allowed            []string
	preferred, service string
	pending            map[string]pending // by entity
	clients            map[int64]*Session
	next               int64 // the next global ID
	blocked            map[string]bool
}

// A pending is a pending key.
type pending struct {
	key  ceph.Key
	used time.Time // when it first logged in; zero when it did not
}

func newCephx() cephx {
	return cephx{allowed: []string{aes}, preferred: aes, service: aes, pending: map[string]pending{},
		clients: map[int64]*Session{}, next: 4100, blocked: map[string]bool{}}
}

// NewTentacle is New for a fresh cluster of Ceph 20.2.4, which allows keys of type aes256k only. It has the keys of
// its daemons, too.
func NewTentacle() *Cluster {
	c := New()
	c.Release, c.Version = "tentacle", "20.2.4"
	c.cephx.choice, c.cephx.allowed, c.cephx.preferred, c.cephx.service = true, []string{aes256k}, aes256k, aes256k
	c.AddUser(ceph.User{Entity: "client.admin", Caps: c.users["client.admin"].Caps})
	c.AddUser(ceph.User{Entity: "mon.", Caps: ceph.Caps{"mon": "allow *"}})
	c.AddUser(ceph.User{Entity: "mgr.x", Caps: ceph.Caps{"mon": "allow profile mgr", "osd": "allow *", "mds": "allow *"}})
	for id := range c.OSDsUp {
		c.AddUser(ceph.User{Entity: fmt.Sprintf("osd.%d", id), Caps: ceph.Caps{"mon": "allow profile osd",
			"mgr": "allow profile osd", "osd": "allow *"}})
	}
	for _, kind := range []string{"mds", "mgr", "osd", "rbd", "rbd-mirror", "rgw"} {
		c.AddUser(ceph.User{Entity: "client.bootstrap-" + kind, Caps: ceph.Caps{"mon": "allow profile bootstrap-" + kind}})
	}
	return c
}

// dump adds the types of keys to the map of the monitors.
func (x cephx) dump(into object) {
	if !x.choice {
		return
	}
	cipher := func(name string) object {
		return object{"name": name, "value": map[string]int{aes: 1, aes256k: 2}[name]}
	}
	allowed := []object{}
	for _, name := range x.allowed {
		allowed = append(allowed, cipher(name))
	}
	into["auth_allowed_ciphers"] = allowed
	into["auth_preferred_cipher"], into["auth_service_cipher"] = cipher(x.preferred), cipher(x.service)
}

// keyOf makes the key that a command asks for.
func (c *Cluster) keyOf(a call) (ceph.Key, error) {
	keyType := a.str("key_type")
	_, asked := a.args["key_type"]
	switch {
	case asked && !c.cephx.choice:
		return ceph.Key{}, a.refuse(einval, "unknown field 'key_type'")
	case !asked:
		keyType = c.cephx.preferred
	}
	switch {
	case keyType != aes && keyType != aes256k:
		return ceph.Key{}, a.refuse(einval, "invalid key type: %s", keyType)
	case !slices.Contains(c.cephx.allowed, keyType):
		return ceph.Key{}, a.refuse(einval, "refusing to create key with type (%s) that cannot be used for auth "+
			"(auth_allowed_ciphers)", keyType)
	}
	return newKey(keyType), nil
}

// authRotate leaves a pending key as it is.
func (c *Cluster) authRotate(a call) (any, string, error) {
	key, err := c.keyOf(a)
	if err != nil {
		return nil, "", err
	}
	u, ok := c.users[a.str("entity")]
	if !ok {
		return nil, "", a.refuse(enoent, "entity does not exist")
	}
	u.Key = key
	return []object{c.describe(u)}, "", nil
}

// known is the entity of a command about a pending key.
func (c *Cluster) known(a call) (*ceph.User, error) {
	u, ok := c.users[a.str("entity")]
	if !ok {
		return nil, a.refuse(enoent, "entity %s does not exist", a.str("entity"))
	}
	return u, nil
}

// authPending answers without caps, as a monitor does.
func (c *Cluster) authPending(a call) (any, string, error) {
	u, err := c.known(a)
	if err != nil {
		return nil, "", err
	}
	if _, ok := c.cephx.pending[u.Entity]; !ok {
		key, err := c.keyOf(a)
		if err != nil {
			return nil, "", err
		}
		c.cephx.pending[u.Entity] = pending{key: key}
	}
	answer := c.describe(u)
	answer["caps"] = object{}
	return []object{answer}, "", nil
}

func (c *Cluster) authCommit(a call) (any, string, error) {
	u, err := c.known(a)
	if err != nil {
		return nil, "", err
	}
	if !c.commit(u) {
		return nil, "no pending key", nil
	}
	return nil, "", nil
}

// commit makes the pending key of a user the key, if there is one.
func (c *Cluster) commit(u *ceph.User) bool {
	p, ok := c.cephx.pending[u.Entity]
	if ok {
		u.Key = p.key
		delete(c.cephx.pending, u.Entity)
	}
	return ok
}

func (c *Cluster) authClear(a call) (any, string, error) {
	u, err := c.known(a)
	if err != nil {
		return nil, "", err
	}
	delete(c.cephx.pending, u.Entity)
	return nil, "", nil
}

// monSet takes any list of types: also one that locks everybody out.
func (c *Cluster) monSet(a call) (any, string, error) {
	list := []string{}
	for name := range strings.FieldsFuncSeq(a.str("value"), func(r rune) bool { return r == ',' || r == ' ' }) {
		name = strings.ToLower(name)
		if name != aes && name != aes256k {
			return nil, "", a.refuse(einval, "(22) Invalid argument")
		}
		list = append(list, name)
	}
	one := map[string]*string{"auth_preferred_cipher": &c.cephx.preferred, "auth_service_cipher": &c.cephx.service}
	slices.Sort(list)
	switch into, ok := one[a.str("name")]; {
	case a.str("name") == "auth_allowed_ciphers":
		if slices.Equal(list, c.cephx.allowed) {
			return nil, "already set", nil
		}
		c.cephx.allowed = slices.Compact(list)
	case !ok:
		return nil, "", a.refuse(einval, "%s not valid: it not in auth_service_cipher|auth_allowed_ciphers|"+
			"auth_preferred_cipher", a.str("name"))
	case len(list) != 1:
		return nil, "", a.refuse(einval, "(22) Invalid argument")
	case *into == list[0]:
		return nil, "already set", nil
	default:
		*into = list[0]
	}
	return nil, "", nil
}

// lockedOut is the error of everything once the key of client.admin has a type that may not log in.
func (c *Cluster) lockedOut() error {
	if u := c.users["client.admin"]; u != nil && !slices.Contains(c.cephx.allowed, u.Key.Type()) && c.cephx.choice {
		return fmt.Errorf("%w: ceph: no key, or not the cluster's (errno %d)", ceph.ErrDenied, eacces)
	}
	return nil
}

func (c *Cluster) blocklist(a call) (any, string, error) {
	addr := a.str("addr")
	if !strings.Contains(addr, ":") {
		return nil, "", a.refuse(einval, "unable to parse address %s", addr)
	}
	if a.str("blocklistop") != "add" {
		return nil, "", a.refuse(einval, "the fake only adds")
	}
	c.cephx.blocked[addr] = true
	return nil, "blocklisting " + addr, nil
}
