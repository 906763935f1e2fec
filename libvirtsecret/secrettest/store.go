package secrettest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cephstack/cephstack/libvirtsecret"
)

// A Call is one call of a Store's method.
type Call struct {
	Op   string // lookup, list, define or undefine
	UUID string // empty for list
}

// A Store is a libvirt daemon's secrets in memory.
type Store struct {
	// Fail, if set, is asked before each call. If it returns an error, the call
	// fails with that error and has no effect.
	Fail func(Call) error
	// FailAfter, if set, is asked after each call had its effect. Its error
	// stands for a daemon that goes away before it answers; of a define or undefine,
	// it is ErrUnknown, too.
	FailAfter func(Call) error

	mu      sync.Mutex
	secrets map[string]libvirtsecret.Secret
	written map[string]time.Time // when the value of a secret was written
	calls   map[string]int
}

var _ libvirtsecret.Store = (*Store)(nil)

// New returns a Store without secrets.
func New() *Store {
	return &Store{secrets: map[string]libvirtsecret.Secret{}, written: map[string]time.Time{}, calls: map[string]int{}}
}

// Calls counts the calls of an operation (lookup, list, define or undefine),
// failed calls too.
func (s *Store) Calls(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[op]
}

// Put stores a secret as it is, without the checks of Define. A test can so begin
// with a secret that has no value, for example.
func (s *Store) Put(secret libvirtsecret.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(secret)
}

// put stores a secret. s.mu is held.
func (s *Store) put(secret libvirtsecret.Secret) {
	s.secrets[secret.UUID] = secret
	if !secret.Value.IsZero() {
		s.written[secret.UUID] = time.Now()
	}
}

// Written is when the value of a secret was written, which libvirt shows in the time of its file. It is zero if there
// is no secret or no value.
func (s *Store) Written(uuid string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets[uuid].Value.IsZero() {
		return time.Time{}
	}
	return s.written[uuid]
}

// Held gives the value that QEMU would get, also of a private secret. It is zero
// if there is no secret or no value.
func (s *Store) Held(uuid string) libvirtsecret.Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secrets[uuid].Value
}

// Restart loses ephemeral secrets, as a restart of the daemon does.
func (s *Store) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for uuid, secret := range s.secrets {
		if secret.Ephemeral {
			delete(s.secrets, uuid)
		}
	}
}

// Lookup implements libvirtsecret.Store.
func (s *Store) Lookup(ctx context.Context, uuid string) (secret libvirtsecret.Secret, err error) {
	err = s.do(ctx, Call{"lookup", uuid}, func() error {
		if err := libvirtsecret.CheckUUID(uuid); err != nil {
			return err
		}
		found, ok := s.secrets[uuid]
		if !ok {
			return libvirtsecret.ErrNotFound
		}
		secret = readable(found)
		return nil
	})
	if err != nil {
		return libvirtsecret.Secret{}, err
	}
	return secret, nil
}

// List implements libvirtsecret.Store.
func (s *Store) List(ctx context.Context) (all []libvirtsecret.Secret, err error) {
	err = s.do(ctx, Call{"list", ""}, func() error {
		for _, secret := range s.secrets {
			all = append(all, readable(secret))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b libvirtsecret.Secret) int { return strings.Compare(a.UUID, b.UUID) })
	return all, nil
}

// readable is the part of a secret that a daemon gives out.
func readable(s libvirtsecret.Secret) libvirtsecret.Secret {
	if s.Private {
		s.Value = libvirtsecret.Value{}
	}
	return s
}

// Define implements libvirtsecret.Store.
func (s *Store) Define(ctx context.Context, c libvirtsecret.Change) error {
	return s.do(ctx, Call{"define", c.UUID}, func() error {
		if err := c.Validate(); err != nil {
			return err
		}
		if err := c.Check(s.found(c.UUID)); err != nil {
			return err
		}
		for _, other := range s.secrets {
			if c.Conflicts(other) {
				return &refusal{libvirtsecret.ErrConflict, words(c.Secret, other)}
			}
		}
		s.put(c.Secret)
		return nil
	})
}

// found is what a daemon gives out of a secret; nil if there is none.
func (s *Store) found(uuid string) *libvirtsecret.Secret {
	secret, ok := s.secrets[uuid]
	if !ok {
		return nil
	}
	secret = readable(secret)
	return &secret
}

// words gives libvirt's own words for a conflict.
func words(s, other libvirtsecret.Secret) string {
	switch {
	case s.UUID != other.UUID:
		return fmt.Sprintf("internal error: a secret with UUID %s already defined for use with %s", other.UUID, other.UsageID)
	case s.UsageID != other.UsageID:
		return fmt.Sprintf("internal error: a secret with UUID %s is already defined for use with %s",
			other.UUID, other.UsageID)
	}
	return "internal error: cannot change private flag on existing secret"
}

// Undefine implements libvirtsecret.Store.
func (s *Store) Undefine(ctx context.Context, uuid string) error {
	return s.do(ctx, Call{"undefine", uuid}, func() error {
		if err := libvirtsecret.CheckUUID(uuid); err != nil {
			return err
		}
		if _, ok := s.secrets[uuid]; !ok {
			return libvirtsecret.ErrNotFound
		}
		delete(s.secrets, uuid)
		return nil
	})
}

// A refusal carries libvirt's words to the error.
type refusal struct {
	error
	words string
}

// do counts a call, lets it fail, and runs it under the lock.
func (s *Store) do(ctx context.Context, c Call, run func() error) error {
	s.mu.Lock()
	s.calls[c.Op]++
	s.mu.Unlock()
	err := ctx.Err()
	if err == nil {
		err = ask(s.Fail, c)
	}
	if err == nil {
		s.mu.Lock()
		err = run()
		s.mu.Unlock()
		if err == nil {
			err = ask(s.FailAfter, c)
			if err != nil && (c.Op == "define" || c.Op == "undefine") {
				err = fmt.Errorf("%w: %w", libvirtsecret.ErrUnknown, err)
			}
		}
	}
	if err == nil {
		return nil
	}
	e := &libvirtsecret.Error{Op: c.Op, UUID: c.UUID, Err: err}
	var r *refusal
	if errors.As(err, &r) {
		e.Err, e.Detail = r.error, r.words
	}
	return e
}

func ask(hook func(Call) error, c Call) error {
	if hook == nil {
		return nil
	}
	return hook(c)
}
