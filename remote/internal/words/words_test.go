package words_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote/internal/words"
)

func TestPrintable(t *testing.T) {
	require.Equal(t, "a | b?[31m", words.Printable(" a \n\n b\x1b[31m\r\n", 100))
	require.Equal(t, "…cde", words.Printable("abcde", 3))
	for name, text := range map[string]string{
		"C0": "\x1b\x07\x08\x00", "C1": "\u0080\u009b\u0085", "lines": "\u2028\u2029", "turned": "\u202e\u2066\u200f\u061c",
		"no width": "\u200b\u200d\ufeff\u2060", "fillers": "\u3164\u115f\uffa0\u2800", "marks": "\ufe0f\u034f",
		"tags": "\U000e0041\U000e0101", "spaces": "\u00a0\u2003", "private": "\ue000",
	} {
		got := words.Printable("a"+text+"b", 100)
		require.Equal(t, "a"+strings.Repeat("?", len([]rune(text)))+"b", got, name)
	}
	require.Equal(t, "a\ufffdb é 漢", words.Printable("a\xffb é 漢", 100))
}
