package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/remote"
)

// errBarred is a change that the helper of a host does not make.
var errBarred = errors.New("it differs, the helper on the host does not change it, and the World has no first " +
	"entry of the host: connect with ssh.entry")

// enterable refuses a change that needs the first entry of a host, where there is none.
func enterable(d step.Delta, name string, h *step.Host) step.Delta {
	if s, ok := d.Do.(step.HostStep); ok && s.Entry && h.Barred {
		return step.Refuse("no-entry", name, errBarred)
	}
	return d
}

// Secrets reads the libvirt secrets of a host whose helper lets nobody read others than those
// that the host should have. These are known when the clusters are: Look did not read them.
func (e *Engine) Secrets(ctx context.Context, s *Seen, b *Base) {
	_, wanted := join(s.entries)
	store := e.World.Secrets[s.host.Name]
	if !e.Site.Helps() || !wanted || store == nil || s.host.Err != nil {
		return
	}
	defer e.Rest(s.host.Name)
	batch, ok := store.(hostbatch.Store)
	if !ok {
		s.host.Secrets, s.host.SecretErr = store.List(ctx)
		return
	}
	list, parse := batch.ListOp(b.uuids()...)
	s.host.SecretErr = e.listed(ctx, s.host, list, parse)
}

// listed runs the operation that lists secrets.
func (e *Engine) listed(ctx context.Context, h *step.Host, list remote.Op, parse hostbatch.ListReader) error {
	results, err := e.enter(ctx, h, []remote.Op{list})
	if err == nil && len(results) != 1 {
		err = fmt.Errorf("%s: %d results for one operation", h.Name, len(results))
	}
	if err != nil {
		return err
	}
	secrets, whole, err := parse(results[0])
	h.Secrets = secrets
	if err == nil && !whole {
		err = fmt.Errorf("%s: libvirt has secrets of usage type ceph that are not of the Spec, and the helper lets "+
			"nobody read them: undefine them, or put prepare.sudo.narrow in place of prepare.sudo.helper", h.Name)
	}
	return err
}
