package openstack

import "strings"

// ExampleUUID reports whether the UUID of a libvirt secret is an example of a
// well-known guide or chart. Many clouds have copied these UUIDs, so they do
// not tell which cluster is meant.
func ExampleUUID(uuid string) bool {
	switch strings.ToLower(uuid) {
	case "457eb676-33da-42ec-9a8c-9293d545c337", // Ceph's own guide, OpenStack-Helm
		"c91ce26f-403d-4058-9c38-6b56e1c428e0", // Atmosphere
		"514c9fca-8cbe-11e2-9c52-3bc8c7819472": // Juju's nova-compute
		return true
	}
	return false
}
