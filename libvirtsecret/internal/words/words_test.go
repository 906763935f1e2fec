package words_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/libvirtsecret/internal/words"
)

func TestPrintable(t *testing.T) {
	require.Equal(t, "a; b?[31m ?", words.Printable("error: a\n\nerror:  b\x1b[31m \u202e\r\n", ""))
	require.Equal(t, "bad [redacted]?", words.Printable("bad AQAB\xff", "AQAB"))
	long := words.Printable(strings.Repeat("é", 1000), "")
	require.Equal(t, strings.Repeat("é", 200)+"…", long)
}

// TestOnlyTheBeginningOfALongText is looked at, and half a secret does not stay.
func TestOnlyTheBeginningOfALongText(t *testing.T) {
	key := "AQBSKTlnAAAAABAAmYJxJJ8S8CUXVxfLNbHQXw=="
	step := 1
	if testing.Short() {
		step = 10
	}
	for cut := 0; cut < len(key); cut += step {
		require.NotContains(t, words.Printable(strings.Repeat("\n", 64<<10-cut)+key, ""), "AQ")
	}
	require.Len(t, words.Printable(strings.Repeat("key=x ", 1<<20), ""), 400+len("…"))
}
