package remote_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

// TestRoundTrips counts them as the time that a slow network adds. The proxy
// does not see that of TCP itself, which is one. A busy machine adds time,
// too, so that the best of some attempts counts.
func TestRoundTrips(t *testing.T) {
	s := startSSHD(t)
	const trip = 300 * time.Millisecond
	p := newProxy(t, s.address, trip/2)
	var ops []remote.Op
	for i := range 4 {
		name := fmt.Sprintf("%s/trip%d", s.dir, i)
		ops = append(ops, remote.WriteFile{Path: name, Data: []byte(name)}, remote.ReadFile{Path: name})
	}
	do := func(h *remote.SSH) time.Duration {
		begin := time.Now()
		r, err := h.Do(t.Context(), ops...)
		require.NoError(t, err)
		require.NoError(t, r[len(r)-1].Err)
		return time.Since(begin)
	}
	do(s.open(t, "root")) // the first one writes
	leastCold, leastWarm := 99.0, 99.0
	for n := 0; n < 4 && (leastCold > 10.5 || leastWarm > 3.5); n++ {
		near, far := s.open(t, "root"), open(t, s.config(t, "root", p.address))
		nearCold, nearWarm, farCold, farWarm := do(near), do(near), do(far), do(far)
		cold := 1 + float64(farCold-nearCold)/float64(trip)
		warm := float64(farWarm-nearWarm) / float64(trip)
		t.Logf("%d ops: %v cold, %v warm; %.1f and %.1f round trips", len(ops), nearCold, nearWarm, cold, warm)
		leastCold, leastWarm = min(leastCold, cold), min(leastWarm, warm)
	}
	require.LessOrEqual(t, leastCold, 10.5)
	require.LessOrEqual(t, leastWarm, 3.5)
}
