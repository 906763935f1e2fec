package integratetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch/batchtest"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/openstack/osloconf"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A World is a cloud in memory whose parts act on each other. For example, what its Glance stores is in its Ceph once
// its glance-api.conf says so and glance-api was restarted. A World fits the Spec that it was made for, and nothing in
// it is integrated yet.
type World struct {
	world.World
	Ceph     map[string]*cephtest.Cluster // by cluster name
	Machines map[string]*remotetest.Host  // by host name
	Libvirt  map[string]*secrettest.Store // by compute
	// Containers are the containers of hosts with layout kolla, by host and name. A change to a Container shows at the
	// next look at the host.
	Containers map[string]map[string]*Container
	API        *openstacktest.Server

	spec spec.Spec
	dir  string // holds clouds.yaml

	mu        sync.Mutex
	images    map[string][]place // by image ID
	volumes   map[string]content // what guests wrote, by volume ID
	backups   map[string]content
	refused   int // how many backups are refused from now on
	skipHoles bool
	guests    map[string]*guest // by server ID
	alive     alive
	librados  map[[2]string]string // version in memory, by host and process
	clients   []client
	pids      map[string]int // of QEMUs, by VM and start
	parsed    map[string]*osloconf.File
}

// New builds the world of a Spec, which may be changed afterwards. Close it after use.
func New(s spec.Spec) (*World, error) {
	s = s.Clone()
	w := &World{spec: s, Ceph: map[string]*cephtest.Cluster{}, Machines: map[string]*remotetest.Host{},
		Libvirt: map[string]*secrettest.Store{}, Containers: map[string]map[string]*Container{},
		images: map[string][]place{}, volumes: map[string]content{}, backups: map[string]content{},
		guests: map[string]*guest{}, alive: newAlive(),
		librados: map[[2]string]string{}, pids: map[string]int{}, parsed: map[string]*osloconf.File{}}
	w.World = world.World{Clusters: map[string]world.Cluster{}, Hosts: map[string]remote.Host{},
		Secrets: map[string]libvirtsecret.Store{}, Entries: map[string]remote.Host{}}
	for i, c := range s.Clusters {
		fake := cephtest.New()
		if i > 0 { // another cluster is not the same one
			fake.FSID = fmt.Sprintf("%08x%s", i, fake.FSID[8:])
			fake.MonHosts = []string{fmt.Sprintf("[v2:198.51.100.%d:3300/0,v1:198.51.100.%[1]d:6789/0]", i)}
		}
		w.Ceph[c.Name] = fake
		w.Clusters[c.Name] = world.Cluster{Mon: fake, Images: fake}
	}
	var computes []string
	for _, h := range s.Hosts {
		if w.furnish(h); w.Libvirt[h.Name] != nil {
			computes = append(computes, h.Name)
		}
	}
	w.API = openstacktest.New(openstacktest.Config{Controller: w.controller(), Computes: computes, Looks: -1,
		Hooks: w.hooks(), Fail: w.sync})
	var err error
	if w.dir, err = os.MkdirTemp("", "cephstack"); err != nil {
		return nil, err
	}
	if w.Cloud, err = w.dial(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// furnish makes the machine of a host, and the libvirt of a compute.
func (w *World) furnish(h spec.Host) {
	machine := w.newMachine(h)
	w.Machines[h.Name], w.Hosts[h.Name] = machine, machine
	if slices.Contains(h.Services, "nova-compute") {
		store := secrettest.New()
		w.Libvirt[h.Name], w.Secrets[h.Name] = store, batchtest.New(store, machine)
	}
}

// AddHost adds a host to the world and to its Spec: the host is installed, and knows nothing of Ceph. A compute has
// reported to Nova, which may put VMs there: Cloud.DisableCompute keeps Nova from that. Call AddHost while nothing is
// under way.
func (w *World) AddHost(h spec.Host) {
	w.spec.Hosts = append(w.spec.Hosts, h)
	w.spec = w.spec.Clone()
	w.furnish(h)
	if w.Libvirt[h.Name] != nil {
		w.API.AddService(api.ServiceRecord{Binary: "nova-compute", Host: h.Name, Enabled: true, Up: true})
	}
}

// Spec is the Spec that the world was made for, with the hosts that were added.
func (w *World) Spec() spec.Spec { return w.spec.Clone() }

// dial logs in to the APIs.
func (w *World) dial() (*api.Cloud, error) {
	cfg, err := w.API.CloudConfig(w.dir)
	if err != nil {
		return nil, err
	}
	cfg.Poll = time.Millisecond
	return api.Dial(context.Background(), cfg)
}

// Close ends the API server and removes its clouds.yaml.
func (w *World) Close() error {
	w.API.Close()
	return os.RemoveAll(w.dir)
}

// Writes counts the changes made to hosts, clusters and secrets so far. If the number stays the same, nothing was
// written. The operator lock and its pool do not count.
func (w *World) Writes() int {
	n := 0
	for _, m := range w.Machines {
		for _, kind := range []string{"write", "attr", "mkdir", "remove", "restart", "install"} {
			n += m.Changes(kind)
		}
	}
	for _, c := range w.Ceph {
		for _, op := range c.Log() {
			if pool, _, _ := strings.Cut(op.Object, "/"); op.Write && pool != "cephstack" {
				n++
			}
		}
	}
	for _, s := range w.Libvirt {
		n += s.Calls("define") + s.Calls("undefine")
	}
	return n
}

func (w *World) controller() string {
	for _, h := range w.spec.Hosts {
		if slices.Contains(h.Services, "cinder-volume") {
			return h.Name
		}
	}
	return "controller"
}

// host is a host of the Spec.
func (w *World) host(name string) spec.Host {
	i := slices.IndexFunc(w.spec.Hosts, func(h spec.Host) bool { return h.Name == name })
	return w.spec.Hosts[i]
}

// hostOf is the host that runs a service; empty when none does.
func (w *World) hostOf(service string) string {
	for _, h := range w.spec.Hosts {
		if slices.Contains(h.Services, service) {
			return h.Name
		}
	}
	return ""
}

func base(path string) string { return path[strings.LastIndex(path, "/")+1:] }
