package adopt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/spec/draft"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/remote"
)

// A Config is what Adopt needs.
type Config struct {
	// Spec has what is known of the cloud: its clusters, its hosts, and how they and the APIs are reached. Services
	// and layouts of hosts are found, unless they are given. The rest is kept as it is, apart from glance, cinder,
	// backup and nova, which are found.
	Spec spec.Spec
	// Open gives the World of a Spec. It is called twice: for the Spec as it is given, in which each host counts as
	// one with glance-api, and for the Spec as it was found. Only then it is known which hosts are computes.
	Open func(context.Context, spec.Spec) (world.World, error)
	// Parallel is how many hosts are read at once; 0 is 32.
	Parallel int
	// Observer is told of events of the plan; may be nil.
	Observer func(integrate.Event)
}

// An Adoption is what was found.
type Adoption struct {
	// Spec is the Spec of the cloud as it is.
	Spec spec.Spec
	// Remarks are what could not be decided, and what the plan of the Spec would change, by fields of the Spec.
	Remarks []draft.Remark
	// Plan is the plan of the Spec. It is empty if the Spec says all that there is.
	Plan *integrate.Plan
	// Unread are hosts that could not be read, and are not in the Spec.
	Unread []remote.Outcome[spec.Host]
}

// Text is the Spec in YAML, with the remarks as comments. It loads.
func (a *Adoption) Text() (string, error) { return draft.Whole(a.Spec, a.Remarks) }

// adopting is an Adopt under way.
type adopting struct {
	cfg      Config
	world    world.World
	hosts    []host // that were read, in the order of the Spec
	spec     spec.Spec
	release  openstack.Release
	clusters map[string]*cluster // by the name that was given
	remarks  []draft.Remark
	types    map[string]map[string]string
	noTypes  error
	kept     []*kept // the entries of keep, as they are in the Spec
	// strangers are users that options name, and that may be somebody else's.
	strangers []spec.User
}

// A cluster is what its monitors said.
type cluster struct {
	given  string // its name in the given Spec
	status ceph.Status
	view   ceph.View
}

// Adopt reads a cloud that is integrated already, and finds the Spec whose plan is empty, or as near to empty as the
// cloud allows. It writes nothing.
//
// A host that cannot be read is not in the Spec, and is in Unread. If no host can be read, or a cluster cannot be, or
// if nothing of OpenStack is found that keeps data in Ceph, that is an error. The Adoption has what was found until
// then.
func Adopt(ctx context.Context, cfg Config) (*Adoption, error) {
	a := &adopting{cfg: cfg, spec: cfg.Spec.Clone(), clusters: map[string]*cluster{}}
	a.spec.Glance, a.spec.Cinder, a.spec.Backup, a.spec.Nova = nil, nil, nil, nil
	result := &Adoption{}
	err := a.find(ctx, result)
	if err == nil {
		err = a.refine(ctx)
	}
	if err == nil {
		err = a.plan(ctx, result)
	}
	result.Spec, result.Remarks = a.spec, a.remarks
	return result, err
}

// refine asks the clusters and libvirt about what the Spec names, and takes out what a Spec cannot have.
func (a *adopting) refine(ctx context.Context) error {
	a.explicit()
	if err := a.mapCeph(ctx); err != nil {
		return err
	}
	if err := a.reopen(ctx); err != nil {
		return err
	}
	a.mapSecrets(ctx)
	if err := a.fit(); err != nil {
		return err
	}
	a.trimHosts()
	return a.fit()
}

// explicit names what a Spec would fill in by itself, where that tells a reader something, and leaves out what does
// not.
func (a *adopting) explicit() {
	first := a.spec.Clusters[0].Name
	short := func(cluster, user *string, usual string) {
		if *cluster == first {
			*cluster = ""
		}
		*user = cmp.Or(*user, usual)
	}
	if g := a.spec.Glance; g != nil {
		short(&g.Cluster, &g.User, "glance")
		for i := range g.Stores {
			short(&g.Stores[i].Cluster, &g.Stores[i].User, "glance")
		}
	}
	if c := a.spec.Cinder; c != nil {
		for i := range c.Backends {
			short(&c.Backends[i].Cluster, &c.Backends[i].User, "cinder")
		}
	}
	if b := a.spec.Backup; b != nil {
		short(&b.Cluster, &b.User, "cinder-backup")
	}
	if n := a.spec.Nova; n != nil {
		short(&n.Cluster, &n.User, "cinder")
	}
}

// find reads the hosts, the clusters and the APIs, and maps what they have to the Spec.
func (a *adopting) find(ctx context.Context, result *Adoption) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	if err := a.readHosts(ctx, result); err != nil {
		return err
	}
	if err := a.readClusters(ctx); err != nil {
		return err
	}
	if err := a.findRelease(); err != nil {
		return err
	}
	a.nameClusters()
	a.readTypes(ctx)
	a.mapGlance()
	a.mapNova()
	a.mapCinder()
	a.mapBackup()
	a.mapHosts()
	if a.spec.Glance == nil && a.spec.Cinder == nil && a.spec.Backup == nil && a.spec.Nova == nil {
		return fmt.Errorf("adopt: nothing on %d hosts keeps data in Ceph, as far as their files tell; "+
			"cephstack init writes a first Spec", len(a.hosts))
	}
	return nil
}

