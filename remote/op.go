package remote

import (
	"context"
	"fmt"
	"io/fs"
	"reflect"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
	"github.com/cephstack/cephstack/remote/internal/words"
)

// A Host is a machine on which operations run with root's rights.
//
// Implementations: SSH, Local, and the fake in remotetest. remotetest.TestHost
// is the contract in executable form.
type Host interface {
	// Do runs ops in order, in one exchange, and returns one Result for
	// each, index-aligned. An op that fails does not keep the following
	// ones from running. The error is for the exchange as a whole
	// (a *HostError): results that came back before it are still returned,
	// and Results of ops whose end is not known carry ErrUnknown.
	Do(ctx context.Context, ops ...Op) ([]Result, error)
}

// An Op is one operation: ReadFile, ReadDir, Stat, WriteFile, SetAttr, Mkdir,
// Remove, UnitState, RestartUnit, Packages, InstallPackages or Run; or an If
// around one of these. Pass the value, not a pointer to it.
type Op interface {
	nature() nature
	// object is what the op is about: a path, unit, package or program.
	object() string
	// fault says what is wrong with the op; it is empty for nothing.
	fault() string
	// encode translates an op that has no fault.
	encode() wire.Op
	// decode puts what the host answered into r, but not the host's error. An
	// answer that is incomplete or makes no sense is an error: a missing fact
	// never means that something is absent.
	decode(a answer, r *Result) error
}

// A nature is what the exchange has to know of an op before it runs.
type nature struct {
	name     string        // read, write, restart, …
	looks    bool          // the op cannot change the host
	private  bool          // the op brings bytes that must not be in the list of processes
	together bool          // the op travels with others in one operation "files"
	max      int64         // how many bytes of a file the answer may hold; 0 if it holds none
	patience time.Duration // how long the host may say nothing during the op; 0 is defaultTimeout
	lasts    time.Duration // how long the op may take in all; 0 is patience
}

// Check reports, before anything is sent, what is wrong with op: an *OpError
// with fs.ErrInvalid, or nil. Every Host checks its ops this way; an op that
// does not pass fails alone. The OpError has no Host: a Host puts its name there.
// Paths must be absolute, clean and without control characters.
func Check(op Op) error {
	if guard, ok := op.(If); ok {
		if fault := guard.fault(); fault != "" {
			return invalid(op, fault)
		}
		return nil
	}
	if fault := plain(op).fault(); fault != "" {
		return invalid(op, fault)
	}
	return nil
}

func invalid(op Op, fault string) *OpError {
	e := opError("", op, fs.ErrInvalid)
	e.Detail = fault
	return e
}

// opError is an error of op with the names that Describe gives.
func opError(host string, op Op, err error) *OpError {
	name, object := Describe(op)
	return &OpError{Host: host, Op: name, Object: words.Printable(object, 200), Err: err}
}

// Describe names an op as an OpError does: its kind, and the path, unit,
// package or program.
func Describe(op Op) (name, object string) {
	op = plain(op)
	return op.nature().name, op.object()
}

// plain is an op without its condition. What is not an operation becomes a
// nothing, so that all methods can be called.
func plain(op Op) Op {
	if guard, ok := op.(If); ok {
		op = guard.Op
	}
	if op == nil || reflect.TypeOf(op).Kind() == reflect.Pointer {
		return nothing{op}
	}
	return op
}

// A nothing stands for a nil Op or a pointer.
type nothing struct{ given Op }

func (nothing) nature() nature { return nature{name: "nothing"} }
func (nothing) object() string { return "" }

func (n nothing) fault() string {
	if n.given == nil {
		return "not an operation"
	}
	return fmt.Sprintf("%T is not an operation: pass the value, not a pointer", n.given)
}

func (nothing) encode() wire.Op              { return wire.Op{} }
func (nothing) decode(answer, *Result) error { return nil }
