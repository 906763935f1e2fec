package ceph

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack"
)

type redacted = cephstack.Redacted

// A Key is a CephX key: base64 text of any length. Its text does not print:
// every formatting, JSON and slog path gives "[redacted]". Compare keys with
// Equal, not with ==.
//
// Similar To: ceph auth get-key <entity>
type Key struct{ redacted }

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
	return Key{cephstack.Redact(text)}, nil
}

// Reveal returns the base64 text. It is the only way out. It is empty where there
// is no key.
//
// Similar To: ceph auth print-key <entity>
func (k Key) Reveal() string { return k.redacted.Reveal() }

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
