package proof

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// A bench is a verification of parts that a test makes by hand.
type bench struct {
	*verifier
	t      *testing.T
	begun  []string
	checks map[string]Check
}

func newBench(t *testing.T, parts ...engine.Part) *bench {
	t.Helper()
	given := spec.Spec{Release: "zed", Clusters: []spec.Cluster{{Name: "ceph"}}, Nova: &spec.Nova{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "rbd"}, {Name: "fast", AvailabilityZone: "az1"}}},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"cinder-volume"}}, {Name: "compute1",
			Services: []string{"nova-compute"}}}}
	b := &bench{t: t, checks: map[string]Check{}}
	healthy := &step.Cluster{Status: ceph.Status{Health: "HEALTH_OK", FSID: "f", OSDsUp: 3}}
	b.verifier = newVerifier(Subject{Site: want.Resolve(given), Parts: parts, Options: Options{Static: true},
		View:    step.View{Clusters: map[string]*step.Cluster{"ceph": healthy}, Cloud: &step.Cloud{}},
		Hosts:   map[string]*step.Host{"controller": step.NewHost("controller"), "compute1": step.NewHost("compute1")},
		Started: func(c Check) { b.begun = append(b.begun, c.ID) }, Ended: func(c Check) {
			assert.NotContains(t, b.checks, c.ID, "a check ended twice")
			b.checks[c.ID] = c
		}})
	return b
}

// check runs the static checks, and gives one of them.
func (b *bench) check(id string) Check {
	b.t.Helper()
	if len(b.begun) == 0 {
		Verify(b.t.Context(), b.Subject)
	}
	require.Contains(b.t, b.checks, id)
	return b.checks[id]
}

func at(name string) step.ID {
	return step.ID{Target: step.AtHost("compute1"), Kind: "file", Name: name}
}

// on is a part of the host compute1.
func on(items ...engine.Item) engine.Part {
	return engine.Part{Target: step.AtHost("compute1"), Items: items}
}

func files(name string, d step.Delta) engine.Item {
	return engine.Item{ID: at(name), Check: "files", Delta: d}
}

// TestResourcesAreGroupedByTheirChecks: checks come in the order of their resources. Gates
// alone make no check. Beside other resources, a gate counts in the check that it has.
func TestResourcesAreGroupedByTheirChecks(t *testing.T) {
	gate := engine.Item{ID: at("access"), Check: "login", Gate: true}
	b := newBench(t, on(gate, engine.Item{ID: at("p"), Check: "packages", Delta: step.Delta{Have: "ceph-common 17"}},
		engine.Item{ID: at("s"), Check: "files", Gate: true, Delta: step.Delta{Have: "gate"}},
		files("a", step.Delta{Have: "/a root:root 0644"}), files("b", step.Delta{}), files("c",
			step.Delta{Have: "/c"})))
	assert.Equal(t, Pass, b.check("packages/compute1").Status)
	assert.Equal(t, []string{"packages/compute1", "files/compute1"}, b.begun)
	c := b.check("files/compute1")
	assert.Equal(t, Check{ID: "files/compute1", Name: "files compute1", Target: "compute1", Status: Pass,
		Evidence: "gate, /a root:root 0644, /c", Seconds: c.Seconds}, c)
}

// TestWhatAPlanWouldChangeDoesNotPass, with the differences.
func TestWhatAPlanWouldChangeDoesNotPass(t *testing.T) {
	diffs := []step.FieldDiff{{Field: "mode", Observed: "root:root 0600", Desired: "root:root 0644"},
		{Field: "content", Desired: "line one\nline two"}, {Field: "option", Observed: "x"}}
	change := step.Delta{Action: step.Update, Name: "/etc/a", Reason: "its mode is not as needed", Diffs: diffs,
		Do: step.HostStep{}}
	b := newBench(t, on(files("a", change), files("b", step.Delta{Have: "/b"}),
		files("c", step.Delta{Action: step.Restart, Reason: "it runs with an older file", Do: step.HostStep{}})))
	c := b.check("files/compute1")
	assert.Equal(t, Fail, c.Status)
	assert.Equal(t, "/etc/a: its mode is not as needed (mode: root:root 0600 -> root:root 0644, content: line one, "+
		"option: x -> (none)); c: it runs with an older file", c.Evidence)
	for i := range diffs {
		diffs[i].Of = "file/compute1/a"
	}
	assert.Equal(t, diffs, c.Diffs)
	assert.Equal(t, applyNext, c.Next)
	assert.Empty(t, c.Because)
	require.EqualError(t, c.Err, c.Evidence)
}

