package host

import (
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

const (
	newKeyType = "aes256k" // not every Ceph reads keys of this type
	cephCommon = "ceph-common"
)

// reader gives what refuses a key of a type that the Ceph packages of this host do
// not know: a service would find no key at all. Nothing is known before the packages
// are installed, nor of the packages in an image.
func (r keyring) reader(v step.View) func(ceph.Key) error {
	installed := Upstream(v.Host.Packages[cephCommon])
	floor := r.Floor()
	upgraded := v.Ledger.Planned(r.UpgradeID()) && ReadsAES256k(floor)
	return func(key ceph.Key) error {
		if r.copy.Kolla != nil || key.Type() != newKeyType || installed == "" || ReadsAES256k(installed) || upgraded {
			return nil
		}
		return refuse("key-type-unreadable", "the key of %s is of type aes256k, which Ceph %s of this host cannot read; "+
			"upgrade it to 20.2.4 or newer (min_client: 20.2.4 with packages: install), or give the user a key of type aes",
			r.user.Entity, installed)
	}
}
