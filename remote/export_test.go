package remote

import "time"

// KeepFor changes how long a program is kept on the host with nothing to do.
func (s *SSH) KeepFor(d time.Duration) { s.keep = d }

// Waiting reports whether a program waits on the host.
func (s *SSH) Waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current != nil && s.current.idle != nil
}
