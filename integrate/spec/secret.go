package spec

import (
	"reflect"

	"github.com/cephstack/cephstack"
)

type redacted = cephstack.Redacted

// A Secret is a text of a Spec that may hold a password. It does not print: each way of fmt,
// JSON, YAML and slog gives "[redacted]". Load reads it as any other text.
type Secret struct{ redacted }

// NewSecret keeps a text.
func NewSecret(text string) Secret { return Secret{cephstack.Redact(text)} }

// UnmarshalText keeps a text of YAML or JSON.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret{cephstack.Redact(text)}
	return nil
}

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// secret is a field of a Spec, if it is a Secret.
func secret(v reflect.Value) (Secret, bool) {
	if v.Type() != reflect.TypeFor[Secret]() {
		return Secret{}, false
	}
	s, ok := v.Interface().(Secret)
	return s, ok
}
