package remote

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote/internal/knownhosts"
	"github.com/cephstack/cephstack/remote/internal/words"
)

// The first pause before connecting again, and the longest.
const (
	backoff    = 250 * time.Millisecond
	maxBackoff = 4 * time.Second
)

// jumpAnswer is how long a jump host may take to say that it is still there,
// when a host behind it cannot be reached.
const jumpAnswer = 3 * time.Second

// A dialer connects to one host.
type dialer struct {
	cfg     Config
	address string
	policy  knownhosts.Policy
	keys    []ssh.Signer
	jump    *link
}

// dial connects to a host, through its jump host if it has one. Errors are
// *HostError.
func dial(ctx context.Context, f *Fleet, cfg Config) (*link, error) {
	d := &dialer{cfg: cfg}
	host, port, err := knownhosts.SplitAddress(cfg.Address)
	if err != nil {
		return nil, d.fail("connect", err)
	}
	d.address = net.JoinHostPort(host, strconv.Itoa(port))
	t, step, err := f.trust(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, d.fail(step, err)
	}
	defer t.agent.Close()
	d.policy, d.keys = t.known.Policy(host, port), t.keys
	if f.jump == nil {
		return d.connect(ctx)
	}
	if d.jump, _, err = f.jump.connect(ctx); err != nil {
		return nil, d.failAtJump(ctx, f.jump.cfg.name(), err)
	}
	l, err := d.connect(ctx)
	if err != nil {
		gone := ctx.Err() == nil && !d.jump.answersWithin(jumpAnswer)
		f.jump.release(d.jump, gone)
		if gone {
			lost := fmt.Errorf("%w: the connection was lost", ErrUnreachable)
			return nil, d.failAtJump(ctx, f.jump.cfg.name(), lost)
		}
		return nil, err
	}
	go func() {
		<-l.lost
		f.jump.release(d.jump, false)
	}()
	return l, nil
}

func (d *dialer) fail(step string, err error) error {
	return &HostError{Host: d.cfg.name(), Step: step, From: d.cfg.From, Err: err}
}

// failAtJump is an error of the jump host, or of a jump host before it, as an
// error of the host behind.
func (d *dialer) failAtJump(ctx context.Context, jump string, err error) error {
	if ctx.Err() != nil {
		return d.fail("connect", context.Cause(ctx))
	}
	e := &HostError{Host: d.cfg.name(), Jump: jump, Step: "connect", Err: err}
	if inner := new(HostError); errors.As(err, &inner) {
		e.Jump, e.Step, e.From, e.Err = cmp.Or(inner.Jump, jump), inner.Step, inner.From, inner.Err
	}
	return e
}

// unreachable is why no connection came about. A timeout is ErrTimeout and not
// the end of a ctx that is not the caller's.
func unreachable(err error) error {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return &localError{ErrUnreachable, err}
	}
	f := &failure{ErrUnreachable, short(err), err}
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		f.cause = ErrTimeout
	}
	if dns := new(net.DNSError); errors.As(err, &dns) && dns.IsNotFound {
		return lasting{f}
	}
	return f
}

// connect tries again when the host hung up before it said a word, which is how
// sshd sheds load (MaxStartups). Each pause is longer than the one before. It
// tries again at once when the host showed a key that is not in known_hosts,
// and a look through all hashed lines finds keys of other types for the host.
func (d *dialer) connect(ctx context.Context) (*link, error) {
	begin, wait := time.Now(), backoff
	for {
		l, again, err := d.once(ctx)
		if err == nil {
			return l, nil
		}
		if errors.Is(err, ErrHostKey) && d.policy.Incomplete() {
			before := d.policy.Algorithms()
			d.policy = d.policy.Complete()
			if !slices.Equal(before, d.policy.Algorithms()) {
				continue
			}
		}
		pause := wait + rand.N(wait)
		if !again || time.Since(begin)+pause > d.cfg.Timeouts.Retry {
			return nil, err
		}
		wait = min(2*wait, maxBackoff)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, d.fail("connect", context.Cause(ctx))
		}
	}
}

// once connects, checks the host key and authenticates.
func (d *dialer) once(ctx context.Context) (l *link, again bool, err error) {
	conn, err := d.tcp(ctx)
	if err != nil {
		if ended := ended(ctx); ended != nil {
			return nil, false, d.fail("connect", ended)
		}
		return nil, false, d.fail("connect", unreachable(err))
	}
	h := &handshake{dialer: d, conn: newSniffer(tuned(conn))}
	type result struct {
		link *link
		err  error
	}
	done := make(chan result, 1)
	go func() {
		l, err := h.run()
		done <- result{l, err}
	}()
	select {
	case r := <-done:
		if r.err == nil {
			return r.link, false, nil
		}
		conn.Close()
		if ctx.Err() != nil {
			return nil, false, d.fail(h.step(), context.Cause(ctx))
		}
		again, err := h.explain(r.err)
		return nil, again, err
	case <-ctx.Done():
		go func() {
			conn.Close()
			if r := <-done; r.link != nil {
				r.link.close()
			}
		}()
		return nil, false, d.fail(h.step(), context.Cause(ctx))
	}
}

// ended is why ctx ended, and nil if it did not. A dialer that has the deadline
// of ctx may notice the deadline before ctx does.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return context.Cause(ctx)
}

func (d *dialer) tcp(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeouts.Connect)
	defer cancel()
	if d.jump != nil {
		return d.jump.client.DialContext(ctx, "tcp", d.address)
	}
	alive := net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 4}
	n := net.Dialer{KeepAliveConfig: alive}
	return n.DialContext(ctx, "tcp", d.address)
}

