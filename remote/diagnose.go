package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
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

// errNotWhole marks a request that did not arrive whole, after which it is certain that no op ran
// besides those that were done.
var errNotWhole = errors.New("it did not get the whole request")

// notWhole is the exit status of a program that did not get the lines of its next operation.
const notWhole = 90

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

// killed and more is the exit status of a program that was killed. sudo may be killed while
// it hands on the answer, and the program behind it goes on: it may have done all.
const killed = 128

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
	said := sh.said(x.ops)
	switch {
	case !s.ok:
		return x.fail("exchange", fmt.Errorf("%w: the connection was lost", ErrUnreachable))
	case !started && sh.helper && (helperRefused(sh.noise.String()) || ownStatus(s.exit)):
		return x.fail("sudo", &startError{ErrSudo, said + "; the helper on the host is missing, changed or of another " +
			"version of cephstack, or its sudo rule is: run prepare again"})
	case !started && sh.sudo && sudoRefused(sh.noise.String()):
		return x.fail("sudo", &startError{ErrSudo, said})
	case !started && s.exit < killed:
		text := fmt.Sprintf("no POSIX shell ran (exit status %d)", s.exit)
		if said != "" {
			text += ": " + said
		}
		return x.fail("start", &startError{nil, text})
	case s.exit == notWhole:
		return x.fail("exchange", fmt.Errorf("%w: %w", errEnded, errNotWhole))
	}
	return x.fail("exchange", fmt.Errorf("%w (exit status %d)", errEnded, s.exit))
}

const (
	repeats   = "it repeats what it reads on standard input, so its words are left out"
	minSecret = 4 // characters: shorter lines are in every text
)

// refusal is what sudo is known to say in a text; empty if it says nothing of that. It is never the text itself.
func refusal(noise string) string {
	for line := range strings.Lines(strings.ToLower(noise)) {
		for _, text := range refusals() {
			if strings.Contains(line, text) {
				return text
			}
		}
	}
	return ""
}

// said is what came before the program began, for an error. Login scripts and forced commands
// may repeat what they read. If anything in it is private, a sentence stands for all of it. Once the password was
// given, nothing is quoted.
func (s *shell) said(ops []Op) string {
	noise := s.noise.String()
	if s.asks.prompt != "" {
		noise = strings.ReplaceAll(noise, s.asks.prompt, "")
	}
	if s.asked.Load() > 0 {
		return refusal(noise) // what has the password may repeat it, whole or in part, and in any form
	}
	var secrets []string
	for _, op := range ops {
		switch o := plain(op).(type) {
		case WriteFile:
			secrets = append(secrets, strings.Split(string(o.Data), "\n")...)
		case Run:
			secrets = append(secrets, strings.Split(o.Stdin.Reveal(), "\n")...)
		}
	}
	for _, secret := range secrets {
		if secret = strings.TrimSpace(secret); len(secret) >= minSecret && strings.Contains(noise, secret) {
			return repeats
		}
	}
	return words.Printable(noise, 300)
}

// refusals are what sudo and sudo-rs say when they do not let a user become root, in lower
// case. Warnings, such as that the host's name cannot be resolved, are not refusals.
func refusals() []string {
	return []string{
		"start no program from the shell (noexec)", // the words of the program itself
		"a password is required", "a terminal is required", "you must have a tty", "no password was provided",
		"no tty present", "no askpass program", "incorrect password attempt", "sorry, try again",
		"timed out reading password", "is not in the sudoers file", "is not allowed to run sudo", "may not run sudo",
		"is not allowed to execute", "command not allowed", "you are not permitted to", "sorry, you are not allowed",
		"account validation failure", "account or password is expired", "account expired", "password expired",
		"pam authentication error", "pam account management error", "unable to initialize pam",
		"setuid bit set", "effective uid is not", "no new privileges", "no valid sudoers sources",
		"parse error in", "syntax error in", "unable to initialize policy plugin",
		"interactive authentication is required", "interaction is required", "incorrect authentication attempt",
		"authentication required but not attempted", "a terminal is required to authenticate", "i'm afraid i can't do that",
		"is not allowed to authenticate as", "invalid configuration:", "pam error:", "may not run",
		"start no program from the shell", // the words of the host's program
	}
}

// sudoRefused reports whether sudo says that it does not let the user become root. What a login
// script printed last may be on the same line.
func sudoRefused(noise string) bool {
	for line := range strings.Lines(strings.ToLower(noise)) {
		refusal := func(text string) bool { return strings.Contains(line, text) }
		if (refusal("sudo") || refusal("sorry,")) && slices.ContainsFunc(refusals(), refusal) {
			return true
		}
	}
	return false
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
