package cloud

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// BackendID is the resource of a backend of Cinder.
func BackendID(name string) step.ID {
	return step.ID{Target: step.AtCloud(), Kind: "backend", Name: name}
}

// A backend is a backend of Cinder, as all its hosts together serve it. It has no
// change of its own, only notes.
type backend struct {
	site *want.Site
	spec spec.Backend
}

func newBackends(s *want.Site) []step.Resource {
	var all []step.Resource
	for _, b := range s.Cinder {
		all = append(all, backend{s, b})
	}
	return all
}

// ID implements step.Resource.
func (b backend) ID() step.ID { return BackendID(b.spec.Name) }

// Needs implements step.Resource. What a host that is left alone would serve is not
// known, and the other hosts are compared all the same.
func (b backend) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (b backend) Asks() step.Asks { return step.Asks{} }

// Compare implements step.Resource.
func (b backend) Compare(v step.View) step.Delta {
	var d step.Delta
	b.together(&d, b.serving(v))
	for _, f := range (openstack.VolumeBackend{Name: b.spec.Name, Extra: b.spec.Options}).Findings() {
		d.Note("backend-option-unknown", "backend "+b.spec.Name+" option "+f.Option, "%s", f.Message)
	}
	return d
}

// serving lists how each host will serve the backend, sorted by the names of the hosts. The
// settings of the hosts tell it in their Delta.Fact.
func (b backend) serving(v step.View) []want.Serving {
	var at []want.Serving
	for _, h := range volumeHosts(b.site) {
		path := b.site.Service(h, "cinder-volume").Config[0]
		d, _ := v.Ledger.Lookup(step.ID{Target: step.AtHost(h.Name), Kind: "settings", Name: path})
		all, _ := d.Fact.([]want.Serving)
		for _, s := range all {
			if s.Backend == b.spec.Name {
				at = append(at, s)
			}
		}
	}
	slices.SortFunc(at, func(a, b want.Serving) int { return cmp.Compare(a.Host, b.Host) })
	return at
}

// together notes what is wrong where several hosts serve a backend: a volume
// belongs to one name, and what locks it on one host must lock it on all.
func (b backend) together(d *step.Delta, at []want.Serving) {
	if len(at) < 2 {
		return
	}
	object, hosts := "backend "+b.spec.Name, joinWords(at, nameOfHost)
	sameName := agree(at, nameOfService)
	sameCluster := at[0].Cluster != "" && agree(at, func(s want.Serving) string { return s.Cluster })
	clustered := sameCluster && !b.site.Release.Before("rocky")
	alone := slices.DeleteFunc(slices.Clone(at), coordinated)
	switch {
	case clustered && sameName:
		d.Note("backend-cluster-of-one-name", object, "is served by %s in cluster %s under one name, %s: "+
			"in a cluster each needs a name of its own; "+
			"take backend_host (or host) out, there and in the Spec", hosts, at[0].Cluster, at[0].Name)
	case !clustered && !sameName:
		d.Note("backend-of-several-names", object, "is served by %s, by each under its own name (%s): "+
			"a volume belongs to one of them, "+
			"and while that one is down nobody can attach, change or delete it. %s; "+
			"volumes that are there follow by cinder-manage volume update_host",
			hosts, joinWords(at, nameOfService), b.oneOwner())
	case len(alone) > 0 && !b.site.Release.Before("ocata"):
		d.Note("backend-without-coordinator", object, "is served by %s as one, "+
			"but what locks a volume on one of them does not on the others: "+
			"%s without a coordinator. Set [coordination] backend_url in cinder.conf on all to one that they share "+
			"(etcd3, redis, mysql, …), or let only one of them run at a time", hosts, without(alone))
	}
}

// oneOwner says how several hosts serve a backend together.
func (b backend) oneOwner() string {
	option := "backend_host"
	if b.spec.Name == spec.SingleBackend { // all services of Cinder on the host have one name
		option = "host"
	}
	say := "Give it options: {" + option + ": a name for all} in the Spec, " +
		"and let one of them run at a time (active/passive)"
	if !b.site.Release.Before("rocky") {
		say += ", or set cluster in [DEFAULT] of cinder.conf to the same name on all, " +
			"with [coordination] backend_url of a coordinator that they share (active/active)"
	}
	return say
}

// coordinated reports whether the locks of a host hold on other hosts too: those in
// files do not.
func coordinated(s want.Serving) bool {
	return s.Coordinator != "" && !strings.HasPrefix(s.Coordinator, "file:")
}

func nameOfHost(s want.Serving) string    { return s.Host }
func nameOfService(s want.Serving) string { return s.Name }

func without(all []want.Serving) string {
	if len(all) == 1 {
		return all[0].Host + " is"
	}
	return joinWords(all, nameOfHost) + " are"
}

func joinWords(all []want.Serving, of func(want.Serving) string) string {
	var names []string
	for _, s := range all {
		names = append(names, of(s))
	}
	return words.JoinShort(names)
}

func agree(all []want.Serving, of func(want.Serving) string) bool {
	return !slices.ContainsFunc(all, func(s want.Serving) bool { return of(s) != of(all[0]) })
}
