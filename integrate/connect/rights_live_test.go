package connect_test

import (
	"context"
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

// rightsSpec asks for each kind of command.
func rightsSpec() spec.Spec {
	return spec.Spec{
		Release: "zed", Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph", User: "cephstack", Pools: []spec.Pool{
			{Name: "images", MaxObjects: 1000}, {Name: "volumes", PGNum: 8}}}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
		},
		Glance: &spec.Glance{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}},
		Nova:   &spec.Nova{},
	}
}

// before makes what an apply has to change: pools with other settings, a user with other rights. The lock has a pool.
func (o *operator) before() {
	for _, pool := range []string{"volumes", "vms", "cephstack"} {
		o.Ceph("osd", "pool", "create", pool, "4")
	}
	o.Ceph("auth", "get-or-create", "client.cinder", "mon", "allow r")
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
	s := rightsSpec()
	o, rights := newOperator(t, live, s), connect.RightsFor(s, "ceph")
	o.before()
	for _, right := range planRights() {
		_, problems := o.plan(o.integration(without(t, rights.Plan, right)))
		assert.Contains(t, problems, "cluster-unreadable ", "a plan without %s", right)
	}
	left := map[string]bool{"allow r": true, `allow command "auth get"`: true}
	refused := func(s step) {
		err := s.do(t.Context(), ceph.New(o.as(without(t, rights.Apply, s.right))))
		assert.ErrorIs(t, err, ceph.ErrDenied, "without %s", s.right)
		left[s.right] = true
	}
	for _, s := range applySteps() {
		refused(s)
	}
	live.Ceph("osd", "pool", "create", "images", "4")
	refused(step{"profile rbd pool=images", ready("images")})
	live.Ceph("config", "set", "mon", "mon_allow_pool_delete", "true")
	live.Ceph("osd", "pool", "rm", "images", "images", "--yes-i-really-really-mean-it")
	assert.Len(t, left, strings.Count(rights.Apply["mon"]+rights.Apply["osd"], ", ")+2, "each right is left out once")

	in := o.integration(rights.Plan)
	plan, problems := o.plan(in)
	require.Empty(t, problems)
	require.NotEmpty(t, plan.Changes)
	_, err := o.integration(rights.Apply).Apply(t.Context(), plan, integrate.ApplyOptions{})
	require.NoError(t, err)
	plan, problems = o.plan(o.integration(rights.Plan))
	assert.Empty(t, problems)
	assert.True(t, plan.Empty(), "%s", plan)
	o.verify(rights)
	o.refusals(rights.Apply)
}

// planRights are those without which a plan cannot read the cluster.
func planRights() []string {
	return []string{"allow r", `allow command "auth get"`, "profile rbd-read-only pool=vms"}
}

// A step is a part of an apply, as package integrate does it, and the right that it needs.
type step struct {
	right string
	do    func(context.Context, *ceph.Cluster) error
}

// ready readies a pool for RBD.
func ready(pool string) func(context.Context, *ceph.Cluster) error {
	return func(ctx context.Context, c *ceph.Cluster) error {
		return c.Batch(ctx, ceph.Request{InitPool: pool})[0].Err
	}
}

// applySteps are in the state before the apply: none of them has an effect.
func applySteps() []step {
	change := func(p ceph.Pool) func(context.Context, *ceph.Cluster) error {
		return func(ctx context.Context, c *ceph.Cluster) error { return c.UpdatePool(ctx, p) }
	}
	return []step{
		{`allow command "auth get-or-create"`, func(ctx context.Context, c *ceph.Cluster) error {
			_, err := c.CreateUser(ctx, "client.glance", ceph.Caps{"mon": "profile rbd"})
			return err
		}},
		{`allow command "auth caps"`, func(ctx context.Context, c *ceph.Cluster) error {
			return c.SetCaps(ctx, "client.cinder", ceph.Caps{"mon": "allow r"}, ceph.Caps{"mon": "profile rbd"})
		}},
		{`allow command "osd pool create"`, func(ctx context.Context, c *ceph.Cluster) error {
			return c.CreatePool(ctx, ceph.Pool{Name: "images", Application: "rbd"})
		}},
		{`allow command "osd pool set"`, change(ceph.Pool{Name: "volumes", PGNum: 8})},
		{`allow command "osd pool set-quota"`, change(ceph.Pool{Name: "volumes", MaxObjects: 1000})},
		{`allow command "osd pool application enable"`, change(ceph.Pool{Name: "volumes", Application: "rbd"})},
		{"profile rbd pool=volumes", ready("volumes")},
		{"profile rbd pool=vms", ready("vms")},
		{"allow rwx pool=cephstack", func(ctx context.Context, c *ceph.Cluster) error {
			return c.TakeLock(ctx, ceph.Lock{Pool: "cephstack", Object: "x", ID: "1", Term: time.Minute})
		}},
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
