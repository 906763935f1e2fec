package spec_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
)

// TestTextsThatWouldTakeForEver: aliases that stand for aliases, depth, and size end soon, in an
// error that can be read.
func TestTextsThatWouldTakeForEver(t *testing.T) {
	aliases := func(first, more string) string {
		text := "a0: &a0 " + first + "\n"
		for i := 1; i < 12; i++ {
			text += fmt.Sprintf("a%d: &a%d ", i, i) + strings.ReplaceAll(more, "A", fmt.Sprintf("*a%d", i-1)) + "\n"
		}
		return text
	}
	lists := aliases("[x, x, x, x, x, x, x, x, x]", "[A, A, A, A, A, A, A, A, A]")
	merges := aliases("{name: x}", "{<<: [A, A, A, A, A, A, A, A, A]}")
	endSoon(t, map[string]string{
		"lists of nothing":   lists,
		"lists of hosts":     lists + "hosts: *a11\n",
		"lists of services":  lists + "hosts: [{name: a, services: *a11}]\n",
		"merges of nothing":  merges,
		"merges of a host":   merges + "hosts: [*a11]\n",
		"merges of the Spec": aliases("{release: zed}", "{<<: [A, A, A, A, A, A, A, A, A]}") + "<<: *a11\n",
		"merges of options":  merges + "clusters: [{name: a, conf: {client: *a11}}]\n",
		"hosts by aliases": "x: &h {name: a, services: [b, c, d, e, f, g]}\nhosts: [*h" + strings.Repeat(", *h", 50_000) +
			"]\n",
		"depth of a flow":   "hosts: " + strings.Repeat("[", 1<<20),
		"depth of a block":  "hosts:\n" + strings.Repeat("- ", 1<<20) + "x\n",
		"depth of mappings": "hosts: " + strings.Repeat("{a: ", 1<<20),
		"size":              "release: " + strings.Repeat("x", 50<<20),
		"one long text":     "release: zed\nssh: {user: " + strings.Repeat("x", 20<<20) + "}\n",
		"bad hosts":         "hosts:\n" + strings.Repeat("- {name: \"\\t\"}\n", 50_000),
		"names of groups": "groups: {a: {services: &s [" + strings.Repeat("a, ", 1000) + "]}}\nhosts: [" +
			strings.Repeat("{name: a, group: b}, ", 50_000) + "]\n",
		"merges of groups": merges + "groups: {a: *a11}\n",
		"bombs for anchors": "x-a: &x [a, a, a, a, a, a, a, a]\nx-b: &y [*x, *x, *x, *x, *x, *x, *x, *x]\n" +
			"hosts: [{name: a, group: *y}]\n",
		"merges around hosts": "<<: [" + strings.Repeat("{x-a: b}, ", 50_000) + "{hosts: [" +
			strings.Repeat("{name: 'a b', disks: x}, ", 9_000) + "]}]\n",
		"names of the top": strings.Repeat("a: b\n", 1<<16),
		"unknown fields":   "hosts:\n" + strings.Repeat("- {what: x}\n", 50_000),
	})
}

// TestRangesThatWouldTakeForEver: what is counted before a name is made takes no time and no memory.
func TestRangesThatWouldTakeForEver(t *testing.T) {
	endSoon(t, map[string]string{
		"a range":           "hosts: [{name: 'c[1-999999999]'}]\n",
		"many ranges":       "hosts: [{name: '" + strings.Repeat("[1-9999]", 1000) + "'}]\n",
		"ranges of nothing": "hosts: [{name: '" + strings.Repeat("[1]", 5<<20) + "'}]\n",
		"a list of numbers": "hosts: [{name: 'c[1" + strings.Repeat(",1", 5<<20) + "]'}]\n",
		"a long range":      "hosts: [{name: 'c[1-9999]" + strings.Repeat("x", 5<<20) + "'}]\n",
		"a long domain":     "hosts: [{name: 'c[1-9999]', address: ." + strings.Repeat("x", 5<<20) + "}]\n",
		"a long address":    "hosts: [{name: 'c[1-9999]', address: '10.0.0.[1-9999]" + strings.Repeat("x", 5<<20) + "'}]\n",
		"a long port":       "hosts: [{name: 'c[1-9999]', address: '[10::[1-9999]]" + strings.Repeat(":2", 5<<20) + "'}]\n",
		"a far address":     "hosts: [{name: 'c[1-9]', address: '10.0.0.[999999999999991-999999999999999]'}]\n",
		"the same hosts":    "hosts: [{name: 'c[1-5000]'}, {name: 'C[1-5000]'}]\n",
		"hosts of aliases": "x-h: &h {name: 'c[1-10000]', services: [nova-compute]}\nhosts: [*h" +
			strings.Repeat(", *h", 10_000) + "]\n",
		"many services": "hosts: [{name: 'c[1-9999]', services: [" + strings.Repeat("a, ", 1<<17) + "]}]\n",
		"services":      "hosts: [{name: c, services: [" + strings.Repeat("a, ", 1<<17) + "]}]\n",
		"groups":        "groups: {" + strings.Repeat("a: {}, ", 100_000) + "}\nhosts: [{name: a, group: b}]\n",
	})
}

func endSoon(t *testing.T, texts map[string]string) {
	t.Helper()
	for i, name := range slices.Sorted(maps.Keys(texts)) {
		if testing.Short() && i%4 != 0 {
			continue
		}
		text := texts[name]
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, err := spec.Load(strings.NewReader(text), "/specs")
			require.Error(t, err)
			said := err.Error()
			assert.Less(t, time.Since(began), time.Minute)
			assert.NotEmpty(t, said)
			t.Log(time.Since(began), len(said))
		})
	}
}
