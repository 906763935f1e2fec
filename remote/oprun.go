package remote

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// Run runs a program without a shell. Result: Exit, Data (standard output)
// and Stderr; an exit status other than 0 is not an error by itself. Standard
// output of more than 8 MiB is ErrTooLarge. Of standard error, Stderr has the last
// 64 KiB. Argv is visible to every user of the host: secrets go into Stdin.
//
// A child that the program leaves behind may hold these outputs open. What it
// prints counts until 7 s after Timeout: Result then has the outputs so far, and the
// exit status of the program itself.
type Run struct {
	Argv    []string           // at most 4096, of 120,000 bytes each and 1 MiB together
	Stdin   cephstack.Redacted `json:"-" yaml:"-"` // at most 64 MiB; cephstack.Redact makes it of text or bytes
	User    string             // run as this user instead of root; empty is root
	Timeout time.Duration      // at most 24 h; 0 is 60 s; then the program is ended and Err is ErrTimeout
}

const (
	defaultTimeout = 60 * time.Second
	maxTimeout     = 24 * time.Hour // the host's program refuses more
	maxStdin       = 64 << 20       // the shell on the host holds it several times
)

// String tells everything but the standard input.
func (o Run) String() string {
	return fmt.Sprintf("run %q, %d bytes of input", o.Argv, o.Stdin.Len())
}

// GoString is the same as String: the standard input may be a secret.
func (o Run) GoString() string { return o.String() }

// Format is String for every verb: some, such as %d, ask for no String.
func (o Run) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

func (o Run) nature() nature {
	return nature{name: "run", private: o.Stdin.Len() > 0, patience: orDefault(o.Timeout, defaultTimeout)}
}

func (o Run) object() string { return strings.Join(o.Argv[:min(1, len(o.Argv))], "") }

func (o Run) fault() string {
	if len(o.Argv) == 0 || o.Argv[0] == "" || o.Argv[0][0] == '-' {
		return "no program"
	}
	size, sum := 0, 0
	for _, a := range o.Argv {
		if strings.ContainsRune(a, 0) {
			return "a NUL in an argument"
		}
		size = max(size, len(a))
		sum += len(a)
	}
	return first(
		when(size > 120_000, "an argument is longer than 120,000 bytes"),
		when(sum > 1<<20, "the arguments are longer than 1 MiB together"),
		when(len(o.Argv) > wire.MaxList, fmt.Sprintf("more than %d arguments", wire.MaxList)),
		when(o.Stdin.Len() > maxStdin, "more than 64 MiB of standard input"),
		when(o.User != "" && !accountName.MatchString(o.User), "not a user name"),
		when(o.Timeout < 0, "a negative time"),
		when(o.Timeout > maxTimeout, "more than 24 hours"))
}

func (o Run) encode() wire.Op {
	limit := max(orDefault(o.Timeout, defaultTimeout), time.Millisecond) // less would be no limit on the host
	kind := "text"
	if strings.IndexByte(o.Stdin.Reveal(), 0) >= 0 {
		kind = "binary"
	}
	args := []string{o.User, seconds(limit), strconv.FormatInt(limit.Milliseconds(), 10), kind}
	return wire.Op{Name: "run", Args: args, List: o.Argv, Data: []byte(o.Stdin.Reveal())}
}

func (o Run) decode(a answer, r *Result) error {
	if a.failed {
		return nil
	}
	out, ok := a.Raw["out"]
	stderr, err := a.Bytes("errors")
	if !ok || err != nil {
		return wire.ErrAnswer
	}
	r.Data = out[:min(len(out), defaultMax)]
	r.Stderr = stderr[max(0, len(stderr)-wire.MaxErrors):]
	if a.Facts["exit"] == "late" {
		return ErrTimeout
	}
	if r.Exit, err = strconv.Atoi(a.Facts["exit"]); err != nil {
		return wire.ErrAnswer
	}
	if len(out) > defaultMax {
		return ErrTooLarge
	}
	return nil
}
