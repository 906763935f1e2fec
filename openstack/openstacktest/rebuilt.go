package openstacktest

// Rebuilt are the disks that a hard reboot of a VM, or a start, would open now: volumes as Nova has stored how they are
// reached, and Nova's own disks by the configuration of its compute. It is empty for a VM that is not there.
func (s *Server) Rebuilt(id string) []Disk {
	s.hook.Lock()
	defer s.hook.Unlock()
	s.mu.Lock()
	v, ok := s.servers.byID[id]
	if !ok {
		s.mu.Unlock()
		return nil
	}
	now, flavor := v.copy(), v.flavor
	s.mu.Unlock()
	return s.rebuilt(v, now, flavor)
}
