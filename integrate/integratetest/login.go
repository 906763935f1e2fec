package integratetest

import (
	"errors"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	trial "github.com/cephstack/cephstack/integrate/internal/login"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// Errnos of a login: the key is refused, librados cannot read the key, and no answer of the monitors.
const (
	refused    = 13
	unreadable = 22
	unanswered = 110
)

// tryLogin stands for the program of package login. It is not ok for another program.
func (w *World) tryLogin(h spec.Host, run remote.Run) (stdout []byte, ok bool) {
	return trial.Answer(run, func(t trial.Trial) int {
		cluster := w.Ceph[strings.TrimSuffix(base(t.Conf), ".conf")]
		switch {
		case cluster == nil:
			return 2
		case t.Key.Type() == "aes256k" && !w.readsNewKeys(h):
			return unreadable
		}
		session, err := cluster.Login(t.Entity, t.Key)
		switch {
		case err == nil:
			session.Close()
			return 0
		case errors.Is(err, ceph.ErrDenied):
			return refused
		}
		return unanswered
	})
}

// readsNewKeys reports whether the librados of a host reads keys of type aes256k: Debian's packages do since 20.2.4.
func (w *World) readsNewKeys(h spec.Host) bool {
	looked := w.Machines[h.Name].Look(remote.Packages{Names: []string{"ceph-common"}})
	version, installed := looked.Versions["ceph-common"]
	return !installed || version >= "20.2.4" // in a container, its release is not known
}
