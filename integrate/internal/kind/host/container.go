package host

import (
	"fmt"
	"path"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// containerAsks reads what unfitContainer looks at: the containers, what their
// config.json files copy, and the files of Ceph in the two folders from which these
// may copy.
func (n *Node) containerAsks(service string) []remote.Op {
	l := n.Service(service)
	if l.Kolla == nil {
		return nil
	}
	ops := []remote.Op{remote.UnitState{Unit: l.Unit}}
	for _, c := range n.Copies() {
		if c.Services[0] != service {
			continue
		}
		ops = append(ops, n.kollaAsks(c)...)
		for _, file := range c.files() {
			ops = append(ops, n.asks(c, file)...)
		}
	}
	return ops
}

// unfitContainer says why a service's container cannot be worked with; nil where it
// can be, or where the service does not run in a container. Nothing is guessed about
// a container that is not as kolla-ansible makes it.
func (n *Node) unfitContainer(h *step.Host, service string) error {
	l := n.Service(service)
	k := l.Kolla
	if k == nil {
		return nil
	}
	all := n.Site.Containers(h)
	c := all.ByName[k.Container]
	if err := unfitBox(*k, c, all.Engines); err != nil {
		return err
	}
	if err := unfitUnit(l, c, h.Units[l.Unit]); err != nil {
		return err
	}
	for _, u := range n.Site.CopiedUsers(service) {
		for _, file := range []string{spec.ConfPath(u.Cluster), place.KeyringPath(u.Cluster, u.Entity)} {
			if err := notCopied(h, *k, c, file); err != nil {
				return err
			}
		}
	}
	if k.Libvirt == "" || len(n.Site.Secrets) == 0 {
		return nil
	}
	return n.unfitLibvirt(h, k.OfLibvirt(), all)
}

// unfitLibvirt is unfitContainer for the container of libvirt. Guests are told by Nova
// where their cluster is, so that it needs a ceph.conf only where it copies that file.
func (n *Node) unfitLibvirt(h *step.Host, k place.Kolla, all place.Containers) error {
	c := all.ByName[k.Container]
	if err := unfitBox(k, c, all.Engines); err != nil {
		return err
	}
	for _, cluster := range want.ClustersOf(n.Site.Secrets) {
		file := spec.ConfPath(cluster)
		if _, ok := c.From(file); !ok {
			continue
		}
		if err := notCopied(h, k, c, file); err != nil {
			return err
		}
	}
	if folder, ok := c.From(place.KollaSecrets + "/x"); !ok || path.Dir(folder) != c.Folder+"/secrets" {
		return refuse("container-loses-secrets", "%s/config.json does not copy %s/secrets to %s, "+
			"so that secrets would be lost when %s is made anew; %s",
			c.Folder, c.Folder, place.KollaSecrets, k.Container, byKolla(k))
	}
	return nil
}

// unfitBox says why a container is not as kolla-ansible makes it.
func unfitBox(k place.Kolla, c place.Container, engines []string) error {
	switch {
	case c.Engine == "":
		return refuse("container-missing", "container %s is not to be seen (%s); "+
			"deploy it with kolla-ansible, or take the service off this host's services",
			k.Container, strings.Join(engines, "; "))
	case c.Folder != k.Folder:
		return refuse("container-folder-unknown", "container %s takes its files from %q, and only %s is known; "+
			"deploy it with kolla-ansible's node_config_directory as it is by default", k.Container, c.Folder, k.Folder)
	case !c.Always:
		return refuse("container-copies-once", "container %s takes its files in only when it is made, "+
			"so that a restart would change nothing; "+
			"deploy it with kolla-ansible's config_strategy: COPY_ALWAYS", k.Container)
	case c.Err != nil:
		return refuse("container-config-unknown", "%s/config.json: %w; deploy container %s with kolla-ansible",
			k.Folder, c.Err, k.Container)
	}
	return nil
}

// unfitUnit says why a container cannot be restarted by its unit.
func unfitUnit(l place.Service, c place.Container, u remote.Unit) error {
	name := l.Kolla.Container
	switch {
	case u.Load == "not-found" || u.Load == "masked":
		return refuse("container-without-unit", "the unit %s is %s, so that container %s cannot be restarted by it; "+
			"deploy it with kolla-ansible 2023.1 or newer", l.Unit, u.Load, name)
	case c.Running && u.Active != "active":
		return refuse("container-not-by-unit", "container %s runs, but not by its unit %s, which is %s; "+
			"stop it (%s stop %s) and start the unit", name, l.Unit, u.Active, c.Engine, name)
	}
	return nil
}

// notCopied says why a file of Ceph would not get into a container.
func notCopied(h *step.Host, k place.Kolla, c place.Container, file string) error {
	source, ok := c.From(file)
	if !ok {
		return refuse("container-misses-file", "%s/config.json does not copy %s into container %s, "+
			"so that the service would not find it; %s", k.Folder, file, k.Container, byKolla(k))
	}
	if _, seen := h.Files[source]; !seen {
		return refuse("container-file-elsewhere", "%s/config.json copies %s from %s, "+
			"which is neither in %s nor in its folder ceph", k.Folder, file, source, k.Folder)
	}
	return nil
}

// byKolla is what to do about a container that knows nothing of Ceph.
func byKolla(k place.Kolla) string {
	return fmt.Sprintf("tell kolla-ansible that Ceph is used (%s: \"yes\", its ceph.conf and keyrings, "+
		"and the Spec's names of clusters and users), run its reconfigure, and plan again", k.Variable)
}
