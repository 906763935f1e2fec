package remote

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEach(t *testing.T) {
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprint("c", i))
	}
	for _, limit := range []int{0, 1, 3, 100} {
		synctest.Test(t, func(t *testing.T) {
			var now, most atomic.Int64
			begin := time.Now()
			got := Each(t.Context(), names, limit, func(_ context.Context, name string) (string, error) {
				most.Store(max(most.Load(), now.Add(1)))
				defer now.Add(-1)
				time.Sleep(time.Second)
				if name == "c3" {
					return "", errors.New("broken")
				}
				return "of " + name, nil
			})
			want := map[int]int64{0: 10, 1: 1, 3: 3, 100: 10}[limit]
			require.Equal(t, want, most.Load())
			require.Equal(t, time.Duration((10+want-1)/want)*time.Second, time.Since(begin))
			for i, o := range got {
				require.Equal(t, names[i], o.Name)
				require.Equal(t, i == 3, o.Err != nil)
				require.Equal(t, i != 3, o.Value == "of "+o.Name)
			}
		})
	}
}

func TestEachStopsStartingWhenTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		ran := 0
		got := Each(ctx, []string{"a", "b", "c", "d"}, 1, func(context.Context, string) (int, error) {
			ran++
			time.Sleep(time.Second)
			return ran, nil
		})
		require.Equal(t, 2, ran)
		require.NoError(t, got[1].Err)
		require.ErrorIs(t, got[2].Err, context.DeadlineExceeded)
		require.ErrorIs(t, got[3].Err, context.DeadlineExceeded)
	})
}

func TestEachOfNothing(t *testing.T) {
	require.Empty(t, Each(t.Context(), nil, 0, func(context.Context, string) (int, error) { return 0, nil }))
}
