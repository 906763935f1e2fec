package integrate_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets the heap grow to more than what is in use, as worlds in memory are small and many: less time goes into
// collecting garbage.
func TestMain(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(m.Run())
}
