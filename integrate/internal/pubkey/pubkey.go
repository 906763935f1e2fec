// Package pubkey reads public SSH keys, and finds them in a file of
// authorized_keys.
package pubkey

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// A Key is a line of a .pub file.
type Key struct{ Type, Blob, Comment string }

// ErrSyntax says that a text is not a public key. It never has the text itself,
// which may be a private key.
var ErrSyntax = errors.New("is not a public key: type, key in base64, and comment, on one line")

func keyTypes() []string {
	return []string{"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"}
}

// Parse reads a line of a .pub file. The error is ErrSyntax.
func Parse(text string) (Key, error) {
	f := strings.Fields(text)
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if len(f) < 2 || strings.ContainsFunc(text, control) || !slices.Contains(keyTypes(), f[0]) {
		return Key{}, ErrSyntax
	}
	data, err := base64.StdEncoding.DecodeString(f[1])
	if err != nil || len(data) < 4 {
		return Key{}, ErrSyntax
	}
	n := binary.BigEndian.Uint32(data)
	if uint64(n) > uint64(len(data)-4) || string(data[4:4+n]) != f[0] || len(data) == 4+int(n) {
		return Key{}, ErrSyntax
	}
	return Key{f[0], f[1], strings.Join(f[2:], " ")}, nil
}

// Line is the key as a line of a file, without its end.
func (k Key) Line() string { return strings.TrimSpace(k.Type + " " + k.Blob + " " + k.Comment) }

// Fingerprint is the SHA-256 of the key, as ssh-keygen writes it.
func (k Key) Fingerprint() string {
	data, _ := base64.StdEncoding.DecodeString(k.Blob) // Parse decoded it
	sum := sha256.Sum256(data)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// In looks for the key among the lines of a file: there, with options before
// it, or neither. Of several lines, sshd takes the first.
func (k Key) In(data []byte) (there, optioned bool) {
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if i := slices.Index(f, k.Blob); i > 0 && f[i-1] == k.Type && f[0][0] != '#' {
			return i == 1, i > 1
		}
	}
	return false, false
}
