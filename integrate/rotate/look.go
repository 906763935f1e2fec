package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// A look is what was read of the world at once.
type look struct {
	in      *integrate.Integration
	plan    *integrate.Plan
	lack         // what the ordinary plan leaves to do
	lasting lack // what it cannot do

	hosts    map[string]running.Host // by host of the Spec
	hostErrs map[string]error
	domains  map[string]placed // by UUID
	twice    map[string]string // by UUID: two computes that have one domain running

	servers     []api.Server
	attachments map[string][]api.Attachment // by server
	volumeUses  []api.Attachment            // of no server
	moves       []api.Migration
	ours        map[string]bool // guests that a run of ours locked, by nova-manage
	takes       map[string]bool // computes on which Nova may put guests of libvirt
	others      map[string]bool // computes of which Nova says that all their hypervisors are not libvirt's
	hypervisors []api.Hypervisor
	cloudErr    error

	clusters  map[string]*clusterLook
	newer     map[spec.User]map[string]bool // guests that have the new key of a user for sure
	spread    map[spec.User]bool            // all computes have the key with which a guest comes back
	pendingOn map[spec.User]map[string]bool // computes that have the pending key of a user
	immobile  map[spec.User][]Bar           // why guests cannot be moved that are to be moved
	left      map[spec.User][]Bar           // files and secrets of users that are gone
	leftovers map[spec.User][]leftover
}

// A placed is a domain and the host that has it.
type placed struct {
	host string
	running.Domain
}

// A clusterLook is what a cluster said of its users and of how it is.
type clusterLook struct {
	err      error
	users    map[string]cephx.Entity
	ciphers  cephx.Ciphers
	sessions []cephx.Session
	silent   error // why sessions are not all known
	stops    []string
}

// look reads everything.
func (r *run) look(ctx context.Context) (*look, error) {
	in, err := integrate.New(r.cfg)
	if err != nil {
		return nil, err
	}
	l := &look{in: in, clusters: map[string]*clusterLook{}}
	if l.plan, err = in.Plan(ctx, integrate.PlanOptions{}); err != nil {
		return nil, err
	}
	r.fsids = l.plan.Clusters
	var all sync.WaitGroup
	all.Go(func() { l.readHosts(ctx, r) })
	all.Go(func() {
		if l.cloudErr = l.readCloud(ctx, r.cfg.World.Cloud, r.cfg.World.CloudErr); l.cloudErr == nil {
			l.ours = r.readLocks(ctx, l.servers...)
		}
	})
	for _, rot := range r.rotations() {
		if l.clusters[rot.Cluster] == nil {
			c := &clusterLook{}
			l.clusters[rot.Cluster] = c
			all.Go(func() { c.err = c.read(ctx, r, rot.Cluster) })
		}
	}
	all.Wait()
	l.judge(r.site, r.pending(l))
	r.readSpread(ctx, l)
	r.readAges(ctx, l)
	r.tryMoves(ctx, l)
	r.readLeft(ctx, l)
	return l, ctx.Err()
}

// auth is the way to the keys of a cluster.
func (r *run) auth(cluster string) *cephx.Auth {
	w := r.cfg.World.Clusters[cluster]
	a := cephx.New(ceph.New(w.Mon).WithImages(w.Images))
	if user := r.site.Cluster(cluster).User; user != "" {
		a = a.As("client." + user)
	}
	return a
}

func (c *clusterLook) read(ctx context.Context, r *run, name string) error {
	a := r.auth(name)
	if err := c.readUsers(ctx, a, r.rotations(), name); err != nil {
		return err
	}
	var err error
	if c.ciphers, err = a.Ciphers(ctx); err != nil {
		return fmt.Errorf("the types of keys of cluster %s cannot be read: %w", name, err)
	}
	c.sessions, c.silent = a.Sessions(ctx)
	c.stops, _, err = ceph.New(r.cfg.World.Clusters[name].Mon).Condition(ctx, r.site.PoolNames(name)...)
	if err != nil {
		return fmt.Errorf("how cluster %s is cannot be told: %w", name, err)
	}
	return nil
}

// readUsers reads the users of rotations, with their pending keys. Other users are not read: cephstack may have no
// right to see their keys.
func (c *clusterLook) readUsers(ctx context.Context, a *cephx.Auth, rotations []spec.Rotation, name string) error {
	c.users = map[string]cephx.Entity{}
	for _, rot := range rotations {
		for _, u := range []spec.User{rot.Old(), rot.New()} {
			if rot.Cluster != name {
				continue
			}
			switch found, err := a.Lookup(ctx, u.Entity); {
			case errors.Is(err, ceph.ErrNotFound):
			case err != nil:
				return fmt.Errorf("the users of cluster %s cannot be read: %w", name, err)
			default:
				c.users[u.Entity] = found
			}
		}
	}
	return nil
}

// A lack is what keeps the Spec from being in force: by host, and as a whole.
type lack struct {
	notReady map[string]string // by host
	notYet   string            // empty: nothing of the whole
}

// add notes why a target is not as the Spec says. A compute is by itself; all else concerns the whole.
func (k *lack) add(site *want.Site, target, why string) {
	h := site.Host(target)
	if len(h.Services) > 0 && want.IsCompute(h) && !slices.Contains(h.Services, "cinder-volume") {
		if k.notReady[target] == "" {
			k.notReady[target] = why
		}
		return
	}
	if k.notYet == "" {
		k.notYet = "the Spec is not in force yet (" + target + ": " + why + ")"
	}
}

