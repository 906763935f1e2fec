// Package cause knows the conditions that are the same wherever they show: a host that does not answer, a cluster
// that refuses the user, a thing that somebody else changed.
//
// # Use
//
// Name gives the name under which JSON keeps the condition behind an error, and Named gives the condition back.
// Next and Advice say what a person can do about it. Retryable tells whether trying again may help by itself.
//
// # Errors
//
// The functions do not fail. An error with no known condition behind it has no name and no advice.
//
// # Concurrency and cancellation
//
// The functions are pure.
package cause

import (
	"cmp"
	"errors"
	"net"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// A condition is a cause that is the same wherever it shows.
type condition struct {
	name string // as JSON keeps it
	err  error
	next string // what to do about it; empty where the error says so itself
}

// conditions lists the more special condition before the more general one.
func conditions() []condition {
	return []condition{
		{"operator-lock", world.ErrLock, ""},
		{"cluster-unhealthy", world.ErrUnhealthy, ""},
		{"local", remote.ErrLocal, "see key_files, agent and known_hosts of ssh in the Spec, on this machine"},
		{"host-key", remote.ErrHostKey, "settle whether the host is the right one, as it says"},
		{"host-authentication", remote.ErrAuth,
			"see that the user and the key of ssh in the Spec are let in on that host"},
		{"host-sudo", remote.ErrSudo, "give that user a sudo rule without a password (NOPASSWD) on that host"},
		{"host-unreachable", remote.ErrUnreachable, "see that the host is up and that its sshd answers from here"},
		{"host-timeout", remote.ErrTimeout, "see what keeps that host from answering: its load, a disk that hangs"},
		{"ceph-denied", ceph.ErrDenied, "see that the ceph program on that host works as client.admin"},
		{"ceph-unreachable", ceph.ErrUnreachable, "see that the cluster's monitors answer: ceph -s"},
		{"libvirt-unreachable", libvirtsecret.ErrUnreachable,
			"see that libvirtd runs on that host, and that virsh is installed"},
		{"libvirt-conflict", libvirtsecret.ErrConflict, ""},
		{"api-authentication", api.ErrAuth, "see user, password and project of the entry in clouds.yaml"},
		{"api-unreachable", api.ErrUnreachable, "see that the APIs of the entry in clouds.yaml answer from here"},
		{"conflict", step.ErrConflict, ""},
	}
}

// find gives the condition behind an error; the zero condition where there is none.
func find(err error) condition {
	for _, known := range conditions() {
		if errors.Is(err, known.err) {
			return known
		}
	}
	return condition{}
}

// Name names the condition behind an error, such as host-unreachable; empty where there is no known condition.
func Name(err error) string { return find(err).name }

// Named is the condition with a name; nil where no condition has that name.
func Named(name string) error {
	for _, known := range conditions() {
		if known.name == name {
			return known.err
		}
	}
	return nil
}

// Next says what to do about the condition behind an error. It is empty where there is no known condition, and where
// the error says itself what to do.
func Next(err error) string {
	jump := jumpOf(err)
	dns := new(net.DNSError)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound && errors.Is(err, remote.ErrUnreachable):
		return "see that the Spec has the right address for " + cmp.Or(jump, "that host") + ": its name is not known here"
	case jump == "", errors.Is(err, remote.ErrLocal), errors.Is(err, remote.ErrHostKey):
		return find(err).next
	case errors.Is(err, remote.ErrAuth):
		return "see that jump host " + jump + " lets the user of ssh.jump in with the key of ssh"
	}
	return "see that jump host " + jump + " is up and that its sshd answers from here"
}

func jumpOf(err error) string {
	var host *remote.HostError
	if errors.As(err, &host) {
		return host.Jump
	}
	return ""
}

// SharedText is the text of an error of a host, without the host.
func SharedText(err error) string {
	var host *remote.HostError
	if errors.As(err, &host) {
		return strings.TrimPrefix(host.Error(), host.Host+": ")
	}
	return err.Error()
}

// SharedFault tells what keeps not only one host from being reached: the jump host that
// is at fault, or nothing where it is the machine that connects. Errors of the same
// fault have the same text.
func SharedFault(err error) (jump, text string, ok bool) {
	var host *remote.HostError
	switch {
	case !errors.As(err, &host):
		return "", "", false
	case errors.Is(err, remote.ErrLocal):
		return "", SharedText(err), true
	case host.Jump != "":
		return host.Jump, host.Step + ": " + Name(err), true
	}
	return "", "", false
}

// Advice is Next as the end of a sentence.
func Advice(err error) string {
	if next := Next(err); next != "" {
		return "; " + next + ", and run again"
	}
	return ""
}

// Retryable reports whether trying again may help without anybody doing something.
func Retryable(err error) bool {
	var host *remote.HostError
	if errors.As(err, &host) {
		return host.Retryable()
	}
	if errors.Is(err, world.ErrLock) {
		return !errors.Is(err, ceph.ErrDenied)
	}
	passing := []error{step.ErrConflict, world.ErrUnhealthy, remote.ErrTimeout, ceph.ErrUnreachable,
		libvirtsecret.ErrUnreachable, api.ErrUnreachable}
	for _, p := range passing {
		if errors.Is(err, p) {
			return true
		}
	}
	return false
}
