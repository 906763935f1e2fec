package openstacktest

import (
	"errors"
)

// ErrBusy is what a hook returns for an object that cannot be deleted because
// something depends on it.
var ErrBusy = errors.New("openstacktest: busy")

// ErrNoStore is what a hook returns for an image that asks for a store that
// Glance does not have.
var ErrNoStore = errors.New("openstacktest: no such store")

// A change is an effect that has not happened yet.
type change struct {
	looks int
	hook  func() error // without the lock
	done  func(error)  // with the lock; gets the error of hook
}

// later plans an effect. s.mu is held.
func (s *Server) later(hook func() error, done func(error)) {
	s.pending = append(s.pending, &change{max(s.cfg.Looks, 0) + 1, hook, done})
}

// tick counts a look. Effects that are due happen, in the order in which they were
// planned. s.mu is not held.
func (s *Server) tick() {
	s.mu.Lock()
	var due, rest []*change
	for _, c := range s.pending {
		c.looks--
		if c.looks <= 0 {
			due = append(due, c)
		} else {
			rest = append(rest, c)
		}
	}
	s.pending = rest
	s.mu.Unlock()
	for _, c := range due {
		err := s.call(c.hook)
		s.mu.Lock()
		c.done(err)
		s.mu.Unlock()
	}
}

// call runs a hook. s.mu is not held.
func (s *Server) call(hook func() error) error {
	if hook == nil {
		return nil
	}
	s.hook.Lock()
	defer s.hook.Unlock()
	return hook()
}
