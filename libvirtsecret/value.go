package libvirtsecret

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/cephstack/cephstack"
)

type redacted = cephstack.Redacted

// A Value is a secret's base64 text. It does not print: fmt, JSON and slog give
// "[redacted]". Compare values with Equal, not with ==.
type Value struct{ redacted }

// ParseValue accepts base64 text, and drops white space around it. The error
// holds nothing of the text.
func ParseValue(text string) (Value, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Value{}, errors.New("libvirtsecret: value is empty")
	}
	// libvirt keeps the bytes, and gives them out in the canonical form of base64. A text
	// in another form would not be the same when it is read back.
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) == 0 || strings.ContainsAny(text, "\r\n") {
		return Value{}, errors.New("libvirtsecret: value is not base64")
	}
	return Value{cephstack.Redact(text)}, nil
}

// Reveal returns the base64 text. No other method gives it out. It is empty if
// there is no value.
func (v Value) Reveal() string { return v.redacted.Reveal() }

// IsZero reports whether there is no value.
func (v Value) IsZero() bool { return v.Reveal() == "" }

// Equal compares values. The time that it takes depends on their lengths only.
func (v Value) Equal(o Value) bool {
	return subtle.ConstantTimeCompare([]byte(v.Reveal()), []byte(o.Reveal())) == 1
}
