package cloud_test

import (
	"cmp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/kind/cloud"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

const cinderConf = "/etc/cinder/cinder.conf"

// example serves a backend from two controllers. A third one serves something else.
func example() spec.Spec {
	services := []string{"glance-api", "cinder-volume"}
	return spec.Spec{
		Release:  "zed",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		SSH:      spec.SSH{User: "root"},
		Glance:   &spec.Glance{},
		Hosts: []spec.Host{{Name: "controller", Services: services}, {Name: "controller2", Services: services},
			{Name: "controller3", Services: services[:1]}, {Name: "compute1", Services: []string{"nova-compute"}}},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "fast", VolumeType: "fast"}}},
		Nova:   &spec.Nova{},
	}
}

// A compared is what came of the resources of the cloud.
type compared struct {
	ledger   *step.Ledger
	findings []step.Finding
}

func (c compared) at(id step.ID) step.Delta {
	d, _ := c.ledger.Lookup(id)
	return d
}

// compare compares all resources of the cloud in their order, as the engine does.
func compare(t *testing.T, s spec.Spec, seen *step.Cloud, hosts map[step.ID]step.Delta) compared {
	t.Helper()
	require.NoError(t, s.Validate())
	c := compared{ledger: step.NewLedger(nil)}
	for id, d := range hosts {
		c.ledger.Put(id, &d)
	}
	v := step.View{Cloud: seen, Ledger: c.ledger}
	for _, kind := range cloud.Kinds() {
		for _, r := range kind.New(want.Resolve(s)) {
			assert.Equal(t, kind.Name, r.ID().Kind)
			assert.Equal(t, step.Asks{}, r.Asks(), "the APIs are always asked the same")
			d := step.Delta{}
			for _, need := range r.Needs() {
				if c.ledger.Refused(need) && d.Because.IsZero() {
					d = step.Delta{Refused: true, Because: need}
				}
			}
			if !d.Refused {
				d = r.Compare(v)
			}
			c.ledger.Put(r.ID(), &d)
			c.findings = append(c.findings, d.Findings...)
		}
	}
	return c
}

// TestServicesThatAreLeftOut are noted, once for each service, also where there are no APIs.
func TestServicesThatAreLeftOut(t *testing.T) {
	s := example()
	s.Glance, s.Nova = nil, nil
	s.Hosts[2].Services = []string{"cinder-backup"}
	for _, seen := range []*step.Cloud{{}, {Err: step.ErrNoCloud}} {
		var notes []string
		for _, f := range compare(t, s, seen, nil).findings {
			if f.Code == "service-left-out" {
				assert.False(t, f.Problem)
				notes = append(notes, f.Object+": "+f.Message)
			}
		}
		const rest = ", and no section of the Spec integrates it: plan, apply and verify leave it out; write "
		assert.Equal(t, []string{
			"glance-api: the Spec has it on controller, controller2" + rest +
				"glance: {} to integrate it, or take it off the services of the hosts",
			"cinder-backup: the Spec has it on controller3" + rest +
				"backup: {} to integrate it, or take it off the services of the hosts",
		}, notes, "Cinder's volumes are on nova-compute")
	}
	assert.Empty(t, compare(t, example(), &step.Cloud{}, nil).findings)
}

func TestAPIsThatCannotBeAsked(t *testing.T) {
	c := compare(t, example(), &step.Cloud{Err: api.ErrUnreachable}, nil)
	require.Len(t, c.findings, 1, "it is said once")
	f := c.findings[0]
	assert.Equal(t, "apis-unreachable", f.Code)
	assert.Empty(t, f.Object)
	assert.True(t, f.Problem)
	assert.Equal(t, "the APIs cannot be asked, so nothing that depends on them is planned: "+api.ErrUnreachable.Error()+
		"; see that the APIs of the entry in clouds.yaml answer from here, and run again", f.Message)
	require.ErrorIs(t, f.Err, api.ErrUnreachable)
	require.ErrorIs(t, c.at(cloud.APIsID()).Unable, api.ErrUnreachable)
	assert.Equal(t, cloud.APIsID(), c.ledger.Root(cloud.VolumeTypeID("fast")))
}

