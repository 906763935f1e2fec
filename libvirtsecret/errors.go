package libvirtsecret

import "errors"

// Conditions that a caller branches on; test with errors.Is.
var (
	ErrNotFound    = errors.New("libvirtsecret: not found")
	ErrConflict    = errors.New("libvirtsecret: in conflict with what libvirt has")
	ErrUnreachable = errors.New("libvirtsecret: libvirt daemon unreachable")
	ErrUnknown     = errors.New("libvirtsecret: outcome unknown") // an effect is possible
)

// An Error is a call to a libvirt daemon that failed. Its text never holds a
// value.
type Error struct {
	Op     string // list, lookup, define or undefine; dial for a connection
	UUID   string // empty for list and dial
	Detail string // libvirt's own words
	Err    error  // the condition, or another cause
}

func (e *Error) Error() string {
	s := e.Op
	if e.UUID != "" {
		s += " secret " + e.UUID
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap gives the condition.
func (e *Error) Unwrap() error { return e.Err }
