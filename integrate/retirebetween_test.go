package integrate_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// An arrival is what comes into a world after a retirement was planned.
type arrival struct {
	part  string // of retirings
	come  func(*testing.T, *integratetest.World)
	says  string
	keeps string // with all, the file that stays on every host; otherwise nothing changes on any host
	// untold says that what came hides something: that is not a conflict.
	untold bool
	each   bool // also with a plan that was stored, and by Converge
}

func arrivals() map[string]arrival {
	image := func(pool string) func(*testing.T, *integratetest.World) {
		return func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Ceph["ceph"].AddImage(ceph.Image{Pool: pool, Name: "late", Size: 1 << 20}))
		}
	}
	trash := func(pool string) func(*testing.T, *integratetest.World) {
		return func(t *testing.T, w *integratetest.World) {
			image(pool)(t, w)
			require.NoError(t, w.Ceph["ceph"].MoveToTrash(pool, "late"))
		}
	}
	vm := func(_ *testing.T, w *integratetest.World) {
		w.API.AddServer(api.Server{Name: "late", Host: "compute2", Status: "BUILD", HasLocalDisk: true, ImageID: "cirros"})
	}
	down := func(_ *testing.T, w *integratetest.World) { w.API.Close() }
	all := map[string]arrival{
		"an image in a backend": {part: "a backend", come: image("fast"),
			says: "pool fast: holds 1 images (late)", each: true},
		"an image in the trash": {part: "a backend", come: trash("fast"),
			says: "pool fast: holds 1 images in its trash (late)"},
		"a volume": {part: "a backend", come: func(_ *testing.T, w *integratetest.World) {
			w.API.AddVolume(api.Volume{Name: "late", Host: "controller@fast#fast"})
		}, says: "backend fast still has volumes"},
		"an image in a store": {part: "a store", come: image("cold"), says: "pool cold: holds 1 images (late)"},
		"a backup":            {part: "backups", come: image("backups"), says: "pool backups: holds 1 images (late)"},
		"a disk of a VM":      {part: "nova", come: image("vms"), says: "pool vms: holds 1 images (late)", each: true},
		"a VM of Nova":        {part: "nova", come: vm, says: "VM late", each: true},
		"a VM on a compute":   {part: "a compute", come: vm, says: "still has VMs (late"},
		"a VM, with all":      {part: "all", come: vm, says: "VM late", keeps: novaFile, each: true},
		"the last service goes down": {part: "a service", come: func(_ *testing.T, w *integratetest.World) {
			w.Machines["controller"].StopUnit("cinder-volume.service")
		}, says: "is not known to be up on another host"},
		"the APIs go, with a compute": {part: "a compute", come: down, says: "whether VMs are on this compute cannot be told",
			untold: true, each: true},
		"the APIs go, with a backend": {part: "a backend", come: down,
			says:   "whether OpenStack still needs it cannot be told",
			untold: true},
	}
	for pool, file := range map[string]string{"images": "/etc/glance/glance-api.conf",
		"volumes": "/etc/cinder/cinder.conf", "vms": novaFile, "backups": "/etc/cinder/cinder.conf"} {
		all["an image of "+pool+", with all"] = arrival{part: "all", come: image(pool), says: "pool " + pool + ": holds 1",
			keeps: file}
	}
	return all
}

const novaFile = "/etc/nova/nova.conf"

// changedHosts are the changes of hosts since their logs were forgotten, but for those of other files than keeps.
func changedHosts(w *integratetest.World, keeps string) (all []string) {
	for name, m := range w.Machines {
		for _, op := range m.Log() {
			if _, path := remote.Describe(op); changesHost(op) && (keeps == "" || path == keeps) {
				all = append(all, name+" "+path)
			}
		}
	}
	return all
}

// TestWhatComesBetweenIsSeenBeforeTheFirstRemoval: nothing that needs what came is removed, on no host.
func TestWhatComesBetweenIsSeenBeforeTheFirstRemoval(t *testing.T) {
	t.Parallel()
	parts := retirings()
	parts["all"] = func(s *spec.Spec) { s.Retire = true }
	for name, a := range arrivals() {
		for _, way := range []string{"apply", "stored", "converge"} {
			if way != "apply" && !a.each {
				continue
			}
			t.Run(name+"/"+way, func(t *testing.T) {
				s := twoOfAll()
				w := integratetest.Integrated(t, s)
				parts[a.part](&s)
				in := integrationOf(t, w, s)
				secrets, had := traces(t, w, nil), users(t, w, s)
				for _, m := range w.Machines {
					m.Forget()
				}
				err := a.between(t, in, w, way)
				require.ErrorContains(t, err, a.says)
				if way != "stored" { // its gates are compared at the beginning, as those of a plan
					assert.Equal(t, !a.untold, errors.Is(err, integrate.ErrConflict), "%v", err)
				}
				assert.Empty(t, changedHosts(w, a.keeps))
				if a.part != "all" {
					assert.Equal(t, secrets, traces(t, w, nil))
					assert.Equal(t, had, users(t, w, s))
				}
			})
		}
	}
}

// between carries a retirement out, while something comes.
func (a arrival) between(t *testing.T, in *integrate.Integration, w *integratetest.World, way string) error {
	t.Helper()
	if way == "converge" {
		var once sync.Once
		for _, m := range w.Machines {
			m.Fail = func(context.Context, remote.Op) error {
				once.Do(func() { a.come(t, w) })
				return nil
			}
		}
		var errs []error
		for p := range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
			errs = append(errs, p.Err())
		}
		return errors.Join(errs...)
	}
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	if way == "stored" {
		data, err := json.Marshal(p)
		require.NoError(t, err)
		p, err = integrate.ParsePlan(data)
		require.NoError(t, err)
	}
	a.come(t, w)
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	return err
}
