package host

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

const (
	testFSID    = "4b5c8c0a-ff60-454b-a1b4-9747aa737d19"
	oldTypeKey  = "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw=="
	otherKey    = "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrg=="
	newTypeKey  = "AgBSdFxU0ECOHSAAjnmJMdI0AOBUBBQbGSxnLI55iTHSNADgVAQUGxksZyyO"
	minimalConf = "# minimal ceph.conf\n[global]\n\tfsid = " + testFSID +
		"\n\tmon_host = [v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0]\n"
)

// started is when the processes of a scene's services started.
func started() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// A scene is a host, and what was read of it and of the clusters.
type scene struct {
	t *testing.T
	n *Node
	v step.View
	// planned are the changes of the last comparison of everything, in order.
	planned []step.ID
}

func sceneSpec() spec.Spec {
	return spec.Spec{Release: "2023.1", Clusters: []spec.Cluster{{Name: "ceph"}},
		Glance: &spec.Glance{}, Backup: &spec.Backup{}, Nova: &spec.Nova{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph-rbd"}}},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute1", Services: []string{"nova-compute"}}}}
}

// newScene is a host on which the services are installed and know nothing of Ceph.
func newScene(t *testing.T, host string, edit ...func(*spec.Spec)) *scene {
	t.Helper()
	given := sceneSpec()
	for _, e := range edit {
		e(&given)
	}
	site := want.Resolve(given)
	s := &scene{t: t, n: NewNode(site, site.Host(host))}
	s.v = step.View{Clusters: map[string]*step.Cluster{}, Host: step.NewHost(host), Ledger: step.NewLedger(nil),
		Cloud: &step.Cloud{Computes: map[string]bool{"compute1": true}, Servers: map[string][]api.Server{}}}
	for _, c := range site.Clusters {
		seen := &step.Cluster{Status: ceph.Status{FSID: testFSID}, Conf: []byte(minimalConf), Users: map[string]ceph.User{},
			Monitors: "[v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0]", Images: map[string]map[string]bool{"vms": {}}}
		for _, u := range site.UsersIn(c.Name) {
			seen.Users[u.Entity] = ceph.User{Entity: u.Entity, Key: s.key(oldTypeKey)}
		}
		s.v.Clusters[c.Name] = seen
	}
	s.v.Host.Packages["ceph-common"] = "18.2.7-1"
	for _, name := range s.n.Services {
		l := s.n.Service(name)
		s.file(l.Config[0], "[DEFAULT]\ndebug = false\n")
		s.v.Host.Units[l.Unit] = remote.Unit{Name: l.Unit, Load: "loaded", Active: "active", Since: started()}
	}
	s.folder(spec.CephDir, 0o755)
	if s.n.InContainers() {
		s.containers()
	}
	s.missing()
	return s
}

func inKollaSpec(s *spec.Spec) { s.Layout = spec.LayoutKolla }

// key parses a key.
func (s *scene) key(text string) ceph.Key {
	key, err := ceph.ParseKey(text)
	require.NoError(s.t, err)
	return key
}

// file puts a file of root on the host, older than the services.
func (s *scene) file(at, text string, mode ...fs.FileMode) {
	sum := sha256.Sum256([]byte(text))
	f := remote.File{Path: at, Kind: "file", Owner: "root", Group: "root", Mode: 0o644, Changed: started().Add(-time.Hour),
		SHA256: hex.EncodeToString(sum[:])}
	if len(mode) > 0 {
		f.Mode = mode[0]
	}
	s.v.Host.Files[at] = step.File{File: f, Data: []byte(text)}
}

func (s *scene) folder(at string, mode fs.FileMode) {
	s.v.Host.Files[at] = step.File{File: remote.File{Path: at, Kind: "dir", Owner: "root", Group: "root", Mode: mode}}
}

