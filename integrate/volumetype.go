package integrate

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// backendName is the extra spec that binds a volume type to a backend.
const backendName = "volume_backend_name"

// volumeType plans the volume type of a backend.
func (d *differ) volumeType(b spec.Backend) {
	have, ok := d.o.cloud.types[b.VolumeType]
	if ok && have[backendName] != b.Name {
		d.problem(cloudTarget, "volume type "+b.VolumeType, nil,
			"exists and is bound to backend %q, not to %s; name another type in the Spec or change its volume_backend_name", have[backendName], b.Name)
		return
	}
	change := Change{Stage: StageCloud, Kind: KindVolumeType, Action: Create, Target: cloudTarget, Name: b.VolumeType, Reason: "the volume type does not exist"}
	if ok {
		change.Action, change.Reason = Update, "its extra specs are not as the Spec says"
	} else {
		change.Diffs = []FieldDiff{{backendName, "", b.Name}}
	}
	for _, name := range slices.Sorted(maps.Keys(b.ExtraSpecs)) {
		if want := b.ExtraSpecs[name]; have[name] != want {
			change.Diffs = append(change.Diffs, FieldDiff{name, have[name], want})
		}
	}
	if len(change.Diffs) == 0 || ok && !d.changeable(b.VolumeType) {
		return
	}
	d.add(change, d.unitIDs("cinder-volume")...)
}

// changeable refuses to change a volume type that has volumes, as Cinder does.
func (d *differ) changeable(name string) bool {
	object, err := "volume type "+name, d.o.cloud.volumesErr
	if err != nil {
		d.problem(cloudTarget, object, err, "is left as it is: whether it has volumes, with which it cannot be changed, cannot be told: %v%s", err, advice(err))
		return false
	}
	holds := volumesThat(d.o.cloud.volumes, func(v api.Volume) bool { return v.Type == name })
	if len(holds) > 0 {
		d.problem(cloudTarget, object, nil, "its extra specs are not as the Spec says, and Cinder changes no type that has volumes (%s): "+
			"retype or delete them, name another volume_type, or leave those extra_specs out", joinShort(holds))
	}
	return len(holds) == 0
}

// volumesThat names some of the volumes.
func volumesThat(all []api.Volume, match func(api.Volume) bool) (names []string) {
	for _, v := range all {
		if match(v) {
			names = append(names, v.ID)
		}
	}
	return names
}

// volumesMatter reports whether something would change that volumes do not
// survive, or do not allow: the zone of a backend, or a volume type.
func (s *site) volumesMatter(o observedCloud) bool {
	return slices.ContainsFunc(s.cinder, func(b spec.Backend) bool {
		have, ok := o.types[b.VolumeType]
		changes := ok && slices.ContainsFunc(slices.Collect(maps.Keys(b.ExtraSpecs)), func(name string) bool { return have[name] != b.ExtraSpecs[name] })
		return changes || b.AvailabilityZone != "" && slices.ContainsFunc(o.records, func(r api.ServiceRecord) bool {
			return r.Binary == "cinder-volume" && isAt(b, r.Host) && r.Zone != b.AvailabilityZone
		})
	})
}

// volumeType makes or corrects a volume type that still is as the plan saw it,
// else ErrConflict. Cinder has no compare-and-swap for extra specs: another writer
// between the reading and the writing is not seen.
func (r *run) volumeType(ctx context.Context, c Change) error {
	cloud := r.in.world.Cloud
	types, err := cloud.VolumeTypes(ctx)
	if err != nil {
		return err
	}
	specs := map[string]string{}
	for _, d := range c.Diffs {
		specs[d.Field] = d.Desired
	}
	have, there := types[c.Name]
	switch {
	case !there && c.Action == Create:
		return cloud.CreateVolumeType(ctx, c.Name, specs)
	case !there:
		return fmt.Errorf("%w: the volume type is gone; plan again", ErrConflict)
	}
	for _, d := range append([]FieldDiff{r.binding(c.Name)}, c.Diffs...) {
		now := have[d.Field]
		if now == d.Desired {
			delete(specs, d.Field)
			continue
		}
		if now != d.Observed || c.Action == Create {
			return fmt.Errorf("%w: the volume type has %s %q now; plan again", ErrConflict, d.Field, now)
		}
	}
	if len(specs) == 0 { // somebody did the same
		return nil
	}
	return cloud.SetVolumeTypeSpecs(ctx, c.Name, specs)
}

// binding is what binds a volume type of the Spec to its backend, and never changes.
func (r *run) binding(volumeType string) FieldDiff {
	i := slices.IndexFunc(r.in.site.cinder, func(b spec.Backend) bool { return b.VolumeType == volumeType })
	name := r.in.site.cinder[i].Name
	return FieldDiff{Field: backendName, Observed: name, Desired: name}
}
