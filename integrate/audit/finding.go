package audit

import (
	"cmp"
	"slices"
)

// A Severity says what a finding means for the cloud.
type Severity string

// The severities, the worst first.
const (
	// Danger: data or credentials are at risk, or somebody may come by what is not theirs.
	Danger Severity = "danger"
	// Broken: something does not work, or will not work when it is tried next.
	Broken Severity = "broken"
	// Waste: something takes space or time for nothing.
	Waste Severity = "waste"
)

// A Finding is something that is true about the cloud and that no Spec says, but that somebody has to know.
// Its Code keeps its meaning from release to release; texts may change. Package explain has a text for each code. These
// are the codes, with their severities. Of the data:
//
//   - orphan-image: waste: an image without an owner in Glance.
//   - orphan-volume: waste: a volume without an owner in Cinder.
//   - orphan-backup: waste: a backup without an owner in Cinder.
//   - orphan-disk: waste: a disk without a server in Nova.
//   - foreign-images: waste: images of somebody else.
//   - missing-image: danger: an image of Glance without its data.
//   - missing-volume: danger: a volume of Cinder without its data.
//   - missing-backup: danger: a backup of Cinder without its data.
//   - missing-disk: danger: a server without its root disk.
//   - in-trash: danger: data that is still needed is in the trash.
//   - copy-in-another-pool: waste: a copy that a migration left.
//   - deleted-volume-left: waste: a deleted volume that nothing needs.
//   - rescue-disk-left: waste: a disk of a rescue that is over.
//   - converted-disk-left: waste: a converted disk under its temporary name.
//   - resize-snapshot-left: broken: a snapshot of a resize that is over.
//   - image-not-raw: waste: an image in Ceph that is not raw.
//   - image-first-location: waste: an image whose first location is elsewhere.
//   - image-of-another-cluster: waste: an image of a cluster that is not in the Spec.
//   - image-not-in-cluster: waste: an image that is used in a cluster where it is not.
//   - image-location-hidden: waste: glance hides where images are.
//   - image-snap-missing: broken: an image without its snapshot.
//   - image-snap-unprotected: waste: an image whose snapshot is not protected.
//   - lost-copy-on-write: waste: whole copies where clones could be.
//   - image-upload-stuck: broken: an upload that does not end.
//   - volume-used-by-nobody: broken: a volume in use by nobody.
//   - attachment-of-gone-server: broken: an attachment of a server that is gone.
//   - volume-stuck: broken: a volume that is on its way for too long.
//   - server-of-gone-volume: broken: a server that names a volume that is gone.
//   - volume-free-but-used: danger: a volume that is free for Cinder, and used by Nova.
//
// Of the hosts:
//
//   - domain-user-gone: broken: a running domain names a Ceph user that is not there.
//   - domain-user-other: broken: a running domain names a Ceph user that is not in the Spec.
//   - domain-secret-gone: broken: a running domain names a libvirt secret that is not there.
//   - domain-secret-wrong: broken: a running domain names a libvirt secret with another key.
//   - domain-monitors-gone: broken: a running domain names monitors that are not there.
//   - attachment-user-gone: broken: an attachment names a Ceph user that is not there.
//   - attachment-user-other: broken: an attachment names a Ceph user that is not in the Spec.
//   - attachment-secret-gone: broken: an attachment names a libvirt secret that is not there.
//   - attachment-secret-wrong: broken: an attachment names a libvirt secret with another key.
//   - attachment-monitors-gone: broken: an attachment names monitors that are not there.
//   - rights-wider: danger: a Ceph user has rights that the layout does not need.
//   - rights-narrower: broken: a Ceph user lacks rights that the layout needs.
//   - rights-of-administrator: danger: a Ceph user of a service may do everything.
//   - user-unknown-writes: danger: a Ceph user that is not in the Spec may write its pools.
//   - key-type-old: danger: a key is of a type that can be forged.
//   - process-cannot-read-key: broken: a process cannot read the key that it needs next.
//   - process-keeps-old-librados: broken: a process has a librados in memory that was replaced.
//   - librados-cannot-read-key: broken: the librados on disk cannot read a key that is needed there.
//   - insecure-global-id: danger: clients may take the identity of others over.
//   - keyring-for-everybody: danger: every user of a host can read a key.
//   - exposed-key: danger: cinder gives the Ceph key to its users.
//   - exposed-locations: danger: users can change where images are.
//   - unchecked-tokens: danger: cinder takes service tokens of anybody.
//   - no-service-token: danger: nova detaches volumes without a service token.
//   - secrets-differ: broken: a libvirt secret is not the same on all computes.
//   - example-uuid: danger: a libvirt secret has the UUID of a guide.
type Finding struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	// Cluster is the Ceph cluster, as the Spec calls it; empty if the finding is not about a cluster.
	Cluster string `json:"cluster,omitempty"`
	// Host is the host of the Spec; empty if the finding is not about a host.
	Host string `json:"host,omitempty"`
	// Object is what the finding is about, such as "RBD image volumes/volume-1" or "domain 3f1c".
	Object string `json:"object"`
	// Message says in one sentence what is true.
	Message string `json:"message"`
	// Evidence is what was read: IDs, pools, images, states and times. It never has a secret.
	Evidence []string `json:"evidence,omitempty"`
	// Next is what to do next, such as a command that looks or a command that mends. It never deletes by itself.
	Next string `json:"next"`
}

// An Unable is something that could not be told, and why. What depends on it is neither found nor known to be well.
type Unable struct {
	What  string `json:"what"` // such as "volumes of Cinder" or "host compute1"
	Error string `json:"error"`
	Err   error  `json:"-"`
}

// weight orders severities, the worst first.
func (s Severity) weight() int { return slices.Index([]Severity{Danger, Broken, Waste}, s) }

// compare orders findings: the worst first, then by code, cluster, host and object.
func (f Finding) compare(o Finding) int {
	return cmp.Or(cmp.Compare(f.Severity.weight(), o.Severity.weight()), cmp.Compare(f.Code, o.Code),
		cmp.Compare(f.Cluster, o.Cluster), cmp.Compare(f.Host, o.Host), cmp.Compare(f.Object, o.Object))
}
