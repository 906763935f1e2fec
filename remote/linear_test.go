package remote_test

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

// within wants something to take less than most. A busy machine adds time: the best of some attempts counts.
func within(t *testing.T, most time.Duration, do func()) {
	t.Helper()
	best := time.Duration(math.MaxInt64)
	for n := 0; n < 6 && best >= most; n++ {
		begin := time.Now()
		do()
		best = min(best, time.Since(begin))
	}
	require.Less(t, best, most, "the best of some attempts")
}

// TestStandardErrorOfAnyLength takes the end of it, in a time that does not depend on the length.
func TestStandardErrorOfAnyLength(t *testing.T) {
	onBoth(t, func(t *testing.T, h remote.Host) {
		for _, size := range []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 8 << 20} {
			script := `head -c "$0" /dev/zero | tr "\000" e >&2; printf end >&2; exit 3`
			within(t, 3*time.Second, func() {
				r, err := h.Do(t.Context(), remote.Run{Argv: []string{"sh", "-c", script, strconv.Itoa(size)}})
				require.NoError(t, err)
				require.NoError(t, r[0].Err)
				require.Equal(t, 3, r[0].Exit)
				require.Len(t, r[0].Stderr, min(size+3, 64<<10))
				require.True(t, strings.HasSuffix(string(r[0].Stderr), "eend"))
			})
		}
	})
}

// growth is how many times as long four times the work takes. A busy machine adds time: the best of some attempts
// counts, and work that takes no time counts as some.
func growth(t *testing.T, work func(n int) time.Duration, n int) float64 {
	best := 99.0
	for range 10 {
		one, four := work(n)+20*time.Millisecond, work(4*n)
		best = min(best, float64(four)/float64(one))
		t.Logf("%d: %v, %d: %v", n, one, 4*n, four)
		if best < 7 {
			break
		}
	}
	return best
}

// TestWorkGrowsWithTheNumber and not with its square, which would be 16 times as much for four times the number.
func TestWorkGrowsWithTheNumber(t *testing.T) {
	needRoot(t, "/usr/bin/sha256sum")
	dir := rootDir(t)
	name := func(i int) string { return fmt.Sprintf("%s/file%d", dir, i) }
	for i := range 3000 {
		require.NoError(t, os.WriteFile(name(i), []byte(name(i)), 0o600))
	}
	do := func(ops ...remote.Op) ([]remote.Result, time.Duration) {
		begin := time.Now()
		r, err := remote.Local{}.Do(t.Context(), ops...)
		require.NoError(t, err)
		return r, time.Since(begin)
	}
	many := func(n int, op func(i int) remote.Op) ([]remote.Result, time.Duration) {
		ops := make([]remote.Op, n)
		for i := range ops {
			ops[i] = op(i)
		}
		return do(ops...)
	}
	for what, work := range map[string]func(n int) time.Duration{
		"read": func(n int) time.Duration {
			r, took := many(n, func(i int) remote.Op { return remote.ReadFile{Path: name(i)} })
			for i := range r {
				require.NoError(t, r[i].Err)
				require.Equal(t, name(i), string(r[i].Data))
			}
			return took
		},
		"read what is not there": func(n int) time.Duration {
			r, took := many(n/4, func(i int) remote.Op { return remote.ReadFile{Path: name(i) + "x"} })
			for i := range r {
				require.ErrorIs(t, r[i].Err, os.ErrNotExist)
			}
			return took
		},
		"an argument of many lines": func(n int) time.Duration {
			text := strings.Repeat("a line\n", 4*n)
			r, took := do(remote.Run{Argv: []string{"printf", "%s", text}})
			require.Equal(t, text, string(r[0].Data))
			return took
		},
	} {
		t.Run(what, func(t *testing.T) { require.Less(t, growth(t, work, 750), 10.0) })
	}
	r, _ := do(remote.ReadDir{Path: dir})
	require.Len(t, r[0].Files, 3000)
	for _, f := range r[0].Files {
		require.NoError(t, f.Err)
		require.Equal(t, f.File.Path, string(f.Data))
	}
}

func TestReadDirOfOddNames(t *testing.T) {
	onBoth(t, func(t *testing.T, h remote.Host) {
		dir := rootDir(t)
		names := []string{" ", "*", "-x", "a\n\n", "a\nb", "z\\n", "\xff"}
		for _, name := range names {
			require.NoError(t, os.WriteFile(dir+"/"+name, []byte(name), 0o600))
		}
		r, err := h.Do(t.Context(), remote.ReadDir{Path: dir})
		require.NoError(t, err)
		require.NoError(t, r[0].Err)
		require.Len(t, r[0].Files, len(names))
		for i, name := range names {
			require.NoError(t, r[0].Files[i].Err)
			require.Equal(t, dir+"/"+name, r[0].Files[i].File.Path)
			require.Equal(t, name, string(r[0].Files[i].Data))
		}
	})
}
