package remote

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// Run runs a program without a shell. Result: Exit, Data (standard output)
// and Stderr; an exit status other than 0 is not an error by itself. Argv is
// visible to every user of the host: secrets go into Stdin.
type Run struct {
	Argv    []string
	Stdin   []byte        `json:"-" yaml:"-"`
	User    string        // run as this user instead of root; empty is root
	Timeout time.Duration // 0 is 60 s; then the program is ended and Err is ErrTimeout
}

const defaultTimeout = 60 * time.Second

// String tells everything but the standard input.
func (o Run) String() string {
	return fmt.Sprintf("run %q, %d bytes of input", o.Argv, len(o.Stdin))
}

// GoString is the same as String: the standard input may be a secret.
func (o Run) GoString() string { return o.String() }

// Format is String for every verb: some, such as %d, ask for no String.
func (o Run) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

func (o Run) nature() nature {
	return nature{name: "run", private: len(o.Stdin) > 0, patience: orDefault(o.Timeout, defaultTimeout)}
}

func (o Run) object() string { return strings.Join(o.Argv[:min(1, len(o.Argv))], "") }

func (o Run) fault() string {
	if len(o.Argv) == 0 || o.Argv[0] == "" || o.Argv[0][0] == '-' {
		return "no program"
	}
	size := 0
	for _, a := range o.Argv {
		if strings.ContainsRune(a, 0) {
			return "a NUL in an argument"
		}
		size = max(size, len(a))
	}
	return first(
		when(size > 120_000, "an argument is too long"),
		when(o.User != "" && !accountName.MatchString(o.User), "not a user name"),
		when(o.Timeout < 0, "a negative time"))
}

func (o Run) encode() wire.Op {
	limit := orDefault(o.Timeout, defaultTimeout)
	kind := "text"
	if bytes.IndexByte(o.Stdin, 0) >= 0 {
		kind = "binary"
	}
	args := []string{o.User, seconds(limit), strconv.FormatInt(limit.Milliseconds(), 10), kind}
	return wire.Op{Name: "run", Args: args, List: o.Argv, Data: o.Stdin}
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
	r.Stderr = stderr[:min(len(stderr), defaultMax)]
	if a.Facts["exit"] == "late" {
		return ErrTimeout
	}
	if r.Exit, err = strconv.Atoi(a.Facts["exit"]); err != nil {
		return wire.ErrAnswer
	}
	if len(out) > defaultMax || len(stderr) > defaultMax {
		return ErrTooLarge
	}
	return nil
}
