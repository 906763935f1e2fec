package bundle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestALargeLogIsScrubbedInTime, with as many secrets as a large fleet has.
func TestALargeLogIsScrubbedInTime(t *testing.T) {
	var s Scrubber
	for i := range 300 {
		s.add(fmt.Sprintf("secret number %d of a fleet", i))
	}
	const line = "2026-03-01 10:00:00.000 7 INFO nova.compute.manager [req-3f0e5a9e-1c1b-4c7e] it did a thing\n"
	text := strings.Repeat(line, 700)
	took, got := time.Hour, ""
	for n := 0; n < 4 && took >= 5*time.Second; n++ { // a busy machine adds time: the best attempt counts
		began := time.Now()
		got = s.Text(text)
		took = min(took, time.Since(began))
	}
	t.Logf("%d KiB in %s", len(text)>>10, took)
	assert.Equal(t, text, got)
	assert.Less(t, took, 5*time.Second)
}
