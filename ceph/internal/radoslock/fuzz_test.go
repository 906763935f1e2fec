package radoslock_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/cephstack/cephstack/ceph/internal/radoslock"
)

// FuzzHolder: whoever wrote the tag of a lock, what people see of the holder can be printed, and the term is not
// negative.
func FuzzHolder(f *testing.F) {
	for _, text := range []string{"{}", `{"lockers": [{"name": "client.1\u001b[2J"}]}`,
		`{"tag": "{\"id\":\"a\",\"owner\":\"b\\u202e\",\"seconds\":60}", "lockers": [{"name": "client.1", "cookie": "c"}]}`,
		`{"tag": "{\"id\":\"a\",\"seconds\":9223372036854775807}", "lockers": [{}]}`,
		`{"tag": "{\"id\":\"a\",\"seconds\":-1}", "lockers": [{}]}`,
		`{"tag": "x", "lockers": [{"name": "b"}, {"name": "a"}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var info radoslock.Info
		if json.Unmarshal(data, &info) != nil {
			return
		}
		l, err := info.Holder("p", "o")
		if (err == nil) != (len(info.Lockers) > 0) {
			t.Fatalf("%q: %v", data, err)
		}
		odd := func(r rune) bool { return !unicode.IsPrint(r) }
		if strings.ContainsFunc(l.Owner+l.Host+l.Purpose, odd) || l.Term < 0 {
			t.Fatalf("%q is %+v", data, l)
		}
	})
}
