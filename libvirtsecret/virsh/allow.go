package virsh

import (
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// Allow implements hostbatch.Allowing. The script that defines secrets may name these UUIDs
// and these descriptions.
func (s *Store) Allow(secrets []libvirtsecret.Secret) ([]remote.Op, []helper.Script) {
	script := helper.Script{Arguments: []string{"yes", "no", "any", "absent", "there"},
		Start: remote.Run{Argv: s.argv("sh", "-c", prelude+defineScript, "virsh", s.uri)}}
	for _, secret := range secrets {
		xml, err := secret.XML()
		if err != nil || libvirtsecret.CheckUUID(secret.UUID) != nil {
			continue // nobody can define it
		}
		script.Secrets = append(script.Secrets, secret.UUID)
		script.Arguments = append(script.Arguments, string(xml))
	}
	list, _ := s.ListOp(script.Secrets...)
	return []remote.Op{list}, []helper.Script{script}
}
