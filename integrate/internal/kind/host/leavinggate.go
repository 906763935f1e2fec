package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/openstack/api"
)

// LeavingID is the gate behind which everything is taken back on this host.
func (n *Node) LeavingID() step.ID { return n.ID("leaving", "services") }

// leaving is the gate of services that leave a host: no VM is on a compute, and somebody else serves.
type leaving struct {
	*Node
	was *Node
}

// ID implements step.Resource.
func (r leaving) ID() step.ID { return r.LeavingID() }

// Needs implements step.Resource.
func (r leaving) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (r leaving) Asks() step.Asks { return step.Asks{} }

// Compare implements step.Resource.
func (r leaving) Compare(v step.View) step.Delta {
	for _, name := range r.was.Spec.Services {
		if !r.hostLeaves(name) {
			continue
		}
		var why error
		if name == "nova-compute" {
			why = r.guests(v)
		} else {
			why = r.served(v, name)
		}
		if why != nil {
			return stillNeeded(name, why)
		}
	}
	return step.Delta{}
}

// hostLeaves reports whether the service stays in the cloud, and leaves this host. Where the last compute leaves and
// Cinder stays, VMs may still have volumes.
func (r leaving) hostLeaves(service string) bool {
	return slices.Contains(r.was.Services, service) && !slices.Contains(r.Services, service) &&
		(len(r.Site.Peers(r.Spec.Name, service)) > 0 || service == "nova-compute" && len(r.Site.Cinder) > 0)
}

// needUnknown is the code of a host of which it cannot be told whether it may be left.
const needUnknown = "host-need-unknown"

// stillNeeded is the Delta of a host that a service cannot leave, or of which that cannot be told.
func stillNeeded(service string, why error) step.Delta {
	if r := (*refusal)(nil); errors.As(why, &r) && r.code == needUnknown {
		d := step.Refuse(r.code, service, r)
		d.Unable = why
		return d
	}
	return step.Refuse("host-still-needed", service, why)
}

// guests says why a compute cannot leave.
func (r leaving) guests(v step.View) error {
	if err := cloudErr(v.Cloud, false); err != nil {
		return refuse(needUnknown, "whether VMs are on this compute cannot be told, so nothing is taken back here: %w", err)
	}
	if !v.Cloud.Computes[r.Spec.Name] {
		return refuse(needUnknown, "whether VMs are on this compute cannot be told, so nothing is taken back here: the APIs "+
			"know no compute %s; call the host in the Spec as `openstack compute service list` does, or, if Nova has no record "+
			"of it any more, take it out of the Spec", r.Spec.Name)
	}
	if err := v.Cloud.MovesErr; err != nil {
		return refuse(needUnknown, "whether VMs are on their way to this compute cannot be told, so nothing is taken back "+
			"here: %w", err)
	}
	moves := v.Cloud.Moves[r.Spec.Name]
	migrations := make([]api.Migration, len(moves))
	for i, m := range moves {
		migrations[i] = m.Migration
	}
	return noGuests(r.Spec.Name)(v.Cloud.Servers[r.Spec.Name], migrations)
}

// noGuests looks for VMs on a compute that leaves, and for those that are on their way.
func noGuests(host string) func([]api.Server, []api.Migration) error {
	return func(servers []api.Server, moves []api.Migration) error {
		var names []string
		for _, s := range servers {
			names = append(names, named(s))
		}
		const all = "`openstack server list --all-projects --host %s` lists them"
		switch {
		case len(names) > 0:
			return fmt.Errorf("still has VMs (%s), which could not use Ceph any more, so nothing is taken back here: disable "+
				"nova-compute and move them to other computes; "+all, words.JoinShort(names), host)
		case len(moves) > 0:
			return errors.New("VMs are on their way from or to this compute, or wait to be confirmed, so nothing is taken " +
				"back here: wait for them, or confirm them, and plan again")
		}
		return nil
	}
}

// noNewGuests looks for VMs whose disk may be in Ceph since the plan was made: the pool was empty then.
func noNewGuests(known []api.Server) func([]api.Server, []api.Migration) error {
	return func(servers []api.Server, _ []api.Migration) error {
		for _, s := range servers {
			if s.HasLocalDisk && !slices.ContainsFunc(known, func(o api.Server) bool { return o.ID == s.ID }) {
				return fmt.Errorf("%w: VM %s is new on this compute, and its disk may be in Ceph; plan again", step.ErrConflict,
					named(s))
			}
		}
		return nil
	}
}

// served says why a service cannot leave: nobody else is known to serve. The image API has no records.
func (r leaving) served(v step.View, service string) error {
	if service == "glance-api" || r.was.Spec.StandsBy(service) {
		return nil
	}
	if err := cloudErr(v.Cloud, false); errors.Is(err, step.ErrNoCloud) {
		return nil
	} else if err != nil {
		return refuse(needUnknown, "whether another host serves %s cannot be told, so nothing is taken back here: %w",
			service, err)
	}
	if service != "cinder-volume" {
		return r.servedBy(v, service, func(api.ServiceRecord) bool { return true })
	}
	for _, b := range r.Site.Cinder {
		err := r.servedBy(v, service+" of backend "+b.Name, func(rec api.ServiceRecord) bool {
			return want.ServedBy(b, rec.Host)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// servedBy says that no other host has a record of a service which is up; what is that service.
func (r leaving) servedBy(v step.View, what string, is func(api.ServiceRecord) bool) error {
	service, _, _ := strings.Cut(what, " ")
	own := strings.ToLower(r.Spec.Name)
	if slices.ContainsFunc(v.Cloud.Records, func(rec api.ServiceRecord) bool {
		name, _, _ := strings.Cut(strings.ToLower(rec.Host), "@")
		mine := name == own || strings.HasPrefix(name, own+".") || strings.HasPrefix(own, name+".")
		return rec.Binary == service && rec.Up && !mine && is(rec)
	}) {
		return nil
	}
	return fmt.Errorf("%s is not known to be up on another host, so nothing is taken back here: start it on %s, and plan "+
		"again", what, words.JoinShort(peerNames(r.Node, service)))
}

func peerNames(n *Node, service string) []string {
	var names []string
	for _, p := range n.Site.Peers(n.Spec.Name, service) {
		names = append(names, p.Name)
	}
	return names
}
