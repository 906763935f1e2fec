package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote/internal/words"
)

// maxSessions bounds the exchanges at the same time on one connection. sshd
// allows ten sessions (MaxSessions).
const maxSessions = 8

// An SSH is a Host over SSH. It connects at the first Do, keeps the connection,
// and connects anew after the connection broke. The program that serves a Do
// stays on the host for a minute, for the next Do. An SSH is safe for concurrent
// use: exchanges share the connection.
type SSH struct {
	cfg   Config
	fleet *Fleet
	alone bool // the fleet has no other host
	keep  time.Duration
	slots chan struct{}

	mu      sync.Mutex
	current *link
	dialing *dialing
}

// A dialing is an attempt to connect that several Do may wait for.
type dialing struct {
	done chan struct{}
	link *link
	err  error
}

// New checks cfg, joins all faults, and returns the host. It opens nothing. Use
// a Fleet for several hosts that are reached alike.
func New(cfg Config) (*SSH, error) {
	if err := cfg.check("", maxJumps); err != nil {
		return nil, err
	}
	s := newSSH(newFleet(cfg), cfg)
	s.alone = true
	return s, nil
}

func newSSH(f *Fleet, cfg Config) *SSH {
	cfg.Timeouts = cfg.Timeouts.withDefaults()
	cfg.Sudo, cfg.Helper = cfg.Sudo && cfg.User != "root", cfg.Helper && cfg.User != "root"
	return &SSH{cfg: cfg, fleet: f, keep: keptFor, slots: make(chan struct{}, maxSessions)}
}

// Do implements Host.
func (s *SSH) Do(ctx context.Context, ops ...Op) ([]Result, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done(): // the loop returns the error
	}
	for again := false; ; again = true {
		x := s.exchange(ops)
		if ctx.Err() != nil {
			err := x.fail("connect", context.Cause(ctx))
			return x.results(err), err
		}
		l, fresh, err := s.connect(ctx)
		if err != nil {
			return x.results(err), err
		}
		sh, kept, err := s.shell(ctx, l, x)
		if err != nil {
			s.release(l, true)
			// A kept connection may have died unnoticed.
			if !fresh && !again && x.written.Load() == 0 && ctx.Err() == nil {
				continue
			}
			err = x.fail("start", err)
			return x.results(err), err
		}
		results, err := x.run(ctx, sh, !kept && x.inline != "", s.cfg.Timeouts.Idle)
		s.giveBack(l, sh, err)
		if err != nil && kept && !again && x.heardNothing() && !x.effectful() && ctx.Err() == nil {
			continue // the kept program had ended unnoticed, and reading twice does no harm
		}
		return results, err
	}
}

// Close ends the connection, if there is one. A later Do connects again.
func (s *SSH) Close() error {
	s.mu.Lock()
	if s.current != nil {
		s.current.bad = true // what is under way there is not kept
		s.current.forget()
		s.current.close()
		s.current = nil
	}
	s.mu.Unlock()
	if s.alone {
		return s.fleet.Close()
	}
	return nil
}

// connect returns the kept connection or a fresh one, for release.
func (s *SSH) connect(ctx context.Context) (l *link, fresh bool, err error) {
	for {
		s.mu.Lock()
		if s.current != nil && s.current.alive() {
			l := s.current
			l.users++
			s.mu.Unlock()
			return l, false, nil
		}
		d := s.dialing
		mine := d == nil
		if mine {
			d = &dialing{done: make(chan struct{})}
			s.dialing = d
		}
		s.mu.Unlock()
		if mine {
			return s.dial(ctx, d)
		}
		select {
		case <-d.done:
			// A failure is the failure of all who waited: they do not all
			// try again. But the ctx that ended may be another call's.
			if d.err != nil && !errors.Is(d.err, context.Canceled) && !errors.Is(d.err, context.DeadlineExceeded) {
				return nil, false, d.err
			}
		case <-ctx.Done():
			return nil, false, &HostError{Host: s.cfg.name(), Step: "connect", Err: context.Cause(ctx)}
		}
	}
}

