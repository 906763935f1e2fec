// Package words puts what was read into words: as a plan shows it, or as a message quotes it.
//
// # Use
//
// Kinds of resources call it for the fields and the messages of a comparison. Digest is the only way in which a
// secret may appear in a plan.
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
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"

	"github.com/cephstack/cephstack/remote"
)

// Digest makes a secret comparable in a plan without showing it. The digest of an empty secret is empty.
func Digest(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("cephstack plan " + secret))
	return "sha256:" + hex.EncodeToString(sum[:4])
}

// LastWords is the end of what a program printed, on both streams, as a single line.
func LastWords(r remote.Result) string {
	const most = 300
	words := strings.Join(strings.Fields(string(r.Data)+" "+string(r.Stderr)), " ")
	if len(words) > most {
		words = "…" + strings.TrimSpace(strings.ToValidUTF8(words[len(words)-most:], "")) // no half character
	}
	return words
}

// LastLine is the last line of what a program printed.
func LastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
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
