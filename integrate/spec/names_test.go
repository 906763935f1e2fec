package spec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ExampleExpandNames() {
	names, err := spec.ExpandNames("c[01-03,07]")
	fmt.Println(names, err)
	fmt.Println(spec.FoldNames(append(names, "mon1")))
	// Output:
	// [c01 c02 c03 c07] <nil>
	// [c[01-03,07] mon1]
}

func TestNamesOfARange(t *testing.T) {
	for text, want := range map[string]string{
		"compute":          "compute",
		"":                 "",
		"c[1-3]":           "c1 c2 c3",
		"c[08-11].example": "c08.example c09.example c10.example c11.example",
		"c[8-11]":          "c8 c9 c10 c11",
		"c[007]":           "c007",
		"c[0-1]":           "c0 c1",
		"c[3,1,01-02]":     "c3 c1 c01 c02",
		"r[1-2]n[09-10]":   "r1n09 r1n10 r2n09 r2n10",
		"[1-2][1-2]":       "11 12 21 22",
	} {
		names, err := spec.ExpandNames(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, strings.Join(names, " "), text)
	}
	names, err := spec.ExpandNames("r[1-100]n[001-100]")
	require.NoError(t, err)
	assert.Len(t, names, 10_000)
	assert.Equal(t, []string{"r[1-100]n[001-100]"}, spec.FoldNames(names))
}

func TestTextsThatAreNoRange(t *testing.T) {
	for text, says := range map[string]string{
		"c[1-3":                               "has a [ without a ]",
		"c1-3]":                               "has a ] without a [",
		"c[[1-2]]":                            "has [[1-2]",
		"c[]":                                 "has []: brackets hold numbers and ranges of numbers, such as [001-400]",
		"c[1-]":                               "has [1-]: brackets",
		"c[-1]":                               "has [-1]: brackets",
		"c[1--2]":                             "has [1--2]: brackets",
		"c[1:3]":                              "has [1:3]: brackets",
		"c[a-f]":                              "has [a-f]: brackets",
		"c[+1-3]":                             "has [+1-3]: brackets",
		"c[1, 2]":                             "has [1, 2]: brackets",
		"c[3-1]":                              "has [3-1], which ends before it begins",
		"c[01-100]":                           "has [01-100]: with zeros in front, both ends have as many digits",
		"c[1-010]":                            "has [1-010]: with zeros",
		"c[1-999999999]":                      "has [1-999999999], which is more than 10000 hosts",
		"c[0-18446744073709551615]":           "has [0-18446744073709551615]: brackets",
		"c[1-101][1-100]":                     "stands for more than 10000 hosts",
		strings.Repeat("[1-9999]", 1000):      "stands for more than 10000 hosts",
		"c[1-2]" + strings.Repeat("x", 1<<20): "stands for names of more than 510 characters",
		strings.Repeat("[1]", 1<<20):          "stands for names of more than 510 characters",
		"c[" + strings.Repeat("1-10000,", 1<<20) + "1]":                   "which is more than 10000 hosts",
		"c[" + strings.TrimSuffix(strings.Repeat("1,", 1<<20), ",") + "]": "which is more than 10000 hosts",
	} {
		names, err := spec.ExpandNames(text)
		require.ErrorContains(t, err, says, "%.50s", text)
		assert.Less(t, len(err.Error()), 200)
		assert.Empty(t, names)
	}
}

func TestNamesAreFolded(t *testing.T) {
	for names, want := range map[string]string{
		"":                                 "",
		"compute":                          "compute",
		"compute compute":                  "compute",
		"c1 c2 c3 mon1":                    "c[1-3] mon1",
		"c3 mon1 c1 c2 c3":                 "c[1-3] mon1",
		"c1 c3 c5":                         "c[1,3,5]",
		"c8 c9 c10":                        "c[8-10]",
		"c08 c09 c10":                      "c[08-10]",
		"c98 c99 c100":                     "c[98-100]",
		"c098 c99 c100":                    "c[098,99-100]",
		"c01 c02 c98 c99 c100":             "c[01-02,98-100]",
		"c1 c01":                           "c[1,01]",
		"n1 5n1 5n2 n2":                    "n[1-2] 5n[1-2]",
		"12 13 x":                          "[12-13] x",
		"r1n1 r1n2 r2n1 r2n2":              "r[1-2]n[1-2]",
		"r1n1 r1n2 r2n1":                   "r1n[1-2] r2n1",
		"c1.dc1.example c2.dc1.example":    "c[1-2].dc1.example",
		"a1b2c3d4e5 a1b2c3d4e6 a2b2c3d4e5": "a1b2c3d4e[5-6] a2b2c3d4e5",
		"serial12345678901234567890":       "serial12345678901234567890",
	} {
		assert.Equal(t, want, strings.Join(spec.FoldNames(strings.Fields(names)), " "), names)
	}
}

// FuzzNames: what is folded expands to the same names, and what is expanded folds to texts
// that expand to the same.
func FuzzNames(f *testing.F) {
	for _, text := range []string{"c[01-03,07] mon1", "r[1-2]n[1-2]", "a1 a01 a001 1", "099 100 0100", "x[1-999999999]"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var names []string
		for part := range strings.FieldsSeq(text) {
			some, err := spec.ExpandNames(part)
			if err == nil && len(names)+len(some) <= 1000 {
				names = append(names, some...)
			}
		}
		var again []string
		for _, part := range spec.FoldNames(names) {
			some, err := spec.ExpandNames(part)
			require.NoError(t, err, "%q of %q", part, text)
			again = append(again, some...)
		}
		slices.Sort(names)
		slices.Sort(again)
		assert.Equal(t, slices.Compact(names), again, "%q", text)
	})
}