// TestAProblemDoesNotPass, and applying the plan is not what helps.
func TestAProblemDoesNotPass(t *testing.T) {
	denied := fmt.Errorf("is bad: %w", ceph.ErrDenied)
	for _, c := range []struct {
		name string
		err  error
		next string
	}{
		{"of its own", errors.New("is bad"), "do as the problem says, and then look at the plan"},
		{"of a known cause", denied, "see that the ceph program on that host works as client.admin"},
	} {
		b := newBench(t, on(files("a", step.Refuse("bad", "/etc/a", c.err)), files("b", step.Delta{Have: "/b"})))
		got := b.check("files/compute1")
		assert.Equal(t, Fail, got.Status, c.name)
		assert.Equal(t, "/etc/a "+c.err.Error(), got.Evidence, c.name)
		assert.Equal(t, c.next, got.Next, c.name)
		assert.Equal(t, c.err == denied, errors.Is(got.Err, ceph.ErrDenied), c.name)
	}
	b := newBench(t, on(files("a", step.Delta{Have: "/a", Findings: []step.Finding{{Code: "good-to-know",
		Message: "is a note"}}})))
	assert.Equal(t, Pass, b.check("files/compute1").Status, "a note is not a problem")
}

// TestWhatIsLeftAloneNamesTheCause: the first resource with a problem, also in a cluster.
func TestWhatIsLeftAloneNamesTheCause(t *testing.T) {
	pool := step.ID{Target: step.AtCluster("ceph"), Kind: "pool", Name: "vms"}
	cluster := engine.Part{Target: step.AtCluster("ceph"), Items: []engine.Item{{ID: pool, Check: "pools",
		Delta: step.Refuse("pool-of-another-application", "pool vms", errors.New("belongs to rgw"))}}}
	said := step.Delta{Refused: true, Because: at("a"), Findings: []step.Finding{{Code: "left", Problem: true,
		Object:  "/b",
		Message: "left alone", Because: pool}}}
	b := newBench(t, cluster, on(files("a", step.Delta{Refused: true, Because: pool}), files("b", said)))
	c := b.check("files/compute1")
	assert.Equal(t, "pool/ceph/vms", c.Because)
	assert.Equal(t, "a: left alone because of pool/ceph/vms; /b left alone", c.Evidence)
	assert.Equal(t, "do as the problem says, and then look at the plan", c.Next)
	assert.Equal(t, Fail, b.check("pools/ceph").Status)

	b = newBench(t, on(files("b", said)))
	assert.Equal(t, "pool/ceph/vms", b.check("files/compute1").Because)
}

// TestWhatIsUnknownIsNeitherWellNorWrong: the check could not be made, whatever else is
// in it; so is what is behind it.
func TestWhatIsUnknownIsNeitherWellNorWrong(t *testing.T) {
	lost := &remote.HostError{Host: "compute1", Step: "connect", Err: remote.ErrUnreachable}
	gate := step.Refuse("host-unreadable", "", fmt.Errorf("cannot be read: %w", lost))
	gate.Unable = lost
	b := newBench(t, on(engine.Item{ID: at("access"), Check: "login", Gate: true, Delta: gate},
		files("a", step.Delta{Refused: true, Because: at("access")}),
		files("b", step.Delta{Action: step.Create, Reason: "is missing", Do: step.HostStep{}})))
	c := b.check("files/compute1")
	assert.Equal(t, Unable, c.Status)
	require.ErrorIs(t, c.Err, remote.ErrUnreachable)
	assert.Contains(t, c.Next, "see that the host is up")
	assert.Equal(t, []string{"files/compute1"}, b.begun)
}

