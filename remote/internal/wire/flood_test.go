package wire_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// A flood is an answer that has no end: a greeting, the beginning of an op, and then the
// same again and again.
type flood struct {
	left  []byte
	again func(i int) string
	i     int
	sent  int
}

func (f *flood) Read(b []byte) (int, error) {
	if f.sent > 80<<20 {
		return 0, io.ErrNoProgress // the reader should have given up
	}
	if len(f.left) == 0 {
		f.left = []byte(f.again(f.i))
		f.i++
	}
	n := copy(b, f.left)
	f.left, f.sent = f.left[n:], f.sent+n
	return n, nil
}

func TestAnAnswerWithoutEndIsGivenUp(t *testing.T) {
	mark := strings.Repeat("a", 32)
	end := strings.Repeat("e", 32)
	for name, again := range map[string]func(i int) string{
		"facts": func(i int) string { return fmt.Sprintf("%s fact%d %s\n", mark, i, strings.Repeat("x", 500)) },
		"raw": func(i int) string {
			return fmt.Sprintf("%s raw data%d %s\n%s\n%s\n", mark, i, end, strings.Repeat("x\n", 5000), end)
		},
		"beats": func(int) string { return mark + " beat\n" },
		"a raw": func(i int) string {
			if i == 0 {
				return fmt.Sprintf("%s raw data %s\n", mark, end)
			}
			return strings.Repeat("x\n", 5000)
		},
		"a line": func(i int) string {
			if i == 0 {
				return mark + " fact "
			}
			return strings.Repeat("x", 5000)
		},
		"empty facts": func(i int) string { return fmt.Sprintf("%s %d\n", mark, i) },
	} {
		head := mark + " hello 2\n" + mark + " op 0\n"
		rooms := []wire.Room{{Line: 1 << 20, All: 8 << 20}}
		a := wire.NewAnswerReader(&flood{left: []byte(head), again: again}, mark, rooms, 16<<20)
		var err error
		for err == nil {
			_, err = a.Next()
		}
		require.ErrorIs(t, err, wire.ErrNoise, name)
	}
}
