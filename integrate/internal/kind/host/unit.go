package host

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/step/serving"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// newUnits are the units of a host's services.
func newUnits(n *Node) []step.Resource {
	var all []step.Resource
	for _, name := range n.Services {
		all = append(all, unit{n, name, n.Service(name)})
	}
	return all
}

// A unit is the running service. It owes a restart when its process has not read what
// is there, or will be there. See reading for what a process has read.
type unit struct {
	*Node
	service string
	place   place.Service
}

// ID implements step.Resource.
func (r unit) ID() step.ID { return r.UnitID(r.service) }

// Needs implements step.Resource: what the service reads, and what it loads.
func (r unit) Needs() []step.ID {
	needs := append([]step.ID{r.SettingsID(r.place.Config[0])}, r.CephFiles(r.service)...)
	return append(needs, r.ServiceID(r.service))
}

// Asks implements step.Resource.
func (r unit) Asks() step.Asks { return step.Asks{Host: r.configAsks(r.service)} }

// LeftAlone implements step.Blocked. A service that is not configured is not
// restarted; only a unit that is not there is worth a word. A container's unit is
// looked at together with the container.
func (r unit) LeftAlone(v step.View, _, _ step.ID) step.Finding {
	u := v.Host.Units[r.place.Unit]
	if d, absent := r.absent(u); absent && r.place.Kolla == nil && (u.Load != "masked" || !r.Spec.StandsBy(r.service)) {
		return d.Findings[0]
	}
	return step.Finding{}
}

// absent refuses a unit that is not there, or that cannot be started.
func (r unit) absent(u remote.Unit) (step.Delta, bool) {
	switch u.Load {
	case "not-found":
		return step.Refuse("unit-missing", r.place.Unit, fmt.Errorf("there is no such unit; install it, "+
			"take %s off this host's services, or name another layout for this host than %s",
			r.service, r.Site.LayoutOf(r.Spec))), true
	case "masked":
		return step.Refuse("unit-masked", r.place.Unit, fmt.Errorf("the unit is masked; run `systemctl unmask %s` "+
			"on this host, or take %s off this host's services", cephstack.ShellQuote(r.place.Unit), r.service)), true
	}
	return step.Delta{}, false
}

// Compare implements step.Resource.
func (r unit) Compare(v step.View) step.Delta {
	u := r.place.State(v.Host, r.Site.Containers(v.Host))
	standby := r.Spec.StandsBy(r.service)
	if d, absent := r.absent(u); absent && (!standby || u.Load != "masked") {
		return d
	}
	if standby {
		return r.standby(v, u)
	}
	if d, runs := r.elsewhere(v, u.Active); runs {
		return d
	}
	var d step.Delta
	r.notesGuests(&d, v)
	if d.Reason, d.Because = r.debt(v, u); d.Reason == "" {
		d.Have = fmt.Sprintf("%s %s since %s", u.Name, u.Active, u.Since.UTC().Format("15:04:05Z"))
		return d
	}
	restart := remote.RestartUnit{Unit: r.place.Unit, Inputs: r.inputs(v.Host)}
	d.Action, d.Do = step.Restart, step.HostStep{
		Ops: func(now step.Late) ([]remote.Op, error) {
			op := restart
			op.Settle = now.Settle
			return []remote.Op{op}, nil
		},
		Serves: r.serves(v.Host, u),
	}
	return d
}

// debt says why the unit owes a restart: this plan changes what the service reads or
// loads, or its process has not read what is there. A change of this plan is named.
func (r unit) debt(v step.View, u remote.Unit) (reason string, because step.ID) {
	if changes := v.Ledger.Changes(r.Needs()); len(changes) > 0 {
		own := slices.IndexFunc(changes, func(id step.ID) bool { return id.Kind == "settings" })
		return "its configuration changes", changes[max(own, 0)]
	}
	read := reading{v.Host, r.place, u}
	outdated := read.outdated(r.inputs(v.Host))
	switch {
	case len(outdated) > 0:
		return strings.Join(outdated, ", ") + " changed after it started", because
	case u.Active != "active":
		return "it is " + u.Active + ", not active", because
	case read.unknown():
		return fmt.Sprintf("it started at %s, which is in the future by the host's clock, "+
			"so that what it has read is not known", u.Since.UTC().Format(time.RFC3339)), because
	}
	return "", because
}

// inputs are the files that the service reads when it starts, each once.
func (r unit) inputs(h *step.Host) []string {
	in := r.Site.Containers(h)
	paths := r.place.Inputs(h, in)
	for _, c := range r.Copies() {
		if !slices.Contains(c.Services, r.service) {
			continue
		}
		for _, u := range r.Site.UsersOn(r.service) {
			if _, leaves := r.Site.Replaced(u); leaves || !slices.Contains(c.Users, u) {
				continue // the service does not log in as a user that another user replaces
			}
			conf, _ := c.Path(in, spec.ConfPath(u.Cluster))
			ring, _ := c.Path(in, place.KeyringPath(u.Cluster, u.Entity))
			paths = append(paths, conf, ring)
		}
	}
	if r.place.Kolla != nil {
		paths = append(paths, r.place.Kolla.ConfigJSON())
	}
	var each []string
	for _, p := range paths {
		if !slices.Contains(each, p) && remote.Check(remote.ReadFile{Path: p}) == nil {
			each = append(each, p)
		}
	}
	return each
}

func (r unit) serves(h *step.Host, u remote.Unit) *serving.Signs {
	s := &serving.Signs{Records: r.Records(h, r.service), Images: r.service == "glance-api",
		Computes: slices.Equal(r.Services, []string{"nova-compute"})}
	if r.service == "nova-compute" { // a compute serves its own VMs, and no other can
		return s
	}
	for _, p := range r.Site.Peers(r.Spec.Name, r.service) {
		s.Peers = append(s.Peers, serving.Peer{Host: p.Name, Answers: NewNode(r.Site, p).answers(r.service)})
	}
	if s.Shared = r.shared(h); len(s.Peers)+len(s.Shared) > 0 {
		s.Service, s.Stopped = r.service, u.Active != "active"
	}
	if len(s.Peers) > 0 {
		s.Answers = r.answers(r.service)
	}
	return s
}

// Records names the records that a service of this host keeps in the APIs, as
// "binary host". The image API keeps none.
func (n *Node) Records(h *step.Host, service string) []string {
	var names []string
	switch service {
	case "cinder-volume":
		for _, b := range n.Site.Cinder {
			name := "cinder-volume " + n.cinderHost(h, b.Name) + "@" + b.Name
			names = append(names, strings.TrimSuffix(name, "@"+spec.SingleBackend))
		}
	case "cinder-backup":
		names = append(names, "cinder-backup "+n.cinderHost(h, spec.SingleBackend))
	case "nova-compute":
		names = append(names, "nova-compute "+n.Spec.Name)
	}
	return names
}

// cinderHost is the cinderName of a service of this host. What the Spec sets counts
// before it is on the host.
func (n *Node) cinderHost(h *step.Host, section string) string {
	_, all, err := n.Service("cinder-volume").Parsed(h, n.Site.Containers(h))
	for _, b := range n.Site.Cinder {
		if own := b.Options[nameOption(b)]; own != "" && b.Name == section {
			return all.Expand(section, own)
		}
	}
	if err != nil {
		return n.Spec.Name
	}
	return cinderName(section, all, n.Spec.Name)
}

// nameOption is the option that names a backend's service. The option of a backend
// without a name names all of Cinder's services on the host.
func nameOption(b spec.Backend) string {
	if b.Name == spec.SingleBackend {
		return "host"
	}
	return "backend_host"
}