func (s *SSH) dial(ctx context.Context, d *dialing) (*link, bool, error) {
	d.link, d.err = dial(ctx, s.fleet, s.cfg)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialing = nil
	if d.err == nil {
		s.current = d.link
		d.link.users++
	}
	close(d.done)
	return d.link, true, d.err
}

// release gives a connection back. A bad connection gets no new exchanges, and
// is closed as soon as the last one ended.
func (s *SSH) release(l *link, bad bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.users--
	l.bad = l.bad || bad
	if l.bad && s.current == l {
		s.current = nil
	}
	if l.bad {
		l.forget()
	}
	if l.bad && l.users == 0 {
		l.close()
	}
}

// After an exchange, a program counts as running for freshFor without being
// asked. It is kept on the host for keptFor while it has nothing to do.
const (
	freshFor = 2 * time.Second
	keptFor  = time.Minute
)

// shell takes the program that waits on a connection, or starts one. A new
// program gets the request with the command line if that is possible. sshd
// refuses a session while it is still ending a former one, or when it allows
// fewer than maxSessions: then shell waits for a while.
func (s *SSH) shell(ctx context.Context, l *link, x *exchange) (sh *shell, kept bool, err error) {
	begin := time.Now()
	for {
		if sh := s.take(l); sh != nil {
			if err := s.ping(ctx, sh); err != nil {
				sh.end()
				return nil, false, fmt.Errorf("%w: the connection was lost", ErrUnreachable)
			}
			return sh, true, nil
		}
		p, err := l.start(ctx, s.command(x.inline), s.cfg.Timeouts.Handshake, func() {
			if x.inline != "" {
				x.written.Store(x.wire.Size)
			}
		})
		if err == nil {
			return s.started(p), false, nil
		}
		var refused *ssh.OpenChannelError
		if !errors.As(err, &refused) {
			return nil, false, err
		}
		s.mu.Lock()
		alone := l.users == 1
		s.mu.Unlock()
		if alone && time.Since(begin) > 2*time.Second {
			return nil, false, &startError{nil, "the host refuses a session: " + words.Printable(refused.Message, 100)}
		}
		select {
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// take gives the program that waits on a connection, or nil.
func (s *SSH) take(l *link) *shell {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := l.idle
	l.idle = nil
	if sh != nil {
		sh.timer.Stop()
	}
	return sh
}

// ping makes sure that a program which had nothing to do for a while is still
// there. A request that gets lost with the program would have an unknown
// outcome.
func (s *SSH) ping(ctx context.Context, sh *shell) error {
	if time.Since(sh.idle) < freshFor {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeouts.Handshake)
	defer cancel()
	_, err := newExchange(s.cfg.name(), nil).run(ctx, sh, false, s.cfg.Timeouts.Idle)
	return err
}

// giveBack lets a program whose exchange ended well wait for the next exchange.
// It ends any other program.
func (s *SSH) giveBack(l *link, sh *shell, err error) {
	if err == nil {
		sh.spoken.Store(true)
		s.mu.Lock()
		if l.idle == nil && !l.bad && !sh.hushed.Load() {
			kept := sh
			kept.idle = time.Now()
			kept.timer = time.AfterFunc(s.keep, func() { s.expire(l, kept) })
			l.idle, sh = kept, nil
		}
		s.mu.Unlock()
	}
	if sh != nil {
		sh.end()
	}
	s.release(l, err != nil && !errors.Is(err, errNotStarted))
}

func (s *SSH) expire(l *link, sh *shell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.idle == sh {
		l.idle = nil
		sh.end()
	}
}

// A link is a connection.
type link struct {
	client *ssh.Client
	lost   chan struct{}

	users int // guarded by SSH.mu, like all that follows
	bad   bool
	idle  *shell // a program that waits for a request
}

// newLink keeps a connection. It refuses whatever the host asks for. When the
// channels for that are closed, the connection was lost.
func newLink(conn ssh.Conn, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) *link {
	l := &link{client: &ssh.Client{Conn: conn}, lost: make(chan struct{})}
	go func() {
		defer close(l.lost)
		for channels != nil || requests != nil {
			select {
			case c, ok := <-channels:
				if !ok {
					channels = nil
					continue
				}
				_ = c.Reject(ssh.UnknownChannelType, "none are expected")
			case r, ok := <-requests:
				if !ok {
					requests = nil
					continue
				}
				if r.WantReply {
					_ = r.Reply(false, nil)
				}
			}
		}
	}()
	return l
}

func (l *link) alive() bool {
	select {
	case <-l.lost:
		return false
	default:
		return true
	}
}

// forget ends the program that waits, and stops its timer, which would keep the
// whole connection in memory. The caller holds SSH.mu.
func (l *link) forget() {
	if l.idle != nil {
		l.idle.timer.Stop()
		l.idle.end()
		l.idle = nil
	}
}

// close does not wait: closing a connection that hangs may take long.
func (l *link) close() {
	go func() { _ = l.client.Close() }()
}

// start opens a session and runs c, within limit. It calls before right before
// the command is sent.
func (l *link) start(ctx context.Context, c command, limit time.Duration, before func()) (process, error) {
	type started struct {
		p   process
		err error
	}
	result := make(chan started)
	gone := make(chan struct{})
	defer close(gone)
	go func() {
		p, err := l.session(c, before)
		select {
		case result <- started{p, err}:
		case <-gone:
			if err == nil {
				p.end()
			}
		}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-result:
		return r.p, r.err
	case <-timer.C:
		return process{}, fmt.Errorf("%w: the host does not answer (%w)", ErrUnreachable, ErrTimeout)
	case <-ctx.Done():
		return process{}, context.Cause(ctx)
	}
}

func (l *link) session(c command, before func()) (process, error) {
	sess, err := l.client.NewSession()
	if err != nil {
		if refused := new(ssh.OpenChannelError); errors.As(err, &refused) {
			return process{}, refused
		}
		return process{}, fmt.Errorf("%w: the connection was lost", ErrUnreachable)
	}
	stdin, err1 := sess.StdinPipe()
	stdout, err2 := sess.StdoutPipe()
	stderr, err3 := sess.StderrPipe()
	if err := errors.Join(err1, err2, err3); err != nil {
		sess.Close()
		return process{}, err
	}
	before()
	if err := sess.Start(c.line); err != nil { // the text of err has the whole command
		sess.Close()
		return process{}, fmt.Errorf("%w: the host did not run a command", ErrUnreachable)
	}
	if _, err := io.WriteString(stdin, c.input); err != nil {
		sess.Close()
		return process{}, fmt.Errorf("%w: the connection was lost", ErrUnreachable)
	}
	return process{
		stdin: stdin, stdout: stdout, stderr: stderr,
		wait: func() (int, bool) {
			exit, ok := exitStatus(sess.Wait())
			return exit, ok && l.answers()
		},
		end: func() { go sess.Close() },
	}, nil
}

// answers asks the host whether the connection is still there. sshd may send
// the exit status before the end of the output. If the connection is lost in
// between, the output is not complete although there is a status.
func (l *link) answers() bool {
	_, _, err := l.client.SendRequest("keepalive@openssh.com", true, nil)
	return err == nil
}

// answersWithin is answers with a time limit.
func (l *link) answersWithin(limit time.Duration) bool {
	answered := make(chan bool, 1)
	go func() { answered <- l.answers() }()
	select {
	case ok := <-answered:
		return ok
	case <-time.After(limit):
		return false
	}
}

func exitStatus(err error) (int, bool) {
	var exit *ssh.ExitError
	if errors.As(err, &exit) {
		if exit.Signal() != "" {
			return 255, true
		}
		return exit.ExitStatus(), true
	}
	return 0, err == nil
}
