package host

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// TestNamesOfOneMachine are Problems, and only the first name is planned for.
func TestNamesOfOneMachine(t *testing.T) {
	s := newScene(t, "compute1")
	r := newAccess(s.n)[0]
	assert.Equal(t, step.Delta{}, r.Compare(s.v))
	s.v.Host.From = "Port 23 of /root/.ssh/config:2 (Host c*)"
	assert.Contains(t, s.one(r.Compare(s.v), "way-by-files-of-ssh").Message,
		"files of ssh say: Port 23 of /root/.ssh/config:2")
	s.v.Host.Same = []string{"compute2", "compute3"}
	d := r.Compare(s.v)
	assert.Equal(t, "is the same machine as compute2, compute3, so things are planned for one of these names only: "+
		"see where the names and the addresses lead, and list each machine once",
		s.one(d, "host-is-the-same-machine").Message)
	assert.True(t, d.Findings[0].Problem)
	assert.Empty(t, d.Findings[0].Object)
	assert.False(t, d.Refused, "the machine is planned for under this name")
	s.v.Host.Twin = true
	d = r.Compare(s.v)
	assert.True(t, d.Refused, "the machine is planned for under another name")
	require.NoError(t, d.Unable)
	s.v.Host.Err = remote.ErrAuth
	s.one(r.Compare(s.v), "host-unreadable")
}

// TestInvocations are in an order that does not depend on that of a map.
func TestInvocations(t *testing.T) {
	h := step.NewHost("compute1")
	assert.Empty(t, Invocations(h))
	for _, name := range []string{"d", "a", "c", "b"} {
		h.Units[name] = remote.Unit{Name: name, Invocation: "invocation " + name}
	}
	h.Units["stopped"] = remote.Unit{Name: "stopped"}
	assert.Equal(t, []string{"invocation a", "invocation b", "invocation c", "invocation d"}, Invocations(h),
		"a unit that never started has none")
	for _, name := range []string{"c", "d"} {
		h.Units[name] = remote.Unit{Name: name, Invocation: "another " + name, Boot: "boot"}
	}
	assert.Equal(t, []string{"boot", "invocation a", "invocation b"}, Invocations(h), "a boot outlives a restart")
}

// TestGatesHaveNoChangeOfTheirOwn compares all gates of a host: other resources are behind
// a gate, but the gate itself changes nothing.
func TestGatesHaveNoChangeOfTheirOwn(t *testing.T) {
	var gates []string
	for _, k := range Kinds() {
		require.NotEmpty(t, k.Name)
		if k.Gate {
			gates = append(gates, k.Name)
		}
	}
	assert.Equal(t, []string{"access", "login", "service", "kolla"}, gates)
	for _, edit := range []func(*spec.Spec){func(*spec.Spec) {}, inKollaSpec} {
		s := newScene(t, "compute1", edit)
		s.all()
		for _, k := range Kinds() {
			if k.Gate {
				for _, r := range k.New(s.n) {
					assert.Nil(t, r.Compare(s.v).Do, r.ID().String())
				}
			}
		}
	}
}

func TestAHostWithoutServices(t *testing.T) {
	s := newScene(t, "controller", func(s *spec.Spec) { s.Hosts[0].Services = nil })
	assert.False(t, s.n.InContainers())
	assert.False(t, s.n.Computes())
	assert.Equal(t, step.Asks{}, packages{s.n}.Asks(), "no packages are needed")
	assert.Empty(t, s.n.Floor())
	assert.Empty(t, s.n.ConfigPaths())
}

// TestTheLoginBySudoRuleAlone: no keys are asked for, so that no home is looked at.
func TestTheLoginBySudoRuleAlone(t *testing.T) {
	s := newScene(t, "compute1", func(s *spec.Spec) {
		s.SSH = spec.SSH{User: "deploy", Sudo: true}
		s.Prepare = &spec.Prepare{Sudo: &spec.Sudo{}}
	})
	s.v.Host.Entered = true
	s.v.Ledger.Put(s.n.SudoRuleID(), &step.Delta{Do: step.HostStep{}})
	d := newLogin(s.n)[0].Compare(s.v)
	assert.Equal(t, []step.ID{s.n.SudoRuleID()}, d.Needs)
	assert.False(t, d.Refused)
	s.refuse(s.n.SudoRuleID())
	d = newLogin(s.n)[0].Compare(s.v)
	assert.Equal(t, step.Delta{Refused: true, Because: s.n.SudoRuleID()}, d)
}

// TestWhatKindsReadOnAHost has what only one kind asks for: without that, a comparison
// would go by what others happen to read.
func TestWhatKindsReadOnAHost(t *testing.T) {
	s := newScene(t, "controller")
	assert.Equal(t, []remote.Op{remote.Stat{Path: "/etc/ceph"}},
		s.resource("directory/controller//etc/ceph").Asks().Host)
	assert.Equal(t, []remote.Op{remote.ReadFile{Path: ringPath}, remote.Packages{Names: []string{"ceph-common"}}},
		s.resource(ringID).Asks().Host)
	settings, unit := s.resource("settings/controller/"+cinderConf).Asks().Host, s.resource(glanceUnitID).Asks().Host
	assert.Equal(t, append(s.n.configAsks("cinder-volume"), s.n.configAsks("cinder-backup")...), settings)
	assert.Equal(t, s.n.configAsks("glance-api"), unit)
	assert.Equal(t, []remote.Op{remote.Packages{Names: []string{"ceph-common", "python3-rados", "python3-rbd"}}},
		packages{s.n}.Asks().Host, "each package once")

	k := newScene(t, "compute1", inKollaSpec)
	const folder = "/etc/kolla/nova-libvirt/secrets"
	assert.Equal(t, step.Asks{Secrets: true, Host: []remote.Op{
		remote.ReadFile{Path: "/etc/kolla/nova-libvirt/config.json"}, remote.ReadDir{Path: folder, Suffix: ".base64"}}},
		k.resource("file/compute1/"+folder+"/ceph.client.cinder.base64").Asks())
	for _, op := range k.resource("file/compute1//etc/kolla/nova-compute/ceph.client.cinder.keyring").Asks().Host {
		assert.NotEqual(t, remote.Packages{Names: []string{"ceph-common"}}, op,
			"packages of the host say nothing of an image")
	}
	asks := k.n.configAsks("nova-compute")
	assert.Subset(t, asks, k.n.kollaAsks(Copy{Kolla: k.n.Service("nova-compute").Kolla}))
}
