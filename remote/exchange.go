package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
	"github.com/cephstack/cephstack/remote/internal/words"
)

// quiet is how long a host may say nothing at first. Then its input is ended: a
// login script may be reading the input, so that the program does not run. A
// program that has answered before is only slow, and keeps its input. One that needs
// its input later keeps the input for all of Timeouts.Start: a login script that is
// slow looks like a login script that reads. After that, quiet is how long
// the program has to begin without input, so that an error can tell one from the other.
const quiet = 3 * time.Second

// An exchange is one request and its answer.
type exchange struct {
	host   string
	ops    []Op
	sent   [][]int // for each operation that travels, the indexes in ops; several for reads at once
	mark   string
	wire   *wire.Request
	inline string // the request as an argument of the program; empty if it must go to standard input
	more   bool   // it is only for the answer: another request follows, and needs the input

	going   claim        // on sending the request
	written atomic.Int64 // bytes of the request that may have left
	out     atomic.Bool  // the whole request has left

	begun chan struct{} // closed when the host's program has begun
	once  sync.Once

	mu      sync.Mutex
	started bool
	bye     bool
	replies []wire.Reply
}

func newExchange(host string, ops []Op) *exchange {
	x := &exchange{host: host, ops: ops, mark: token(16), begun: make(chan struct{})}
	x.wire = wire.NewRequest(x.mark)
	b := builder{exchange: x, place: make([]int, len(ops))}
	for i := 0; i < len(ops); i++ {
		b.place[i] = -1
		if Check(ops[i]) != nil {
			continue
		}
		b.add(i)
	}
	b.flush()
	x.wire.Close()
	if x.wire.Plain && !x.secretive() {
		x.inline, _ = wire.Inline(slices.Concat(x.wire.Parts...))
	}
	x.replies = make([]wire.Reply, len(x.sent))
	return x
}

// A builder puts a request together. ReadFile and Stat that follow each other
// travel as one operation.
type builder struct {
	*exchange
	place []int // of ops: where they are in sent, or -1
	looks []int
	max   int64 // the limit of all files in looks; 0 as long as looks has no ReadFile
}

func (b *builder) add(i int) {
	guard, guarded := b.ops[i].(If)
	nature := b.ops[i].nature()
	if nature.together && !guarded && !b.needed(i) {
		if nature.max != 0 && b.max != 0 && b.max != nature.max {
			b.flush()
		}
		b.max = max(b.max, nature.max)
		b.looks = append(b.looks, i)
		if len(b.looks) == maxLooks {
			b.flush()
		}
		return
	}
	b.flush()
	w := b.ops[i].encode()
	if guarded {
		for _, n := range guard.OK {
			if n < 0 || n >= i || b.place[n] < 0 {
				return // the op is not sent; results says why
			}
			w.Needs = append(w.Needs, b.place[n])
		}
	}
	b.send(w, i)
}

// needed reports whether another op depends on the i-th one alone.
func (b *builder) needed(i int) bool {
	return slices.ContainsFunc(b.ops[i+1:], func(op Op) bool {
		guard, ok := op.(If)
		return ok && slices.Contains(guard.OK, i)
	})
}

func (b *builder) flush() {
	if len(b.looks) == 0 {
		return
	}
	var ops []Op
	for _, i := range b.looks {
		ops = append(ops, b.ops[i])
	}
	looks, limit := b.looks, b.max
	b.looks, b.max = nil, 0
	b.send(encodeLooks(limit, ops...), looks...)
}

func (b *builder) send(w wire.Op, at ...int) {
	b.wire.Add(w)
	for _, i := range at {
		b.place[i] = len(b.sent)
	}
	b.sent = append(b.sent, at)
}

// private reports whether an op brings bytes that must not be in the list of
// processes.
func private(op Op) bool { return plain(op).nature().private }