// probing is the Spec as it is given, for Open: each host counts as one with glance-api.
func (a *adopting) probing() spec.Spec {
	s := a.cfg.Spec.Clone()
	s.Release, s.Prepare, s.Packages = "", nil, ""
	s.Glance, s.Cinder, s.Backup, s.Nova = &spec.Glance{}, nil, nil, nil
	for i := range s.Hosts {
		s.Hosts[i].Services, s.Hosts[i].Standby, s.Hosts[i].Disks = []string{"glance-api"}, nil, ""
	}
	for i := range s.Clusters {
		s.Clusters[i].Pools, s.Clusters[i].ErasureProfiles, s.Clusters[i].Conf = nil, nil, nil
		s.Clusters[i].MinClient = ""
	}
	return s
}

// open opens the World of the given Spec.
func (a *adopting) open(ctx context.Context) error {
	if len(a.cfg.Spec.Hosts) == 0 {
		return errors.New("adopt: no host is named")
	}
	s := a.probing()
	s.Release = a.cfg.Spec.Release
	if err := s.ValidateExceptRelease(); err != nil {
		return err
	}
	w, err := a.cfg.Open(ctx, s)
	a.world = w
	if err != nil {
		return err
	}
	for _, h := range s.Hosts {
		if w.Hosts[h.Name] == nil {
			err = errors.Join(err, fmt.Errorf("adopt: the World has no host %q", h.Name))
		}
	}
	for _, c := range s.Clusters {
		if w.Clusters[c.Name].Mon == nil {
			err = errors.Join(err, fmt.Errorf("adopt: the World has no cluster %q", c.Name))
		}
	}
	return err
}

// parallel is how many hosts are read at once.
func (a *adopting) parallel() int { return cmp.Or(a.cfg.Parallel, 32) }

func (a *adopting) given(name string) spec.Host {
	i := slices.IndexFunc(a.cfg.Spec.Hosts, func(h spec.Host) bool { return h.Name == name })
	return a.cfg.Spec.Hosts[i]
}

// readHosts reads all hosts.
func (a *adopting) readHosts(ctx context.Context, result *Adoption) error {
	var names []string
	for _, h := range a.cfg.Spec.Hosts {
		names = append(names, h.Name)
	}
	var faults []error
	for _, o := range remote.Each(ctx, names, a.parallel(), a.look) {
		if o.Err == nil {
			a.hosts = append(a.hosts, o.Value)
			continue
		}
		result.Unread = append(result.Unread, remote.Outcome[spec.Host]{Name: o.Name, Value: a.given(o.Name), Err: o.Err})
		faults = append(faults, o.Err)
		a.remark("hosts", "Host %s could not be read, and is left out: %v", o.Name, o.Err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("adopt: interrupted: %w", err)
	}
	if len(a.hosts) == 0 {
		return fmt.Errorf("adopt: no host can be read: %w", errors.Join(faults...))
	}
	return nil
}

// readClusters asks the clusters who they are.
func (a *adopting) readClusters(ctx context.Context) error {
	for _, c := range a.cfg.Spec.Clusters {
		view, err := ceph.New(a.world.Clusters[c.Name].Mon).Look(ctx, ceph.Query{})
		if err != nil {
			return fmt.Errorf("adopt: cluster %s cannot be read: %w", c.Name, err)
		}
		a.clusters[c.Name] = &cluster{given: c.Name, status: view.Status, view: view}
	}
	return nil
}

// readTypes asks the APIs for volume types.
func (a *adopting) readTypes(ctx context.Context) {
	switch {
	case a.spec.Cloud.None():
		a.noTypes = errors.New("the APIs are left alone")
	case a.world.Cloud == nil:
		a.noTypes = errors.New("the APIs were not reached")
		if a.world.CloudErr != nil {
			a.noTypes = a.world.CloudErr
		}
	default:
		a.types, a.noTypes = a.world.Cloud.VolumeTypes(ctx)
	}
}

// remark adds a comment at a field. A comment that is there already is not repeated. It may quote what hosts and APIs
// say: what does not print is escaped, and what may be a key is not there.
func (a *adopting) remark(path, format string, args ...any) {
	text := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	r := draft.Remark{Path: path, Text: words.Message(cephstack.WithoutKeys(text))}
	if !slices.Contains(a.remarks, r) {
		a.remarks = append(a.remarks, r)
	}
}

// having lists the hosts that have a service whose options are known.
func (a *adopting) having(name string) (all []host) {
	for _, h := range a.hosts {
		if s := h.services[name]; s != nil && s.options != nil {
			all = append(all, h)
		}
	}
	return all
}

// namesOf are the names of hosts, folded.
func namesOf(hosts []host) string {
	var names []string
	for _, h := range hosts {
		names = append(names, h.Name)
	}
	return strings.Join(spec.FoldNames(names), ", ")
}