// missing says of all files that are looked for and not on the host that they are
// missing, as an answer of the host would.
func (s *scene) missing() {
	for _, r := range s.resources() {
		for _, op := range r.Asks().Host {
			at := ""
			switch op := op.(type) {
			case remote.ReadFile:
				at = op.Path
			case remote.Stat:
				at = op.Path
			}
			if _, ok := s.v.Host.Files[at]; !ok && at != "" {
				s.v.Host.Files[at] = step.File{Missing: true}
			}
		}
	}
}

// containers puts the containers of Kolla on the host. The config.json of each copies Ceph's files.
func (s *scene) containers() {
	for _, name := range s.n.Site.ContainersOn(s.n.Spec) {
		s.copies(kollaFolder(name), map[string]string{"ceph": "/etc/ceph", "secrets": "/etc/libvirt/secrets"})
	}
	s.inspected()
}

func kollaFolder(container string) string {
	return "/etc/kolla/" + strings.ReplaceAll(container, "_", "-")
}

// inspected is what the engines say of the containers.
func (s *scene) inspected() {
	names := s.n.Site.ContainersOn(s.n.Spec)
	var said strings.Builder
	for _, name := range names {
		fmt.Fprintf(&said, `{"name":"/%s","running":true,"started":%q,"image":"x:2023.1","version":"16.1.0",`+
			`"mounts":[{"Source":%q,"Destination":"/var/lib/kolla/config_files"}],"always":[true]}`+"\n",
			name, started().Format(time.RFC3339), kollaFolder(name))
	}
	ops := place.Inspect(names)
	results := []remote.Result{{Data: []byte(said.String())}, {Exit: 125, Stderr: []byte("Error: no such container\n")}}
	require.NoError(s.t, s.v.Host.Take(ops, results))
}

// copies writes the config.json of a container's folder.
func (s *scene) copies(folder string, files map[string]string) {
	var config struct {
		Files []map[string]string `json:"config_files"`
	}
	for source, dest := range files {
		config.Files = append(config.Files, map[string]string{"source": "/var/lib/kolla/config_files/" + source,
			"dest": dest})
	}
	text, err := json.Marshal(config)
	require.NoError(s.t, err)
	s.file(folder+"/config.json", string(text))
	f := s.v.Host.Files[folder+"/config.json"]
	f.Owner, f.Group = "42401", "42402"
	s.v.Host.Files[folder+"/config.json"] = f
}

// again forgets what was worked out from the files of the host.
func (s *scene) again() {
	files, units, packages := s.v.Host.Files, s.v.Host.Units, s.v.Host.Packages
	s.v.Host = step.NewHost(s.n.Spec.Name)
	s.v.Host.Files, s.v.Host.Units, s.v.Host.Packages = files, units, packages
	s.inspected()
}

// resources are those of the kinds from the folders on.
func (s *scene) resources() []step.Resource {
	var all []step.Resource
	later := false
	for _, k := range Kinds() {
		if later = later || k.Name == "directory"; later {
			all = append(all, k.New(s.n)...)
		}
	}
	return all
}

// resource is one of the resources, by its ID.
func (s *scene) resource(id string) step.Resource {
	s.t.Helper()
	var have []string
	for _, r := range s.resources() {
		if r.ID().String() == id {
			return r
		}
		have = append(have, r.ID().String())
	}
	require.Contains(s.t, have, id)
	return nil
}

// compare compares one resource.
func (s *scene) compare(id string) step.Delta {
	s.t.Helper()
	return s.resource(id).Compare(s.v)
}

// all compares everything as an engine does, and gives the findings.
func (s *scene) all() []step.Finding {
	var findings []step.Finding
	s.planned = nil
	for _, r := range s.resources() {
		d, blocked := step.Delta{}, false
		for _, need := range r.Needs() {
			if s.v.Ledger.Refused(need) {
				d, blocked = step.Delta{Refused: true, Because: need}, true
				if b, ok := r.(step.Blocked); ok {
					if f := b.LeftAlone(s.v, need, s.v.Ledger.Root(need)); f != (step.Finding{}) {
						d.Findings = append(d.Findings, f)
					}
				}
				break
			}
		}
		if !blocked {
			d = r.Compare(s.v)
		}
		s.v.Ledger.Put(r.ID(), &d)
		findings = append(findings, d.Findings...)
		if d.Do != nil {
			s.planned = append(s.planned, r.ID())
		}
	}
	return findings
}

