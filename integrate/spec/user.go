package spec

import (
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack"
)

// secrets checks the UUIDs: their form, that none is an example value, and that each
// user has one UUID.
func (v *validation) secrets() {
	type use struct{ path, uuid string }
	byUser := map[string]use{}
	check := func(path, cluster, user, uuid string) {
		if uuid == "" {
			return
		}
		if libvirtsecret.CheckUUID(uuid) != nil {
			v.fault(path, "%q is not a UUID in lower case", uuid)
			return
		}
		if openstack.ExampleUUID(uuid) {
			v.fault(path, "%s is an example value that many clouds have copied; leave it out, or make a new UUID with uuidgen",
				uuid)
		}
		key := cluster + "\x00" + user
		for other, u := range byUser {
			if other != key && u.uuid == uuid {
				v.fault(path, "%s is the secret of another user in %s", uuid, u.path)
			}
		}
		if u, ok := byUser[key]; ok && u.uuid != uuid {
			v.fault(path, "%s differs from %s of the same user in %s: one user has one secret", uuid, u.uuid, u.path)
		}
		byUser[key] = use{path, uuid}
	}
	if len(v.spec.Clusters) == 0 {
		return
	}
	s := v.spec.WithDefaults()
	if s.Nova != nil {
		check("nova.secret_uuid", s.Nova.Cluster, s.Nova.User, s.Nova.SecretUUID)
	}
	for i, b := range s.backends() {
		check(backendPath(i)+".secret_uuid", b.Cluster, b.User, b.SecretUUID)
	}
}
