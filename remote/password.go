package remote

import (
	"errors"
	"fmt"
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
// go by two methods. It is offered once, by the method that the host has.
func (c Config) methods(keys []ssh.Signer) []ssh.AuthMethod {
	methods := []ssh.AuthMethod{ssh.PublicKeys(keys...)}
	if c.Password.IsZero() {
		return methods
	}
	used := false
	return append(methods,
		ssh.PasswordCallback(func() (string, error) {
			used = true
			return c.Password.Reveal(), nil
		}),
		ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
			switch {
			case len(questions) == 0:
				return nil, nil
			case used || len(questions) > 1 || echos[0]:
				return nil, errOtherQuestion
			}
			used = true
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