// TestWithoutAPIs: a Spec without APIs is well, as long as it asks for no volume type.
func TestWithoutAPIs(t *testing.T) {
	s := example()
	c := compare(t, s, &step.Cloud{Err: step.ErrNoCloud}, nil)
	require.Len(t, c.findings, 1)
	f := c.findings[0]
	assert.Equal(t, "volume-type-needs-apis", f.Code)
	assert.Equal(t, "volume type fast", f.Object)
	assert.Equal(t, "cannot be made: no cloud was given", f.Message)
	assert.True(t, f.Problem)
	require.ErrorIs(t, c.at(cloud.APIsID()).Unable, step.ErrNoCloud)
	s.Cinder.Backends[0].VolumeType = ""
	assert.Empty(t, compare(t, s, &step.Cloud{Err: step.ErrNoCloud}, nil).findings)
}

// TestAVolumeTypeFollowsItsServices: a volume type is made after the units of cinder-volume.
// A host that is left alone does not keep it from being made, as other hosts serve it.
func TestAVolumeTypeFollowsItsServices(t *testing.T) {
	unit := func(host string) step.ID {
		return step.ID{Target: step.AtHost(host), Kind: "unit", Name: "cinder-volume.service"}
	}
	site := want.Resolve(example())
	for _, kind := range cloud.Kinds() {
		for _, r := range kind.New(site) {
			if r.ID() != cloud.VolumeTypeID("fast") {
				assert.Empty(t, r.Needs())
				continue
			}
			assert.Equal(t, []step.ID{cloud.APIsID()}, r.Needs())
			follower, ok := r.(step.Follower)
			require.True(t, ok)
			assert.Equal(t, []step.ID{unit("controller"), unit("controller2")}, follower.Follows())
		}
	}
	c := compare(t, example(), &step.Cloud{}, map[step.ID]step.Delta{unit("controller2"): {Refused: true}})
	assert.NotNil(t, c.at(cloud.VolumeTypeID("fast")).Do)
}

// serving is the Delta of the settings of a host: its Fact says how the host serves backends.
func serving(host, name, cluster, coordinator string) step.Delta {
	return step.Delta{Fact: []want.Serving{
		{Backend: "other", Host: host, Name: "x"},
		{Backend: "fast", Host: host, Name: name, Cluster: cluster, Coordinator: coordinator},
	}}
}

const (
	etcd   = "etcd3+http://203.0.113.5:2379"
	own    = "backend-of-several-names"
	locks  = "backend-without-coordinator"
	shared = "backend-cluster-of-one-name"
)

// A served is how a host serves the backend; without a name, the host is left alone.
type served struct{ name, cluster, coordinator string }

func (s served) on(host string) step.Delta {
	if s.name == "" {
		return step.Delta{Refused: true}
	}
	return serving(host, s.name, s.cluster, s.coordinator)
}

