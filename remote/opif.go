package remote

import (
	"fmt"
	"io/fs"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// An If runs Op only if earlier ops of the same Do ended well: those with the
// indexes in OK. An op ended well if it has no error and, for a Run, if the
// exit status is 0. Otherwise Op has no effect, and its error is ErrSkipped.
// Nothing else makes an op depend on earlier ones.
type If struct {
	OK []int
	Op Op
}

// Format writes what the op needs, and the op without its data, for every verb.
func (i If) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "if %v ended well, %v", i.OK, i.Op) }

// Ready reports whether the op may run as the i-th of a Do, after the ops that
// ended with earlier: nil, ErrSkipped, or fs.ErrInvalid for an index that does
// not belong to an earlier op. It is for implementations of Host.
func (i If) Ready(earlier []Result) error {
	for _, n := range i.OK {
		if n < 0 || n >= len(earlier) {
			return fmt.Errorf("%w: it needs the op %d, which is not before it", fs.ErrInvalid, n)
		}
		if earlier[n].Err != nil || earlier[n].Exit != 0 {
			return ErrSkipped
		}
	}
	return nil
}

func (i If) nature() nature { return plain(i).nature() }
func (i If) object() string { return plain(i).object() }

func (i If) fault() string {
	_, nested := i.Op.(If)
	return first(when(nested, "a condition of a condition"), plain(i).fault())
}

func (i If) encode() wire.Op                  { return plain(i).encode() }
func (i If) decode(a answer, r *Result) error { return plain(i).decode(a, r) }
