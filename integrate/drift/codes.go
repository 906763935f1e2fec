package drift

import "github.com/cephstack/cephstack/integrate"

// untold reports whether a Problem says that something could not be told. All other Problems say how the world is not
// as the Spec says.
func untold(f integrate.Finding) bool {
	switch f.Code {
	case "not-begun", "not-compared",
		"cluster-unreadable", "host-unreadable", "host-is-the-same-machine", "no-way-in", "no-entry", "helper-unfit",
		"login-user-unknown", "file-unreadable", "codename-unknown",
		"folder-unreadable", "conf-unreadable", "keyring-unreadable", "secrets-unreadable", "secret-file-unreadable",
		"guest-file-unreadable", "config-unreadable", "reference-not-known",
		"volumes-unknown", "vm-disks-unknown", "vm-migrations-unknown",
		"container-folder-unknown", "container-config-unknown",
		"apis-unreachable", "volume-type-needs-apis",
		"host-need-unknown", "pool-need-unknown":
		return true
	}
	// A code that says something else may still have come of a host, a cluster or an API that did not answer.
	switch f.Cause {
	case "local", "host-unreachable", "host-timeout", "host-authentication", "host-sudo", "host-key", "ceph-unreachable",
		"ceph-denied", "libvirt-unreachable", "api-unreachable", "api-authentication":
		return true
	}
	return false
}