// A handshake is the SSH part of connecting, with a time limit for each of
// its two phases.
type handshake struct {
	*dialer
	conn *sniffer

	heard heard

	mu       sync.Mutex
	keyErr   error
	trusted  bool // the host key was checked: authentication has begun
	timedOut bool
	timer    *time.Timer
}

func (h *handshake) run() (*link, error) {
	h.timer = time.AfterFunc(h.cfg.Timeouts.Handshake, func() {
		h.mu.Lock()
		h.timedOut = true
		h.mu.Unlock()
		h.conn.Close()
	})
	defer h.timer.Stop()
	config := &ssh.ClientConfig{
		Config:            safeAlgorithms(),
		User:              h.cfg.User,
		Auth:              h.cfg.methods(h.keys, &h.heard),
		HostKeyCallback:   h.checkKey,
		BannerCallback:    func(text string) error { h.heard.add(text); return nil },
		HostKeyAlgorithms: h.policy.Algorithms(),
		ClientVersion:     clientVersion,
	}
	c, chans, reqs, err := ssh.NewClientConn(h.conn, h.address, config)
	if err != nil {
		return nil, err
	}
	h.conn.forget()
	return newLink(c, chans, reqs), nil
}

const clientVersion = "SSH-2.0-cephstack"

// safeAlgorithms leaves SHA-1 out.
func safeAlgorithms() ssh.Config {
	safe := ssh.SupportedAlgorithms()
	sha1 := func(name string) bool { return strings.Contains(name, "sha1") }
	return ssh.Config{
		KeyExchanges: slices.DeleteFunc(safe.KeyExchanges, sha1),
		Ciphers:      safe.Ciphers,
		MACs:         slices.DeleteFunc(safe.MACs, sha1),
	}
}

func (h *handshake) checkKey(_ string, _ net.Addr, key ssh.PublicKey) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keyErr = h.policy.Check(key)
	if h.keyErr == nil && !h.trusted {
		h.trusted = true
		h.timer.Reset(h.cfg.Timeouts.Authenticate)
	}
	return h.keyErr
}

func (h *handshake) step() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.trusted {
		return "authenticate"
	}
	return "connect"
}

// explain says what went wrong, and whether to connect again at once.
func (h *handshake) explain(err error) (again bool, explained error) {
	step := h.step()
	h.mu.Lock()
	defer h.mu.Unlock()
	var none *ssh.AlgorithmNegotiationError
	said := h.conn.said()
	switch {
	case h.keyErr != nil:
		return false, h.fail("host key", h.keyErr)
	case h.timedOut:
		return false, h.fail(step, fmt.Errorf("%w: no answer in time (%w)", ErrUnreachable, ErrTimeout))
	case errors.As(err, &none) && strings.Contains(err.Error(), "host key"):
		return false, h.fail("host key", h.policy.NoneOffered())
	case errors.As(err, &none):
		return false, h.fail(step, lasting{fmt.Errorf("%w: no common algorithm: %s", ErrUnreachable, short(err))})
	case step == "authenticate" && refused(err):
		return false, h.fail(step, fmt.Errorf("%w: %s: %s%s", ErrAuth, h.cfg.credentials(len(h.keys)),
			short(err), h.heard.words()))
	case !strings.Contains(said, "SSH-"):
		if said == "" || strings.Contains(said, "MaxStartups") {
			return true, h.fail(step, noBanner(said))
		}
		return false, h.fail(step, lasting{noBanner(said)}) // it is not an SSH server
	}
	if step == "authenticate" {
		return false, h.fail(step, hungUp(err, h.heard.words()))
	}
	return false, h.fail(step, unreachable(err))
}

// hungUp is a connection that the host ended during the login. sshd does so, too, where PAM lets the account in no
// more,
// or not yet.
func hungUp(err error, said string) error {
	text := "it hung up during the login: " + short(err) + said
	return &failure{ErrUnreachable, text, err}
}

func noBanner(said string) error {
	text := "it hung up before the SSH banner"
	if said != "" {
		text += ": " + words.Printable(said, 100)
	}
	return fmt.Errorf("%w: %s", ErrUnreachable, text)
}

// refused reports whether the host refused the login. Message 51 is the SSH
// message "failure": some hosts send it where they should ask the questions of
// a keyboard-interactive login.
func refused(err error) bool {
	text := err.Error()
	return strings.Contains(text, "unexpected message type 51") ||
		strings.Contains(text, "unable to authenticate") ||
		strings.Contains(text, "ssh: disconnect")
}

func short(err error) string {
	return words.Printable(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "ssh: handshake failed: "), "ssh: "), 300)
}

// A sniffer keeps the first bytes that the host sent, until it is told to forget
// them: they tell a host that hung up from a host that spoke. It reads ahead,
// because package ssh reads the banner byte by byte.
type sniffer struct {
	net.Conn
	ahead *bufio.Reader // nil once forget was called and it is empty

	mu     sync.Mutex
	head   []byte
	forgot bool
}

func newSniffer(conn net.Conn) *sniffer {
	return &sniffer{Conn: conn, ahead: bufio.NewReaderSize(conn, 2<<10)}
}

func (s *sniffer) Read(b []byte) (int, error) {
	if s.ahead == nil {
		return s.Conn.Read(b)
	}
	n, err := s.ahead.Read(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	if room := 1024 - len(s.head); room > 0 && n > 0 && !s.forgot {
		s.head = append(s.head, b[:min(n, room)]...)
	}
	if s.forgot && s.ahead.Buffered() == 0 {
		s.ahead = nil
	}
	return n, err
}

// forget drops the first bytes, and keeps none from now on.
func (s *sniffer) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgot, s.head = true, nil
}

func (s *sniffer) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(bytes.TrimSpace(s.head))
}
