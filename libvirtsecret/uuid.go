package libvirtsecret

import (
	"crypto/sha1"
	"errors"
	"fmt"
)

// namespace is the UUID, of version 5, of the URL
// "https://github.com/cephstack/cephstack/libvirtsecret". Changing it would
// change every UUID that hosts have.
var namespace = [16]byte{0x1b, 0x2e, 0x1f, 0x65, 0x1b, 0xce, 0x53, 0x27, 0xb7, 0x44, 0x7d, 0xdf, 0x3b, 0x6e, 0x3f, 0xcf}

// DeriveUUID gives the UUID of the secret for a cluster's user. It is the same on
// every host and in every run, and different for every cluster and user: RFC 9562
// version 5 over the fsid and the entity.
func DeriveUUID(fsid, entity string) string { return version5(namespace, fsid+"/"+entity) }

func version5(namespace [16]byte, name string) string {
	h := sha1.New() // version 5 requires SHA-1; nothing here relies on its strength
	h.Write(namespace[:])
	h.Write([]byte(name))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// UsageID gives the usage of the secret for a cluster's user. It is unique for
// each fsid and entity.
func UsageID(fsid, entity string) string { return "ceph " + fsid + " " + entity + " secret" }

// CheckUUID accepts a UUID as libvirt writes it: lower case, with dashes.
func CheckUUID(uuid string) error {
	bad := errors.New("libvirtsecret: not a UUID in lower case")
	if len(uuid) != 36 {
		return bad
	}
	for i, c := range []byte(uuid) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		digit := c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		if dash != (c == '-') || !dash && !digit {
			return bad
		}
	}
	return nil
}
