package integrate

import (
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/osloconf"
	"github.com/cephstack/cephstack/remote"
)

// observed is what was read from the world. An err field that is set means
// "unknown": nothing may be concluded from the fields beside it.
type observed struct {
	clusters map[string]*observedCluster
	hosts    map[string]*observedHost
	cloud    observedCloud
}

func newObserved() *observed {
	return &observed{clusters: map[string]*observedCluster{}, hosts: map[string]*observedHost{}}
}

type observedCluster struct {
	err    error
	note   string // how it is reached
	status ceph.Status
	pools  map[string]ceph.Pool
	users  map[string]ceph.User // by entity
	// profiles of erasure code, those that the Spec names
	profiles map[string]ceph.ErasureProfile
	crush    ceph.CRUSHMap   // only where the Spec has erasure-coded pools
	conf     []byte          // minimal ceph.conf
	mons     string          // mon_host of conf
	vmDisk   map[string]bool // image names in Nova's pool
}

type observedHost struct {
	err       error
	files     map[string]observedFile
	units     map[string]remote.Unit
	packages  map[string]string
	runs      map[string]remote.Result // of programs that preparation asks, by runKey
	entered   bool                     // by the first entry, as the normal login was refused
	secrets   []libvirtsecret.Secret
	secretErr error
	shed      bool // the contents of the files are not kept

	containers map[string]container
	engines    []string // what the engines say about containers that they do not have
}

func newObservedHost() *observedHost {
	return &observedHost{files: map[string]observedFile{}, units: map[string]remote.Unit{}, packages: map[string]string{}, runs: map[string]remote.Result{}}
}

// size is what the contents of the files take.
func (h *observedHost) size() int64 {
	var n int64
	for _, f := range h.files {
		n += int64(len(f.data))
	}
	return n
}

// drop forgets the contents of the files, but not their digests.
func (h *observedHost) drop() {
	h.shed = true
	for path, f := range h.files {
		f.data = nil
		h.files[path] = f
	}
}

type observedFile struct {
	remote.File
	data    []byte
	missing bool
	err     error // unknown
}

type observedCloud struct {
	err     error
	records []api.ServiceRecord
	// computes are the hosts that Nova has a nova-compute on.
	computes map[string]bool
	servers  map[string][]api.Server      // by compute
	types    map[string]map[string]string // extra specs by volume type
	// volumes are read where something about them would change, see volumesMatter.
	volumes    []api.Volume
	volumesErr error
}

// clone copies what an Apply changes: the users that it creates.
func (o *observed) clone() *observed {
	c := *o
	c.clusters = map[string]*observedCluster{}
	for name, cluster := range o.clusters {
		copied := *cluster
		copied.users = maps.Clone(cluster.users)
		c.clusters[name] = &copied
	}
	return &c
}

// key returns a user's key, if it is known yet.
func (o *observed) key(id spec.User) (ceph.Key, bool) {
	c := o.clusters[id.Cluster]
	if c == nil || c.err != nil {
		return ceph.Key{}, false
	}
	u, ok := c.users[id.Entity]
	return u.Key, ok && !u.Key.IsZero()
}

// config is a service's configuration as oslo.config would see it; first is the
// file that is edited.
func (h *observedHost) config(l serviceLayout) (*osloconf.File, osloconf.Files, error) {
	var first *osloconf.File
	var all osloconf.Files
	for _, path := range h.inputs(l) {
		f, ok := h.files[path]
		if !ok {
			return nil, nil, &fs.PathError{Op: "look into", Path: path, Err: errNotLooked}
		}
		if f.err != nil {
			return nil, nil, f.err
		}
		if f.missing && path != l.config[0] {
			continue
		}
		if f.missing {
			return nil, nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
		}
		parsed, err := osloconf.Parse(f.data)
		if err != nil {
			return nil, nil, &fs.PathError{Op: "parse", Path: path, Err: err}
		}
		if path == l.config[0] {
			first = parsed
		}
		all = append(all, parsed)
	}
	return first, all, nil
}

// inputs lists the files that a service reads, in its order: what comes later
// wins.
func (h *observedHost) inputs(l serviceLayout) []string {
	return slices.Concat(l.dist, l.config, h.dropIns(l))
}

var errNotLooked = errors.New("it is copied into the container's configuration from a place that is not known; put it beside the service's other files")

// dropIns lists the files of a service's conf.d folders that were found, or that
// a container will find there.
func (h *observedHost) dropIns(l serviceLayout) []string {
	if l.kolla != nil {
		return h.containers[l.kolla.container].into(l.confDirs)
	}
	var out []string
	for _, dir := range l.confDirs {
		var here []string
		for path := range h.files {
			if parentDir(path) == dir {
				here = append(here, path)
			}
		}
		slices.Sort(here)
		out = append(out, here...)
	}
	return out
}
