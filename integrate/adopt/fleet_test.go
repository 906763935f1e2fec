package adopt_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// TestAThousandHosts is about the text and the cost: what somebody reads is short, and a host is asked twice, once to
// find what is on it and once for the plan.
func TestAThousandHosts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the longest of this package; the run without the race detector has it")
	}
	s := plain(0)
	const many = 1000
	for i := range many {
		s.Hosts = append(s.Hosts, spec.Host{Name: fmt.Sprintf("compute%04d", i+1),
			Address: fmt.Sprintf("10.1.%d.%d", (i+1)/256, (i+1)%256), Services: []string{"nova-compute"}})
	}
	w := integratetest.Open(t, s)
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	for range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
	}
	exchanges := map[string]int{}
	for name, m := range w.Machines {
		exchanges[name] = m.Exchanges()
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	a, err := find(t, w.World, bare(s))
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	text, err := a.Text()
	require.NoError(t, err)
	t.Logf("%v, %d KiB kept, %d KiB allocated, %d lines", took, (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10,
		(after.TotalAlloc-before.TotalAlloc)>>10, strings.Count(text, "\n"))
	assert.Empty(t, left(a))
	assert.Contains(t, text, `- {name: "compute[0001-1000]", address: "10.1.0.[1-1000]", services: [nova-compute]}`)
	assert.Less(t, strings.Count(text, "\n"), 60)
	for name, m := range w.Machines {
		assert.Equal(t, 2, m.Exchanges()-exchanges[name], name)
	}
}
