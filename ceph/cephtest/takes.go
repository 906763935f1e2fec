package cephtest

import (
	"slices"

	"github.com/cephstack/cephstack/ceph"
)

// Takes reports whether a login with a key would be accepted now. It is not a login: a pending key stays unused.
func (c *Cluster) Takes(entity string, key ceph.Key) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.takes(entity, key)
}

func (c *Cluster) takes(entity string, key ceph.Key) bool {
	c.settle()
	u, ok := c.users[entity]
	p, waits := c.cephx.pending[entity]
	return ok && slices.Contains(c.cephx.allowed, key.Type()) && (u.Key.Equal(key) || waits && p.key.Equal(key))
}

// Good reports whether the client would be accepted if it logged in again now. It is not a login.
func (s *Session) Good() bool {
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	return !s.closed && !s.refused && s.cluster.takes(s.Entity, s.key)
}

// UpgradeToTentacle makes a cluster one of Ceph 20.2.4. Its keys stay, keys of both types log in, and new keys are of
// type aes256k. The monitors have their key.
func (c *Cluster) UpgradeToTentacle() {
	c.AddUser(ceph.User{Entity: "mon.", Caps: ceph.Caps{"mon": "allow *"}})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Release, c.Version = "tentacle", "20.2.4"
	c.cephx.choice, c.cephx.allowed, c.cephx.preferred, c.cephx.service = true, []string{aes, aes256k}, aes256k, aes256k
}
