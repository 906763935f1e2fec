package integratetest

import (
	"fmt"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/kind/host"
)

// ComesBack says why a VM that loses its connections to Ceph could not come back by a hard reboot: a secret of its
// compute is missing, or has a key that the cluster does not take, or that librados there does not read. Nothing is
// opened.
func (w *World) ComesBack(serverID string) error {
	for _, d := range w.API.Rebuilt(serverID) {
		if !d.InCeph() {
			continue
		}
		value := w.Libvirt[d.Host].Held(d.Secret)
		if value.IsZero() {
			return fmt.Errorf("%s of %s: %s has no secret %s", d.Kind, serverID, d.Host, d.Secret)
		}
		key, err := ceph.ParseKey(value.Reveal())
		switch {
		case err != nil:
			return fmt.Errorf("%s of %s: secret %s on %s: %w", d.Kind, serverID, d.Secret, d.Host, err)
		case !w.Ceph[d.Cluster].Takes("client."+d.User, key):
			return fmt.Errorf("%s of %s: client.%s is refused with the secret of %s", d.Kind, serverID, d.User, d.Host)
		case key.Type() == "aes256k" && !host.ReadsAES256k(w.installed(d.Host)):
			return fmt.Errorf("%s of %s: librados of %s does not read the key of client.%s", d.Kind, serverID, d.Host, d.User)
		}
	}
	return nil
}
