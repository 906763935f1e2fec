package host_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// earlySpec has a controller and a compute, whose login is deploy.
func earlySpec(p *spec.Prepare) spec.Spec {
	return spec.Spec{
		Release:  "zed",
		Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		SSH:      spec.SSH{User: "deploy", Sudo: true},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute1", Services: []string{"nova-compute"}}},
		Glance:  &spec.Glance{},
		Cinder:  &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}},
		Backup:  &spec.Backup{},
		Nova:    &spec.Nova{User: "nova"},
		Prepare: p,
	}
}

// An early is what came of the resources that come before the files of Ceph.
type early struct {
	*host.Node
	view step.View
	ids  []step.ID
}

func (e early) at(id step.ID) step.Delta {
	d, _ := e.view.Ledger.Lookup(id)
	return d
}

// only is the one finding of a resource.
func (e early) only(t *testing.T, id step.ID) step.Finding {
	t.Helper()
	d := e.at(id)
	require.Len(t, d.Findings, 1, "%s", id)
	return d.Findings[0]
}

// silent requires that a resource is left alone because of another one.
func (e early) silent(t *testing.T, id, because step.ID) {
	t.Helper()
	d := e.at(id)
	assert.True(t, d.Refused, id.String())
	assert.Equal(t, because, d.Because, id.String())
	assert.Empty(t, d.Findings, id.String())
}

// asks are what a resource asks a host.
func (e early) asks(id step.ID) []remote.Op {
	for _, r := range earlyResources(e.Node) {
		if r.ID() == id {
			return r.Asks().Host
		}
	}
	return nil
}

func (e early) codes() (all []string) {
	for _, id := range e.ids {
		for _, f := range e.at(id).Findings {
			all = append(all, f.Code)
		}
	}
	return all
}

// earlyResources are those before the files of Ceph.
func earlyResources(n *host.Node) (all []step.Resource) {
	for _, kind := range host.Kinds() {
		all = append(all, kind.New(n)...)
		if kind.Name == "service" {
			return all
		}
	}
	return all
}

func nodeOf(t *testing.T, s spec.Spec, name string) *host.Node {
	t.Helper()
	require.NoError(t, s.Validate())
	site := want.Resolve(s)
	return host.NewNode(site, site.Host(name))
}

// look reads what the resources ask for on a machine.
func look(t *testing.T, n *host.Node, m *remotetest.Host) *step.Host {
	t.Helper()
	var ops []remote.Op
	for _, r := range earlyResources(n) {
		ops = append(ops, r.Asks().Host...)
	}
	results, err := m.Do(t.Context(), ops...)
	require.NoError(t, err)
	h := step.NewHost(n.Spec.Name)
	require.NoError(t, h.Take(ops, results))
	return h
}

// compareEarly compares the resources in their order, as the engine does.
func compareEarly(t *testing.T, n *host.Node, h *step.Host) early {
	t.Helper()
	e := early{Node: n, view: step.View{Host: h, Ledger: step.NewLedger(nil)}}
	for _, r := range earlyResources(n) {
		needs := r.Needs()
		for _, need := range needs {
			assert.Contains(t, e.ids, need, "%s needs what comes later", r.ID())
		}
		needs = slices.Concat(n.Gates(r.ID().Kind), needs)
		d, refused := step.Delta{}, false
		for _, need := range needs {
			if !refused && e.view.Ledger.Refused(need) {
				d, refused = step.Delta{Refused: true, Because: need}, true
			}
		}
		if !refused {
			d = r.Compare(e.view)
		}
		e.view.Ledger.Put(r.ID(), &d)
		e.ids = append(e.ids, r.ID())
	}
	return e
}

// compareOn compares the host compute1.
func compareOn(t *testing.T, s spec.Spec, m *remotetest.Host) early {
	t.Helper()
	return compareAt(t, s, "compute1", m)
}

