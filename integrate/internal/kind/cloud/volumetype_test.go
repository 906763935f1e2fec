package cloud_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/kind/cloud"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

const (
	backendName = "volume_backend_name"
	multiattach = "multiattach"
	aKey        = "AQAIiglrODh5NxAAtOONtdH9jlKuA+thbpOxZQ=="
	zones       = "RESKEY:availability_zones"
)

func withSpecs() spec.Spec {
	s := example()
	s.Cinder.Backends[0].ExtraSpecs = map[string]string{multiattach: "<is> True", zones: "az1,az2"}
	return s
}

// all are the extra specs as they should be.
func all() map[string]string {
	return map[string]string{backendName: "fast", multiattach: "<is> True", zones: "az1,az2"}
}

func typed(specs map[string]string) *step.Cloud {
	return &step.Cloud{Types: map[string]map[string]string{"fast": specs}}
}

func TestVolumeTypes(t *testing.T) {
	id := cloud.VolumeTypeID("fast")
	d := compare(t, withSpecs(), &step.Cloud{}, nil).at(id)
	assert.Equal(t, step.Create, d.Action)
	assert.Equal(t, "the volume type does not exist", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: backendName, Desired: "fast"}, {Field: zones, Desired: "az1,az2"},
		{Field: multiattach, Desired: "<is> True"}}, d.Diffs)

	d = compare(t, withSpecs(), typed(map[string]string{backendName: "fast", multiattach: "<is> False",
		zones: "az1,az2", "theirs": "1"}), nil).at(id)
	assert.Equal(t, step.Update, d.Action)
	assert.Equal(t, "its extra specs are not as the Spec says", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: multiattach, Observed: "<is> False", Desired: "<is> True"}}, d.Diffs)

	d = compare(t, withSpecs(), typed(all()), nil).at(id)
	assert.Equal(t, step.Delta{Have: "fast -> fast"}, d)
}

func TestVolumeTypesThatAreLeftAlone(t *testing.T) {
	broken := errors.New("cinder does not answer")
	volumes := func(ids ...string) *step.Cloud {
		c := typed(map[string]string{backendName: "fast"})
		c.Volumes = []api.Volume{{ID: "of another type", Type: "slow"}}
		for _, id := range ids {
			c.Volumes = append(c.Volumes, api.Volume{ID: id, Type: "fast"})
		}
		return c
	}
	unknown := typed(map[string]string{backendName: "fast"})
	unknown.VolumesErr = broken
	for name, c := range map[string]struct {
		seen       *step.Cloud
		code, says string
		err        error
	}{
		"of another backend": {typed(map[string]string{backendName: "slow"}), "volume-type-of-another-backend",
			`exists and is bound to backend "slow", not to fast; ` +
				"name another volume_type for backend fast in the Spec, or change the type's volume_backend_name", nil},
		"in use": {volumes("v1", "v2", "v3", "v4", "v5", "v6"), "volume-type-in-use",
			"its extra specs are not as the Spec says, " +
				"and Cinder changes no type that has volumes (v1, v2, v3, v4, v5 and 1 more): retype or delete them, name " +
				"another volume_type, " +
				"or leave those extra_specs out", nil},
		"nobody knows": {unknown, "volumes-unknown", "is left as it is: whether it has volumes, with which it cannot be " +
			"changed, " +
			"cannot be told: cinder does not answer", broken},
	} {
		t.Run(name, func(t *testing.T) {
			d := compare(t, withSpecs(), c.seen, nil).at(cloud.VolumeTypeID("fast"))
			require.Len(t, d.Findings, 1)
			f := d.Findings[0]
			assert.Equal(t, c.code, f.Code)
			assert.Equal(t, "volume type fast", f.Object)
			assert.Equal(t, c.says, f.Message)
			assert.Equal(t, c.err, f.Err)
			assert.True(t, f.Problem && d.Refused && d.Do == nil)
		})
	}
	assert.NotNil(t, compare(t, withSpecs(), volumes(), nil).at(cloud.VolumeTypeID("fast")).Do)
}

// TestATypeOfTheNameThatTheBackendHas has the problem of the options as its cause: these say what to set.
func TestATypeOfTheNameThatTheBackendHas(t *testing.T) {
	at := step.AtHost("controller2")
	settings, unit := step.ID{Target: at, Kind: "settings", Name: cinderConf},
		step.ID{Target: at, Kind: "unit", Name: "cinder-volume.service"}
	for _, refused := range []bool{true, false} {
		hosts := map[step.ID]step.Delta{unit: {Refused: refused, Because: settings}}
		d := compare(t, withSpecs(), typed(map[string]string{backendName: "FAST"}), hosts).at(cloud.VolumeTypeID("fast"))
		require.Len(t, d.Findings, 1)
		assert.True(t, d.Refused && d.Findings[0].Problem)
		assert.Equal(t, refused, d.Because == settings)
		assert.Equal(t, d.Because, d.Findings[0].Because)
		if refused {
			assert.Equal(t, `exists and is bound to backend "FAST", not to fast; left alone until the problem of `+
				"/etc/cinder/cinder.conf on controller2 is solved, as FAST may be the name that backend fast has",
				d.Findings[0].Message)
		}
	}
}

