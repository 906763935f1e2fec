package proof

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// TestWhatAProbeRuns for each right: images where headers can be, objects in data pools, and only what it made itself
// is removed.
func TestWhatAProbeRuns(t *testing.T) {
	as := func(argv ...string) remote.Op { return remote.Run{Argv: argv, User: "cinder"} }
	p := host.Prober{User: spec.User{Cluster: "hdd", Entity: "client.cinder"}, Name: "probe-1", As: as}
	for _, c := range []struct {
		right     want.Right
		try, undo string
	}{
		{want.Right{Pool: "p"}, "rbd @ ls p", ""},
		{want.Right{Pool: "p", Write: true}, "rbd @ create p/probe-1 --size 1", "rbd @ rm --no-progress p/probe-1"},
		{want.Right{Pool: "d", Data: true}, "rados @ --pool d stat probe-1", ""},
		{want.Right{Pool: "d", Data: true, Write: true}, "rados @ --pool d create probe-1", "rados @ --pool d rm probe-1"},
	} {
		argv := func(text string) remote.Op {
			return as(strings.Fields(strings.Replace(text, "@", "--conf /etc/ceph/hdd.conf --id cinder", 1))...)
		}
		assert.Equal(t, argv(c.try), p.Try(c.right), c.right.String())
		c.right.Allowed = true
		assert.Equal(t, argv(c.try), p.Try(c.right), "what is allowed is tried the same way")
		if c.undo != "" {
			assert.Equal(t, argv(c.undo), p.Undo(c.right), c.right.String())
		}
	}
	assert.Regexp(t, regexp.MustCompile(`^cephstack-probe-[0-9a-f]{8}-\d{8}T\d{6}Z$`), probeName())
	assert.NotEqual(t, probeName(), probeName(), "two runs at the same time do not meet")
}

// TestHowADoorRunsPrograms: as the account of the service, in its container if it has one.
func TestHowADoorRunsPrograms(t *testing.T) {
	assert.Equal(t, remote.Run{Argv: []string{"rbd", "ls"}, User: "glance"}, door{account: "glance"}.run("rbd", "ls"))
	assert.Equal(t, remote.Run{Argv: []string{"podman", "exec", "--user", "glance", "glance_api", "rbd", "ls"}},
		door{account: "glance", engine: "podman", container: "glance_api"}.run("rbd", "ls"))
}

// TestOnlyTheClustersWordCounts: what a program did, or the refusal of the cluster; all else proves nothing.
func TestOnlyTheClustersWordCounts(t *testing.T) {
	const denied, absent = "rbd: (1) Operation not permitted", " error stat-ing d/x: (2) No such file or directory"
	read, write := want.Right{Pool: "p"}, want.Right{Pool: "p", Write: true}
	object, making := want.Right{Pool: "d", Data: true}, want.Right{Pool: "d", Data: true, Write: true}
	for _, c := range []struct {
		name          string
		right         want.Right
		exit          int
		stderr        string
		err           error
		done, refused bool
	}{
		{"it worked", read, 0, "", nil, true, false},
		{"it worked, with a warning", write, 0, denied, nil, true, false},
		{"it was refused", write, 1, denied, nil, false, true},
		{"another failure", read, 1, "no space", nil, false, false},
		{"no exchange", read, 0, "", remote.ErrTimeout, false, false},
		{"a refusal that nobody saw the end of", read, 1, denied, remote.ErrTimeout, false, false},
		{"an object that is not there", object, 1, absent, nil, true, false},
		{"half of that", object, 1, "error stat-ing d/x: (5) Input/output error", nil, false, false},
		{"the other half", object, 1, "pool: No such file or directory", nil, false, false},
		{"a stat that was refused", object, 1, "error stat-ing d/x: (1) Operation not permitted", nil, false, true},
		{"an object that was to be made", making, 1, absent, nil, false, false},
		{"an image pool has no such words", read, 1, absent, nil, false, false},
	} {
		done, refused := tried(c.right, remote.Result{Exit: c.exit, Stderr: []byte(c.stderr), Err: c.err})
		assert.Equal(t, []bool{c.done, c.refused}, []bool{done, refused}, c.name)
	}
}

