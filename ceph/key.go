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

// readableKey is the text of a key as Ceph reads it, which passes over what is behind a
// padding or behind the key itself. It is empty for a text that is not a key for Ceph.
func readableKey(text string) string {
	raw := decodeKey(text)
	const head = 12 // the type, the time, and the length
	if len(raw) < head {
		return ""
	}
	kind, length := binary.LittleEndian.Uint16(raw), int(binary.LittleEndian.Uint16(raw[head-2:]))
	if kind == 2 { // newer than the releases whose reading is known here
		return text
	}
	if length > len(raw)-head || kind > 2 || kind == 1 && length > 0 && length < 16 {
		return ""
	}
	return base64.StdEncoding.EncodeToString(raw[:head+length])
}

// decodeKey is Ceph's own way to read base64: it ends at the first padding, and does not
// look at what is behind.
func decodeKey(text string) []byte {
	var raw []byte
	for ; len(text) >= 4; text = text[4:] {
		var three [3]byte
		four := strings.NewReplacer("=", "A", "-", "+", "_", "/").Replace(text[:4])
		if n, err := base64.StdEncoding.Decode(three[:], []byte(four)); err != nil || n != len(three) {
			return nil
		}
		switch {
		case text[2] == '=':
			return append(raw, three[0])
		case text[3] == '=':
			return append(raw, three[0], three[1])
		}
		raw = append(raw, three[:]...)
	}
	if text != "" {
		return nil
	}
	return raw
}
