package virsh

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/libvirtsecret"
)

// errRefused is a refusal whose words did not tell the reason.
var errRefused = errors.New("refused by libvirt")

// A call is what an error tells about its call. The text of the error must not
// hold the value.
type call struct{ op, uuid, value string }

func (c call) fail(err error) error {
	return &libvirtsecret.Error{Op: c.op, UUID: c.uuid, Err: err}
}

// refused makes the error for a script that ended with a status of its own.
func (c call) refused(exit int, stderr string) error {
	e := &libvirtsecret.Error{Op: c.op, UUID: c.uuid, Detail: c.printable(stderr)}
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
		e.Err = fmt.Errorf("exit status %d", exit)
	}
	if exit == exitUnset || exit == exitRefused && lost(stderr) || c.op == "undefine" && lost(stderr) {
		e.Err = fmt.Errorf("%w: %w", libvirtsecret.ErrUnknown, e.Err)
	}
	return e
}

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
	}
	return errRefused
}

// printable gives the words without prefixes, line breaks and excess.
func (c call) printable(stderr string) string {
	var words []string
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(strings.TrimPrefix(line, "error: ")); line != "" {
			words = append(words, line)
		}
	}
	s := strings.ToValidUTF8(strings.Join(words, "; "), "?")
	if c.value != "" {
		s = strings.ReplaceAll(s, c.value, "[redacted]")
	}
	s = cephstack.WithoutKeys(s) // another value, or the value in base64
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	const most = 400
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
