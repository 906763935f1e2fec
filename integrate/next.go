package integrate

import (
	"errors"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// errProblem marks a check that a Problem of the plan keeps from passing:
// applying the plan does not help.
var errProblem = errors.New("a problem")

// nextFor says what to do about a cause that is the same wherever it shows,
// and nothing for others. Host keys say it themselves.
func nextFor(err error) string {
	for _, known := range []struct {
		cause error
		next  string
	}{
		{remote.ErrHostKey, "settle whether the host is the right one, as it says"},
		{remote.ErrAuth, "see that the user and the key of ssh in the Spec are let in on that host"},
		{remote.ErrSudo, "give that user a sudo rule without a password (NOPASSWD) on that host"},
		{remote.ErrUnreachable, "see that the host is up and that its sshd answers from here"},
		{remote.ErrTimeout, "see what keeps that host from answering: its load, a disk that hangs"},
		{ceph.ErrDenied, "see that the ceph program on that host works as client.admin"},
		{ceph.ErrUnreachable, "see that the cluster's monitors answer: ceph -s"},
		{libvirtsecret.ErrUnreachable, "see that libvirtd runs on that host, and that virsh is installed"},
		{api.ErrAuth, "see user, password and project of the entry in clouds.yaml"},
		{api.ErrUnreachable, "see that the APIs of the entry in clouds.yaml answer from here"},
		{errProblem, "do as the problem says, and then look at the plan"},
	} {
		if errors.Is(err, known.cause) {
			return known.next
		}
	}
	return ""
}

// advice is nextFor as the end of a sentence.
func advice(err error) string {
	if next := nextFor(err); next != "" {
		return "; " + next + ", and run again"
	}
	return ""
}
