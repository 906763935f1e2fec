package ceph

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const redacted = "[redacted]"

// A Key is a CephX key: base64 text of any length. Its text does not print:
// every formatting, JSON and slog path gives "[redacted]". Compare keys with
// Equal, not with ==.
//
// Similar To: ceph auth get-key <entity>
type Key struct {
	// A pointer, because fmt calls no methods on unexported fields: a Key
	// deep inside somebody's struct then prints as an address.
	text *string
}

// ParseKey accepts base64 text of any length, in which surrounding white space
// is dropped. The error is ErrInvalid and holds nothing of the text.
//
// Similar To: ceph-authtool --add-key <key>
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Key{}, fmt.Errorf("%w: key is empty", ErrInvalid)
	}
	// The decoder skips line ends, which would break a keyring's lines.
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 || strings.ContainsAny(text, "\r\n") {
		return Key{}, fmt.Errorf("%w: key is not base64", ErrInvalid)
	}
	return Key{text: &text}, nil
}

// Reveal returns the base64 text. It is the only way out. It is empty where there
// is no key.
//
// Similar To: ceph auth print-key <entity>
func (k Key) Reveal() string {
	if k.text == nil {
		return ""
	}
	return *k.text
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.Reveal() == "" }

// Equal compares in constant time (for keys of equal length).
func (k Key) Equal(o Key) bool {
	return subtle.ConstantTimeCompare([]byte(k.Reveal()), []byte(o.Reveal())) == 1
}

// Type is the type of a key by its first bytes: aes, aes256k, or empty for an
// unknown type. librados cannot read a key of a type that it does not know: aes256k
// came with Ceph 20.2.4 and 19.2.6.
func (k Key) Type() string {
	raw, _ := base64.StdEncoding.DecodeString(k.Reveal()) // ParseKey has looked
	if len(raw) < 2 {
		return ""
	}
	switch binary.LittleEndian.Uint16(raw) {
	case 1:
		return "aes"
	case 2:
		return "aes256k"
	}
	return ""
}

// String gives "[redacted]".
func (k Key) String() string { return redacted }

// GoString gives "[redacted]".
func (k Key) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON gives "[redacted]".
func (k Key) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText gives "[redacted]".
func (k Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives "[redacted]".
func (k Key) LogValue() slog.Value { return slog.StringValue(redacted) }
