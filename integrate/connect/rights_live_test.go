package connect_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

// An operator works in a real cluster as client.cephstack, on hosts in memory.
type operator struct {
	*cephlive.Cluster
	t     *testing.T
	spec  spec.Spec
	fakes *integratetest.World
}

func newOperator(t *testing.T, live *cephlive.Cluster, s spec.Spec) *operator {
	t.Helper()
	live.Ceph("auth", "get-or-create", "client.cephstack")
	return &operator{live, t, s, integratetest.Open(t, s)}
}

// as is the cluster through the ceph program, once client.cephstack has rights.
func (o *operator) as(caps ceph.Caps) *cephcli.CLI {
	o.t.Helper()
	args := []string{"auth", "caps", "client.cephstack"}
	for daemon, text := range caps {
		if text != "" {
			args = append(args, daemon, text)
		}
	}
	o.Ceph(args...)
	keyring := filepath.Join(o.t.TempDir(), "keyring")
	require.NoError(o.t, os.WriteFile(keyring, []byte(o.Ceph("auth", "get", "client.cephstack")), 0o600))
	return cephcli.New(remote.Local{}, cephcli.Options{Conf: o.Conf, Name: "client.cephstack", Keyring: keyring})
}

func (o *operator) integration(caps ceph.Caps) *integrate.Integration {
	o.t.Helper()
	cli := o.as(caps)
	w := o.fakes.World
	w.Clusters = map[string]world.Cluster{"ceph": {Mon: cli, Images: cli}}
	in, err := integrate.New(integrate.Config{Spec: o.spec, World: w, Settle: time.Millisecond, Poll: time.Millisecond})
	require.NoError(o.t, err)
	return in
}

// plan gives the codes and objects of the problems of a plan.
func (o *operator) plan(in *integrate.Integration) (*integrate.Plan, []string) {
	o.t.Helper()
	plan, err := in.Plan(o.t.Context(), integrate.PlanOptions{})
	require.NoError(o.t, err)
	var problems []string
	for _, p := range plan.Problems() {
		problems = append(problems, p.Code+" "+p.Object)
		o.t.Log(p.Message)
	}
	return plan, problems
}

// apply gives the IDs of the changes that fail, for lack of a right.
func (o *operator) apply(caps ceph.Caps) []string {
	o.t.Helper()
	in := o.integration(caps)
	plan, problems := o.plan(in)
	require.Empty(o.t, problems)
	result, err := in.Apply(o.t.Context(), plan, integrate.ApplyOptions{})
	var failed []string
	if errors.Is(err, world.ErrLock) {
		assert.ErrorIs(o.t, err, ceph.ErrDenied)
		failed = append(failed, "lock")
	}
	for _, outcome := range result.Outcomes {
		if outcome.Status == integrate.Failed {
			failed = append(failed, outcome.Change.ID)
			assert.ErrorIs(o.t, outcome.Err, ceph.ErrDenied, outcome.Change.ID)
		}
	}
	return failed
}

// look is what Verify looks at besides the comparison of a plan: images, clones and the trash.
func (o *operator) look(caps ceph.Caps) map[string]error {
	o.t.Helper()
	cli, all := o.as(caps), map[string]error{}
	_, all["inspect an image"] = cli.Inspect(o.t.Context(), "images", "cirros")
	_, all["inspect a clone"] = cli.Inspect(o.t.Context(), "volumes", "volume-1")
	for _, pool := range []string{"images", "volumes", "vms"} {
		_, all["list "+pool] = cli.List(o.t.Context(), pool)
		_, all["trash of "+pool] = cli.Trash(o.t.Context(), pool)
	}
	return all
}

// rightsSpec asks for each kind of command. Pools and users have a suffix, so that they are new ones.
func rightsSpec(suffix string) spec.Spec {
	return spec.Spec{
		Release: "zed", Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph", User: "cephstack", Pools: []spec.Pool{
			{Name: "images" + suffix, MaxObjects: 1000}, {Name: "volumes" + suffix, PGNum: 8}}}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
		},
		Glance: &spec.Glance{Pool: "images" + suffix, User: "glance" + suffix},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", Pool: "volumes" + suffix, User: "cinder" + suffix}}},
		Nova:   &spec.Nova{Pool: "vms" + suffix, User: "cinder" + suffix},
	}
}

// before makes what an apply has to change: a pool with other settings, and a user with other rights.
func (o *operator) before(suffix string) {
	o.Ceph("osd", "pool", "create", "volumes"+suffix, "4")
	o.Ceph("osd", "pool", "create", "vms"+suffix, "4")
	o.Ceph("auth", "get-or-create", "client.cinder"+suffix, "mon", "allow r")
}

