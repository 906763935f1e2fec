package virsh

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/internal/words"
)

var (
	// errRefused is a refusal whose words did not tell the reason.
	errRefused = errors.New("refused by libvirt")
	errKilled  = errors.New("ended too soon")
)

// A call is what an error tells about its call. The text of the error must not
// hold the value.
type call struct{ op, uuid, value string }

// writes reports whether the call may have an effect.
func (c call) writes() bool { return c.op == "define" || c.op == "undefine" }

func (c call) fail(err error) error {
	return &libvirtsecret.Error{Op: c.op, UUID: c.uuid, Err: err}
}

// refused makes the error for a script that ended with a status of its own.
func (c call) refused(exit int, stderr string) error {
	e := &libvirtsecret.Error{Op: c.op, UUID: c.uuid, Detail: words.Printable(stderr, c.value)}
	unknown := exit == exitUnset || (exit == exitRefused || c.op == "undefine") && (lost(stderr) || killed(stderr)) ||
		exit == exitListed && c.writes() // of a container's engine, which may have lost the script
	switch exit {
	case exitAbsent:
		e.Err, e.Detail = libvirtsecret.ErrNotFound, ""
	case exitChanged:
		e.Err = libvirtsecret.ErrConflict
	case exitMissing, exitNone, exitOutside:
		e.Err = libvirtsecret.ErrUnreachable
	case exitRefused, exitUnset, exitUnread, exitUnlisted, exitListed:
		e.Err = condition(stderr)
	default:
		e.Err, unknown = fmt.Errorf("exit status %d", exit), c.writes() && exit != exitUnable && exit != exitNoValue
		if exit > signals {
			e.Err = errKilled
			e.Detail = words.Printable(fmt.Sprintf("virsh"+byWhat+"%d\n%s", exit-signals, stderr), c.value)
		}
	}
	if unknown {
		e.Err = fmt.Errorf("%w: %w", libvirtsecret.ErrUnknown, e.Err)
	}
	return e
}

// killed reports whether virsh was killed, by the words of the scripts.
func killed(stderr string) bool { return strings.Contains(stderr, "virsh"+byWhat) }

// lost reports whether the connection to the daemon broke while it was asked.
func lost(stderr string) bool {
	return slices.ContainsFunc([]string{"End of file while reading data", "Cannot recv data", "Cannot write data",
		"Disconnected from"}, func(words string) bool { return strings.Contains(stderr, words) })
}

// condition tells the condition by libvirt's words. The words of virsh itself
// are English, because it runs in the C locale; those of a daemon may be
// translated.
func condition(stderr string) error {
	has := func(s string) bool { return strings.Contains(stderr, s) }
	switch {
	case has("already defined for use with"), has("cannot change private flag"):
		return libvirtsecret.ErrConflict
	case has("failed to connect to the hypervisor"), has("Failed to connect socket"),
		has("no connection driver available"), lost(stderr):
		return libvirtsecret.ErrUnreachable
	case killed(stderr):
		return errKilled
	}
	return errRefused
}