// TestSeveralHostsOfABackend goes through the ways in which two hosts can serve a backend,
// and looks at the note that each of them gets.
func TestSeveralHostsOfABackend(t *testing.T) {
	for name, c := range map[string]struct {
		release       string
		first, second served
		code, says    string
	}{
		"alike": {"zed", served{"a", "", ""}, served{"b", "", ""}, own, "is served by controller, controller2, " +
			"by each under its own name (a, b): a volume belongs to one of them, " +
			"and while that one is down nobody can attach, change or delete it. " +
			"Give it options: {backend_host: a name for all} in the Spec, and all hosts but one " +
			"standby: [cinder-volume] (active/passive), or set cinder.cluster to a name, and cinder.coordination to the " +
			"URL of a coordinator that they share (active/active); the plan then says what becomes of volumes that are there"},
		"before clusters": {"queens", served{"a", "ha", ""}, served{"b", "ha", ""}, own,
			"standby: [cinder-volume] (active/passive); the plan"},
		"one in a cluster": {"zed", served{"a", "ha", ""}, served{"b", "", ""}, own, ""},
		"one lock":         {"zed", served{"all", "", etcd}, served{"all", "", etcd}, "", ""},
		"locks apart": {"zed", served{"all", "", ""}, served{"all", "", ""}, locks,
			"controller, controller2 are without"},
		"one without locks": {"zed", served{"all", "", etcd}, served{"all", "", "file:///x"}, locks,
			"controller2 is without"},
		"before there were any": {"newton", served{"all", "", ""}, served{"all", "", ""}, "", ""},
		"active/active":         {"zed", served{"a", "ha", etcd}, served{"b", "ha", etcd}, "", ""},
		"active/active, apart": {"zed", served{"a", "ha", ""}, served{"b", "ha", ""}, locks, "is served by controller, " +
			"controller2 as one, but what locks a volume on one of them does not on the others: " +
			"controller, controller2 are without a coordinator. Set cinder.coordination in the Spec to the URL of one"},
		"active/active, two coordinators": {"zed", served{"a", "ha", etcd}, served{"b", "ha", "redis://:secret-word@b"},
			locks, "not all of them have the same coordinator"},
		"active/active, one name": {"zed", served{"all", "ha", etcd}, served{"all", "ha", etcd}, shared,
			"is served by controller, controller2 in cluster ha under one name, all: " +
				"in a cluster each needs a name of its own; take backend_host (or host) out, there and in the Spec"},
		"one host": {"zed", served{"a", "", ""}, served{}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := example()
			s.Release, s.Cinder.Backends[0].VolumeType = c.release, ""
			got := compare(t, s, &step.Cloud{}, map[step.ID]step.Delta{
				{Target: step.AtHost("controller"), Kind: "settings", Name: cinderConf}:  c.first.on("controller"),
				{Target: step.AtHost("controller2"), Kind: "settings", Name: cinderConf}: c.second.on("controller2"),
			})
			if c.code == "" {
				assert.Empty(t, got.findings)
				return
			}
			require.Len(t, got.findings, 1)
			f := got.findings[0]
			problem := c.code == own || c.code == locks && c.first.cluster != ""
			assert.Equal(t, []any{c.code, "backend fast", problem}, []any{f.Code, f.Object, f.Problem})
			assert.Contains(t, f.Message, c.says)
			assert.NotContains(t, f.Message, "secret-word")
		})
	}
}

// TestTheBackendWithoutAName: its option names all services of Cinder on a host.
func TestTheBackendWithoutAName(t *testing.T) {
	s := example()
	s.Release, s.Cinder.Backends[0].Name, s.Cinder.Backends[0].VolumeType = "newton", spec.SingleBackend, ""
	hosts := map[step.ID]step.Delta{}
	for _, h := range []string{"controller", "controller2"} {
		hosts[step.ID{Target: step.AtHost(h), Kind: "settings", Name: cinderConf}] =
			step.Delta{Fact: []want.Serving{{Backend: spec.SingleBackend, Host: h, Name: h}}}
	}
	c := compare(t, s, &step.Cloud{}, hosts)
	require.Len(t, c.findings, 1)
	assert.Contains(t, c.findings[0].Message, "Give it options: {host: a name for all} in the Spec")
}

