package cephtest

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"

	"github.com/cephstack/cephstack/ceph"
)

// An Op is one operation on a fake cluster, as Fail, Lost and Log see it.
type Op struct {
	Name   string // command prefix such as "osd pool create", or such as "rbd info" and "rados lock get"
	Object string // pool, entity, pool/image or pool/object; may be empty
	Write  bool   // it changes the cluster
}

// A Cluster is a Ceph cluster in memory: a ceph.Commander, ceph.Images and
// Seeder. Set its fields before the first use; New fills in the fields
// that a cluster needs.
type Cluster struct {
	FSID     string
	Release  string   // such as pacific
	Version  string   // such as 16.2.15
	MonHosts []string // as in ceph.Status
	Health   string
	Checks   []string // health check codes
	Muted    []string // the Checks that are muted
	// MonOptions are the options that the monitors know, with the values that they go by.
	MonOptions map[string]string
	OSDsUp     int
	// OSDs are the device classes of the OSDs on each host, all below one root.
	OSDs map[string][]string
	// MinSizeOne allows pools of size 1 (mon_allow_pool_size_one).
	MinSizeOne bool
	CRUSHRules []string         // of replicated pools, the default one first
	Now        func() time.Time // for the expiry of locks, and for PendingStays
	// PendingStays is for how long the old key still logs in after the first login with a pending key. Monitors
	// look every five seconds.
	PendingStays time.Duration

	// Fail, when it returns an error, makes an operation fail with it,
	// without effect. It is called with the cluster locked.
	Fail func(Op) error
	// Lost, when it returns an error, makes an operation that has had its
	// effect answer with it: the reply that never came.
	Lost func(Op) error

	mu       sync.Mutex
	ailments Ailments
	log      []Op
	batches  int
	users    map[string]*ceph.User
	cephx    cephx
	pools    map[string]*pool
	profiles map[string]profile // of erasure code, by name
	coded    []rule             // of erasure-coded pools
	locks    map[[2]string]held
}

type pool struct {
	ceph.Pool
	id         int
	apps       map[string]bool
	overwrites bool
	images     map[string]*ceph.Image
	watchers   map[string]map[int64]string // by image
	trash      []trashed
}

// New returns a healthy cluster without pools and with one user, client.admin.
// It has three hosts with two OSDs each, which are hard disks.
func New() *Cluster {
	c := &Cluster{
		FSID: "a3d17d0c-3f1d-4a9c-9f5e-0d6f1c7f9b52", Release: "pacific", Version: "16.2.15",
		MonHosts: []string{"[v2:192.0.2.1:3300/0,v1:192.0.2.1:6789/0]"}, Health: "HEALTH_OK", OSDsUp: 6, MinSizeOne: true,
		MonOptions: map[string]string{"auth_allow_insecure_global_id_reclaim": "false"},
		OSDs:       map[string][]string{"osd1": {"hdd", "hdd"}, "osd2": {"hdd", "hdd"}, "osd3": {"hdd", "hdd"}},
		CRUSHRules: []string{"replicated_rule"}, Now: time.Now,
		profiles: map[string]profile{"default": defaultProfile()},
		users:    map[string]*ceph.User{}, cephx: newCephx(), pools: map[string]*pool{}, locks: map[[2]string]held{},
	}
	c.AddUser(ceph.User{Entity: "client.admin", Caps: ceph.Caps{"mon": "allow *", "osd": "allow *", "mgr": "allow *",
		"mds": "allow *"}})
	return c
}

// AddUser puts a user into the cluster, or replaces it (as somebody else
// would, behind the back of the code under test). Without a key it gets a new
// one. It returns the user as it is now.
func (c *Cluster) AddUser(u ceph.User) ceph.User {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u.Key.IsZero() {
		u.Key = newKey(c.cephx.preferred)
	}
	if u.Caps == nil {
		u.Caps = ceph.Caps{}
	}
	c.users[u.Entity] = &u
	delete(c.cephx.pending, u.Entity)
	return u
}

// AddPool puts a pool into the cluster, or replaces its settings. Fields that
// are zero get Ceph's defaults. A CRUSH rule or an erasure profile that Ceph would
// refuse is refused.
func (c *Cluster) AddPool(p ceph.Pool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.Name == "" {
		return refuse("osd pool create", "", einval, "no name")
	}
	rule, err := c.pickRule(call{prefix: "osd pool create"}, p)
	if err != nil {
		return err
	}
	p.CRUSHRule = rule
	old := c.pools[p.Name]
	c.putPool(p)
	if old != nil {
		q := c.pools[p.Name]
		q.id, q.images, q.trash, q.watchers = old.id, old.images, old.trash, old.watchers
	}
	return nil
}

// RemovePool takes a pool away with all that is in it, as nobody can through
// ceph.Cluster.
func (c *Cluster) RemovePool(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pools, name)
}

func (c *Cluster) putPool(p ceph.Pool) *pool {
	if p.ErasureProfile != "" {
		p = c.code(p)
	}
	p.PGNum, p.Autoscale, p.Size = cmp.Or(p.PGNum, 32), cmp.Or(p.Autoscale, "on"), cmp.Or(p.Size, 3)
	p.MinSize = cmp.Or(p.MinSize, p.Size-p.Size/2)
	q := &pool{Pool: p, id: len(c.pools) + 1, apps: map[string]bool{}, images: map[string]*ceph.Image{},
		watchers: map[string]map[int64]string{}, overwrites: p.ErasureProfile != ""}
	if p.Application != "" {
		q.apps[p.Application] = true
	}
	c.pools[p.Name] = q
	return q
}

// Log returns the operations so far, including those that were refused.
func (c *Cluster) Log() []Op {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Op(nil), c.log...)
}

// Reads counts the operations so far that change nothing.
func (c *Cluster) Reads() int { return c.count(false) }

// Writes counts the operations so far that change the cluster.
func (c *Cluster) Writes() int { return c.count(true) }

func (c *Cluster) count(write bool) (n int) {
	for _, op := range c.Log() {
		if op.Write == write {
			n++
		}
	}
	return n
}

// do runs one operation between the hooks, locked.
func (c *Cluster) do(op Op, effect func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, op)
	if c.Fail != nil {
		if err := c.Fail(op); err != nil {
			return err
		}
	}
	c.settle()
	if err := cmp.Or(c.answers(), c.lockedOut()); err != nil {
		return err
	}
	if err := effect(); err != nil {
		return err
	}
	if c.Lost != nil {
		return c.Lost(op)
	}
	return nil
}

// newKey makes a key in the form of Ceph's keys of a type.
func newKey(keyType string) ceph.Key {
	kind, length := uint16(1), 16
	if keyType == aes256k {
		kind, length = 2, 32
	}
	raw := binary.LittleEndian.AppendUint16(nil, kind)
	raw = binary.LittleEndian.AppendUint64(raw, uint64(time.Now().Unix()))
	raw = binary.LittleEndian.AppendUint16(raw, uint16(length))
	secret := make([]byte, length)
	_, _ = rand.Read(secret)
	k, _ := ceph.ParseKey(base64.StdEncoding.EncodeToString(append(raw, secret...)))
	return k
}

// Linux errno values, as Ceph reports them.
const (
	eperm      = 1
	eacces     = 13
	enoent     = 2
	enxio      = 6
	ebusy      = 16
	eexist     = 17
	einval     = 22
	erange     = 34
	enotempty  = 39
	eopnotsupp = 95
)

func refuse(op, object string, code int, status string) error {
	return &ceph.CommandError{Op: op, Object: object, Code: code, Status: status}
}
