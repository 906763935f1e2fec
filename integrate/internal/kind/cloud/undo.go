package cloud

import (
	"context"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/openstack/api"
)

// undo takes back what do has made. A volume type that do made is deleted if it still has the extra specs of then, and
// no others. Cinder deletes no type that has volumes.
func (w typeWrite) undo(ctx context.Context, cloud *api.Cloud) error {
	types, err := cloud.VolumeTypes(ctx)
	if err != nil {
		return err
	}
	have, there := types[w.name]
	old, added := map[string]string{}, []string{}
	same := 0
	for _, d := range w.diffs {
		if have[d.Field] == d.Desired {
			same++
		}
		if old[d.Field] = d.Observed; d.Observed == "" {
			added = append(added, d.Field)
			delete(old, d.Field)
		}
	}
	switch {
	case !there && w.create:
		return nil
	case same < len(w.diffs), w.create && len(have) != len(w.diffs):
		return fmt.Errorf("%w: the volume type has other extra specs now", step.ErrConflict)
	case w.create:
		return cloud.DeleteVolumeType(ctx, w.name)
	}
	if len(old) > 0 {
		err = cloud.SetVolumeTypeSpecs(ctx, w.name, old)
	}
	if err == nil && len(added) > 0 {
		return fmt.Errorf("extra specs that were not there before stay: %s; remove them with openstack volume type unset "+
			"--property", strings.Join(added, ", "))
	}
	return err
}