// TestEvidenceIsShort: of long contents it has the beginning, and whole characters.
func TestEvidenceIsShort(t *testing.T) {
	long := strings.Repeat("ü", 100)
	text := diffText(step.FieldDiff{Field: "content", Observed: long + "\nmore", Desired: "x" + long})
	assert.True(t, utf8.ValidString(text), "%q", text)
	assert.Equal(t, "content: "+long[:80]+"… -> x"+long[:78]+"…", text)
	assert.Equal(t, "content: a", diffText(step.FieldDiff{Field: "content", Desired: "a\nb"}))
}

// TestHealthIsWhatTheClusterSays: warnings pass, errors and a cluster without OSDs do not.
func TestHealthIsWhatTheClusterSays(t *testing.T) {
	for _, c := range []struct {
		seen step.Cluster
		want Status
		text string
	}{
		{step.Cluster{Status: ceph.Status{Health: "HEALTH_OK", FSID: "f", Release: "reef", OSDsUp: 3}}, Pass,
			"HEALTH_OK, fsid f, reef, 3 OSDs up"},
		{step.Cluster{Status: ceph.Status{Health: "HEALTH_WARN", FSID: "f", OSDsUp: 1, Checks: []string{"A", "B"},
			Muted: []string{"B"}}}, Pass,
			"HEALTH_WARN, fsid f, 1 OSDs up; checks: A, B (muted)"},
		{step.Cluster{Status: ceph.Status{Health: "HEALTH_ERR", FSID: "f", OSDsUp: 3}}, Fail,
			"HEALTH_ERR, fsid f, 3 OSDs up"},
		{step.Cluster{Status: ceph.Status{Health: "HEALTH_OK", FSID: "f"}}, Fail, "HEALTH_OK, fsid f, 0 OSDs up"},
		{step.Cluster{Err: ceph.ErrUnreachable}, Unable, "cannot be checked: ceph: cluster unreachable"},
	} {
		b := newBench(t, engine.Part{Target: step.AtCluster("ceph")})
		b.View.Clusters["ceph"] = &c.seen
		got := b.check("ceph-health/ceph")
		assert.Equal(t, c.want, got.Status, c.text)
		if c.want != Unable {
			assert.Equal(t, c.text, got.Evidence)
		}
	}
}

// TestZonesOfServices: each backend with a zone has a service, and that is in the zone.
func TestZonesOfServices(t *testing.T) {
	record := func(name, zone string) api.ServiceRecord {
		return api.ServiceRecord{Binary: "cinder-volume", Host: name, Zone: zone}
	}
	for _, c := range []struct {
		name    string
		records []api.ServiceRecord
		err     error
		want    Status
		text    string
	}{
		{"in its zone", []api.ServiceRecord{record("controller@rbd", "nova"), record("controller@fast", "az1")}, nil,
			Pass, "controller@fast in az1"},
		{"in another zone", []api.ServiceRecord{record("controller@fast", "nova")}, nil, Fail,
			"controller@fast is in nova, not in az1"},
		{"no service", []api.ServiceRecord{{Binary: "cinder-backup", Host: "x@fast"}}, nil, Fail,
			"no service has backend fast"},
		{"not known", nil, step.ErrNoCloud, Unable, "cannot be checked: no cloud was given"},
	} {
		b := newBench(t, engine.Part{Target: step.AtCloud()})
		b.View.Cloud = &step.Cloud{Records: c.records, Err: c.err}
		got := b.check("availability-zones")
		assert.Equal(t, c.want, got.Status, c.name)
		assert.Equal(t, c.text, got.Evidence, c.name)
	}
	b := newBench(t, engine.Part{Target: step.AtCloud()})
	b.Site.Cinder[1].AvailabilityZone = ""
	b.check("services-up")
	assert.NotContains(t, b.checks, "availability-zones")
}

