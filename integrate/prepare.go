package integrate

import "github.com/cephstack/cephstack/remote"

// A PrepareSpec is what hosts that are not prepared yet get before the rest.
// Each part is off unless it is there, and all of them are changes of the plan:
// the way in first, then the sudo rule, the repository, packages, and so on.
type PrepareSpec struct {
	Guests *GuestsSpec `json:"guests,omitempty" yaml:"guests,omitempty"`
}

// A GuestsSpec lets the librbd of guests write sockets and logs on computes:
// options in the [client] section of every ceph.conf there, the folders that
// they name, and a tmpfiles.d file that makes the folders again after a reboot.
// Other Ceph clients on a compute read that section, too. The options count for
// guests that start afterwards. AppArmor's rules are not changed: a plan notes
// where they keep QEMU from the folders.
type GuestsSpec struct {
	// Account is what QEMU runs as, user:group; by the host's distribution
	// when empty: libvirt-qemu:kvm, or qemu:qemu.
	Account string `json:"account,omitempty" yaml:"account,omitempty"`
	// Options replace or add to the usual ones: rbd_cache,
	// rbd_cache_writethrough_until_flush, rbd_concurrent_management_ops,
	// admin_socket and log_file. An empty value leaves an option alone.
	Options map[string]string `json:"options,omitempty" yaml:"options,omitempty"`
}

// prepare is the Spec's, with nothing asked for where there is none.
func (s *site) prepare() PrepareSpec {
	if s.spec.Prepare == nil {
		return PrepareSpec{}
	}
	return *s.spec.Prepare
}

// prepareOps reads what the preparation of a host has to know.
func (s *site) prepareOps(h HostSpec) []remote.Op {
	if s.spec.Prepare == nil {
		return nil
	}
	return append([]remote.Op{remote.ReadFile{Path: osRelease}}, s.guestLooks(h)...)
}