// TestATypeThatChangedSinceThePlan: nothing is written over what somebody did.
func TestATypeThatChangedSinceThePlan(t *testing.T) {
	differs := map[string]string{backendName: "fast", multiattach: "<is> False", zones: "az1,az2"}
	with := func(name, value string) map[string]string {
		specs := maps.Clone(differs)
		specs[name] = value
		return specs
	}
	for name, c := range map[string]struct {
		before, after map[string]string // nil: there is none
		conflict      string
	}{
		"another value":        {differs, with(multiattach, "maybe"), `has multiattach "maybe" now; plan again`},
		"another backend":      {differs, with(backendName, "slow"), `has volume_backend_name "slow" now`},
		"a key":                {differs, with(multiattach, aKey), `has multiattach "sha256:`},
		"gone":                 {differs, nil, "the volume type is gone; plan again"},
		"made by somebody":     {nil, map[string]string{backendName: "fast"}, `has RESKEY:availability_zones "" now`},
		"made for another":     {nil, map[string]string{backendName: "slow"}, `has volume_backend_name "slow" now`},
		"done by somebody":     {differs, all(), ""},
		"made as it is wanted": {nil, all(), ""},
		"something else":       {differs, with("theirs", "1"), ""},
		"as it was":            {differs, differs, ""},
		"not there, still":     {nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			fake := openstacktest.Start(t, openstacktest.Config{})
			to, err := fake.CloudConfig(t.TempDir())
			require.NoError(t, err)
			client, err := api.Dial(t.Context(), to)
			require.NoError(t, err)
			if c.after != nil {
				require.NoError(t, client.CreateVolumeType(t.Context(), "fast", c.after))
			}
			seen := &step.Cloud{}
			if c.before != nil {
				seen = typed(c.before)
			}
			d := compare(t, withSpecs(), seen, nil).at(cloud.VolumeTypeID("fast"))
			change, ok := d.Do.(step.CloudStep)
			require.True(t, ok)
			theirs, err := client.VolumeTypes(t.Context())
			require.NoError(t, err)
			changed, err := change.Do(t.Context(), client)
			now, listErr := client.VolumeTypes(t.Context())
			require.NoError(t, listErr)
			if c.conflict != "" {
				require.ErrorIs(t, err, step.ErrConflict)
				require.ErrorContains(t, err, c.conflict)
				assert.Equal(t, theirs, now)
				assert.False(t, changed)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, !maps.EqualFunc(theirs, now, maps.Equal), changed, "it changed something if it wrote")
			for spec, value := range all() {
				assert.Equal(t, value, now["fast"][spec], spec)
			}
			assert.Equal(t, c.after["theirs"], now["fast"]["theirs"], "what is not owned stays")
		})
	}
}

// TestATypeThatSomebodyMakesAtTheSameTime: Cinder refuses the second one of two that are made at once.
func TestATypeThatSomebodyMakesAtTheSameTime(t *testing.T) {
	for theirs, conflict := range map[string]bool{"fast": false, "slow": true} {
		var fake *openstacktest.Server
		first := true
		fake = openstacktest.Start(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/types") && first {
				first = false
				fake.AddVolumeType("fast", theirs)
			}
			return 0, "", false
		}})
		to, err := fake.CloudConfig(t.TempDir())
		require.NoError(t, err)
		client, err := api.Dial(t.Context(), to)
		require.NoError(t, err)
		d := compare(t, example(), &step.Cloud{}, nil).at(cloud.VolumeTypeID("fast"))
		changed, err := d.Do.(step.CloudStep).Do(t.Context(), client)
		assert.False(t, changed)
		if conflict {
			require.ErrorIs(t, err, step.ErrConflict)
			require.ErrorContains(t, err, `has volume_backend_name "slow" now; plan again`)
		} else {
			require.NoError(t, err)
		}
		assert.False(t, first)
	}
}

// TestAPIsThatDoNotAnswer: the step fails, and nothing is assumed.
func TestAPIsThatDoNotAnswer(t *testing.T) {
	fake := openstacktest.Start(t, openstacktest.Config{})
	to, err := fake.CloudConfig(t.TempDir())
	require.NoError(t, err)
	client, err := api.Dial(t.Context(), to)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := compare(t, withSpecs(), &step.Cloud{}, nil).at(cloud.VolumeTypeID("fast"))
	changed, err := d.Do.(step.CloudStep).Do(ctx, client)
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, changed)
}