// TestWhyAProgramFailed: the error of the exchange, or the status and the last line.
func TestWhyAProgramFailed(t *testing.T) {
	require.ErrorIs(t, failure(remote.Result{Err: remote.ErrTimeout, Exit: 1, Stderr: []byte("x")}), remote.ErrTimeout)
	require.EqualError(t, failure(remote.Result{Exit: 127}), "exit status 127")
	require.EqualError(t, failure(remote.Result{Exit: 2, Stderr: []byte("first\nlast\n")}), "exit status 2: last")
}

// TestTheVerdictOnRights names who tried, and each right that is not as it has to be.
func TestTheVerdictOnRights(t *testing.T) {
	denied := remote.Result{Exit: 1, Stderr: []byte("Operation not permitted")}
	done, broken := remote.Result{}, remote.Result{Exit: 1, Stderr: []byte("no space")}
	rights := []want.Right{{Pool: "a", Write: true, Allowed: true}, {Pool: "b"}, {Pool: "c", Write: true}}
	for _, c := range []struct {
		name             string
		results, cleanup []remote.Result
		want             string
		unable           bool
	}{
		{"all as it has to be", []remote.Result{done, denied, denied}, []remote.Result{done, broken},
			"as x@y: may write a, must not read b, must not write c", false},
		{"too few", []remote.Result{denied, denied, denied}, []remote.Result{broken, broken},
			"as x@y: may write a, but the opposite holds", false},
		{"too many", []remote.Result{done, done, done}, []remote.Result{done, done},
			"as x@y: must not read b, but the opposite holds; must not write c, but the opposite holds", false},
		{"left behind", []remote.Result{done, denied, done}, []remote.Result{done, {Err: remote.ErrTimeout}},
			"as x@y: left what was tried in c (cephstack-probe-…); must not write c, but the opposite holds", false},
		{"unknown", []remote.Result{done, broken, denied}, []remote.Result{done, broken},
			"cannot be checked: as x@y: must not read b: exit status 1: no space", true},
	} {
		text, err := judge(rights, c.results, c.cleanup, "x@y")
		if err != nil {
			assert.Empty(t, text, c.name)
			text = err.Error()
		}
		assert.Equal(t, c.want, text, c.name)
		assert.Equal(t, c.unable, errors.Is(err, errUnable), c.name)
	}
}

// TestWhereAUserIsTried: on a host that was read and has its keyring, computes first, as the account of the service
// there.
func TestWhereAUserIsTried(t *testing.T) {
	glance := spec.User{Cluster: "ceph", Entity: "client.glance"}
	cinder := spec.User{Cluster: "ceph", Entity: "client.cinder"}
	for _, c := range []struct {
		name   string
		layout string
		spoil  func(*travel)
		user   spec.User
		want   door
		found  bool
	}{
		{"the user of images", "", nil, glance, door{host: "controller", account: "glance"}, true},
		{"a user that computes have, too", "", nil, cinder, door{host: "compute1", account: "nova"}, true},
		{"a compute that was not read", "", func(j *travel) { j.Hosts["compute1"].Err = remote.ErrTimeout }, cinder,
			door{host: "compute2", account: "nova"}, true},
		{"computes that were left out", "", func(j *travel) { delete(j.Hosts, "compute1"); delete(j.Hosts, "compute2") },
			cinder, door{host: "controller", account: "cinder"}, true},
		{"no host was read", "", func(j *travel) { j.Hosts = nil }, cinder, door{}, false},
		{"nobody's user", "", nil, spec.User{Cluster: "ceph", Entity: "client.x"}, door{}, false},
		{"the user of another cluster", "", nil, spec.User{Cluster: "x", Entity: "client.glance"}, door{}, false},
		{"containers that no engine has", spec.LayoutKolla, nil, glance, door{}, false},
		{"a container", spec.LayoutKolla, func(j *travel) { j.box("controller") }, glance,
			door{host: "controller", account: "glance", engine: "podman", container: "glance_api"}, true},
	} {
		j := newTravel(t, func(s *spec.Spec) { s.Layout = c.layout })
		if c.spoil != nil {
			c.spoil(j)
		}
		d, ok := j.doorOf(c.user)
		assert.Equal(t, c.found, ok, c.name)
		assert.Equal(t, c.want, d, c.name)
	}
}

