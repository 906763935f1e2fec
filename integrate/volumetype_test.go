package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

func withSpecs() spec.Spec {
	s := twoClusters()
	s.Cinder.Backends[1].ExtraSpecs = map[string]string{"multiattach": "<is> True", "RESKEY:availability_zones": "az1,az2"}
	return s
}

func TestExtraSpecs(t *testing.T) {
	w, in := open(t, withSpecs())
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	types, err := w.Cloud.VolumeTypes(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"volume_backend_name": "fast", "multiattach": "<is> True",
		"RESKEY:availability_zones": "az1,az2"}, types["fast"])
	assert.Equal(t, map[string]string{"volume_backend_name": "slow"}, types["slow"])

	// Somebody changes one and adds one.
	require.NoError(t, w.Cloud.SetVolumeTypeSpecs(t.Context(), "fast", map[string]string{"multiattach": "<is> False",
		"theirs": "1"}))
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.ErrorIs(t, err, integrate.ErrChecks)
	assert.Equal(t, integrate.Fail, check(report, "volume types").Status)
	c := change(plan(t, in), "volume-type/cloud/fast")
	require.NotNil(t, c)
	assert.Equal(t, integrate.Update, c.Action)
	assert.Equal(t, []integrate.FieldDiff{{Field: "multiattach", Observed: "<is> False", Desired: "<is> True"}}, c.Diffs)
	apply(t, in)
	types, err = w.Cloud.VolumeTypes(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "1", types["fast"]["theirs"], "what is not owned stays")
	assert.True(t, plan(t, in).Empty())
}

// TestExtraSpecsOfATypeInUse: Cinder would refuse, and the plan knows it.
func TestExtraSpecsOfATypeInUse(t *testing.T) {
	w, in := open(t, twoClusters())
	apply(t, in)
	v, err := w.Cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, Type: "fast"})
	require.NoError(t, err)
	in, err = integrate.New(integrate.Config{Spec: withSpecs(), World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	p := plan(t, in)
	assert.Nil(t, change(p, "volume-type/cloud/fast"))
	assert.Contains(t, p.String(), "volume type fast: its extra specs are not as the Spec says, and Cinder changes no "+
		"type that has volumes ("+v.ID+")")

	// A volume that came since is Cinder's to refuse.
	require.NoError(t, w.Cloud.DeleteVolume(t.Context(), v.ID))
	p = plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	v, err = w.Cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, Type: "fast"})
	require.NoError(t, err)
	result, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorContains(t, err, "Volume Type is currently in use")
	assert.Equal(t, 1, result.Count(integrate.Failed))
	require.NoError(t, w.Cloud.DeleteVolume(t.Context(), v.ID))
	apply(t, in)
}

// TestATypeThatChangedSinceThePlan: nothing is written over what somebody did.
func TestATypeThatChangedSinceThePlan(t *testing.T) {
	set := func(specs map[string]string) func(*testing.T, *integratetest.World) {
		return func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Cloud.SetVolumeTypeSpecs(t.Context(), "fast", specs))
		}
	}
	remove := func(t *testing.T, w *integratetest.World) {
		require.NoError(t, w.Cloud.DeleteVolumeType(t.Context(), "fast"))
	}
	create := func(specs map[string]string) func(*testing.T, *integratetest.World) {
		return func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Cloud.CreateVolumeType(t.Context(), "fast", specs))
		}
	}
	all := map[string]string{"volume_backend_name": "fast", "multiattach": "<is> True",
		"RESKEY:availability_zones": "az1,az2"}
	for name, c := range map[string]struct {
		before, after func(*testing.T, *integratetest.World)
		conflict      bool
	}{
		"another value": {set(map[string]string{"multiattach": "<is> False"}),
			set(map[string]string{"multiattach": "maybe"}), true},
		"another backend": {set(map[string]string{"multiattach": "<is> False"}),
			set(map[string]string{"volume_backend_name": "slow"}), true},
		"gone":             {set(map[string]string{"multiattach": "<is> False"}), remove, true},
		"made by somebody": {remove, create(map[string]string{"volume_backend_name": "fast"}), true},
		"made for another": {remove, create(map[string]string{"volume_backend_name": "slow"}), true},
		"done by somebody": {set(map[string]string{"multiattach": "<is> False"}),
			set(map[string]string{"multiattach": "<is> True"}), false},
		"made as it is wanted": {remove, create(all), false},
		"something else": {set(map[string]string{"multiattach": "<is> False"}),
			set(map[string]string{"theirs": "1"}), false},
	} {
		t.Run(name, func(t *testing.T) {
			w, in := open(t, withSpecs())
			apply(t, in)
			c.before(t, w)
			p := plan(t, in)
			require.NotNil(t, change(p, "volume-type/cloud/fast"))
			c.after(t, w)
			theirs, err := w.Cloud.VolumeTypes(t.Context())
			require.NoError(t, err)
			r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			now, listErr := w.Cloud.VolumeTypes(t.Context())
			require.NoError(t, listErr)
			if !c.conflict {
				require.NoError(t, err)
				assert.Equal(t, name != "something else", r.Count(integrate.Unchanged) == 1, "nothing was written")
				assert.Subset(t, now["fast"], all)
				return
			}
			require.ErrorIs(t, err, integrate.ErrConflict)
			assert.Equal(t, 1, r.Count(integrate.Failed))
			assert.Equal(t, theirs, now)
		})
	}
}

func TestATypeOfAnotherBackend(t *testing.T) {
	w, in := open(t, twoClusters())
	w.API.AddVolumeType("fast", "slow")
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.Contains(t, p.String(), `volume type fast: exists and is bound to backend "slow", not to fast`)
	assert.Nil(t, change(p, "volume-type/cloud/fast"))
	assert.NotNil(t, change(p, "volume-type/cloud/safe"))
}
