package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	catalog "github.com/cephstack/cephstack/integrate/internal/kind"
	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/osloconf"
	"github.com/cephstack/cephstack/remote"
)

// credentials are what was read of clusters, hosts and attachments: who logs in where, and with which key.
type credentials struct {
	site        *want.Site
	clusters    map[string]clusterSeen // without those that cannot be read
	hosts       []hostSeen             // in the order of a plan
	attachments []api.Attachment
}

// clusterSeen is a cluster that was read.
type clusterSeen struct {
	status   ceph.Status
	insecure []string // monitors that let a client take the global ID of another client over
	users    map[string]cephx.Entity
	ciphers  cephx.Ciphers
}

// hostSeen is a host that was read. Parts that cannot be told are empty.
type hostSeen struct {
	spec.Host
	runs     running.Host
	secrets  []libvirtsecret.Secret
	told     bool // whether the secrets are known
	config   map[string]osloconf.Values
	keyrings []remote.File
}

// lookAtHosts is the part Hosts.
func lookAtHosts(ctx context.Context, l *look) {
	c := credentials{site: l.site, clusters: map[string]clusterSeen{}}
	for _, cluster := range l.site.Clusters {
		seen, err := readCluster(ctx, l.cfg.World.Clusters[cluster.Name].Mon)
		if err != nil {
			l.unable("users of cluster "+cluster.Name, err)
			continue
		}
		auth := cephx.New(ceph.New(l.cfg.World.Clusters[cluster.Name].Mon))
		if seen.insecure, err = auth.InsecureReclaim(ctx, seen.status.Release); err != nil {
			l.unable("auth_allow_insecure_global_id_reclaim of cluster "+cluster.Name, err)
		}
		c.clusters[cluster.Name] = seen
		l.looked("users of Ceph", len(seen.users))
	}
	c.hosts = readHosts(ctx, l)
	if cloud := l.cfg.World.Cloud; cloud == nil {
		l.unable("attachments of Cinder", errors.Join(l.cfg.World.CloudErr, step.ErrNoCloud))
	} else if err := wholeCloud(ctx, cloud); err != nil {
		l.unable("attachments of Cinder", err)
	} else if l.site.Cinder != nil {
		for a, err := range cloud.EachAttachment(ctx) {
			if err != nil {
				l.unable("attachments of Cinder", err)
				break
			}
			c.attachments = append(c.attachments, a)
		}
	}
	l.looked("hosts", len(c.hosts))
	l.looked("attachments", len(c.attachments))
	l.found(slices.Concat(c.domains(), c.ofAttachments(), c.rights(), c.keys(l.unable), c.secrets(), c.holes())...)
}

func readCluster(ctx context.Context, mon ceph.Commander) (clusterSeen, error) {
	var seen clusterSeen
	var err error
	cluster := ceph.New(mon)
	if seen.status, err = cluster.Status(ctx); err != nil {
		return seen, err
	}
	auth := cephx.New(cluster)
	all, err := auth.Keys(ctx)
	if err != nil {
		return seen, err
	}
	seen.users = map[string]cephx.Entity{}
	for _, e := range all {
		seen.users[e.Entity] = e
	}
	seen.ciphers, err = auth.Ciphers(ctx)
	return seen, err
}

// readHosts reads the hosts of the Spec, several at a time.
func readHosts(ctx context.Context, l *look) []hostSeen {
	e, err := engine.New(engine.Engine{Site: l.site, Catalog: catalog.NewCatalog(l.site), World: l.cfg.World,
		Parallel: l.cfg.Parallel})
	if err != nil {
		l.unable("hosts", err)
		return nil
	}
	names := e.HostsIn(engine.Scope{})
	outcomes := remote.Each(ctx, names, e.Parallel, func(ctx context.Context, name string) (hostSeen, error) {
		return readHost(ctx, l, e, host.NewNode(l.site, l.site.Host(name)))
	})
	var all []hostSeen
	for _, o := range outcomes {
		if o.Err != nil {
			l.unable("host "+o.Name, o.Err)
			continue
		}
		all = append(all, o.Value)
	}
	return all
}

// readHost reads a host in one exchange, and the secrets of a compute in another.
func readHost(ctx context.Context, l *look, e *engine.Engine, n *host.Node) (hostSeen, error) {
	seen := hostSeen{Host: n.Spec, config: map[string]osloconf.Values{}}
	name := n.Spec.Name
	ask := running.Ask(running.Options{Domains: n.Computes(), Container: n.Libvirt()})
	ops := []remote.Op{ask}
	folders := []string{spec.CephDir}
	for _, service := range n.Services {
		ops = append(ops, n.ConfigAsks(service)...)
		if k := n.Service(service).Kolla; k != nil {
			folders = append(folders, k.Folder, k.Folder+"/ceph")
		}
	}
	for _, dir := range folders {
		ops = append(ops, remote.ReadDir{Path: dir, Suffix: ".keyring"})
	}
	h, err := e.Ask(ctx, name, distinct(ops))
	if err != nil {
		return seen, err
	}
	if seen.runs, err = running.Parse(h.Ran(ask)); err != nil {
		l.unable("processes of host "+name, err)
	}
	l.partsUnable(n, seen.runs)
	for _, service := range n.Services {
		_, values, err := n.Service(service).Parsed(h, l.site.Containers(h))
		if err != nil {
			l.unable("configuration of "+service+" on "+name, err)
			continue
		}
		seen.config[service] = values
	}
	for path, f := range h.Files {
		if strings.HasSuffix(path, ".keyring") && f.Err == nil && !f.Missing {
			f.File.Path = path
			seen.keyrings = append(seen.keyrings, f.File)
		}
	}
	slices.SortFunc(seen.keyrings, func(a, b remote.File) int { return strings.Compare(a.Path, b.Path) })
	if n.Computes() {
		seen.secrets, err = l.cfg.World.Secrets[name].List(ctx)
		if seen.told = err == nil; err != nil {
			l.unable("libvirt's secrets of host "+name, err)
		}
	}
	return seen, nil
}

// distinct leaves out operations that are there already.
func distinct(ops []remote.Op) []remote.Op {
	seen := map[string]bool{}
	return slices.DeleteFunc(ops, func(op remote.Op) bool {
		text := fmt.Sprintf("%T %v", op, op)
		again := seen[text]
		seen[text] = true
		return again
	})
}

// partsUnable says what of a host is not known.
func (l *look) partsUnable(n *host.Node, h running.Host) {
	if n.Computes() && h.DomainsErr != nil {
		l.unable("domains of host "+n.Spec.Name, h.DomainsErr)
	}
	for _, err := range []error{h.ProcessesErr, h.InstalledErr} {
		if err != nil {
			l.unable("processes of host "+n.Spec.Name, err)
		}
	}
	for _, d := range h.Domains {
		if d.Err != nil {
			l.unable(fmt.Sprintf("domain %s of host %s", d.UUID, n.Spec.Name), d.Err)
		}
	}
	l.looked("domains", len(h.Domains))
	l.looked("processes with librados", len(h.Processes))
}