// box makes podman have Glance's container on a host.
func (j *travel) box(name string) {
	names := j.Site.ContainersOn(j.Site.Host(name))
	require.NoError(j.t, j.Hosts[name].Take(place.Inspect(names), []remote.Result{{Exit: 127},
		{Data: []byte(`{"name":"glance_api","running":true}`)}}))
}

// TestAProbeOfAUser: all rights in one exchange, and what was made is removed in it.
func TestAProbeOfAUser(t *testing.T) {
	j := newTravel(t, nil)
	var ran []string
	allowed := map[string]bool{"images": true}
	h := remotetest.NewHost("controller")
	h.AddUser("glance", "glance")
	h.Handle("rbd", func(run remote.Run) (stdout, stderr []byte, exit int) {
		assert.Equal(t, "glance", run.User)
		ran = append(ran, run.Argv[5])
		for _, word := range run.Argv[6:] {
			if pool, _, _ := strings.Cut(word, "/"); allowed[pool] {
				return nil, nil, 0
			}
		}
		return nil, []byte("rbd: (1) Operation not permitted\n"), 1
	})
	j.World.Hosts = map[string]remote.Host{"controller": h}
	id := spec.User{Cluster: "ceph", Entity: "client.glance"}
	text, err := j.probe(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "as glance@controller: must not read backups, must not write backups, may write images, "+
		"must not read vms, must not write vms, must not read volumes, must not write volumes", text)
	assert.Equal(t, "ls create create ls create ls create rm rm rm rm", strings.Join(ran, " "))
	allowed["vms"] = true
	_, err = j.probe(t.Context(), id)
	require.ErrorContains(t, err, "must not read vms, but the opposite holds; must not write vms, but the opposite holds")
	j.Hosts = nil
	_, err = j.probe(t.Context(), id)
	require.EqualError(t, err, "cannot be checked: no reachable host has its keyring")
}

// TestProbesOfAllUsers: a check for each, which names the cluster where there are several.
func TestProbesOfAllUsers(t *testing.T) {
	j := newTravel(t, nil)
	j.Hosts = nil
	j.probes(t.Context())
	assert.Equal(t, []string{"rights-client.cinder", "rights-client.cinder-backup", "rights-client.glance"}, j.begun)
	c := j.checks["rights-client.glance"]
	assert.Equal(t, Unable, c.Status)
	assert.Equal(t, "compare the users check with the pools; foreign rights can be dropped with remove_foreign_caps: true",
		c.Next)
	j = newTravel(t, func(s *spec.Spec) { s.Clusters = append(s.Clusters, spec.Cluster{Name: "ssd"}) })
	j.Hosts = map[string]*step.Host{}
	j.probes(t.Context())
	assert.Equal(t, "rights client.glance in ceph", j.checks["rights-client.glance-in-ceph"].Name)
}

// TestDepthOfAVerification: a static one leaves probes and the journey out.
func TestDepthOfAVerification(t *testing.T) {
	for _, static := range []bool{true, false} {
		j := newTravel(t, nil)
		j.Hosts, j.Options.Static, j.World = nil, static, world.World{}
		Verify(t.Context(), j.Subject)
		assert.Equal(t, static, len(j.begun) == 0, "%v", j.begun)
		assert.Equal(t, !static, j.checks["image-in-ceph"].Status == Unable)
		assert.NotContains(t, j.checks, "nothing-is-left-behind", "nothing was made")
	}
}
