package cephtest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/ceph"
)

// A Session is a client of the cluster: a process with a key. It is logged in to a monitor until it is refused or
// closed. A client that was refused once is refused for good, as librados never tries again.
type Session struct {
	Entity  string
	Client  int64  // its global ID
	Address string // such as 192.0.2.100:0/4100

	cluster *Cluster
	key     ceph.Key
	mon     int // index of its monitor
	refused bool
	closed  bool
	cut     bool // an OSD has no connection to it
}

// Login starts a client. A key that the monitors do not take is ceph.ErrDenied. A login with a pending key makes it
// the key, after PendingStays.
func (c *Cluster) Login(entity string, key ceph.Key) (*Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &Session{Entity: entity, Client: c.cephx.next, key: key, cluster: c}
	s.Address = fmt.Sprintf("192.0.2.100:0/%d", 900000000+s.Client)
	if err := s.login(); err != nil {
		return nil, err
	}
	c.cephx.next++
	c.cephx.clients[s.Client] = s
	return s, nil
}

// login is a login, or another login of a client that is known.
func (s *Session) login() error {
	c := s.cluster
	if err := c.answers(); err != nil {
		return err
	}
	c.settle()
	u, ok := c.users[s.Entity]
	p, waits := c.cephx.pending[s.Entity]
	switch {
	case !ok || !slices.Contains(c.cephx.allowed, s.key.Type()):
		return s.denied()
	case waits && s.key.Equal(p.key):
		if p.used.IsZero() {
			p.used = c.Now()
			c.cephx.pending[s.Entity] = p
		}
	case !s.key.Equal(u.Key):
		return s.denied()
	}
	s.mon = int(s.Client) % max(1, len(c.MonHosts)-c.ailments.LostMonitors)
	return nil
}

// denied is what a client hears whose key is not taken, for whatever reason.
func (s *Session) denied() error {
	return fmt.Errorf("%w: ceph: no key, or not the cluster's (errno %d)", ceph.ErrDenied, eacces)
}

// settle makes pending keys the keys that were used long enough ago.
func (c *Cluster) settle() {
	for entity, p := range c.cephx.pending {
		if !p.used.IsZero() && c.Now().Sub(p.used) >= c.PendingStays {
			c.commit(c.users[entity])
		}
	}
}

// Renew makes the client log in again, as it does when its ticket has expired or its connection to a monitor was
// made anew. It is ceph.ErrDenied for good once it is refused, whatever happens to the key afterwards.
func (s *Session) Renew() error {
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	return s.renew()
}

func (s *Session) renew() error {
	if s.closed {
		return fmt.Errorf("%w: the client has ended", ceph.ErrUnreachable)
	}
	if s.refused {
		return s.denied()
	}
	err := s.login()
	s.refused = err != nil && s.cluster.answers() == nil
	return err
}

// Reconnect makes the connections of the client to the OSDs anew, as after the restart of an OSD. What it reads and
// writes hangs for good, which is ceph.ErrUnreachable, if the client was refused by the monitors or is blocked. A
// client that is not told so by the monitors yet is told now, if its key is not taken any more.
func (s *Session) Reconnect() error {
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	if err := s.renew(); err != nil {
		s.cut = true
	}
	return s.io()
}

// IO reads or writes with the connections that the client has. A client that the monitors refused goes on. It
// hangs, which is ceph.ErrUnreachable, after a Reconnect that failed, or when the client is blocked.
func (s *Session) IO() error {
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	return s.io()
}

func (s *Session) io() error {
	if s.closed || s.cut || s.cluster.cephx.blocked[s.Address] {
		return fmt.Errorf("%w: %s reads and writes nothing any more", ceph.ErrUnreachable, s.Entity)
	}
	return nil
}

