//go:build cgo

package libvirtconn

import (
	"errors"
	"fmt"
	"strings"

	"libvirt.org/go/libvirt"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/internal/words"
)

// failure makes the package's error of any other.
func failure(op, uuid string, err error) error {
	e := &libvirtsecret.Error{Op: op, UUID: uuid, Err: err}
	var own *libvirtsecret.Error
	if errors.As(err, &own) {
		e.Err, e.Detail = own.Err, words.Printable(own.Detail, "")
		return e
	}
	var v libvirt.Error
	if errors.As(err, &v) {
		e.Err = printed{err}
	}
	if cause := condition(err); cause != nil {
		e.Err, e.Detail = cause, words.Printable(v.Message, "")
		if errors.Is(err, libvirtsecret.ErrUnknown) {
			e.Err = fmt.Errorf("%w: %w", libvirtsecret.ErrUnknown, cause)
		}
	}
	return e
}

// printed is an error with libvirt's words, fit for a line.
type printed struct{ error }

func (p printed) Error() string { return words.Printable(p.error.Error(), "") }

// Unwrap gives the error as it was.
func (p printed) Unwrap() error { return p.error }

// lost is ErrUnknown, too, where the connection broke while the daemon was to write.
func lost(err error) error {
	if errors.Is(condition(err), libvirtsecret.ErrUnreachable) {
		return fmt.Errorf("%w: %w", libvirtsecret.ErrUnknown, err)
	}
	return err
}

// unreachable makes the error for a connection that cannot be made.
func unreachable(op string, err error) error {
	var v libvirt.Error
	errors.As(err, &v)
	return &libvirtsecret.Error{Op: op, Err: libvirtsecret.ErrUnreachable, Detail: words.Printable(v.Message, "")}
}

// condition tells libvirtsecret's condition by libvirt's codes. It is nil if no
// condition fits.
func condition(err error) error {
	var v libvirt.Error
	switch {
	case errors.Is(err, errClosed):
		return nil
	case !errors.As(err, &v):
		return nil
	case v.Code == libvirt.ERR_NO_SECRET:
		return libvirtsecret.ErrNotFound
	case v.Domain == libvirt.FROM_RPC, v.Code == libvirt.ERR_NO_CONNECT:
		return libvirtsecret.ErrUnreachable
	case refusesSecret(v):
		return libvirtsecret.ErrConflict
	}
	return nil
}

// refusesSecret tells a conflict by its words, because libvirt has no code for
// it. A daemon may have translated the words.
func refusesSecret(v libvirt.Error) bool {
	has := func(words string) bool { return strings.Contains(v.Message, words) }
	return v.Code == libvirt.ERR_INTERNAL_ERROR &&
		(has("already defined for use with") || has("cannot change private flag"))
}

// isCode reports whether libvirt failed with one of the codes.
func isCode(err error, codes ...libvirt.ErrorNumber) bool {
	var v libvirt.Error
	if !errors.As(err, &v) {
		return false
	}
	for _, c := range codes {
		if v.Code == c {
			return true
		}
	}
	return false
}
