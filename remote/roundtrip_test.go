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
	reads := []remote.Op{remote.ReadDir{Path: "/etc/ssh", Suffix: ".conf"}, remote.Run{Argv: []string{"echo", "it's", "a\ntest!"}}}
	var writes []remote.Op
	for i := range 4 {
		name := fmt.Sprintf("%s/trip%d", s.dir, i)
		writes = append(writes, remote.WriteFile{Path: name, Data: []byte(name)}, remote.If{OK: []int{2 * i}, Op: remote.Stat{Path: name}})
		reads = append(reads, remote.ReadFile{Path: name})
	}
	do := func(h *remote.SSH, ops ...remote.Op) time.Duration {
		begin := time.Now()
		r, err := h.Do(t.Context(), ops...)
		require.NoError(t, err)
		require.NoError(t, r[len(r)-1].Err)
		return time.Since(begin)
	}
	do(s.open(t, "root"), writes...)
	look, change, again := 99.0, 99.0, 99.0
	for n := 0; n < 4 && (look > 9.5 || change > 1.5 || again > 1.5); n++ {
		near, far := s.open(t, "root"), open(t, s.config(t, "root", p.address))
		trips := func(ops ...remote.Op) float64 { return -float64(do(near, ops...)-do(far, ops...)) / float64(trip) }
		cold, write, warm := 1+trips(reads...), trips(writes...), trips(reads...)
		t.Logf("round trips: %.1f to connect and read, %.1f more to write, %.1f to read again", cold, write, warm)
		look, change, again = min(look, cold), min(change, write), min(again, warm)
	}
	require.LessOrEqual(t, look, 9.5, "a cold look")
	require.LessOrEqual(t, change, 1.5, "a change after it")
	require.LessOrEqual(t, again, 1.5, "a further look")
}
