package remote_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// TestRoundTrips counts round trips, TCP's included, by a proxy in front of a
// real sshd. The proxy takes a pause for the end of a turn, and a busy machine
// pauses: so the best of some attempts counts.
func TestRoundTrips(t *testing.T) {
	s := startSSHD(t)
	connect := func(net.Addr) (net.Conn, error) { return net.Dial("tcp", s.address) }
	turns, err := remotetest.NewTurns("127.0.0.1:0", 400*time.Millisecond, connect)
	require.NoError(t, err)
	defer func() { require.NoError(t, turns.Close()) }()
	reads := []remote.Op{
		remote.ReadDir{Path: "/etc/ssh", Suffix: ".conf"}, remote.Run{Argv: []string{"echo", "it's", "a\ntest!"}},
	}
	var writes []remote.Op
	for i := range 4 {
		name := fmt.Sprintf("%s/trip%d", s.dir, i)
		writes = append(writes,
			remote.WriteFile{Path: name, Data: []byte(name)}, remote.If{OK: []int{2 * i}, Op: remote.Stat{Path: name}})
		reads = append(reads, remote.ReadFile{Path: name})
	}
	_, err = s.open(t, "root").Do(t.Context(), writes...)
	require.NoError(t, err)
	look, change, again, first := 99.0, 99.0, 99.0, 99.0
	for n := 0; n < 6 && (look > 9 || change > 1 || again > 1 || first > 10); n++ {
		h := open(t, s.config(t, "root", turns.Addr().String()))
		trips := func(ops ...remote.Op) float64 {
			turns.Forget()
			r, err := h.Do(t.Context(), ops...)
			require.NoError(t, err)
			require.NoError(t, r[len(r)-1].Err)
			return turns.RoundTrips()
		}
		cold, write, warm := trips(reads...), trips(writes...), trips(reads...)
		t.Logf("round trips: %v to connect and read, %v more to write, %v to read again", cold, write, warm)
		look, change, again = min(look, cold), min(change, write), min(again, warm)
		require.NoError(t, h.Close())
		h = open(t, s.config(t, "root", turns.Addr().String()))
		first = min(first, trips(writes...))
		require.NoError(t, h.Close())
	}
	require.Equal(t, []float64{9, 1, 1}, []float64{look, change, again}, "to connect and look, to change, to look again")
	require.LessOrEqual(t, first, 10.0, "to connect and change: the program answers before it gets what is private")
}
