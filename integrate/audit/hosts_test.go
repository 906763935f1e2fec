package audit_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/audit"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// twoComputes is a cloud with a controller and two computes.
func twoComputes() spec.Spec {
	return spec.Spec{
		Release:  "zed",
		Clusters: []spec.Cluster{{Name: "ceph", Host: "controller"}},
		Glance:   &spec.Glance{},
		Cinder:   &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}},
		Backup:   &spec.Backup{},
		Nova:     &spec.Nova{},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute1", Services: []string{"nova-compute"}}, {Name: "compute2", Services: []string{"nova-compute"}},
		},
	}
}

// auditHosts runs the part Hosts, and checks that it writes nothing.
func auditHosts(t *testing.T, w *integratetest.World) audit.Report {
	t.Helper()
	before := w.Writes()
	r, err := audit.Run(context.Background(), integrate.Config{Spec: w.Spec(), World: w.World},
		audit.Options{Parts: []audit.Part{audit.Hosts}})
	require.NoError(t, err)
	assert.Equal(t, before, w.Writes())
	return r
}

// found are the codes with the hosts or clusters that they are about.
func found(r audit.Report) []string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, strings.Join(strings.Fields(f.Code+" "+f.Cluster+" "+f.Host), " "))
	}
	slices.Sort(all)
	return all
}

// TestACloudThatIsWell has no findings, but those of the fake configuration: its Nova sends no service tokens.
func TestACloudThatIsWell(t *testing.T) {
	w := integratetest.Integrated(t, twoComputes())
	r := auditHosts(t, w)
	assert.Empty(t, found(r))
	assert.Equal(t, 3, r.Looked["hosts"])
	assert.Equal(t, 5, r.Looked["processes with librados"])
}

// A hostFault is planted in an integrated cloud, and audit finds it with these codes and hosts.
type hostFault struct {
	plant func(t *testing.T, w *integratetest.World)
	want  []string
}

// edit appends an option to a file of a host.
func edit(t *testing.T, m *remotetest.Host, path, option string) {
	text, ok := m.Contents(path)
	require.True(t, ok)
	m.AddFile(path, append(text, option...), 0o640)
}

// set gives a user other rights on OSDs; … stands for those that it has.
func set(t *testing.T, w *integratetest.World, entity, osd string) {
	user, err := ceph.New(w.Ceph["ceph"]).User(context.Background(), entity)
	require.NoError(t, err)
	caps := ceph.Caps{"mon": user.Caps["mon"], "osd": strings.ReplaceAll(osd, "…", user.Caps["osd"])}
	if mgr := user.Caps["mgr"]; mgr != "" {
		caps["mgr"] = mgr
	}
	require.NoError(t, ceph.New(w.Ceph["ceph"]).SetCaps(context.Background(), entity, user.Caps, caps))
}

// faultsOfRights are faults of users and of who can read their keys.
func faultsOfRights() map[string]hostFault {
	return map[string]hostFault{
		"more rights": {func(t *testing.T, w *integratetest.World) {
			set(t, w, "client.glance", "…, allow rwx pool=other")
		}, []string{"rights-wider ceph"}},
		"fewer rights": {func(t *testing.T, w *integratetest.World) {
			set(t, w, "client.glance", "profile rbd-read-only pool=images")
		}, []string{"rights-narrower ceph"}},
		"a user that nobody knows": {func(t *testing.T, w *integratetest.World) {
			_, err := ceph.New(w.Ceph["ceph"]).CreateUser(context.Background(), "client.old",
				ceph.Caps{"mon": "profile rbd", "osd": "profile rbd pool=volumes"})
			require.NoError(t, err)
		}, []string{"user-unknown-writes ceph"}},
		"a monitor that takes identities": {func(_ *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].MonOptions["auth_allow_insecure_global_id_reclaim"] = "true"
		}, []string{"insecure-global-id ceph"}},
		"monitors that are older than the option": {func(_ *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].MonOptions = nil
		}, []string{"insecure-global-id ceph"}},
		"a user of something else": {func(t *testing.T, w *integratetest.World) {
			_, err := ceph.New(w.Ceph["ceph"]).CreateUser(context.Background(), "client.rgw",
				ceph.Caps{"mon": "allow rw", "osd": "allow rwx pool=other"})
			require.NoError(t, err)
		}, nil},
		"a keyring for everybody": {func(_ *testing.T, w *integratetest.World) {
			w.Machines["controller"].AddFile("/etc/ceph/ceph.client.admin.keyring", []byte("[client.admin]\n"), 0o644)
		}, []string{"keyring-for-everybody controller"}},
	}
}

