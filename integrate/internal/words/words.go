// Package words puts what was read into words: as a plan shows it, or as a message quotes it.
//
// # Use
//
// Kinds of resources call it for the fields and the messages of a comparison. Digest, for a key, and Hidden, for what
// people choose, are the only ways in which a secret may appear in a plan. Value finds out which values of fields may
// be secrets. Shown is for texts, which have no digest of what people choose.
//
// # Errors
//
// The functions do not fail.
//
// # Concurrency and cancellation
//
// The functions are pure.
package words

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

// OfNewUser stands for the digest of a key that is not known as long as its user is not made.
const OfNewUser = "of the new user"

// Digest makes a secret comparable in a plan without showing it. The digest of an empty secret is empty.
func Digest(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("cephstack plan " + secret))
	return "sha256:" + hex.EncodeToString(sum[:4])
}

// Line is a text as one line of a terminal. What does not print, such as the end of a line or the escape that begins a
// command to a terminal, is shown as in Go: \n, \x1b. What a host says can therefore not look like a line of a plan.
func Line(s string) string {
	fit := func(r rune) bool { return unicode.IsPrint(r) && r != unicode.ReplacementChar }
	if strings.IndexFunc(s, func(r rune) bool { return !fit(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case fit(r):
			b.WriteRune(r)
		case r == unicode.ReplacementChar && s[i:] != "" && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, s[i]) // a byte that is no character
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// Short is a value as one line, as Line gives it. Of a long value, Short is the beginning, and how long the value is.
func Short(s string) string { return cut(s, 2000) }

// Message is Short for a message, which may have several values in it.
func Message(s string) string { return cut(s, 10_000) }

func cut(s string, most int) string {
	if len(s) <= most {
		return Line(s)
	}
	end := most
	for end > most-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return Line(s[:end]) + fmt.Sprintf("… (%d bytes)", len(s))
}

// LastWords is the end of what a program printed, on both streams, as a single line without secrets.
func LastWords(r remote.Result) string {
	const most = 300
	said := cephstack.WithoutSecrets(end(r.Data) + "\n" + end(r.Stderr))
	words := Line(strings.Join(strings.Fields(said), " "))
	if len(words) > most {
		words = "…" + strings.TrimSpace(strings.ToValidUTF8(words[len(words)-most:], "")) // no half character
	}
	return words
}

// end is the end of what a program printed, and more of it than is quoted. It does not begin with half a word, which
// may be half a secret.
func end(b []byte) string {
	const most = 64 << 10
	if len(b) > most {
		b = b[len(b)-most:]
		b = b[bytes.IndexAny(b, " \n")+1:]
	}
	return string(b)
}

// LastLine is the last line of what a program printed, without secrets, as Short gives it.
func LastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(cephstack.WithoutSecrets(end(b))), "\n")
	return Short(lines[len(lines)-1])
}

// JoinShort joins names for a message. Of more than five names it gives the first five, and how many more there are.
func JoinShort(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// Ownership is owner, group and mode as a plan shows them, such as "root:ceph 0640".
func Ownership(owner, group string, mode fs.FileMode) string {
	return owner + ":" + group + " " + Octal(mode)
}

// Octal is a mode as a plan shows it, such as 0640.
func Octal(m fs.FileMode) string { return fmt.Sprintf("%04o", uint32(m.Perm())) }