// judge tells what the ordinary plan leaves to do, and which of that an apply would leave, too. Pools, volume types and
// the like do not concern a rotation.
func (l *look) judge(site *want.Site, pending map[string]bool) {
	l.lack, l.lasting = lack{notReady: map[string]string{}}, lack{notReady: map[string]string{}}
	for _, f := range l.plan.Findings {
		if !f.Problem {
			continue
		}
		for _, target := range append(slices.Clone(f.Hosts), f.Target) {
			if target != "" && target != "cloud" {
				l.add(site, target, f.Object+" "+f.Message)
				l.lasting.add(site, target, f.Object+" "+f.Message)
			}
		}
	}
	for _, c := range l.plan.Changes {
		if c.Kind == "secret" && pending[c.Name] {
			continue // the pending key is there, or is about to be
		}
		if !slices.Contains([]string{"pool", "erasure-profile", "volume-type"}, c.Kind) {
			l.add(site, c.Target, fmt.Sprintf("%s %s %s is to be done", c.Action, c.Kind, c.Name))
		}
	}
}

// applied is the look as it would be with the Spec applied, as far as the plan can do that.
func (l *look) applied() *look {
	then := *l
	then.lack = l.lasting
	return &then
}

func (l *look) readHosts(ctx context.Context, r *run) {
	l.hosts, l.hostErrs, l.domains, l.twice = map[string]running.Host{}, map[string]error{}, map[string]placed{},
		map[string]string{}
	var names []string
	for _, h := range r.site.InOrder() {
		names = append(names, h.Name)
	}
	parallel := r.cfg.Parallel
	if parallel == 0 {
		parallel = 32
	}
	for _, o := range remote.Each(ctx, names, parallel, r.readHost) {
		if o.Err != nil {
			l.hostErrs[o.Name] = o.Err
			continue
		}
		for _, d := range o.Value.Domains {
			l.place(o.Name, d)
		}
		o.Value.Domains = nil
		l.hosts[o.Name] = o.Value
	}
}

// place notes where a domain is. During a live migration two hosts have it, and one of them runs it.
func (l *look) place(host string, d running.Domain) {
	was, there := l.domains[d.UUID]
	switch {
	case there && was.Active && d.Active:
		l.twice[d.UUID] = was.host + " and " + host
	case there && was.Active:
		return
	}
	l.domains[d.UUID] = placed{host, d}
}

// readHost reads what runs on a host.
func (r *run) readHost(ctx context.Context, name string) (running.Host, error) {
	h := r.site.Host(name)
	o := running.Options{Domains: want.IsCompute(h)}
	if k := r.site.Service(h, "nova-compute").Kolla; k != nil && o.Domains {
		o.Container = k.Libvirt
	}
	results, err := r.cfg.World.Hosts[name].Do(ctx, running.Ask(o))
	if err != nil {
		return running.Host{}, err
	}
	seen, err := running.Parse(results[0])
	if err == nil && o.Domains && seen.DomainsErr != nil {
		err = seen.DomainsErr
	}
	return seen, err
}

func (l *look) readCloud(ctx context.Context, cloud *api.Cloud, why error) error {
	if cloud == nil {
		if why == nil {
			why = errors.New("the World has no APIs")
		}
		return fmt.Errorf("a rotation needs the APIs: %w", why)
	}
	for s, err := range cloud.EachServer(ctx, "") {
		if err != nil {
			return err
		}
		l.servers = append(l.servers, s)
	}
	for s, err := range cloud.SoftDeleted(ctx) {
		if err != nil {
			return err
		}
		l.servers = append(l.servers, s)
	}
	l.attachments = map[string][]api.Attachment{}
	for a, err := range cloud.EachAttachment(ctx) {
		switch {
		case err != nil:
			return err
		case a.Server == "":
			l.volumeUses = append(l.volumeUses, a)
		default:
			l.attachments[a.Server] = append(l.attachments[a.Server], a)
		}
	}
	if err := l.readComputes(ctx, cloud); err != nil {
		return err
	}
	var err error
	l.moves, err = cloud.Migrations(ctx)
	return err
}

// readComputes tells which computes take guests. A nova-compute of bare metal, and others that do not work with
// libvirt, get none of its guests. Where the list of hypervisors cannot be read, each compute counts as one with
// libvirt.
func (l *look) readComputes(ctx context.Context, cloud *api.Cloud) error {
	records, err := cloud.Services(ctx)
	if err != nil {
		return err
	}
	l.takes, l.others = map[string]bool{}, map[string]bool{}
	if l.hypervisors, err = cloud.Hypervisors(ctx); err != nil {
		l.hypervisors = nil
	}
	libvirts := map[string]bool{}
	for _, h := range l.hypervisors {
		if h.Type != "" && !slices.Contains([]string{"qemu", "kvm", "xen", "lxc", "parallels"}, strings.ToLower(h.Type)) {
			l.others[h.Host] = true
			continue
		}
		libvirts[h.Host] = true
	}
	for host := range libvirts {
		delete(l.others, host)
	}
	for _, s := range records {
		if s.Binary == "nova-compute" {
			l.takes[s.Host] = s.Enabled && s.Up && !l.others[s.Host]
		}
	}
	return nil
}
