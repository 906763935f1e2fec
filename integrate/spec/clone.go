package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
)

// Clone is a copy of the Spec that shares nothing with it: a change to one is not
// seen through the other.
func (s Spec) Clone() Spec { return clone(reflect.ValueOf(s)).Interface().(Spec) }

func clone(v reflect.Value) reflect.Value {
	to := reflect.New(v.Type()).Elem()
	if _, ok := secret(v); ok { // nothing changes what it holds
		to.Set(v)
		return to
	}
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			to.Field(i).Set(clone(v.Field(i)))
		}
	case !nillable(v):
		to.Set(v)
	case v.IsNil():
	case v.Kind() == reflect.Pointer:
		to.Set(reflect.New(v.Type().Elem()))
		to.Elem().Set(clone(v.Elem()))
	case v.Kind() == reflect.Slice:
		to.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			to.Index(i).Set(clone(v.Index(i)))
		}
	case v.Kind() == reflect.Map:
		to.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for key, value := range v.Seq2() {
			to.SetMapIndex(key, clone(value))
		}
	}
	return to
}

func nillable(v reflect.Value) bool {
	return v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice || v.Kind() == reflect.Map
}

// Digest is the SHA-256 of the Spec, as sha256:<hex>. Two Specs have the same
// digest exactly if all of their fields are the same. Every field counts, as it is
// written: a default that is spelled out counts, the order of a list counts, and so
// does the folder of Load, which is in the paths. A field whose list or map is empty
// is as one that is not there. The contents of the files that a Spec names do not
// count, so that no key and no password of theirs is in the digest. A Secret counts, and
// nothing of the digest gives it away but a guess at the whole Spec that is right.
//
// A field that a later version of this package adds changes no digest of a Spec
// that does not use the field.
func (s Spec) Digest() string {
	h := sha256.New()
	fmt.Fprintln(h, "cephstack Spec 1")
	canonical(h, reflect.ValueOf(s))
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// canonical writes a value so that no two values are written alike: texts have
// their length before them, fields go by name, and what is empty is left out.
func canonical(w io.Writer, v reflect.Value) {
	if s, ok := secret(v); ok {
		fmt.Fprintf(w, "text %d %s\n", s.Len(), s.Reveal())
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		fields := map[string]reflect.Value{}
		for i := range v.NumField() {
			if !isEmpty(v.Field(i)) {
				fields[yamlName(v.Type().Field(i))] = v.Field(i)
			}
		}
		each(w, fields)
	case reflect.Map:
		entries := map[string]reflect.Value{}
		for key, value := range v.Seq2() {
			entries[key.String()] = value
		}
		each(w, entries)
	case reflect.Slice:
		fmt.Fprintf(w, "list %d\n", v.Len())
		for i := range v.Len() {
			canonical(w, v.Index(i))
		}
	case reflect.Pointer:
		canonical(w, v.Elem())
	case reflect.String:
		fmt.Fprintf(w, "text %d %s\n", v.Len(), v.String())
	default:
		fmt.Fprintf(w, "%v\n", v.Interface())
	}
}

// each writes named values in the order of their names.
func each(w io.Writer, values map[string]reflect.Value) {
	fmt.Fprintf(w, "names %d\n", len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(w, "%d %s ", len(name), name)
		canonical(w, values[name])
	}
}

// isEmpty reports whether a field is as if it were not there. A pointer that is set
// is there, also when it points to nothing but defaults.
func isEmpty(v reflect.Value) bool {
	if s, ok := secret(v); ok {
		return s.IsZero()
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		for i := range v.NumField() {
			if !isEmpty(v.Field(i)) {
				return false
			}
		}
		return true
	}
	return v.IsZero()
}