func compareAt(t *testing.T, s spec.Spec, name string, m *remotetest.Host) early {
	t.Helper()
	n := nodeOf(t, s, name)
	return compareEarly(t, n, look(t, n, m))
}

// perform makes a change, and takes it back where the Undo of its step asks for that.
func perform(t *testing.T, d step.Delta, m *remotetest.Host) (changed bool, err error) {
	t.Helper()
	s, ok := d.Do.(step.HostStep)
	require.True(t, ok, "%v", d)
	require.True(t, s.Alone)
	ops, err := s.Ops(step.Late{})
	require.NoError(t, err)
	results, err := m.Do(t.Context(), ops...)
	require.NoError(t, err)
	if s.Undo != nil {
		if undo := s.Undo(results); len(undo) > 0 {
			undone, undoErr := m.Do(t.Context(), undo...)
			require.NoError(t, undoErr)
			for _, r := range undone {
				require.NoError(t, r.Err)
			}
		}
	}
	if s.Judge != nil {
		return s.Judge(results)
	}
	for _, r := range results {
		changed = changed || r.Changed
		if err == nil && r.Err != nil {
			err = r.Err
		}
		if err == nil && r.Exit != 0 {
			err = fmt.Errorf("exit status %d: %s", r.Exit, words.LastWords(r))
		}
	}
	return changed, err
}

func TestAHostThatCannotBeRead(t *testing.T) {
	n := nodeOf(t, earlySpec(bothWays()), "compute1")
	h := step.NewHost("compute1")
	h.Err = &remote.HostError{Host: "compute1", Step: "dial", Err: remote.ErrUnreachable}
	e := compareEarly(t, n, h)
	assert.Equal(t, []string{"host-unreadable"}, e.codes(), "it is said once")
	f := e.only(t, n.AccessID())
	assert.True(t, f.Problem)
	assert.Empty(t, f.Object)
	assert.Equal(t, "cannot be read, so nothing is planned for it: "+h.Err.Error()+
		"; see that the host is up and that its sshd answers from here, and run again", f.Message)
	require.ErrorIs(t, f.Err, remote.ErrUnreachable)
	require.ErrorIs(t, e.at(n.AccessID()).Unable, remote.ErrUnreachable)
	for _, id := range e.ids[1:] {
		e.silent(t, id, n.AccessID())
	}
}

func TestChecksAndNamesOfEarlyKinds(t *testing.T) {
	checks := map[string]string{}
	for _, kind := range host.Kinds() {
		checks[kind.Name] = kind.Check
		if kind.Name == "service" {
			break
		}
	}
	assert.Equal(t, map[string]string{"access": "login", "authorized-keys": "login", "sudo-rule": "login",
		"helper": "login", "login": "login",
		"repository": "packages", "packages": "packages", "upgrade": "packages", "service": "settings"}, checks)
	s := earlySpec(bothWays())
	s.Prepare.Repository = &spec.Repository{Apt: "https://mirror.example", Key: someKey}
	s.Clusters[0].MinClient = "16.2.10"
	var names []string
	for _, r := range earlyResources(nodeOf(t, s, "controller")) {
		names = append(names, r.ID().String())
	}
	assert.Equal(t, []string{"access/controller/access", "authorized-keys/controller/" + keysFile,
		"sudo-rule/controller/" + ruleFile,
		"login/controller/login", "repository/controller/cephstack", "packages/controller/ceph-clients",
		"upgrade/controller/ceph-clients",
		"service/controller/glance-api", "service/controller/cinder-volume", "service/controller/cinder-backup"}, names)
	var bare []string
	for _, r := range earlyResources(nodeOf(t, earlySpec(nil), "compute1")) {
		bare = append(bare, r.ID().Kind)
	}
	assert.Equal(t, []string{"access", "login", "packages", "service"}, bare, "nothing is prepared unless it is asked for")
}

var errBroken = errors.New("I/O error")
