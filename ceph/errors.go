package ceph

import (
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/ceph/internal/words"
)

// Conditions that a caller branches on; test with errors.Is.
var (
	ErrNotFound    = errors.New("ceph: not found")
	ErrExists      = errors.New("ceph: exists")
	ErrDenied      = errors.New("ceph: denied")
	ErrInvalid     = errors.New("ceph: invalid")
	ErrLocked      = errors.New("ceph: locked by another holder")
	ErrUnreachable = errors.New("ceph: cluster unreachable")
	ErrConflict    = errors.New("ceph: changed since it was read")
	ErrSkipped     = errors.New("ceph: not done, because what has to succeed before did not")
)

// Errno values that Ceph reports (Linux numbers, positive).
const (
	enoent   = 2
	eacces   = 13
	ebusy    = 16
	eexist   = 17
	einval   = 22
	eperm    = 1
	etimeout = 110
)

// A CommandError is the refusal of a monitor or of RBD.
type CommandError struct {
	Op     string // command prefix, such as "osd pool create", or an RBD operation
	Object string // pool, entity or image; may be empty
	Code   int    // positive errno
	Status string // the cluster's own words, at most 2000 characters; never holds a key
	Holder *Lock  // of TakeLock and RenewLock: who holds the lock, where that is the refusal and is known
}

// Error names command, object, errno and the cluster's words, as one line of bounded length
// without what a terminal would take for a command.
func (e *CommandError) Error() string {
	s := "ceph " + e.Op
	if e.Object != "" {
		s += " " + e.Object
	}
	return fmt.Sprintf("%s: errno %d: %s", s, e.Code, words.Line(e.Status))
}

// Is reports whether the errno stands for target, one of the errors of this package such as
// ErrNotFound.
func (e *CommandError) Is(target error) bool {
	switch e.Code {
	case enoent:
		return target == ErrNotFound
	case eexist:
		return target == ErrExists
	case eacces, eperm:
		return target == ErrDenied
	case einval:
		return target == ErrInvalid
	case ebusy:
		return target == ErrLocked
	case etimeout:
		return target == ErrUnreachable
	}
	return false
}
