package words_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// FuzzDigest: no digest shows a part of a secret, and the same secret has the same digest.
func FuzzDigest(f *testing.F) {
	f.Add("AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==", "x")
	f.Add("sha256:", "")
	f.Fuzz(func(t *testing.T, secret, other string) {
		digest := words.Digest(secret)
		assert.Equal(t, digest, words.Digest(secret))
		assert.Equal(t, secret == "", digest == "")
		if len(secret) > len("sha256:")+8 {
			assert.NotContains(t, digest, secret)
		}
		if secret != "" {
			assert.Len(t, digest, len("sha256:")+8)
			assert.NotEqual(t, digest, words.Digest(secret+other+"."))
		}
	})
}

// FuzzLastWords: they are short, one line, and whole characters.
func FuzzLastWords(f *testing.F) {
	f.Add([]byte("out\n"), []byte("err"))
	f.Add([]byte(strings.Repeat("…", 200)), []byte("x"))
	f.Add([]byte{0xff, 'a'}, []byte(nil))
	f.Fuzz(func(t *testing.T, out, stderr []byte) {
		said := words.LastWords(remote.Result{Data: out, Stderr: stderr})
		assert.LessOrEqual(t, len(said), 303)
		assert.NotContains(t, said, "\n")
		assert.Equal(t, strings.TrimSpace(said), said)
		if utf8.Valid(out) && utf8.Valid(stderr) {
			assert.True(t, utf8.ValidString(said), "%q", said)
		}
		assert.NotContains(t, words.LastLine(out), "\n")
	})
}

// TestJoinShortKeepsTheFirstNames.
func TestJoinShortKeepsTheFirstNames(t *testing.T) {
	names := strings.Fields("a b c d e f g h")
	assert.Empty(t, words.JoinShort(nil))
	assert.Equal(t, "a, b, c, d, e", words.JoinShort(names[:5]))
	assert.Equal(t, "a, b, c, d, e and 1 more", words.JoinShort(names[:6]))
	assert.Equal(t, "a, b, c, d, e and 3 more", words.JoinShort(names))
}
