package cloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// backendName is the extra spec that binds a volume type to a backend.
const backendName = "volume_backend_name"

// VolumeTypeID is the resource of a volume type.
func VolumeTypeID(name string) step.ID {
	return step.ID{Target: step.AtCloud(), Kind: "volume-type", Name: name}
}

// A volumeType is the volume type that is bound to a backend. Extra specs which the
// Spec does not name are left as they are.
type volumeType struct {
	site *want.Site
	spec spec.Backend
}

func newVolumeTypes(s *want.Site) []step.Resource {
	var all []step.Resource
	for _, b := range s.Cinder {
		if b.VolumeType != "" {
			all = append(all, volumeType{s, b})
		}
	}
	return all
}

// ID implements step.Resource.
func (t volumeType) ID() step.ID { return VolumeTypeID(t.spec.VolumeType) }

// Needs implements step.Resource.
func (t volumeType) Needs() []step.ID { return []step.ID{APIsID()} }

// Follows implements step.Follower: nobody asks for a volume of the type before the
// services know the backend. A host that is left alone does not keep the others from
// serving it.
func (t volumeType) Follows() []step.ID {
	var units []step.ID
	for _, h := range volumeHosts(t.site) {
		unit := t.site.Service(h, "cinder-volume").Unit
		units = append(units, step.ID{Target: step.AtHost(h.Name), Kind: "unit", Name: unit})
	}
	return units
}

// Asks implements step.Resource.
func (t volumeType) Asks() step.Asks { return step.Asks{} }

func (t volumeType) object() string { return "volume type " + t.spec.VolumeType }

// Compare implements step.Resource.
func (t volumeType) Compare(v step.View) step.Delta {
	if err := v.Cloud.Err; err != nil {
		return step.Refuse("volume-type-needs-apis", t.object(), fmt.Errorf("cannot be made: %w", err))
	}
	have, ok := v.Cloud.Types[t.spec.VolumeType]
	if ok && have[backendName] != t.spec.Bound() {
		if left, waits := t.waits(v, have[backendName]); waits {
			return left
		}
		return step.Refuse("volume-type-of-another-backend", t.object(), fmt.Errorf("exists and is bound to backend %q, "+
			"not to %s; "+
			"name another volume_type for backend %s in the Spec, or change the type's volume_backend_name", have[backendName],
			t.spec.Bound(), t.spec.Name))
	}
	d := step.Delta{Action: step.Create, Reason: "the volume type does not exist"}
	if ok {
		d.Action, d.Reason = step.Update, "its extra specs are not as the Spec says"
	} else {
		d.Diffs = []step.FieldDiff{{Field: backendName, Desired: t.spec.Bound()}}
	}
	for _, name := range slices.Sorted(maps.Keys(t.spec.ExtraSpecs)) {
		if desired := t.spec.ExtraSpecs[name]; have[name] != desired {
			d.Diffs = append(d.Diffs, step.FieldDiff{Field: name, Observed: have[name], Desired: desired})
		}
	}
	if len(d.Diffs) == 0 {
		return step.Delta{Have: t.spec.VolumeType + " -> " + t.spec.Bound()}
	}
	if ok {
		if left, fixed := t.fixed(v.Cloud); fixed {
			return left
		}
	}
	w := typeWrite{name: t.spec.VolumeType, backend: t.spec.Bound(), create: !ok, diffs: slices.Clone(d.Diffs)}
	d.Do = step.CloudStep{Do: w.do, Undo: w.undo}
	return d
}

// waits reports whether the name that the backend has now is not looked after yet, as a host of
// cinder-volume is left alone: the type may be bound to that name. The problem there says what to do.
func (t volumeType) waits(v step.View, bound string) (step.Delta, bool) {
	for _, unit := range t.Follows() {
		if !v.Ledger.Refused(unit) {
			continue
		}
		root := v.Ledger.Root(unit)
		d := step.Refuse("volume-type-of-another-backend", t.object(), fmt.Errorf("exists and is bound to backend %q, not "+
			"to %s; left alone until the problem of %s on %s is solved, as %s may be the name that backend %s has", bound,
			t.spec.Bound(), root.Name, root.Target.Name, bound, t.spec.Name))
		d.Because, d.Findings[0].Because = root, root
		return d, true
	}
	return step.Delta{}, false
}

// fixed reports whether a volume type cannot be changed, because it has volumes, or because
// its volumes cannot be read. Cinder refuses to change a type that has volumes. The Delta
// then says so.
func (t volumeType) fixed(c *step.Cloud) (step.Delta, bool) {
	if err := c.VolumesErr; err != nil {
		return step.Refuse("volumes-unknown", t.object(), fmt.Errorf("is left as it is: whether it has volumes, "+
			"with which it cannot be changed, cannot be told: %w%s", err, cause.Advice(err))), true
	}
	var holds []string
	for _, v := range c.Volumes {
		if v.Type == t.spec.VolumeType {
			holds = append(holds, v.ID)
		}
	}
	if len(holds) == 0 {
		return step.Delta{}, false
	}
	return step.Refuse("volume-type-in-use", t.object(), fmt.Errorf("its extra specs are not as the Spec says, "+
		"and Cinder changes no type that has volumes (%s): retype or delete them, name another volume_type, "+
		"or leave those extra_specs out", words.JoinShort(holds))), true
}

// A typeWrite makes a volume type, or corrects its extra specs.
type typeWrite struct {
	name, backend string
	create        bool
	diffs         []step.FieldDiff // as the plan has them
}

// do makes or corrects a volume type that still is as the plan saw it, else it
// fails with step.ErrConflict. It changes nothing where somebody else made the same
// change. Cinder has no compare-and-swap for extra specs: another writer between the
// reading and the writing is not seen.
func (w typeWrite) do(ctx context.Context, cloud *api.Cloud) (changed bool, err error) {
	types, err := cloud.VolumeTypes(ctx)
	if err != nil {
		return false, err
	}
	specs := map[string]string{}
	for _, d := range w.diffs {
		specs[d.Field] = d.Desired
	}
	have, there := types[w.name]
	if !there && w.create {
		err := cloud.CreateVolumeType(ctx, w.name, specs)
		if e := (*api.Error)(nil); !errors.As(err, &e) || e.Code != http.StatusConflict {
			return err == nil, err
		}
		if types, err = cloud.VolumeTypes(ctx); err != nil { // somebody else made it meanwhile
			return false, err
		}
		have, there = types[w.name]
	}
	if !there {
		return false, fmt.Errorf("%w: the volume type is gone; plan again", step.ErrConflict)
	}
	binding := step.FieldDiff{Field: backendName, Observed: w.backend, Desired: w.backend} // never changes
	for _, d := range append([]step.FieldDiff{binding}, w.diffs...) {
		now := have[d.Field]
		if now == d.Desired {
			delete(specs, d.Field)
			continue
		}
		if now != d.Observed || w.create {
			return false, fmt.Errorf("%w: the volume type has %s %q now; plan again", step.ErrConflict, d.Field,
				words.Shown(words.Value(d.Field, now)))
		}
	}
	if len(specs) == 0 { // somebody else made the same change since the plan
		return false, nil
	}
	err = cloud.SetVolumeTypeSpecs(ctx, w.name, specs)
	return err == nil, err
}