// TestServicesThatAreUp: enabled and up, of hosts that were read.
func TestServicesThatAreUp(t *testing.T) {
	b := newBench(t, engine.Part{Target: step.AtCloud()})
	delete(b.Hosts, "controller")
	compute := api.ServiceRecord{Binary: "nova-compute", Host: "compute1", Up: true, Enabled: true}
	b.View.Cloud.Records = []api.ServiceRecord{compute}
	assert.Equal(t, "nova-compute compute1", b.check("services-up").Evidence)
	for name, spoil := range map[string]func(*api.ServiceRecord){
		"down":         func(r *api.ServiceRecord) { r.Up = false },
		"disabled":     func(r *api.ServiceRecord) { r.Enabled = false },
		"another host": func(r *api.ServiceRecord) { r.Host = "compute9" },
	} {
		b = newBench(t, engine.Part{Target: step.AtCloud()})
		delete(b.Hosts, "controller")
		bad := compute
		spoil(&bad)
		b.View.Cloud.Records = []api.ServiceRecord{bad}
		c := b.check("services-up")
		assert.Equal(t, Fail, c.Status, name)
		why := map[string]string{"disabled": " (disabled)"}[name]
		assert.Equal(t, "not up: nova-compute compute1"+why, c.Evidence, name)
	}
	b = newBench(t, engine.Part{Target: step.AtCloud()})
	b.Hosts = nil
	assert.Equal(t, Unable, b.check("services-up").Status)
}

// TestAnInterruptedCheckCouldNotBeMade, whatever it says, and a check after it is not
// begun.
func TestAnInterruptedCheckCouldNotBeMade(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	ok := b.check2(ctx, "first", func() error { calls++; cancel(); return errors.New("nonsense") })
	assert.False(t, ok)
	c := b.checks["first"]
	assert.Equal(t, Unable, c.Status)
	require.ErrorIs(t, c.Err, context.Canceled)
	assert.Equal(t, "run it again", c.Next)
	assert.NotContains(t, c.Evidence, "nonsense")
	assert.False(t, b.check2(ctx, "second", func() error { calls++; return nil }))
	assert.Equal(t, 1, calls)
	assert.Equal(t, []string{"first", "second"}, b.begun)
	ctx, cancel = context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	b.check2(ctx, "third", func() error { return nil })
	require.ErrorIs(t, b.checks["third"].Err, context.DeadlineExceeded)
	assert.True(t, b.check2(t.Context(), "fourth one", func() error { return nil }))
	assert.Equal(t, Pass, b.checks["fourth-one"].Status)
}

// check2 makes a check that concerns several targets.
func (b *bench) check2(ctx context.Context, name string, fn func() error) bool {
	return b.verifier.check(ctx, name, "next", func(context.Context) (string, error) { return "seen", fn() })
}

// TestConfigurationsOfHostsThatWereNotRead are not known.
func TestConfigurationsOfHostsThatWereNotRead(t *testing.T) {
	b := newBench(t)
	for _, h := range []*step.Host{nil, {Err: remote.ErrTimeout}} {
		b.Hosts["compute1"] = h
		_, _, err := b.config("compute1", "nova-compute")
		require.EqualError(t, err, "the host was not read")
	}
	b.Hosts["compute1"] = step.NewHost("compute1")
	for _, path := range []string{"/etc/nova/nova.conf", "/etc/nova/nova-compute.conf"} {
		b.Hosts["compute1"].Files[path] = step.File{Data: []byte("[DEFAULT]\ndebug = true\n")}
	}
	first, all, err := b.config("compute1", "nova-compute")
	require.NoError(t, err)
	assert.NotNil(t, first)
	assert.Len(t, all.Files, 2)
}
