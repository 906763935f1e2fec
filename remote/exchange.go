package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// startTimeout bounds the time until the host's program runs: login shell,
// its rc files, sudo.
const startTimeout = time.Minute

// A process is the host's program, started.
type process struct {
	stdin          io.WriteCloser
	stdout, stderr io.Reader
	// wait gives the exit status, after stdout ended. ok is false when it
	// is not known, as after the connection was lost.
	wait func() (exit int, ok bool)
	// end gives the process up. It does not block, and ends reads and writes.
	end func()
}

// An exchange is one request and its answer.
type exchange struct {
	host  string
	sudo  bool
	ops   []Op
	sent  []int // indexes in ops of the ops that go out
	mark  string
	parts [][]byte // the request; ends[i] is where the i-th sent op ends in it
	ends  []int64
	limit int // of a line of the answer

	written atomic.Int64 // bytes that may have left
	heard   chan struct{}

	mu      sync.Mutex
	started bool
	bye     bool
	replies []wire.Reply
	noise   tail
}

func newExchange(host string, sudo bool, ops []Op) *exchange {
	x := &exchange{host: host, sudo: sudo, ops: ops, mark: token(16), heard: make(chan struct{}, 1)}
	x.parts = append(x.parts, wire.Begin(x.mark))
	size := int64(len(x.parts[0]))
	limit := int64(defaultMax)
	for i, op := range ops {
		if Check(op) != nil {
			continue
		}
		if read, ok := op.(ReadFile); ok {
			limit = max(limit, readMax(read))
		}
		w := encode(op)
		head := w.Head()
		size += int64(len(head) + len(w.Data))
		x.parts = append(x.parts, head, w.Data)
		x.sent = append(x.sent, i)
		x.ends = append(x.ends, size)
	}
	x.parts = append(x.parts, wire.End())
	x.replies = make([]wire.Reply, len(x.sent))
	x.limit = int(limit/3*4) + 1<<20
	return x
}

// run holds the conversation. The error is a *HostError; its cause is in the
// results of the ops that did not end, too.
func (x *exchange) run(ctx context.Context, p process, idle time.Duration) ([]Result, error) {
	defer p.end()
	done := make(chan error, 1)
	stderr := make(chan struct{})
	go x.send(p.stdin)
	go func() { done <- x.receive(activity{p.stdout, x.heard}) }()
	go func() { defer close(stderr); io.Copy(&x.noise, activity{p.stderr, x.heard}) }()

	timer := time.NewTimer(min(idle, startTimeout))
	defer timer.Stop()
	var failure error
	for waiting := true; waiting; {
		select {
		case failure = <-done:
			waiting = false
			if failure != nil {
				failure = x.diagnose(ctx, p, stderr, failure)
			}
		case <-x.heard:
			timer.Reset(idle)
		case <-timer.C:
			failure, waiting = x.fail("exchange", fmt.Errorf("%w: the host is silent", ErrTimeout)), false
		case <-ctx.Done():
			failure, waiting = x.fail("exchange", context.Cause(ctx)), false
		}
	}
	if ctx.Err() != nil && failure != nil {
		failure = x.fail("exchange", context.Cause(ctx))
	}
	return x.results(failure), failure
}

func (x *exchange) fail(step string, err error) error {
	return &HostError{Host: x.host, Step: step, Err: err}
}

// send writes the request. Errors show on the reading side.
func (x *exchange) send(w io.WriteCloser) {
	b := bufio.NewWriterSize(attempts{w, &x.written}, 32<<10)
	for _, part := range x.parts {
		if _, err := b.Write(part); err != nil {
			return
		}
	}
	if b.Flush() == nil {
		w.Close()
	}
}

// receive reads the answer until bye.
func (x *exchange) receive(r io.Reader) error {
	answers := wire.NewAnswerReader(io.TeeReader(r, &preface{x: x}), x.mark, len(x.sent), x.limit)
	for {
		line, err := answers.Next()
		if err != nil {
			return err
		}
		if x.note(line) {
			return nil
		}
	}
}

// note keeps a line, and reports whether it was the last.
func (x *exchange) note(line wire.Line) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch line.Word {
	case "hello":
		x.started = true
	case "bye":
		x.bye = true
	case "beat":
	case "op":
		x.replies[line.Op] = wire.Reply{Begun: true, Facts: map[string]string{}}
	case "done":
		x.replies[line.Op].Done = true
	default:
		x.replies[line.Op].Facts[line.Word] = line.Value
	}
	return x.bye
}

// results gives each op its result; failure is why some have no answer.
func (x *exchange) results(failure error) []Result {
	x.mu.Lock()
	defer x.mu.Unlock()
	results := make([]Result, len(x.ops))
	for i, op := range x.ops {
		if err := Check(op); err != nil {
			var e *OpError
			errors.As(err, &e)
			e.Host = x.host
			results[i].Err = e
		}
	}
	var cause error = ErrUnreachable
	var h *HostError
	if errors.As(failure, &h) {
		cause = h.Err
	}
	never := errors.Is(cause, errNotStarted)
	for i, at := range x.sent {
		op := x.ops[at]
		if x.replies[i].Done {
			results[at] = decode(x.host, op, x.replies[i])
			continue
		}
		err := fmt.Errorf("not done: %w", cause)
		if effectful(op) && !never && x.written.Load() >= x.ends[i] {
			err = fmt.Errorf("%w: %w", ErrUnknown, cause)
		}
		name, object := Describe(op)
		results[at].Err = &OpError{Host: x.host, Op: name, Object: printable(object, 200), Err: err}
	}
	return results
}

// attempts counts bytes before they are written: what may have left.
type attempts struct {
	w io.Writer
	n *atomic.Int64
}

func (a attempts) Write(b []byte) (int, error) {
	a.n.Add(int64(len(b)))
	return a.w.Write(b)
}

// activity tells heard of every read that brought something.
type activity struct {
	r     io.Reader
	heard chan struct{}
}

func (a activity) Read(b []byte) (int, error) {
	n, err := a.r.Read(b)
	if n > 0 {
		select {
		case a.heard <- struct{}{}:
		default:
		}
	}
	return n, err
}