// names are the changes of the last comparison of everything, without the host.
func (s *scene) names() []string {
	var out []string
	for _, id := range s.planned {
		out = append(out, id.Kind+" "+id.Name)
	}
	return out
}

// late knows the keys of the scene's clusters.
func (s *scene) late() step.Late {
	return step.Late{Settle: 7 * time.Second, Key: func(cluster, entity string) (ceph.Key, error) {
		return s.v.Clusters[cluster].Users[entity].Key, nil
	}}
}

// apply does what the last comparison planned.
func (s *scene) apply() {
	for _, id := range s.planned {
		d, _ := s.v.Ledger.Lookup(id)
		do := d.Do.(step.HostStep)
		if do.Secret != nil {
			made, err := do.Secret(s.late())
			require.NoError(s.t, err)
			require.NoError(s.t, made.Validate())
			same := func(o libvirtsecret.Secret) bool { return o.UUID == made.UUID }
			s.v.Host.Secrets = append(slices.DeleteFunc(s.v.Host.Secrets, same), made.Secret)
			continue
		}
		ops, err := do.Ops(s.late())
		require.NoError(s.t, err, id.String())
		for _, op := range ops {
			if guard, ok := op.(remote.If); ok {
				op = guard.Op
			}
			s.do(op)
		}
	}
	s.v.Ledger = step.NewLedger(nil)
}

func (s *scene) do(op remote.Op) {
	f := step.File{File: remote.File{Kind: "dir", Changed: started().Add(time.Hour)}}
	switch op := op.(type) {
	case remote.Mkdir:
		f.Path, f.Owner, f.Group, f.Mode = op.Path, op.Owner, op.Group, op.Mode
	case remote.SetAttr:
		f = s.v.Host.Files[op.Path]
		f.Mode = op.Mode
	case remote.WriteFile:
		old := s.v.Host.Files[op.Path]
		require.Equal(s.t, old.Was(), op.Was, op.Path)
		s.file(op.Path, string(op.Data), op.Mode)
		f = s.v.Host.Files[op.Path]
		f.Changed = started().Add(time.Hour)
		if f.Owner, f.Group = op.Owner, op.Group; op.Owner == "" {
			f.Owner, f.Group, f.Mode = old.Owner, old.Group, old.Mode
		}
	case remote.RestartUnit:
		u := s.v.Host.Units[op.Unit]
		u.Since, u.Active, u.Read = started().Add(2*time.Hour), "active", map[string]string{}
		for _, p := range op.Inputs {
			if u.Read[p] = s.v.Host.Files[p].SHA256; s.v.Host.Files[p].Missing {
				u.Read[p] = remote.Absent
			}
		}
		s.v.Host.Units[op.Unit] = u
		return
	default:
		require.Fail(s.t, "not an operation that is known here", "%T", op)
	}
	s.v.Host.Files[f.Path] = f
}

// refuse puts a refused resource into the ledger.
func (s *scene) refuse(id step.ID) {
	s.v.Ledger.Put(id, &step.Delta{Refused: true})
}

// codes are those of findings, with what they are about.
func codes(findings []step.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Code+" "+f.Object)
	}
	return out
}

// one is the only finding of a Delta.
func (s *scene) one(d step.Delta, code string) step.Finding {
	s.t.Helper()
	require.Len(s.t, d.Findings, 1)
	require.Equal(s.t, code, d.Findings[0].Code)
	return d.Findings[0]
}

// ops are the operations of a Delta's step.
func (s *scene) ops(d step.Delta) []remote.Op {
	s.t.Helper()
	require.NotNil(s.t, d.Do)
	ops, err := d.Do.(step.HostStep).Ops(s.late())
	require.NoError(s.t, err)
	return ops
}

