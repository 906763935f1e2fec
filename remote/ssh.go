package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	cfg   *Config // a pointer, because fmt calls no methods deep inside a struct of somebody else
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
	return &SSH{cfg: &cfg, fleet: f, keep: keptFor, slots: make(chan struct{}, maxSessions)}
}

// Format tells which host it is, for every verb, and nothing of keys and passwords.
func (s *SSH) Format(f fmt.State, verb rune) { s.cfg.Format(f, verb) }

// From is Config.From of the host.
func (s *SSH) From() string { return s.cfg.From }

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
		first := s.first(x)
		sh, kept, err := s.shell(ctx, l, first)
		if err != nil {
			s.release(l, true)
			// A kept connection may have died unnoticed.
			if !fresh && !again && x.written.Load() == 0 && ctx.Err() == nil {
				continue
			}
			err = x.fail("start", err)
			return x.results(err), err
		}
		if !kept && first != x {
			if err := greet(ctx, sh, first, s.cfg.Timeouts); err != nil {
				s.giveBack(l, sh, err)
				return x.results(err), err
			}
		}
		results, err := x.run(ctx, sh, !kept && first == x && x.inline != "", s.cfg.Timeouts)
		s.giveBack(l, sh, err)
		if err != nil && kept && !again && x.heardNothing() && !x.effectful() && ctx.Err() == nil {
			continue // the kept program had ended unnoticed, and reading twice does no harm
		}
		return results, err
	}
}

// first is what a program that is just starting gets with its command line. Until it has
// answered, nobody knows what reads standard input: a login script or a forced command may
// echo or keep what it reads. So what is private waits for the answer to an empty request.
// A password that sudo asks for comes on standard input before all else. What changes the host
// waits, too: without an answer, nobody could tell whether it ran. Only of programs is it
// certain enough that they did not run, as sshd gives the exit status after all of the output.
func (s *SSH) first(x *exchange) *exchange {
	if slices.ContainsFunc(x.ops, changes) || x.inline == "" && (x.secretive() || !s.cfg.sudoPassword().IsZero()) {
		return s.exchange(nil)
	}
	return x
}

// changes reports whether an op changes the host, unless it is a program, which most often
// looks.
func changes(op Op) bool {
	_, runs := plain(op).(Run)
	return effectful(op) && !runs
}

// greet waits until a program has answered that is just starting. A program whose input had to
// be ended for that cannot get a request: its input was open for all of t.Start.
func greet(ctx context.Context, sh *shell, first *exchange, t Timeouts) error {
	first.more = true
	_, err := first.run(ctx, sh, first.inline != "", t)
	hushed := sh.hushed.Load() && sh.asked.Load() < 2 // a second question ends the input, too
	if err == nil {
		sh.spoken.Store(true)
	}
	if !hushed || err != nil && !errors.Is(err, errNotStarted) {
		return err
	}
	text := fmt.Sprintf("the program did not begin within %v, and then only when its input ended: "+
		"does a login script read standard input?", t.Start)
	if why := new(startError); errors.As(err, &why) && why.kind == nil { // sudo blames the lack of input on others
		text += " It ended with: " + why.text
	}
	return first.fail("start", &startError{nil, text})
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
	d.link, d.err = dial(ctx, s.fleet, *s.cfg)
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
		line, asks := s.cfg.command(x.inline)
		p, err := l.start(ctx, line, s.cfg.Timeouts.Handshake, func() {
			if x.inline != "" {
				x.written.Store(x.wire.Size)
			}
		})
		if err == nil {
			return s.started(p, asks), false, nil
		}
		var refused *ssh.OpenChannelError
		if !errors.As(err, &refused) {
			return nil, false, err
		}
		s.mu.Lock()
		alone := l.users == 1
		s.mu.Unlock()
		if gone := time.Since(begin); alone && gone > 2*time.Second || gone > s.cfg.Timeouts.Start {
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
	_, err := s.exchange(nil).run(ctx, sh, false, s.cfg.Timeouts)
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
