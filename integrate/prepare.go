package integrate

import (
	"slices"
	"strings"

	"github.com/cephstack/cephstack/remote"
)

// A PrepareSpec is what hosts that are not prepared yet get before the rest.
// Each part is off unless it is there, and all of them are changes of the plan:
// the way in first, then the sudo rule, the repository, packages, and so on.
type PrepareSpec struct {
	Authorize  *AuthorizeSpec  `json:"authorize,omitempty" yaml:"authorize,omitempty"`
	Sudo       *SudoSpec       `json:"sudo,omitempty" yaml:"sudo,omitempty"`
	Repository *RepositorySpec `json:"repository,omitempty" yaml:"repository,omitempty"`
	Guests     *GuestsSpec     `json:"guests,omitempty" yaml:"guests,omitempty"`
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

// An EntrySpec is another way into hosts, for those that do not let the normal
// login in yet: see World.Entries. It shares known_hosts and the jump host.
type EntrySpec struct {
	User     string   `json:"user" yaml:"user"`
	KeyFiles []string `json:"key_files,omitempty" yaml:"key_files,omitempty"`
	Agent    string   `json:"agent,omitempty" yaml:"agent,omitempty"` // socket path
	// PasswordFile is a file of the program's machine that holds the user's
	// password, for the login and for sudo; a line end after it is no part of it.
	PasswordFile string `json:"password_file,omitempty" yaml:"password_file,omitempty"`
}

// The kinds of changes that make the way in; the other parts of a preparation
// are files and folders, as others are.
const (
	KindAuthorizedKeys Kind = "authorized-keys"
	KindSudoRule       Kind = "sudo-rule"
)

// concernsWayIn tells findings about the way in.
func (f Finding) concernsWayIn() bool {
	return f.Object == "login" || strings.HasSuffix(f.Object, "/authorized_keys") || strings.HasPrefix(f.Object, sudoersDir)
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
		return s.floorOps()
	}
	ops := append([]remote.Op{remote.ReadFile{Path: osRelease}}, s.guestLooks(h)...)
	return slices.Concat(ops, s.repositoryOps(), s.sudoOps(), s.authorizeOps(), s.floorOps())
}

// said is what a program that was run for a plan printed; nothing if it failed.
func (h *observedHost) said(run remote.Run) string {
	r := h.runs[runKey(run)]
	if r.Err != nil || r.Exit != 0 {
		return ""
	}
	return string(r.Data)
}

func runKey(run remote.Run) string { return strings.Join(run.Argv, " ") }
