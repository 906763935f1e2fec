package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
	"github.com/cephstack/cephstack/remote/internal/words"
)

// errNotStarted marks a failure after which it is certain that no op ran.
var errNotStarted = errors.New("remote: the program did not start")

// errEnded marks a program that ran on the host, and was ended there.
var errEnded = errors.New("the program on the host was ended")

// A startError is why the host's program did not run.
type startError struct {
	kind error // ErrSudo, the cause of ctx, or nil
	text string
}

func (e *startError) Error() string {
	if e.kind != nil && e.text != "" {
		return e.kind.Error() + ": " + e.text
	}
	if e.kind != nil {
		return e.kind.Error()
	}
	return e.text
}

// Is makes the error errNotStarted, besides its kind.
func (e *startError) Is(target error) bool { return target == errNotStarted }

// Unwrap gives the kind.
func (e *startError) Unwrap() error { return e.kind }

// diagnose says why an answer ended early with err: the program did not start,
// it was ended, or the connection was lost.
func (x *exchange) diagnose(ctx context.Context, sh *shell, err error) error {
	if !errors.Is(err, io.EOF) && (errors.Is(err, wire.ErrAnswer) || errors.Is(err, wire.ErrNoise)) {
		return x.fail("exchange", err)
	}
	type status struct {
		exit int
		ok   bool
	}
	ended := make(chan status, 1)
	go func() {
		exit, ok := sh.wait()
		<-sh.ended
		ended <- status{exit, ok}
	}()
	var s status
	select {
	case s = <-ended:
	case <-ctx.Done():
	case <-time.After(5 * time.Second):
	}
	started := sh.spoken.Load() || !x.heardNothing()
	said := words.Printable(sh.noise.String(), 300)
	switch {
	case !s.ok:
		return x.fail("exchange", fmt.Errorf("%w: the connection was lost", ErrUnreachable))
	case !started && sh.helper && strings.Contains(said, "sudo"):
		return x.fail("sudo", &startError{ErrSudo, said + "; the helper on the host is missing, changed or of another " +
			"version of cephstack, or its sudo rule is: run prepare again"})
	case !started && sh.sudo && strings.Contains(said, "sudo"):
		return x.fail("sudo", &startError{ErrSudo, said})
	case !started:
		text := fmt.Sprintf("no POSIX shell ran (exit status %d)", s.exit)
		if said != "" {
			text += ": " + said
		}
		return x.fail("start", &startError{nil, text})
	}
	return x.fail("exchange", fmt.Errorf("%w (exit status %d)", errEnded, s.exit))
}

// A tail keeps the last bytes written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailSize = 8 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := b[max(0, len(b)-tailSize):]
	if over := len(t.b) + len(last) - tailSize; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	t.b = append(t.b, last...)
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
