package integrate_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
)

// BenchmarkDiff compares 1,000 computes with 8 resources each: a folder,
// ceph.conf, two keyrings, two secrets, nova.conf and a unit.
func BenchmarkDiff(b *testing.B) {
	spec := exampleSpec()
	spec.Packages, spec.Nova.User = "", "nova"
	spec.Hosts = spec.Hosts[:1]
	for i := range 1000 {
		spec.Hosts = append(spec.Hosts, integrate.HostSpec{Name: fmt.Sprintf("compute%d", i), Services: []string{"nova-compute"}})
	}
	w, err := integratetest.New(spec)
	require.NoError(b, err)
	defer w.Close()
	in, err := integrate.New(integrate.Config{Spec: spec, World: w.World, Settle: 1})
	require.NoError(b, err)
	for _, state := range []string{"bare", "converged"} {
		diff := in.Differ(b.Context())
		b.Run(state, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				diff()
			}
		})
		for range in.Converge(b.Context(), integrate.ConvergeOptions{}) {
		}
	}
}
