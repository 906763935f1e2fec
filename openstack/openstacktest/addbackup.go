package openstacktest

import "github.com/cephstack/cephstack/openstack/api"

// AddBackup adds a backup that was there before, and gives its ID. No hook runs. When b does not say otherwise, the
// backup is available, and was made now.
func (s *Server) AddBackup(b api.Backup) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.ID == "" {
		b.ID = s.id()
	}
	if b.Status == "" {
		b.Status = "available"
	}
	b.Created = s.made(b.Created)
	s.backups.add(b.ID, backup{Backup: b, size: 1})
	return b.ID
}
