package remote_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

// TestStandardErrorOfAnyLength takes the end of it, in a time that does not depend on the length.
func TestStandardErrorOfAnyLength(t *testing.T) {
	onBoth(t, func(t *testing.T, h remote.Host) {
		for _, size := range []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 8 << 20} {
			script := `head -c "$0" /dev/zero | tr "\000" e >&2; printf end >&2; exit 3`
			begin := time.Now()
			r, err := h.Do(t.Context(), remote.Run{Argv: []string{"sh", "-c", script, strconv.Itoa(size)}})
			require.NoError(t, err)
			require.NoError(t, r[0].Err)
			require.Equal(t, 3, r[0].Exit)
			require.Len(t, r[0].Stderr, min(size+3, 64<<10))
			require.True(t, strings.HasSuffix(string(r[0].Stderr), "eend"))
			require.Less(t, time.Since(begin), 3*time.Second, "%d bytes", size)
		}
	})
}