// run sends the request to a shell and reads the answer. If there is true, the request was
// sent with the command line already. The error is a *HostError. The errors of ops that did
// not end give the same *HostError to errors.As. After the end of ctx, nothing is sent.
func (x *exchange) run(ctx context.Context, sh *shell, there bool, t Timeouts) ([]Result, error) {
	done := make(chan error, 1)
	x.out.Store(there)
	if !there {
		go x.send(ctx, sh.stdin)
	}
	go func() { done <- x.receive(sh.out) }()
	failure := x.wait(ctx, sh, done, t)
	x.going.giveUp() // what is not sent by now never is, as the results say
	if ctx.Err() != nil && failure != nil {
		failure = x.fail("exchange", context.Cause(ctx))
	}
	return x.results(failure), failure
}

// wait waits for the end of the answer, and gives the host up when it is silent, when its
// program does not begin, or when the exchange takes longer than its operations can.
func (x *exchange) wait(ctx context.Context, sh *shell, done <-chan error, t Timeouts) error {
	idle, total := min(t.Idle, x.patience()), orDefault(t.Total, x.lasts())
	open, start := x.starting(sh, t.Start)
	step, late := "start", fmt.Sprintf("the host's program did not begin within %v: "+
		"login scripts or sudo take too long, or read standard input", t.Start)
	silence, hush, end := time.NewTimer(idle), time.NewTimer(open), time.NewTimer(start)
	begun := x.begun
	if sh.spoken.Load() {
		x.begin()
		hush.Stop()
	}
	for _, timer := range []*time.Timer{silence, hush, end} {
		defer timer.Stop()
	}
	for {
		select {
		case err := <-done:
			if err != nil {
				return x.diagnose(ctx, sh, err)
			}
			return nil
		case <-sh.heard:
			silence.Reset(idle)
		case <-begun:
			begun, step, late = nil, "exchange", fmt.Sprintf("the exchange did not end within %v", total)
			end.Reset(total)
		case <-sh.flooded:
			return x.fail("exchange", fmt.Errorf("%w on standard error", wire.ErrNoise))
		case <-hush.C:
			switch {
			case !x.heardNothing():
			case x.out.Load():
				sh.hush()
			default:
				hush.Reset(quiet)
			}
		case <-silence.C:
			return x.fail("exchange", fmt.Errorf("%w: the host is silent", ErrTimeout))
		case <-end.C:
			return x.fail(step, fmt.Errorf("%w: %s", ErrTimeout, late))
		case <-ctx.Done():
			return x.fail("exchange", context.Cause(ctx))
		}
	}
}

// starting says for how long a program that has not begun keeps its input, and how long it may
// take to begin in all. Without its input, a program cannot get a further request, nor a sudo
// that will ask for a password.
func (x *exchange) starting(sh *shell, limit time.Duration) (open, all time.Duration) {
	if x.more || sh.asks.prompt != "" {
		return limit, limit + quiet
	}
	return quiet, limit
}

func (x *exchange) fail(step string, err error) error {
	e := &HostError{Host: x.host, Step: step, Err: err}
	e.Op, e.Object = x.underWay()
	return e
}

// underWay describes the operation that began and did not end, if there is one.
func (x *exchange) underWay() (name, object string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, sent := range x.sent {
		if r := x.replies[i]; !r.Begun || r.Done {
			continue
		}
		name, object = Describe(x.ops[sent[0]])
		object = words.Printable(object, 200)
		if more := len(sent) - 1; more > 0 {
			object += fmt.Sprintf(" and %d more", more)
		}
		return name, object
	}
	return "", ""
}

// send writes the request, and wipes it. Errors show on the reading side.
func (x *exchange) send(ctx context.Context, w io.Writer) {
	b := bufio.NewWriterSize(attempts{ctx, w, x}, int(min(32<<10, x.wire.Size)))
	defer func() {
		x.wire.Wipe()
		b.Reset(io.Discard)
		_, _ = b.Write(make([]byte, b.Size())) // over what the buffer has
	}()
	for _, part := range x.wire.Parts {
		if _, err := b.Write(part); err != nil {
			return
		}
	}
	if b.Flush() == nil {
		x.out.Store(true)
	}
}

