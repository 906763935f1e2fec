package integrate

import (
	"fmt"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
)

// reads refuses a key of a type that the Ceph packages of this host do not know:
// whatever logs in with it there would find no key at all. What a package that is
// not installed yet will know is not known before.
func (x *hostDiffer) reads(id spec.User, key ceph.Key) error {
	installed := upstream(x.seen.packages["ceph-common"])
	if key.Type() != "aes256k" || installed == "" || readsAES256k(installed) {
		return nil
	}
	if floor := x.floor(); x.ids[x.upgradeID()] && readsAES256k(floor) {
		return nil // it is about to be upgraded
	}
	return fmt.Errorf("the key of %s is of type aes256k, which Ceph %s of this host cannot read; upgrade it to 20.2.4 or newer (min_client: 20.2.4 with packages: install), "+
		"or give the user a key of type aes", id.Entity, installed)
}

// unreadable notes a key of a type that not every librados knows, where the one
// that reads it is in an image and cannot be asked.
func (x *hostDiffer) unreadable(p place, id spec.User) {
	if key, _ := x.o.key(id); p.kolla != nil && key.Type() == "aes256k" {
		x.note(x.spec.Name, p.keyring(id), "the key is of type aes256k, which Ceph before 20.2.4 and 19.2.6 cannot read; whether container %s has a newer one cannot be told", p.kolla.container)
	}
}

// readsAES256k reports whether a version of Ceph knows keys of type aes256k.
func readsAES256k(version string) bool {
	switch {
	case older(version, "20"):
		return !older(version, "19.2.6")
	default:
		return !older(version, "20.2.4")
	}
}
