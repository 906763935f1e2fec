package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack"
)

type redacted = cephstack.Redacted

// A Password is what a user logs in with where no key is placed yet, and what
// sudo asks that user for. It does not print: every format gives [redacted],
// and only Reveal gives the text. The zero Password means that there is none.
type Password struct{ redacted }

// NewPassword takes a password as it is; spaces count.
func NewPassword(text string) Password { return Password{cephstack.Redact(text)} }

// Reveal gives the password.
func (p Password) Reveal() string { return p.redacted.Reveal() }

// IsZero reports whether there is no password.
func (p Password) IsZero() bool { return p.Reveal() == "" }

func (p Password) fault() string {
	return when(strings.ContainsAny(p.Reveal(), "\x00\r\n"), "a line end or NUL in the password")
}

// methods are the ways to authenticate, in order: keys first. The password can
// go by two methods. It is offered once, by the method that the host has. What the host says meanwhile is for h.
func (c Config) methods(keys []ssh.Signer, h *heard) []ssh.AuthMethod {
	methods := []ssh.AuthMethod{ssh.PublicKeys(keys...)}
	if c.Password.IsZero() {
		return methods
	}
	used := false
	return append(methods,
		ssh.PasswordCallback(func() (string, error) {
			used = true
			h.secret()
			return c.Password.Reveal(), nil
		}),
		ssh.KeyboardInteractive(func(_, instruction string, questions []string, echos []bool) ([]string, error) {
			h.add(instruction)
			switch {
			case len(questions) == 0:
				return nil, nil
			case used || len(questions) > 1 || echos[0]:
				return nil, errOtherQuestion
			}
			used = true
			h.secret()
			return []string{c.Password.Reveal()}, nil
		}))
}

var errOtherQuestion = errors.New("the host asks for more than a password")

// credentials describes what was offered to the host.
func (c Config) credentials(keys int) string {
	text := fmt.Sprintf("user %s with %d keys", c.User, keys)
	if !c.Password.IsZero() {
		text += " and a password"
	}
	return text
}

// sudoPassword is the password for a sudo that asks; none where there is no sudo, or where it
// runs the helper, for which it does not ask.
func (c Config) sudoPassword() Password {
	if !c.Sudo || c.Helper {
		return Password{}
	}
	return c.Password
}

// A question is sudo's prompt, and the password that answers it. The prompt is random, so that
// nothing but a sudo on the host, which was started for this, can ask for the password.
type question struct {
	prompt   string // empty if there is none
	password Password
}

// An ear finds sudo's prompt in what comes on a stream.
type ear struct {
	r    io.Reader
	s    *shell
	last []byte // what came last: the beginning of the prompt may be in it
}

func (e *ear) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	if prompt := e.s.asks.prompt; prompt != "" && !e.s.spoken.Load() {
		e.last = append(e.last, b[:n]...)
		for at := bytes.Index(e.last, []byte(prompt)); at >= 0; at = bytes.Index(e.last, []byte(prompt)) {
			e.last = e.last[at+len(prompt):]
			e.s.answer()
		}
		e.last = bytes.Clone(e.last[max(0, len(e.last)-len(prompt)+1):])
	}
	return n, err
}

// answer gives the password to sudo, which has just asked for it. A sudo that asks again did
// not like the password.
func (s *shell) answer() {
	if s.asked.Add(1) > 1 {
		s.hush()
		return
	}
	// An error shows on the reading side.
	go func() { _, _ = io.WriteString(s.stdin, s.asks.password.Reveal()+"\n") }()
}
