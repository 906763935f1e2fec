package cloud

import (
	"cmp"
	"fmt"
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

// together says how several hosts serve a backend together, and what is wrong with that: a volume
// belongs to one name, and what locks it on one host must lock it on all.
func (b backend) together(d *step.Delta, at []want.Serving) {
	if len(at) < 2 {
		return
	}
	object, hosts := "backend "+b.spec.Name, joinWords(at, nameOfHost)
	d.Have = b.spec.Name + " on " + hosts
	sameName := agree(at, nameOfService)
	clustered := at[0].Cluster != "" && agree(at, func(s want.Serving) string { return s.Cluster }) &&
		!b.site.Release.Before("rocky")
	switch {
	case clustered && sameName:
		d.Note("backend-cluster-of-one-name", object, "is served by %s in cluster %s under one name, %s: "+
			"in a cluster each needs a name of its own; "+
			"take backend_host (or host) out, there and in the Spec", hosts, at[0].Cluster, at[0].Name)
		return
	case !clustered && !sameName:
		d.Problem("backend-of-several-names", object, fmt.Errorf("is served by %s, by each under its own name (%s): "+
			"a volume belongs to one of them, "+
			"and while that one is down nobody can attach, change or delete it. %s; "+
			"the plan then says what becomes of volumes that are there", hosts, joinWords(at, nameOfService), b.oneOwner(at)))
		return
	}
	b.asked(d, at)
	b.locked(d, at, clustered)
}

// asked says which way to serve together the Spec asks for, and why the other does not fit.
func (b backend) asked(d *step.Delta, at []want.Serving) {
	object := "backend " + b.spec.Name
	running := slices.DeleteFunc(slices.Clone(at), func(s want.Serving) bool { return s.Standby })
	standing := slices.DeleteFunc(slices.Clone(at), func(s want.Serving) bool { return !s.Standby })
	option := nameOption(b.spec)
	switch {
	case b.site.VolumeCluster().Name != "":
		d.Note("backend-active-active", object, "is served by %s at the same time, in cluster %s (active/active). Each "+
			"host has a name of its own, and can work on all volumes of the cluster. Do not set %s as well: it gives all "+
			"hosts one name, which fits only where one of them serves at a time (active/passive)",
			joinWords(at, nameOfHost), at[0].Cluster, option)
	case b.spec.Options[option] == "":
		return
	case len(running) > 1:
		d.Note("backend-runs-twice", object, "%s is one name for %s (active/passive), and the Spec starts cinder-volume on "+
			"all of %s: two that run under one name clean up each other's work when they start. Give all but one of "+
			"them standby: [cinder-volume]%s", option, joinWords(at, nameOfHost), joinWords(running, nameOfHost),
			b.orCluster())
	default:
		d.Note("backend-active-passive", object, "is served by %s under the name %s (active/passive). Under the same name "+
			"stand by: %s. Who makes another host serve stops the first one before%s",
			joinWords(running, nameOfHost), at[0].Name, joinWords(standing, nameOfHost), b.notCluster())
	}
}

// locked says where what locks a volume on one host does not lock it on the others. It does not
// matter where one host serves at a time, and says so.
func (b backend) locked(d *step.Delta, at []want.Serving, clustered bool) {
	running := slices.DeleteFunc(slices.Clone(at), func(s want.Serving) bool { return s.Standby })
	alone := slices.DeleteFunc(slices.Clone(at), coordinated)
	if len(running) < 2 || b.site.Release.Before("ocata") {
		return
	}
	object, hosts := "backend "+b.spec.Name, joinWords(at, nameOfHost)
	var why error
	switch {
	case len(alone) > 0:
		why = fmt.Errorf("is served by %s as one, "+
			"but what locks a volume on one of them does not on the others: "+
			"%s without a coordinator. Set cinder.coordination in the Spec to the URL of one that they share "+
			"(etcd3+http, redis, mysql, …), or let only one of them run at a time", hosts, without(alone))
	case !agree(at, func(s want.Serving) string { return s.Coordinator }):
		why = fmt.Errorf("is served by %s as one, but not all of them have the same coordinator ([coordination] backend_url "+
			"in cinder.conf), so that what locks a volume on one of them does not on the others. Set cinder.coordination "+
			"in the Spec", hosts)
	default:
		return
	}
	if clustered {
		d.Problem("backend-without-coordinator", object, why)
		return
	}
	d.Note("backend-without-coordinator", object, "%v", why)
}

// oneOwner says how several hosts serve a backend together. Where some are in a cluster already, it is that one.
func (b backend) oneOwner(at []want.Serving) string {
	cluster := "a name"
	in := slices.DeleteFunc(slices.Clone(at), func(s want.Serving) bool { return s.Cluster == "" })
	if len(in) > 0 && agree(in, func(s want.Serving) string { return s.Cluster }) {
		cluster = words.Short(in[0].Cluster)
	}
	say := "Give it options: {" + nameOption(b.spec) + ": a name for all} in the Spec, " +
		"and all hosts but one standby: [cinder-volume] (active/passive)"
	if !b.site.Release.Before("rocky") {
		say += ", or set cinder.cluster to " + cluster + ", and cinder.coordination to the URL of a coordinator that they " +
			"share (active/active)"
	}
	return say
}

// orCluster is the other way to let several hosts serve.
func (b backend) orCluster() string {
	if b.site.Release.Before("rocky") {
		return ""
	}
	return "; or set cinder.cluster in its place, in which all serve at once"
}

// notCluster says why a cluster does not fit.
func (b backend) notCluster() string {
	if b.site.Release.Before("rocky") {
		return ". Clusters (active/active) come with Rocky"
	}
	return ". Do not set cinder.cluster (active/active) as well: in a cluster, all hosts serve at once, each under a " +
		"name of its own"
}

// nameOption is the option that names a backend's service on all hosts. That of the backend without a name names all
// services of Cinder.
func nameOption(b spec.Backend) string {
	if b.Name == spec.SingleBackend {
		return "host"
	}
	return "backend_host"
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
