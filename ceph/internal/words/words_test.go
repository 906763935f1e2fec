package words_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph/internal/words"
)

const key = "AQBSKTlnAAAAABAAmYJxJJ8S8CUXVxfLNbHQXw=="

func TestWords(t *testing.T) {
	require.Equal(t, "a | b?[31m", words.Line(" a \n\n b\x1b[31m\r\n"))
	require.Equal(t, "b?[31m", words.LastLine("a\nb\x1b[31m"))
	require.Equal(t, "a\nkey = [redacted]", words.Said("a\nkey = "+key))
	require.Equal(t, "key = [redacted]", words.LastLine("a\nkey = "+key))
}

// TestLongWordsAreCut between two characters, and half a secret does not stay.
func TestLongWordsAreCut(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	require.Equal(t, long[:4000]+"…", words.Said(long))
	require.Equal(t, long[:4000]+"…", words.Line(long))
	require.Equal(t, long[:600]+"…", words.LastLine(long))
	require.Equal(t, long[:4000], words.Line(long[:4000]))
	require.Equal(t, long[:4000]+"…", words.Line(words.Said(long)))
	step := 1
	if testing.Short() {
		step = 10
	}
	for cut := 0; cut < len(key); cut += step {
		blanks := strings.Repeat("\n", 64<<10-cut)
		require.Equal(t, "end", words.LastLine(key+blanks[:len(blanks)-3]+"end"))
		require.NotContains(t, words.Said(blanks+key), "AQ")
	}
}
