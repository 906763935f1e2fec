package remote

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"golang.org/x/crypto/ssh"
)

// A Password is what a user logs in with where no key is placed yet, and what
// sudo asks that user for. It does not print: every format gives [redacted],
// and only Reveal gives the text. The zero Password means that there is none.
type Password struct{ text string }

// NewPassword takes a password as it is; spaces count.
func NewPassword(text string) Password { return Password{text} }

const redacted = "[redacted]"

// Reveal gives the password.
func (p Password) Reveal() string { return p.text }

// IsZero reports whether there is none.
func (p Password) IsZero() bool { return p.text == "" }

// String is [redacted].
func (p Password) String() string { return redacted }

// GoString is [redacted].
func (p Password) GoString() string { return redacted }

// Format writes [redacted], whatever the verb.
func (p Password) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText gives [redacted], in JSON too.
func (p Password) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue is [redacted].
func (p Password) LogValue() slog.Value { return slog.StringValue(redacted) }

func (p Password) fault() string {
	return when(strings.ContainsAny(p.text, "\x00\r\n"), "a line end or NUL in the password")
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
			return c.Password.text, nil
		}),
		ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
			switch {
			case len(questions) == 0:
				return nil, nil
			case used || len(questions) > 1 || echos[0]:
				return nil, errOtherQuestion
			}
			used = true
			return []string{c.Password.text}, nil
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
