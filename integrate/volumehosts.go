package integrate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

// A volumeHost is a backend of Cinder as one of its hosts will serve it.
type volumeHost struct {
	backend, host string
	name          string // that the service has there
	cluster       string
	coordinator   string
}

// serves remembers how this host serves the backends, with its file as it will be.
func (x *hostDiffer) serves(all osloconf.Files) {
	for _, b := range x.site.cinder {
		at := volumeHost{backend: b.Name, host: x.spec.Name, name: cinderName(b.Name, all, x.spec.Name)}
		at.cluster, _ = all.Lookup("DEFAULT", "cluster")
		at.coordinator, _ = all.Lookup("coordination", "backend_url")
		x.serving = append(x.serving, at)
	}
}

// cinderName is the name under which Cinder's services of a host report:
// backend_host of a backend's section, or host, or the host's own.
func cinderName(section string, all osloconf.Files, host string) string {
	name, _ := all.Lookup("DEFAULT", "host")
	if own, ok := all.Lookup(section, "backend_host"); ok && section != spec.SingleBackend {
		name = own
	}
	return cmp.Or(name, host)
}

// nameOption is the option that names a backend's service; that of the one without
// a name names all of Cinder's services on the host.
func nameOption(b spec.Backend) string {
	if b.Name == spec.SingleBackend {
		return "host"
	}
	return "backend_host"
}

// volumeHosts notes what is wrong where several hosts serve a backend: a volume
// belongs to one name, and what locks it on one host must lock it on all.
func (d *differ) volumeHosts() {
	for _, b := range d.site.cinder {
		at := slices.DeleteFunc(slices.Clone(d.serving), func(v volumeHost) bool { return v.backend != b.Name })
		if len(at) < 2 {
			continue
		}
		slices.SortFunc(at, func(a, b volumeHost) int { return cmp.Compare(a.host, b.host) })
		hosts := joinWords(at, func(v volumeHost) string { return v.host })
		sameName := agree(at, func(v volumeHost) string { return v.name })
		clustered := !d.site.release.Before("rocky") && at[0].cluster != "" && agree(at, func(v volumeHost) string { return v.cluster })
		alone := slices.DeleteFunc(slices.Clone(at), volumeHost.coordinated)
		switch {
		case clustered && sameName:
			d.note(cloudTarget, "backend "+b.Name, "is served by %s in cluster %s under one name, %s: in a cluster each needs a name of its own; "+
				"take backend_host (or host) out, there and in the Spec", hosts, at[0].cluster, at[0].name)
		case !clustered && !sameName:
			d.note(cloudTarget, "backend "+b.Name, "is served by %s, by each under its own name (%s): a volume belongs to one of them, and while that one is down nobody can attach, change or delete it. %s; "+
				"volumes that are there follow by cinder-manage volume update_host", hosts, joinWords(at, func(v volumeHost) string { return v.name }), d.oneOwner(b))
		case len(alone) > 0 && !d.site.release.Before("ocata"):
			d.note(cloudTarget, "backend "+b.Name, "is served by %s as one, but what locks a volume on one of them does not on the others: %s without a coordinator. "+
				"Set [coordination] backend_url in cinder.conf on all to one that they share (etcd3, redis, mysql, …), or let only one of them run at a time", hosts, without(alone))
		}
	}
}

// oneOwner says how several hosts serve a backend together.
func (d *differ) oneOwner(b spec.Backend) string {
	say := "Give it options: {" + nameOption(b) + ": a name for all} in the Spec, and let one of them run at a time (active/passive)"
	if !d.site.release.Before("rocky") {
		say += ", or set cluster in [DEFAULT] of cinder.conf to the same name on all, with [coordination] backend_url of a coordinator that they share (active/active)"
	}
	return say
}

// coordinated reports whether locks hold on other hosts too: those of files do not.
func (v volumeHost) coordinated() bool {
	return v.coordinator != "" && !strings.HasPrefix(v.coordinator, "file:")
}

func without(all []volumeHost) string {
	if len(all) == 1 {
		return all[0].host + " is"
	}
	return joinWords(all, func(v volumeHost) string { return v.host }) + " are"
}

func joinWords(all []volumeHost, of func(volumeHost) string) string {
	var words []string
	for _, v := range all {
		words = append(words, of(v))
	}
	return joinShort(words)
}

func agree(all []volumeHost, of func(volumeHost) string) bool {
	return !slices.ContainsFunc(all, func(v volumeHost) bool { return of(v) != of(all[0]) })
}
