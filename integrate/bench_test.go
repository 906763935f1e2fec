package integrate_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// BenchmarkDiff compares 1,000 computes with 8 resources each: a folder,
// ceph.conf, two keyrings, two secrets, nova.conf and a unit.
func BenchmarkDiff(b *testing.B) {
	s := exampleSpec()
	s.Packages, s.Nova.User = "", "nova"
	s.Hosts = s.Hosts[:1]
	for i := range 1000 {
		s.Hosts = append(s.Hosts, spec.Host{Name: fmt.Sprintf("compute%d", i), Services: []string{"nova-compute"}})
	}
	w, err := integratetest.New(s)
	require.NoError(b, err)
	defer w.Close()
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
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
