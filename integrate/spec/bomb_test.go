package spec_test

import (
	"fmt"
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
	for name, text := range map[string]string{
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
		"unknown fields":    "hosts:\n" + strings.Repeat("- {what: x}\n", 50_000),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, err := spec.Load(strings.NewReader(text), "/specs")
			require.Error(t, err)
			said := err.Error()
			assert.Less(t, time.Since(began), 20*time.Second)
			assert.NotEmpty(t, said)
			t.Log(time.Since(began), len(said))
		})
	}
}