// faultsOfServices are faults of services, of libvirt's secrets and of processes.
func faultsOfServices() map[string]hostFault {
	return map[string]hostFault{
		"a key in cinder.conf": {func(t *testing.T, w *integratetest.World) {
			edit(t, w.Machines["controller"], "/etc/cinder/cinder.conf", "\n[ceph]\nrbd_keyring_conf = /etc/ceph/x\n")
		}, []string{"exposed-key controller"}},
		"locations for everybody": {func(t *testing.T, w *integratetest.World) {
			edit(t, w.Machines["controller"], "/etc/glance/glance-api.conf", "\n[DEFAULT]\nshow_multiple_locations = True\n")
		}, []string{"exposed-locations controller"}},
		"tokens that nobody checks": {func(t *testing.T, w *integratetest.World) {
			edit(t, w.Machines["controller"], "/etc/cinder/cinder.conf", "\n[keystone_authtoken]\nauth_url = http://x\n")
		}, []string{"unchecked-tokens controller"}},
		"another value on a compute": {func(t *testing.T, w *integratetest.World) {
			secrets, err := w.Libvirt["compute1"].List(context.Background())
			require.NoError(t, err)
			other := secrets[0]
			other.Value, err = libvirtsecret.ParseValue("AQBSdFhkAAAAABAA6LC1Pq3yXn5Rr9mWb0Q0Yw==")
			require.NoError(t, err)
			w.Libvirt["compute1"].Put(other)
		}, []string{"secrets-differ"}},
		"no secret on a compute": {func(t *testing.T, w *integratetest.World) {
			secrets, err := w.Libvirt["compute2"].List(context.Background())
			require.NoError(t, err)
			require.NoError(t, w.Libvirt["compute2"].Undefine(context.Background(), secrets[0].UUID))
		}, []string{"secrets-differ"}},
		"a UUID of a guide": {func(_ *testing.T, w *integratetest.World) {
			for _, compute := range []string{"compute1", "compute2"} {
				w.Libvirt[compute].Put(libvirtsecret.Secret{UUID: "457eb676-33da-42ec-9a8c-9293d545c337", UsageID: "client.x"})
			}
		}, []string{"example-uuid"}},
		"an old librados in memory": {func(_ *testing.T, w *integratetest.World) {
			w.KeepLibrados("controller", "glance-api", "16.2.7")
		}, []string{"process-keeps-old-librados controller"}},
	}
}

// TestFaultsOfHosts plants a fault of each kind, alone.
func TestFaultsOfHosts(t *testing.T) {
	faults := faultsOfRights()
	maps.Copy(faults, faultsOfServices())
	for name, c := range faults {
		t.Run(name, func(t *testing.T) {
			w := integratetest.Integrated(t, twoComputes())
			c.plant(t, w)
			r := auditHosts(t, w)
			assert.Equal(t, c.want, found(r))
			for _, f := range r.Findings {
				assert.NotEmpty(t, f.Next, "%+v", f)
				assert.NotEmpty(t, f.Evidence, "%+v", f)
				assert.NotContains(t, strings.Join(f.Evidence, " "), "AQ", "no key")
			}
		})
	}
}

// TestWhatCannotBeTold is in the report, and does not hide what was found elsewhere.
func TestWhatCannotBeTold(t *testing.T) {
	w := integratetest.Integrated(t, twoComputes())
	w.Machines["compute1"].Fail = func(context.Context, remote.Op) error {
		return &remote.HostError{Host: "compute1", Step: "connect", Err: remote.ErrTimeout}
	}
	w.KeepLibrados("controller", "glance-api", "16.2.7")
	r, err := audit.Run(context.Background(), integrate.Config{Spec: w.Spec(), World: w.World},
		audit.Options{Parts: []audit.Part{audit.Hosts}})
	require.ErrorIs(t, err, audit.ErrUnable)
	require.ErrorIs(t, err, remote.ErrTimeout)
	assert.Equal(t, []string{"process-keeps-old-librados controller"}, found(r))
	require.Len(t, r.Unable, 1)
	assert.Equal(t, "host compute1", r.Unable[0].What)
}

// TestMonitorsThatDoNotTell whether they let clients take identities over are in Unable.
func TestMonitorsThatDoNotTell(t *testing.T) {
	w := integratetest.Integrated(t, twoComputes())
	w.Ceph["ceph"].Fail = func(op cephtest.Op) error {
		if op.Name == "config get" {
			return ceph.ErrDenied
		}
		return nil
	}
	r, err := audit.Run(context.Background(), integrate.Config{Spec: w.Spec(), World: w.World},
		audit.Options{Parts: []audit.Part{audit.Hosts}})
	require.ErrorIs(t, err, audit.ErrUnable)
	require.Len(t, r.Unable, 1)
	assert.Equal(t, "auth_allow_insecure_global_id_reclaim of cluster ceph", r.Unable[0].What)
	assert.Empty(t, found(r))
}
