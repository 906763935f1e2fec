package words_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote/internal/words"
)

func TestPrintable(t *testing.T) {
	require.Equal(t, "a | b?[31m", words.Printable(" a \n\n b\x1b[31m\r\n", 100))
	require.Equal(t, "…cde", words.Printable("abcde", 3))
}
