package spec_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// full is a Spec in which every field is set. Fields that Spec gets later are set, too.
func full(t *testing.T) spec.Spec {
	t.Helper()
	var s spec.Spec
	n := 0
	fill(t, reflect.ValueOf(&s).Elem(), &n)
	require.Greater(t, n, 80)
	return s
}

// fill sets a value to something that is nowhere else.
func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	if v.Type() == reflect.TypeFor[spec.Secret]() {
		v.Set(reflect.ValueOf(spec.NewSecret(fmt.Sprintf("text%d", *n))))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, key, n)
			fill(t, value, n)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("text%d", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	default:
		t.Fatalf("a field of a Spec has the kind %s, which Clone and Digest do not know", v.Kind())
	}
}

// leaves are ways to change each single value that a Spec holds, by its place.
func leaves(v reflect.Value, path string, change func(path string, do func())) {
	if s, ok := v.Interface().(spec.Secret); ok {
		change(path, func() { v.Set(reflect.ValueOf(spec.NewSecret(s.Reveal() + "x"))) })
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), path+"."+v.Type().Field(i).Name, change)
		}
	case reflect.Pointer:
		leaves(v.Elem(), path, change)
	case reflect.Slice:
		for i := range v.Len() {
			leaves(v.Index(i), fmt.Sprintf("%s[%d]", path, i), change)
		}
		swap := reflect.Swapper(v.Interface())
		change(path+" in another order", func() { swap(0, 1) })
		change(path+" shorter", func() { v.Set(v.Slice(0, 1)) })
	case reflect.Map:
		keys := slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int {
			return strings.Compare(a.String(), b.String())
		})
		for _, key := range keys {
			if v.Type().Elem().Kind() == reflect.Map {
				leaves(v.MapIndex(key), path+"."+key.String(), change)
			}
			change(path+"."+key.String(), func() { v.SetMapIndex(key, reflect.Zero(v.Type().Elem())) })
			change(path+" without "+key.String(), func() { v.SetMapIndex(key, reflect.Value{}) })
		}
	case reflect.String:
		change(path, func() { v.SetString(v.String() + "x") })
	case reflect.Bool:
		change(path, func() { v.SetBool(!v.Bool()) })
	default:
		change(path, func() { v.SetInt(v.Int() + 1) })
	}
}

// pointers are the addresses of all that a value refers to.
func pointers(v reflect.Value) (all []uintptr) {
	if v.Type() == reflect.TypeFor[spec.Secret]() { // nothing changes what it holds
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			all = append(all, pointers(v.Field(i))...)
		}
	case reflect.Pointer:
		all = append(all, v.Pointer())
		all = append(all, pointers(v.Elem())...)
	case reflect.Slice:
		all = append(all, v.Pointer())
		for i := range v.Len() {
			all = append(all, pointers(v.Index(i))...)
		}
	case reflect.Map:
		all = append(all, v.Pointer())
		for _, value := range v.Seq2() {
			all = append(all, pointers(value)...)
		}
	}
	return all
}

func TestACloneSharesNothing(t *testing.T) {
	s := full(t)
	c := s.Clone()
	require.Equal(t, s, c)
	shared := pointers(reflect.ValueOf(s))
	require.Greater(t, len(shared), 20)
	for _, p := range pointers(reflect.ValueOf(c)) {
		assert.False(t, slices.Contains(shared, p))
	}
	before := full(t)
	leaves(reflect.ValueOf(&c).Elem(), "", func(path string, do func()) {
		do()
		require.Equal(t, before, s, "%s of the clone was changed", path)
	})
}

func TestACloneKeepsWhatIsNotThere(t *testing.T) {
	assert.Equal(t, spec.Spec{}, spec.Spec{}.Clone())
	s := spec.Spec{Hosts: []spec.Host{}, Nova: &spec.Nova{},
		Clusters: []spec.Cluster{{Conf: map[string]map[string]string{"global": nil}}}}
	assert.Equal(t, s, s.Clone())
}

func TestEveryFieldCountsInTheDigest(t *testing.T) {
	whole := full(t)
	seen := map[string]string{whole.Digest(): "nothing"}
	changes := 0
	var paths []string
	leaves(reflect.ValueOf(&whole).Elem(), "", func(path string, _ func()) { paths = append(paths, path) })
	for i := range paths {
		s, at := full(t), 0
		leaves(reflect.ValueOf(&s).Elem(), "", func(_ string, do func()) {
			if at == i {
				do()
			}
			at++
		})
		digest := s.Digest()
		assert.Empty(t, seen[digest], "%s has the digest of another change", paths[i])
		seen[digest] = paths[i]
		changes++
	}
	assert.Greater(t, changes, 100)
}

func TestEqualSpecsHaveEqualDigests(t *testing.T) {
	s := full(t)
	assert.Equal(t, s.Digest(), s.Clone().Digest())
	assert.Equal(t, full(t).Digest(), s.Digest())
	assert.Regexp(t, "^sha256:[0-9a-f]{64}$", s.Digest())
	assert.Equal(t, spec.Spec{}.Digest(), spec.Spec{Hosts: []spec.Host{}}.Digest(), "an empty list is none")
	assert.NotEqual(t, spec.Spec{}.Digest(), spec.Spec{Nova: &spec.Nova{}}.Digest(), "nova: {} asks for something")
}

// TestTheDigestStays: the digest of a Spec is the same in all versions of the program, so
// that a stored plan can be applied after an update.
func TestTheDigestStays(t *testing.T) {
	assert.Equal(t, "sha256:49dda3d033f6c95827442184324f45ca3e7d8dc6627732764cf901d92f82541c", exampleSpec().Digest())
}

// TestTextsDoNotRunIntoEachOther in what the digest is made of.
func TestTextsDoNotRunIntoEachOther(t *testing.T) {
	a := spec.Spec{SSH: spec.SSH{KeyFiles: []string{"a\ntext 1 b", "c"}}}
	b := spec.Spec{SSH: spec.SSH{KeyFiles: []string{"a", "b\ntext 1 c"}}}
	assert.NotEqual(t, a.Digest(), b.Digest())
	assert.NotContains(t, strings.Join([]string{a.Digest(), b.Digest()}, ""), "\n")
}
