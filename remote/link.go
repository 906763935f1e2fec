package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

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

// start opens a session and runs a command line, within limit. It calls before right
// before the command line is sent. If start returns before it has called that function, or ctx
// has ended by then, the command line is never sent. before must not block.
func (l *link) start(ctx context.Context, line string, limit time.Duration, before func()) (process, error) {
	type started struct {
		p   process
		err error
	}
	result := make(chan started)
	gone := make(chan struct{})
	defer close(gone)
	var c claim
	defer c.giveUp()
	go func() {
		p, err := l.session(line, func() bool { return c.take(ctx, before) })
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
		if r.err != nil && ctx.Err() != nil {
			return process{}, context.Cause(ctx)
		}
		return r.p, r.err
	case <-timer.C:
		return process{}, fmt.Errorf("%w: the host does not answer (%w)", ErrUnreachable, ErrTimeout)
	case <-ctx.Done():
		return process{}, context.Cause(ctx)
	}
}

// A claim is what decides whether something is sent or its caller gives up: only one of both
// happens.
type claim struct {
	mu   sync.Mutex
	over bool
}

// take calls before, and reports true, unless the caller gave up or ctx has ended.
func (c *claim) take(ctx context.Context, before func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || ctx.Err() != nil {
		return false
	}
	before()
	return true
}

// giveUp makes every take from now on report false.
func (c *claim) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
}

// session opens a session, and runs the command line in it if take reports true.
func (l *link) session(line string, take func() bool) (process, error) {
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
	if !take() {
		sess.Close()
		return process{}, fmt.Errorf("%w: the session came too late", ErrTimeout)
	}
	if err := sess.Start(line); err != nil { // the text of err has the whole command
		sess.Close()
		return process{}, fmt.Errorf("%w: the host did not run a command", ErrUnreachable)
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
