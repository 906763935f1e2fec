package remotetest

import (
	"errors"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// A kind is what the machine does with one kind of operation. Each family of
// operations has a file with its kinds.
type kind struct {
	name  string // as remote.Describe gives it
	looks bool   // cannot change the machine
	alone bool   // do does not want the lock: it calls what uses the Host
	do    func(op remote.Op) remote.Result
	// decode is the operation that travelled as w; nil for an operation that
	// travels with others as "files".
	decode func(w wire.Op) (remote.Op, error)
	// tell adds to an answer what is not in the answer of every operation; nil
	// adds nothing.
	tell func(a answer, r remote.Result)
}

// doing gives k the function that does an operation of the type O.
func doing[O remote.Op](k kind, do func(o O) remote.Result) kind {
	k.do = func(op remote.Op) remote.Result { return do(op.(O)) }
	return k
}

// allKinds are the kinds by name.
func (h *Host) allKinds() map[string]kind {
	all := map[string]kind{}
	for _, family := range [][]kind{h.readKinds(), h.changeKinds(), h.unitKinds(), h.packageKinds(), h.programKinds()} {
		for _, k := range family {
			all[k.name] = k
		}
	}
	return all
}

// kindOf is the kind of op. What is not known is an error when it is done.
func (h *Host) kindOf(op remote.Op) kind {
	name, _ := remote.Describe(op)
	if k, ok := h.kinds[name]; ok {
		return k
	}
	return kind{name: name, do: func(remote.Op) remote.Result { return remote.Result{Err: errors.ErrUnsupported} }}
}

// perform does op. Its errors have neither host nor object yet.
func (h *Host) perform(op remote.Op) remote.Result {
	k := h.kindOf(op)
	if !k.alone {
		h.mu.Lock()
		defer h.mu.Unlock()
	}
	return k.do(op)
}