// Watch opens an image for writing.
func (s *Session) Watch(poolName, image string) error {
	return s.cluster.seed("rbd watch", poolName, image, func(p *pool, _ *ceph.Image) error {
		if err := s.io(); err != nil {
			return err
		}
		if p.watchers[image] == nil {
			p.watchers[image] = map[int64]string{}
		}
		p.watchers[image][s.Client] = s.Address
		return nil
	})
}

// Watch implements Seeder, as client.admin.
func (c *Cluster) Watch(poolName, image string) (stop func(), err error) {
	c.mu.Lock()
	admin := *c.users["client.admin"]
	c.mu.Unlock()
	s, err := c.Login(admin.Entity, admin.Key)
	if err != nil {
		return nil, err
	}
	if err := s.Watch(poolName, image); err != nil {
		s.Close()
		return nil, err
	}
	return s.Close, nil
}

// Close ends the client and closes its images.
func (s *Session) Close() {
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	s.closed = true
	delete(s.cluster.cephx.clients, s.Client)
	for _, p := range s.cluster.pools {
		for _, list := range p.watchers {
			delete(list, s.Client)
		}
	}
}

// RestartMonitor makes all clients of a monitor, such as a, log in again. An unknown monitor is ceph.ErrNotFound.
func (c *Cluster) RestartMonitor(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, err := c.monitor(call{prefix: "mon restart", mon: name})
	if err != nil {
		return err
	}
	for _, s := range c.cephx.clients {
		if s.mon == i && !s.refused {
			_ = s.renew() // the client knows
		}
	}
	return nil
}

// monitor is the index of the monitor that a call is for.
func (c *Cluster) monitor(a call) (int, error) {
	if i := int(a.mon[0]) - 'a'; len(a.mon) == 1 && i >= 0 && i < len(c.MonHosts) {
		return i, nil
	}
	return 0, refuse(a.prefix, "mon."+a.mon, enoent, "mon dne")
}

// told is why a call does not get its answer of the monitor that it is for. Monitors that are told a command know a
// few of their own only.
func (c *Cluster) told(a call) error {
	if a.mon == "" {
		if a.prefix == "sessions" {
			return a.refuse(einval, "unrecognized command")
		}
		return nil
	}
	i, err := c.monitor(a)
	switch {
	case err != nil:
		return err
	case i >= len(c.MonHosts)-c.ailments.LostMonitors:
		return refuse(a.prefix, "mon."+a.mon, enxio, "mon unavailable")
	case a.prefix == "config get" && c.Release < "octopus":
		return a.refuse(einval, "missing required parameter who")
	case a.prefix != "sessions" && a.prefix != "config get":
		return a.refuse(einval, "unknown command prefix %s", a.prefix)
	}
	return nil
}

// sessions are the other monitors, the client that asks, and the clients of this monitor.
func (c *Cluster) sessions(a call) (any, string, error) {
	i, err := c.monitor(a)
	if err != nil {
		return nil, "", err
	}
	list := []object{{"name": "mon." + strconv.Itoa(i), "entity_name": "", "con_type": "mon", "open": true,
		"socket_addr": object{"type": "none", "addr": "(unrecognized address family 0)", "nonce": 0}, "global_id": 0}}
	describe := func(entity, address string, id int64) object {
		addr, nonce, _ := strings.Cut(address, "/")
		n, _ := strconv.ParseInt(nonce, 10, 64)
		return object{"name": "client.?", "entity_name": entity, "con_type": "client", "open": true, "global_id": id,
			"socket_addr": object{"type": "any", "addr": addr, "nonce": n}}
	}
	list = append(list, describe("client.admin", "192.0.2.1:0/4000", 4000))
	for _, s := range c.cephx.clients {
		if s.mon == i && !s.refused {
			list = append(list, describe(s.Entity, s.Address, s.Client))
		}
	}
	slices.SortFunc(list, func(x, y object) int {
		a, _ := x["global_id"].(int64)
		b, _ := y["global_id"].(int64)
		return cmp.Compare(a, b)
	})
	return list, "", nil
}