// TestWhatTheSpecAsksForOfSeveralHosts is told, and why the other way does not fit.
func TestWhatTheSpecAsksForOfSeveralHosts(t *testing.T) {
	for name, c := range map[string]struct {
		release  string
		change   func(*spec.Spec)
		at       served // on both hosts; their own names where it has none
		standby  bool
		code     string
		says     string
		isLocked bool
	}{
		"active/active": {"zed", func(s *spec.Spec) { s.Cinder.Cluster = "ha" }, served{"", "ha", etcd}, false,
			"backend-active-active", "is served by controller, controller2 at the same time, in cluster ha " +
				"(active/active). Each host has a name of its own, and can work on all volumes of the cluster. Do not set " +
				"backend_host as well: it gives all hosts one name, which fits only where one of them serves at a time " +
				"(active/passive)", true},
		"active/passive": {"zed", nil, served{"all", "", ""}, true, "backend-active-passive",
			"is served by controller under the name all (active/passive). Under the same name stand by: controller2. Who " +
				"makes another host serve stops the first one before. Do not set cinder.cluster (active/active) as " +
				"well: in a cluster, all hosts serve at once, each under a name of its own", true},
		"active/passive before clusters": {"queens", nil, served{"all", "", ""}, true, "backend-active-passive",
			"before. Clusters (active/active) come with Rocky", true},
		"nobody stands by": {"zed", nil, served{"all", "", etcd}, false, "backend-runs-twice",
			"backend_host is one name for controller, controller2 (active/passive), and the Spec starts cinder-volume on all " +
				"of controller, controller2: two that run under one name clean up each other's work when they start. Give " +
				"all but one of them standby: [cinder-volume]; or set cinder.cluster in its place", true},
		"nobody stands by, without locks": {"zed", nil, served{"all", "", ""}, false, "backend-runs-twice", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := example()
			s.Release, s.Cinder.Backends[0].VolumeType = c.release, ""
			if c.change != nil {
				c.change(&s)
			} else {
				s.Cinder.Backends[0].Options = map[string]string{"backend_host": "all"}
			}
			hosts := map[step.ID]step.Delta{}
			for i, h := range []string{"controller", "controller2"} {
				d := serving(h, cmp.Or(c.at.name, h), c.at.cluster, c.at.coordinator)
				d.Fact.([]want.Serving)[1].Standby = c.standby && i == 1
				hosts[step.ID{Target: step.AtHost(h), Kind: "settings", Name: cinderConf}] = d
			}
			got := compare(t, s, &step.Cloud{}, hosts).findings
			require.NotEmpty(t, got)
			assert.Equal(t, []any{c.code, "backend fast", false}, []any{got[0].Code, got[0].Object, got[0].Problem})
			assert.Contains(t, got[0].Message, c.says)
			if c.isLocked {
				assert.Len(t, got, 1)
				return
			}
			require.Len(t, got, 2)
			assert.Equal(t, locks, got[1].Code)
		})
	}
}

// TestManyHostsOfABackend: the message names some.
func TestManyHostsOfABackend(t *testing.T) {
	s := example()
	s.Cinder.Backends[0].VolumeType = ""
	hosts := map[step.ID]step.Delta{}
	for _, h := range []string{"c1", "c2", "c3", "c4", "c5", "c6", "c7"} {
		s.Hosts = append(s.Hosts, spec.Host{Name: h, Services: []string{"cinder-volume"}})
		hosts[step.ID{Target: step.AtHost(h), Kind: "settings", Name: cinderConf}] = serving(h, h, "", "")
	}
	c := compare(t, s, &step.Cloud{}, hosts)
	require.Len(t, c.findings, 1)
	assert.Contains(t, c.findings[0].Message, "is served by c1, c2, c3, c4, c5 and 2 more, by each")
}

func TestOptionsThatNoCinderReads(t *testing.T) {
	s := example()
	s.Cinder.Backends[0].Options = map[string]string{"image_volume_cache": "x"}
	s.Cinder.Backends[0].VolumeType = ""
	c := compare(t, s, &step.Cloud{}, nil)
	require.NotEmpty(t, c.findings)
	assert.Equal(t, "backend-option-unknown", c.findings[0].Code)
	assert.Equal(t, "backend fast option image_volume_cache", c.findings[0].Object)
	assert.False(t, c.findings[0].Problem)
}
