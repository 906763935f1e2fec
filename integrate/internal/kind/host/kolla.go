package host

import (
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// newKolla notes what kolla-ansible undoes.
func newKolla(n *Node) []step.Resource {
	if !n.InContainers() {
		return nil
	}
	return []step.Resource{kolla{n}}
}

// A kolla is what kolla-ansible, which writes the same files, has to know.
type kolla struct{ *Node }

// ID implements step.Resource.
func (r kolla) ID() step.ID { return r.KollaID() }

// Needs implements step.Resource. The note is made of what was compared before, and
// nothing keeps it back.
func (r kolla) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (r kolla) Asks() step.Asks { return step.Asks{} }

// Compare implements step.Resource.
func (r kolla) Compare(v step.View) step.Delta {
	var d step.Delta
	for _, name := range r.Services {
		l := r.Service(name)
		files := append(r.CephFiles(name), r.SettingsID(l.Config[0]))
		for _, id := range files {
			if v.Ledger.Planned(id) {
				d.Note("undone-by-kolla-ansible", l.Kolla.Folder, "kolla-ansible writes these files anew whenever "+
					"it runs, and undoes what differs from its own: give it the same options (config/%s), "+
					"ceph.conf and keyrings", l.Kolla.Overrides)
				break
			}
		}
	}
	return d
}
