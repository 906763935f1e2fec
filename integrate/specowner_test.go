package integrate_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// spoilAll changes every text, number and switch that a value refers to, and empties its
// maps: what an owner of the value could do to it.
func spoilAll(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			spoilAll(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				spoilAll(f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoilAll(v.Index(i))
		}
	case reflect.Map:
		v.Clear()
	case reflect.String:
		v.SetString("spoiled " + v.String())
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	}
}

// TestASpecMayBeChangedAfterNew: the Integration does not notice.
func TestASpecMayBeChangedAfterNew(t *testing.T) {
	full := func() spec.Spec {
		s := exampleSpec()
		s.Clusters[0].Conf = map[string]map[string]string{"client": {"rbd_cache": "true"}}
		s.Prepare = &spec.Prepare{Guests: &spec.Guests{}}
		return s
	}
	w := integratetest.Open(t, full())
	given := full()
	in, err := integrate.New(integrate.Config{Spec: given, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	before := plan(t, in)
	spoilAll(reflect.ValueOf(&given))
	require.NotEqual(t, full(), given)
	assert.Equal(t, before.String(), plan(t, in).String())
	assert.Equal(t, before.Digest, plan(t, in).Digest)
	_, err = in.Apply(t.Context(), stored(t, before), integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.True(t, plan(t, in).Empty())
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
}

// TestPartsOfASpecMayBeSharedAndChanged edits what a caller is likely to edit, one by one.
func TestPartsOfASpecMayBeSharedAndChanged(t *testing.T) {
	for name, edit := range map[string]func(*spec.Spec){
		"the name of a cluster":     func(s *spec.Spec) { s.Clusters[0].Name = "other" },
		"the pools of a cluster":    func(s *spec.Spec) { s.Clusters[0].Pools[0].Name = "other" },
		"the name of a host":        func(s *spec.Spec) { s.Hosts[1].Name = "other" },
		"the services of a host":    func(s *spec.Spec) { s.Hosts[0].Services[0] = "nova-compute" },
		"the backend's volume type": func(s *spec.Spec) { s.Cinder.Backends[0].VolumeType = "other" },
		"Glance's user":             func(s *spec.Spec) { s.Glance.User = "other" },
		"Nova's pool":               func(s *spec.Spec) { s.Nova.Pool = "other" },
	} {
		w := integratetest.Open(t, exampleSpec())
		given := exampleSpec()
		in, err := integrate.New(integrate.Config{Spec: given, World: w.World})
		require.NoError(t, err)
		before := plan(t, in)
		edit(&given)
		assert.Equal(t, before.Digest, plan(t, in).Digest, name)
	}
}