// receive reads the answer until bye.
func (x *exchange) receive(r *bufio.Reader) error {
	rooms, all := x.rooms()
	answers := wire.NewAnswerReader(r, x.mark, rooms, all)
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
		x.begin()
	case "bye":
		x.bye = true
	case "beat":
	case "op":
		x.replies[line.Op] = wire.Reply{Begun: true, Facts: map[string]string{}, Raw: map[string][]byte{}}
	case "done":
		x.replies[line.Op].Done = true
	case "raw":
		x.replies[line.Op].Raw[line.Value] = line.Raw
	default:
		x.replies[line.Op].Facts[line.Word] = line.Value
	}
	return x.bye
}

// begin closes begun.
func (x *exchange) begin() { x.once.Do(func() { close(x.begun) }) }

// heardNothing reports that the program did not even begin to answer.
func (x *exchange) heardNothing() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !x.started
}

// effectful reports whether any op may change the host.
func (x *exchange) effectful() bool { return slices.ContainsFunc(x.ops, effectful) }

// effectful reports whether running op may change the host.
func effectful(op Op) bool { return !plain(op).nature().looks }

// results gives each op its result; failure is why some have no answer.
func (x *exchange) results(failure error) []Result {
	x.mu.Lock()
	defer x.mu.Unlock()
	results := make([]Result, len(x.ops))
	var cause error = ErrUnreachable
	var h *HostError
	if errors.As(failure, &h) {
		cause = hostCause{h}
	}
	never := errors.Is(cause, errNotStarted) || errors.Is(cause, errNotWhole)
	answered := make([]bool, len(x.ops))
	for i, sent := range x.sent {
		if x.replies[i].Done {
			x.decode(sent, x.replies[i], results)
		}
		for _, at := range sent {
			answered[at] = true
			if x.replies[i].Done {
				continue
			}
			err := fmt.Errorf("not done: %w", cause)
			if effectful(x.ops[at]) && !never && x.written.Load() >= x.wire.Ends[i] {
				err = fmt.Errorf("%w: %w", ErrUnknown, cause)
			}
			results[at].Err = opError(x.host, x.ops[at], err)
		}
	}
	for at, op := range x.ops {
		if !answered[at] {
			results[at].Err = x.notSent(op, results[:at])
		}
	}
	return results
}

func (x *exchange) decode(sent []int, reply wire.Reply, results []Result) {
	if op := plain(x.ops[sent[0]]); !op.nature().together {
		results[sent[0]] = decode(x.host, op, reply)
		return
	}
	var looks []Op
	for _, at := range sent {
		looks = append(looks, plain(x.ops[at]))
	}
	for i, r := range decodeLooks(x.host, looks, reply) {
		results[sent[i]] = r
	}
}

// notSent says why an op did not go out.
func (x *exchange) notSent(op Op, earlier []Result) error {
	var e *OpError
	if errors.As(Check(op), &e) {
		e.Host = x.host
		return e
	}
	if guard, ok := op.(If); ok {
		if err := guard.Ready(earlier); err != nil {
			return opError(x.host, op, err)
		}
	}
	return opError(x.host, op, ErrSkipped) // it needs an op that was not sent
}

// attempts counts bytes before they are written: so many may have left. It writes nothing
// after the end of ctx, or after the exchange was given up.
type attempts struct {
	ctx context.Context
	w   io.Writer
	x   *exchange
}

func (a attempts) Write(b []byte) (int, error) {
	if !a.x.going.take(a.ctx, func() { a.x.written.Add(int64(len(b))) }) {
		return 0, io.ErrClosedPipe
	}
	return a.w.Write(b)
}