// without leaves a clause out, which has to be there.
func without(t *testing.T, caps ceph.Caps, part string) ceph.Caps {
	t.Helper()
	less, found := ceph.Caps{}, 0
	for daemon, text := range caps {
		clauses := strings.Split(text, ", ")
		is := func(c string) bool { return c == part || strings.HasPrefix(c, part+" with ") }
		kept := slices.DeleteFunc(slices.Clone(clauses), is)
		found += len(clauses) - len(kept)
		less[daemon] = strings.Join(kept, ", ")
	}
	require.Equal(t, 1, found, "%s is one clause of %v", part, caps)
	return less
}

// TestRightsOfAnOperator: with the rights of RightsFor, a plan, an apply and a verification are whole in a real
// cluster. Without any one of them, a step that the test names is refused.
func TestRightsOfAnOperator(t *testing.T) {
	live := cephlive.Start(t, 1)
	s := rightsSpec("")
	o, rights := newOperator(t, live, s), connect.RightsFor(s, "ceph")
	o.before("")
	for part, want := range planSteps() {
		_, problems := o.plan(o.integration(without(t, rights.Plan, part)))
		assert.Contains(t, problems, want, "a plan without %s", part)
	}
	plan, problems := o.plan(o.integration(rights.Plan))
	require.Empty(t, problems)
	require.False(t, plan.Empty())
	require.Empty(t, o.apply(rights.Apply))
	plan, problems = o.plan(o.integration(rights.Plan))
	assert.Empty(t, problems)
	assert.True(t, plan.Empty(), "%s", plan)
	o.verify(rights)
	o.refusals(rights.Apply)

	for i, step := range applySteps() {
		suffix := string(rune('a' + i))
		o := newOperator(t, live, rightsSpec(suffix))
		o.before(suffix)
		right, fails := strings.ReplaceAll(step.right, "*", suffix), strings.ReplaceAll(step.fails, "*", suffix)
		caps := connect.RightsFor(o.spec, "ceph").Apply
		assert.Contains(t, o.apply(without(t, caps, right)), fails, "an apply without %s", right)
	}
	clauses := len(planSteps()) + len(applySteps())
	assert.Equal(t, clauses, strings.Count(rights.Apply["mon"]+rights.Apply["osd"], ", ")+2, "each right is left out once")
}

// planSteps are the problems of a plan without a right.
func planSteps() map[string]string {
	const all = "cluster-unreadable "
	return map[string]string{"allow r": all, `allow command "auth get"`: all, "profile rbd-read-only pool=vms": all}
}

// A step is what fails without a right. A star stands for the suffix of names.
type step struct{ right, fails string }

// applySteps are those of an apply that begins with a plan.
func applySteps() []step {
	return []step{
		{`allow command "auth get-or-create"`, "user/ceph/client.glance*"},
		{`allow command "auth caps"`, "user/ceph/client.cinder*"},
		{`allow command "osd pool create"`, "pool/ceph/images*"},
		{`allow command "osd pool set-quota"`, "pool/ceph/images*"},
		{`allow command "osd pool set"`, "pool/ceph/volumes*"},
		{`allow command "osd pool application enable"`, "pool/ceph/images*"},
		{"profile rbd pool=images*", "pool/ceph/images*"},
		{"profile rbd pool=volumes*", "pool/ceph/volumes*"},
		{"allow rwx pool=cephstack", "lock"},
	}
}

func (o *operator) verify(rights connect.Rights) {
	t := o.t
	t.Helper()
	report, err := o.integration(rights.Verify).Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
	require.NoError(t, o.AddImage(ceph.Image{Pool: "images", Name: "cirros", Size: 1 << 20}))
	require.NoError(t, o.AddSnapshot("images", "cirros", "snap", true))
	require.NoError(t, o.Clone(ceph.Parent{Pool: "images", Image: "cirros", Snapshot: "snap"}, "volumes", "volume-1"))
	for what, err := range o.look(rights.Verify) {
		assert.NoError(t, err, what)
	}
	for pool, want := range map[string]string{"images": "inspect an image", "volumes": "inspect a clone",
		"vms": "trash of vms"} {
		assert.ErrorIs(t, o.look(without(t, rights.Verify, "profile rbd-read-only pool="+pool))[want], ceph.ErrDenied, want)
	}
}

// refusals: what the rights are not for stays out of reach.
func (o *operator) refusals(caps ceph.Caps) {
	o.t.Helper()
	cluster, ctx := ceph.New(o.as(caps)), context.Background()
	_, err := cluster.User(ctx, "client.admin")
	assert.ErrorIs(o.t, err, ceph.ErrDenied)
	_, err = cluster.CreateUser(ctx, "client.other", ceph.Caps{"mon": "allow *"})
	assert.ErrorIs(o.t, err, ceph.ErrDenied)
	err = cluster.SetCaps(ctx, "client.cephstack", ceph.Caps{}, ceph.Caps{"mon": "allow *"})
	assert.ErrorIs(o.t, err, ceph.ErrDenied)
	assert.ErrorIs(o.t, cluster.CreatePool(ctx, ceph.Pool{Name: "other", Application: "rbd"}), ceph.ErrDenied)
}