// TestWhatIsAppliedIsWell makes everything that is planned, and compares again.
func TestWhatIsAppliedIsWell(t *testing.T) {
	guests := func(s *spec.Spec) { s.Prepare = &spec.Prepare{Guests: &spec.Guests{}} }
	for _, c := range []struct {
		host string
		edit func(*spec.Spec)
	}{
		{"controller", func(*spec.Spec) {}}, {"compute1", func(*spec.Spec) {}}, {"compute1", guests},
		{"controller", inKollaSpec}, {"compute1", inKollaSpec},
	} {
		s := newScene(t, c.host, c.edit)
		for _, f := range s.all() {
			require.Equal(t, "undone-by-kolla-ansible", f.Code, f.Message)
		}
		require.NotEmpty(t, s.planned)
		s.apply()
		if s.n.InContainers() { // containers start with their units
			s.restart()
		}
		s.all()
		assert.Empty(t, s.names(), c.host)
	}
}

// restart makes the containers of the scene younger than their files.
func (s *scene) restart() {
	for at, f := range s.v.Host.Files {
		f.Changed = started().Add(-time.Hour)
		s.v.Host.Files[at] = f
	}
}

// TestWhatIsPlannedOnAFreshHost is the order of a plan.
func TestWhatIsPlannedOnAFreshHost(t *testing.T) {
	s := newScene(t, "controller")
	s.v.Host.Files[spec.CephDir] = step.File{Missing: true}
	s.all()
	assert.Equal(t, []string{"directory /etc/ceph", "file /etc/ceph/ceph.conf",
		"file /etc/ceph/ceph.client.glance.keyring",
		"file /etc/ceph/ceph.client.cinder.keyring", "file /etc/ceph/ceph.client.cinder-backup.keyring",
		"settings /etc/glance/glance-api.conf", "settings /etc/cinder/cinder.conf",
		"unit glance-api.service", "unit cinder-volume.service", "unit cinder-backup.service"}, s.names())

	s = newScene(t, "compute1", inKollaSpec)
	s.all()
	assert.Equal(t, []string{"directory /etc/kolla/nova-compute/ceph", "directory /etc/kolla/nova-libvirt/ceph",
		"directory /etc/kolla/nova-libvirt/secrets", "file /etc/kolla/nova-compute/ceph.conf", "file " +
			"/etc/kolla/nova-libvirt/ceph.conf",
		"file /etc/kolla/nova-compute/ceph.client.cinder.keyring", "secret ceph.client.cinder",
		"file /etc/kolla/nova-libvirt/secrets/ceph.client.cinder.xml", "file " +
			"/etc/kolla/nova-libvirt/secrets/ceph.client.cinder.base64",
		"settings /etc/kolla/nova-compute/nova.conf", "unit kolla-nova_compute-container.service"}, s.names())
}

// TestKindsHaveNamesOfTheirOwn looks at the registry, and at the IDs of every layout.
func TestKindsHaveNamesOfTheirOwn(t *testing.T) {
	for _, layout := range []string{spec.LayoutDebian, spec.LayoutRDO, spec.LayoutKolla} {
		for _, host := range []string{"controller", "compute1"} {
			s := newScene(t, host, func(s *spec.Spec) { s.Layout = layout })
			seen := map[step.ID]bool{}
			for _, r := range s.resources() {
				require.False(t, seen[r.ID()], r.ID().String())
				for _, need := range r.Needs() {
					if need.Target == step.AtHost(host) && need.Kind != "packages" && need.Kind != "service" {
						require.True(t, seen[need], "%s needs %s, which comes later", r.ID(), need)
					}
				}
				seen[r.ID()] = true
			}
		}
	}
	names := map[string]bool{}
	for _, k := range Kinds() {
		assert.False(t, names[k.Name], k.Name)
		assert.NotEmpty(t, k.Check, k.Name)
		names[k.Name] = true
	}
}

func uuidOf(entity string) string { return libvirtsecret.DeriveUUID(testFSID, entity) }
