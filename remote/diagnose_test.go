package remote

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type closeNothing struct{ io.Writer }

func (closeNothing) Close() error { return nil }

// TestAProgramThatWasKilledMayHaveDoneAll: sudo hands the answer on, and may be killed before the
// first line of it, while the program behind it goes on.
func TestAProgramThatWasKilledMayHaveDoneAll(t *testing.T) {
	for exit, unknown := range map[int]bool{1: false, 126: false, 127: false, 137: true, 255: true} {
		x := newExchange("h", []Op{Mkdir{Path: "/a"}, Stat{Path: "/"}})
		x.written.Store(x.wire.Size)
		sh := newShell(process{stdin: closeNothing{io.Discard}, stdout: strings.NewReader(""),
			stderr: strings.NewReader("no"),
			wait:   func() (int, bool) { return exit, true }, end: func() {}}, true, question{})
		results, err := x.run(t.Context(), sh, true, Timeouts{}.withDefaults())
		require.Error(t, err)
		if unknown {
			require.ErrorIs(t, results[0].Err, ErrUnknown, "exit status %d", exit)
		} else {
			require.NotErrorIs(t, results[0].Err, ErrUnknown, "exit status %d", exit)
			require.ErrorContains(t, err, "no POSIX shell ran")
		}
		require.NotErrorIs(t, results[1].Err, ErrUnknown, "a look has no effect")
	}
}

// TestARequestThatDidNotArriveWholeDidNothing: the program says so by its exit status, if what it
// was reading was not data behind something that it did.
func TestARequestThatDidNotArriveWholeDidNothing(t *testing.T) {
	for exit, unknown := range map[int]bool{notWhole: false, 92: true} {
		x := newExchange("h", []Op{Mkdir{Path: "/a"}, Mkdir{Path: "/b"}})
		x.written.Store(x.wire.Size)
		out := "\n" + x.mark + " hello 2\n" + x.mark + " op 0\n"
		sh := newShell(process{stdin: closeNothing{io.Discard}, stdout: strings.NewReader(out), stderr: strings.NewReader(""),
			wait: func() (int, bool) { return exit, true }, end: func() {}}, true, question{})
		results, err := x.run(t.Context(), sh, true, Timeouts{}.withDefaults())
		require.ErrorIs(t, err, errEnded)
		for _, r := range results {
			if unknown {
				require.ErrorIs(t, r.Err, ErrUnknown)
			} else {
				require.NotErrorIs(t, r.Err, ErrUnknown)
				require.ErrorContains(t, r.Err, "not done: the program on the host was ended: it did not get the whole request")
			}
		}
	}
}
