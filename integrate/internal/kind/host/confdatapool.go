package host

import (
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
)

// An otherDataPool is a pool that gets the data of what a user makes by a ceph.conf, and not by the Spec.
type otherDataPool struct {
	user          spec.User
	pool, section string
}

// otherDataPool looks for a data pool of a user whose services make something from this file.
func (s contentSource) otherDataPool(e *confEdit, u spec.User) {
	pool, section, _ := e.conf.Effective(u.Entity, "rbd_default_data_pool")
	makes := slices.ContainsFunc(s.site.Uses, func(use spec.Use) bool {
		return use.User == u && slices.ContainsFunc(s.copy.Services, func(name string) bool {
			return purposes(name)[0] == use.What
		})
	})
	if pool != "" && pool != s.site.DataPool(u) && makes {
		e.pools = append(e.pools, otherDataPool{u, pool, section})
	}
}

// notesDataPools says where the data of new images go, if the Spec does not say so.
func (r cephConf) notesDataPools(d *step.Delta, all []otherDataPool) {
	const option = "rbd_default_data_pool"
	for _, o := range all {
		object := d.Name + " [" + o.section + "] " + option
		places := strings.Join(r.fieldsOfUser(o.user), " and ")
		if pool := r.Site.DataPool(o.user); pool != "" {
			d.Note("data-pool-differs", object, "what %s makes from now on has its data in pool %s, and no longer in %s. What "+
				"is there stays, and %[1]s needs its rights there; to keep the pool, set data_pool: %[3]s for %s in the Spec",
				o.user.Entity, pool, o.pool, places)
			continue
		}
		d.Note("data-pool-differs", object, "what %s makes has its data in pool %s, in which the Spec gives it no rights; "+
			"set data_pool: %[2]s for %s in the Spec, or remove the option %s from [%s] of this file", o.user.Entity, o.pool,
			places, option, o.section)
	}
}
