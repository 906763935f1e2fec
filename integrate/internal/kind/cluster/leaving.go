package cluster

import (
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// A leaving is a user that another user replaces. While it is there, it has at least the rights of the other: guests
// work as it. It loses no right, and is not made where it is not there.
type leaving struct{ user }

// Compare implements step.Resource.
func (l leaving) Compare(v step.View) step.Delta {
	object := "user " + l.want.Entity
	have, ok := l.seen(v).Users[l.want.Entity]
	if !ok {
		return step.Delta{Have: l.want.Entity + " was replaced, and is gone"}
	}
	if isAdministrator(have.Caps) {
		return step.Refuse("user-is-administrator", object, fmt.Errorf("has all rights (%s), as an administrator, so it is "+
			"not replaced; rotate its key by hand", have.Caps))
	}
	if _, err := ceph.ParseCaps(have.Caps); err != nil {
		return step.Refuse("caps-unreadable", object, fmt.Errorf("has rights that Ceph cannot parse, and then none of the "+
			"rights on daemons of that type take effect; left alone: %w; %s", err, l.readable(have)))
	}
	caps := l.widened(have.Caps)
	if caps == nil {
		return step.Delta{Have: l.want.Entity + " " + have.Caps.String()}
	}
	return step.Delta{Action: step.Update, Diffs: capsDiffs(have.Caps, caps),
		Reason: "it cannot write a pool that guests have disks in",
		Do:     l.step(ceph.User{Entity: have.Entity, Caps: have.Caps}, caps)}
}

// widened are the rights with those of the other user beside them, where a pool cannot be written. It is nil where
// each pool can be.
func (l leaving) widened(have ceph.Caps) ceph.Caps {
	lacks := slices.ContainsFunc(l.Site.Pools[l.Spec.Name], func(p ceph.Pool) bool {
		return l.want.Caps.Writes(p.Name) && !have.Writes(p.Name)
	})
	if !lacks {
		return nil
	}
	caps := ceph.Caps{}
	for daemon, text := range have {
		caps[daemon] = text
	}
	for daemon, text := range l.want.Caps {
		if caps[daemon] != "" {
			text = caps[daemon] + ", " + text
		}
		caps[daemon] = text
	}
	return caps.Normal()
}
