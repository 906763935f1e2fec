package rotate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch/batchtest"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
)

var errKilled = errors.New("killed")

// A killer is between a program and the world. From its kill on, nothing reaches the world any more, as after SIGKILL:
// what the program would do to clean up has no effect. A step is an exchange with a host or a cluster, or a request.
type killer struct {
	at     int  // the step at which the program dies; 0 for never
	after  bool // that step has its effect, and no answer
	writes bool // only steps count that may change something

	mu    sync.Mutex
	steps []string // those that counted
	wrote []bool   // of these, which may have changed something
	dead  bool
	end   context.CancelFunc
}

// begin counts a step. A step that is not to happen is errKilled; last says that its answer is not to arrive.
func (k *killer) begin(name string, write bool) (last bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		return false, errKilled
	}
	if k.writes && !write {
		return false, nil
	}
	k.steps, k.wrote = append(k.steps, name), append(k.wrote, write)
	if len(k.steps) != k.at {
		return false, nil
	}
	if !k.after {
		k.dead = true
		k.end()
		return false, errKilled
	}
	return true, nil
}

// die is after the effect of the last step.
func (k *killer) die() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dead = true
	k.end()
}

func (k *killer) killed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.dead
}

// step does one step.
func (k *killer) step(name string, write bool, do func()) error {
	last, err := k.begin(name, write)
	if err != nil {
		return err
	}
	do()
	if last {
		k.die()
		return errKilled
	}
	return nil
}

// between is the world as a program sees it that is killed.
func (k *killer) between(c *cloud) world.World {
	w := c.World.World
	w.Clusters, w.Hosts, w.Secrets = map[string]world.Cluster{}, map[string]remote.Host{},
		map[string]libvirtsecret.Store{}
	for name, fake := range c.Ceph {
		m := monitors{fake, k}
		w.Clusters[name] = world.Cluster{Mon: m, Images: m}
	}
	for name, h := range c.Hosts {
		w.Hosts[name] = machine{h, k, name}
	}
	for name, s := range c.Secrets {
		w.Secrets[name] = secrets{s.(*batchtest.Store), k, name}
	}
	c.API.Interrupt(func(r *http.Request) (int, string, bool) {
		last, err := k.begin(asked(r))
		if err != nil { // the client tries again at once, and in vain: it does not wait for a program that is dead
			return http.StatusServiceUnavailable, "", true
		}
		if last {
			k.die()
			return openstacktest.LostAnswer, "", true
		}
		return 0, "", false
	})
	return w
}

// asked is the name of a request, and whether it may change something. To ask for a live migration to a compute that
// cannot exist is how an account learns whether it may migrate.
func asked(r *http.Request) (name string, write bool) {
	name = r.Method + " " + r.URL.Path
	if !strings.HasSuffix(r.URL.Path, "/action") {
		return name, r.Method != http.MethodGet
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return name, true
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return name + " " + string(body), !bytes.Contains(body, []byte("cephstack-none.invalid"))
}

// monitors are a cluster.
type monitors struct {
	*cephtest.Cluster
	k *killer
}

func (m monitors) Command(ctx context.Context, cmd ceph.Command) (reply ceph.Reply, err error) {
	name, write := named(cmd)
	if dead := m.k.step(name, write, func() { reply, err = m.Cluster.Command(ctx, cmd) }); dead != nil {
		return ceph.Reply{}, dead
	}
	return reply, err
}

func (m monitors) Batch(ctx context.Context, requests ...ceph.Request) (answers []ceph.Answer) {
	names, write := []string{}, false
	for _, r := range requests {
		name, writes := named(r.Command)
		if len(r.Command.JSON) == 0 {
			name, writes = "images", r.InitPool != ""
		}
		names, write = append(names, name), write || writes
	}
	err := m.k.step(strings.Join(names, ", "), write, func() { answers = m.Cluster.Batch(ctx, requests...) })
	if err != nil {
		answers = make([]ceph.Answer, len(requests))
		for i := range answers {
			answers[i].Err = err
		}
	}
	return answers
}

// Lock is no step: a lock of a program that was killed expires.
func (m monitors) Lock(ctx context.Context, l ceph.Lock) error {
	if m.k.killed() {
		return errKilled
	}
	return m.Cluster.Lock(ctx, l)
}

func (m monitors) Unlock(ctx context.Context, l ceph.Lock) error {
	if m.k.killed() {
		return errKilled
	}
	return m.Cluster.Unlock(ctx, l)
}

// named is the name of a command, and whether it may change something.
func named(cmd ceph.Command) (name string, write bool) {
	var args struct{ Prefix, Entity string }
	if json.Unmarshal(cmd.JSON, &args) != nil || args.Prefix == "" {
		return "a command", true
	}
	words := strings.Fields(args.Prefix)
	reads := []string{"ls", "get", "dump", "status", "sessions", "detail", "tree", "df", "versions", "health", "info",
		"metadata", "stat", "generate-minimal-conf"}
	return strings.TrimSpace("ceph " + args.Prefix + " " + args.Entity), !slices.Contains(reads, words[len(words)-1])
}

// A machine is a host.
type machine struct {
	remote.Host
	k    *killer
	name string
}

func (m machine) Do(ctx context.Context, ops ...remote.Op) (results []remote.Result, err error) {
	write := slices.ContainsFunc(ops, writes)
	if dead := m.k.step("exchange with "+m.name, write, func() { results, err = m.Host.Do(ctx, ops...) }); dead != nil {
		return nil, &remote.HostError{Host: m.name, Err: dead}
	}
	return results, err
}

// writes reports whether an operation may change something. A login is a use of its key.
func writes(op remote.Op) bool {
	if o, is := op.(remote.If); is {
		op = o.Op
	}
	switch o := op.(type) {
	case remote.ReadFile, remote.ReadDir, remote.Stat, remote.UnitState, remote.Packages:
		return false
	case remote.Run:
		return slices.Contains(o.Argv, "refresh") || o.Argv[0] == "secrets-define" || o.Argv[0] == "python3"
	}
	return true
}

// secrets are the libvirt of a compute.
type secrets struct {
	*batchtest.Store
	k    *killer
	host string
}

func (s secrets) Lookup(ctx context.Context, uuid string) (out libvirtsecret.Secret, err error) {
	if dead := s.k.step("secret on "+s.host, false, func() { out, err = s.Store.Lookup(ctx, uuid) }); dead != nil {
		return libvirtsecret.Secret{}, dead
	}
	return out, err
}

func (s secrets) Define(ctx context.Context, change libvirtsecret.Change) (err error) {
	if dead := s.k.step("define on "+s.host, true, func() { err = s.Store.Define(ctx, change) }); dead != nil {
		return dead
	}
	return err
}

func (s secrets) Undefine(ctx context.Context, uuid string) (err error) {
	if dead := s.k.step("undefine on "+s.host, true, func() { err = s.Store.Undefine(ctx, uuid) }); dead != nil {
		return dead
	}
	return err
}
