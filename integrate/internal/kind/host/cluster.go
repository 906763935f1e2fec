package host

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// keepsCluster looks after the cluster of a backend in use. When cinder-volume starts in a cluster for the first time,
// it takes the volumes of its own name into the cluster. It takes no others, and moves none from one cluster to
// another, so that these would be out of its reach.
func (x *editing) keepsCluster(b spec.Backend, cur openstack.Current) error {
	if x.Site.Release.Before("rocky") {
		return nil
	}
	have, _ := cur.Lookup("DEFAULT", "cluster")
	have = strings.TrimSpace(have)
	wanted := x.Site.VolumeCluster().Name
	own, _ := cur.Lookup(b.Name, "backend_host")
	name := cinderName(b.Name, cur, x.Spec.Name)
	switch asked := b.Options["backend_host"]; {
	case wanted != "" && have != "" && wanted != have:
		return refuse("cluster-of-another-name", "[%s] is in use in cluster %s, and Cinder moves no volumes to cluster "+
			"%s by itself; set cinder.cluster: %[2]s in the Spec. To move them: stop cinder-volume on all its hosts, remove "+
			"their records (cinder-manage service remove cinder-volume %[4]s@%[1]s), rename the cluster (cinder-manage "+
			"cluster rename %[2]s@%[1]s %[3]s@%[1]s), and set cluster = %[3]s by hand before they start",
			b.Name, have, wanted, name)
	case wanted != "" && own != "" && x.several("cinder-volume"):
		return refuse("cluster-and-backend-host", "[%s] has backend_host = %s, which is one name for several hosts, and "+
			"in cluster %s each needs a name of its own. Volumes of %[2]s@%[1]s would not be of the cluster: stop "+
			"cinder-volume on all its hosts, take backend_host out by hand, and give the volumes to one host before it "+
			"starts in the cluster (cinder-manage volume update_host --currenthost %[2]s@%[1]s#POOL --newhost "+
			"%[4]s@%[1]s#POOL): its first start there takes them in", b.Name, own, wanted, x.Spec.Name)
	case have != "" && asked != "" && asked != own && x.several("cinder-volume"):
		return refuse("cluster-and-backend-host", "[%s] is in use in cluster %s, in which each host needs a name of its "+
			"own, and backend_host = %s would be one name for several hosts; set cinder.cluster: %[2]s in the Spec in place of "+
			"backend_host", b.Name, have, asked)
	case wanted != "" && have == "":
		x.d.Note("backend-joins-cluster", x.path+" [DEFAULT] cluster", "when cinder-volume starts, it takes the volumes "+
			"of %s@%s into cluster %s, where they belong to all its hosts. That is for good: without the option, nobody "+
			"serves them until cinder-manage has changed their records", name, b.Name, wanted)
	}
	return nil
}

// several reports whether other hosts of the Spec have a service, too, be it one that stands by.
func (n *Node) several(service string) bool {
	return slices.ContainsFunc(n.Site.Hosts, func(h spec.Host) bool {
		return h.Name != n.Spec.Name && slices.Contains(n.Site.ServicesOf(h), service)
	})
}

// shared lists the records of a service that other hosts of the Spec write, too: those of hosts
// with one name, of which one serves at a time.
func (r unit) shared(h *step.Host) []string {
	if r.service == "nova-compute" || !r.several(r.service) {
		return nil
	}
	return slices.DeleteFunc(r.Records(h, r.service), func(record string) bool {
		_, name, _ := strings.Cut(record, " ")
		own, _, _ := strings.Cut(name, "@")
		return strings.EqualFold(own, r.Spec.Name)
	})
}

// elsewhere refuses to start a service that another host serves under the same name.
func (r unit) elsewhere(v step.View, active string) (step.Delta, bool) {
	if active == "active" || v.Cloud == nil || v.Cloud.Err != nil {
		return step.Delta{}, false
	}
	for _, name := range r.shared(v.Host) {
		for _, record := range v.Cloud.Records {
			if record.Binary+" "+record.Host == name && record.Up {
				return step.Refuse("service-runs-elsewhere", r.place.Unit, fmt.Errorf("it is %s, and the "+
					"APIs report %s up: another host serves under that name, and two that run clean up each other's work. If "+
					"that host has taken over, give this host standby: [%s] in the Spec, and take it off that host; if nobody "+
					"serves, the record is down a minute after its last sign of life: run again then", active, record.Host,
					r.service)), true
			}
		}
	}
	return step.Delta{}, false
}
