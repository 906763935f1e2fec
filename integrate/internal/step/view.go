package step

import (
	"errors"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// A View is what was read, and what came of the resources that were compared
// before. An Err field that is set means "unknown": nothing may be concluded
// from the fields beside it.
type View struct {
	Clusters map[string]*Cluster
	Cloud    *Cloud
	Host     *Host // of a resource on a host; nil for others
	Ledger   *Ledger
}

// A Cluster is what the monitors of a cluster said.
type Cluster struct {
	Err      error
	Note     string // how the cluster is reached, where a plan has to say it
	Status   ceph.Status
	Pools    map[string]ceph.Pool
	Users    map[string]ceph.User // by entity; those that were asked for and are there
	Profiles map[string]ceph.ErasureProfile
	CRUSH    ceph.CRUSHMap              // only where it was asked for
	Conf     []byte                     // minimal ceph.conf
	Monitors string                     // mon_host of Conf
	Stops    []string                   // see Condition of ceph.Cluster; only where it was asked for
	Notes    []string                   // as Stops
	Unlocked bool                       // it should keep the operator lock, and the World gives no way to do that
	Images   map[string]map[string]bool // names of images by pool; those that were asked for
	Trash    map[string][]string        // names of images in the trash by pool; those that were asked for
}

// Key is a user's key, if it is known.
func (v View) Key(cluster, entity string) (ceph.Key, bool) {
	c := v.Clusters[cluster]
	if c == nil || c.Err != nil {
		return ceph.Key{}, false
	}
	u, ok := c.Users[entity]
	return u.Key, ok && !u.Key.IsZero()
}

// A Cloud is what the APIs of OpenStack said.
type Cloud struct {
	// Err is, or wraps, ErrNoCloud where no API was given.
	Err error
	// Warnings are about how the APIs are reached; they are known also where Err is set.
	Warnings []api.Warning
	Records  []api.ServiceRecord
	Computes map[string]bool              // the hosts that Nova has a nova-compute on
	Servers  map[string][]api.Server      // by compute
	Types    map[string]map[string]string // extra specs by volume type
	// Moves are the migrations of VMs that have not ended, by the computes that they come from and go
	// to. Those of which no compute is known are those of "". Where MovesErr is set, so are all VMs
	// that are on their way, or wait to be confirmed.
	Moves    map[string][]Move
	MovesErr error
	// Aggregates are Nova's. They are read only if the Spec has Nova and several computes.
	Aggregates    []api.Aggregate
	AggregatesErr error
	// Volumes are read only where something would change that volumes do not
	// survive, or do not allow.
	Volumes    []api.Volume
	VolumesErr error
	// HasBackups is read only if the Spec has cinder-backup, and the APIs know one.
	HasBackups bool
	BackupsErr error
}

// A Move is a migration of a VM that has not ended. Its ID is 0 where no migration is known.
type Move struct {
	api.Migration
	VM api.Server
}

// A Host is what was read on a host.
type Host struct {
	Name string
	Err  error
	From string // where the way to the host is from, if that is not the Spec alone
	// Entered says that the host was read by its first entry, as the normal login
	// was refused.
	Entered bool
	// Barred says that there is no first entry, and that the normal login may not make the changes
	// which need the entry.
	Barred bool
	// Denied is the first error of the helper, where the host was read by its first entry
	// because the helper refused something.
	Denied error
	// AllowSecrets gives the operations and scripts that read and define libvirt secrets of the
	// host; nil where that does not go by operations.
	AllowSecrets func([]libvirtsecret.Secret) ([]remote.Op, []helper.Script)
	// Same are other hosts of the Spec that are the same machine, and Twin says that
	// the machine is planned under the name of one of these.
	Same     []string
	Twin     bool
	Files    map[string]File
	Units    map[string]remote.Unit
	Packages map[string]string
	runs     map[string]remote.Result
	// Secrets are libvirt's; they are unknown where SecretErr is set.
	Secrets   []libvirtsecret.Secret
	SecretErr error

	derived derived
}

// NewHost is a host of which nothing was read yet.
func NewHost(name string) *Host {
	return &Host{Name: name, Files: map[string]File{}, Units: map[string]remote.Unit{}, Packages: map[string]string{},
		runs: map[string]remote.Result{}}
}

// A File is a file or a folder of a host.
type File struct {
	remote.File
	Data    []byte
	Missing bool
	Err     error // why the file is not known
}

// ErrNoCloud says that no API was given.
var ErrNoCloud = errors.New("no cloud was given")
