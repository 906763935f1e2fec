package integrate

import (
	"context"
	"maps"
	"regexp"
	"slices"

	"github.com/cephstack/cephstack/openstack"
)

// backendName is the extra spec that binds a volume type to a backend.
const backendName = "volume_backend_name"

var specForm = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,255}$`)

// volumeTypes checks the volume types: one of each name, each of one backend.
func (v *validation) volumeTypes(backends []BackendSpec) {
	for i, b := range backends {
		path := backendPath(i)
		if b.VolumeType != "" && slices.ContainsFunc(backends[:i], func(o BackendSpec) bool { return o.VolumeType == b.VolumeType }) {
			v.fault(path+".volume_type", "%q is there twice; a volume type is bound to one backend", b.VolumeType)
		}
		if len(b.ExtraSpecs) > 0 && b.VolumeType == "" {
			v.fault(path+".extra_specs", "belong to a volume type, and volume_type is empty")
		}
		for _, name := range slices.Sorted(maps.Keys(b.ExtraSpecs)) {
			switch {
			case !specForm.MatchString(name):
				v.fault(path+".extra_specs", "%q may hold only letters, digits, '_', '.', ':' and '-', 255 at most", name)
			case name == backendName:
				v.fault(path+".extra_specs."+name, "is the name of the backend")
			case b.ExtraSpecs[name] == "" || len(b.ExtraSpecs[name]) > 255:
				v.fault(path+".extra_specs."+name, "has %d characters, 1 to 255 are possible", len(b.ExtraSpecs[name]))
			}
		}
	}
}

// volumeType plans the volume type of a backend.
func (d *differ) volumeType(b BackendSpec) {
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
	if len(change.Diffs) > 0 {
		d.add(change, d.unitIDs("cinder-volume")...)
	}
}

func applyVolumeType(ctx context.Context, cloud *openstack.Cloud, c Change) error {
	specs := map[string]string{}
	for _, d := range c.Diffs {
		specs[d.Field] = d.Desired
	}
	if c.Action == Create {
		return cloud.CreateVolumeType(ctx, c.Name, specs)
	}
	return cloud.SetVolumeTypeSpecs(ctx, c.Name, specs)
}
