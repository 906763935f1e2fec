package words_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

func TestDigest(t *testing.T) {
	assert.Empty(t, words.Digest(""))
	assert.Regexp(t, `^sha256:[0-9a-f]{8}$`, words.Digest("key"))
	assert.NotEqual(t, words.Digest("key"), words.Digest("another key"))
}

func TestLastWords(t *testing.T) {
	assert.Equal(t, "out err", words.LastWords(remote.Result{Data: []byte(" out\n"), Stderr: []byte("\terr\n")}))
	long := words.LastWords(remote.Result{Stderr: []byte(strings.Repeat("x", 400) + "end")})
	assert.Equal(t, "…"+strings.Repeat("x", 297)+"end", long)
}

func TestLine(t *testing.T) {
	assert.Equal(t, "a “b” ü\\", words.Line("a “b” ü\\"))
	assert.Equal(t, `a\n\x1b[2J\t\xff\u202e\u009b`, words.Line("a\n\x1b[2J\t\xff\u202e\u009b"))
	assert.Equal(t, `\x1b]0;x\a`, words.LastWords(remote.Result{Stderr: []byte("\x1b]0;x\a")}))
	assert.Equal(t, `b\x1b[A`, words.LastLine([]byte("a\nb\x1b[A\n")))
}

func TestShort(t *testing.T) {
	assert.Equal(t, `a\n“b”`, words.Short("a\n“b”"))
	fits := strings.Repeat("x", 2000)
	assert.Equal(t, fits, words.Short(fits))
	assert.Equal(t, fits+"… (1048576 bytes)", words.Short(strings.Repeat("x", 1<<20)))
	assert.Equal(t, fits[:1999]+"… (2002 bytes)", words.Short(fits[:1999]+"“"), "a character is not cut")
	assert.Equal(t, fits[:1999]+`\x80… (2001 bytes)`, words.Short(fits[:1999]+"\x80b"))
	assert.Equal(t, strings.Repeat(fits, 5)+"… (1048576 bytes)", words.Message(strings.Repeat("x", 1<<20)))
	assert.Less(t, len(words.Short(strings.Repeat("\x1b\x80", 1<<20))), 8100)
}

func TestLastLine(t *testing.T) {
	assert.Equal(t, "b", words.LastLine([]byte("a\nb\n\n")))
	assert.Empty(t, words.LastLine(nil))
	assert.Len(t, words.LastLine([]byte(strings.Repeat("x ", 4096))), 2000+len("… (8191 bytes)"))
}

func TestJoinShort(t *testing.T) {
	assert.Equal(t, "a, b, c, d, e and 2 more", words.JoinShort([]string{"a", "b", "c", "d", "e", "f", "g"}))
	assert.Equal(t, "a", words.JoinShort([]string{"a"}))
}

func TestOwnership(t *testing.T) {
	assert.Equal(t, "root:ceph 0640", words.Ownership("root", "ceph", 0o640))
	assert.Equal(t, "0007", words.Octal(0o7))
}

// TestLastWordsHoldNoSecret.
func TestLastWordsHoldNoSecret(t *testing.T) {
	said := "password = hunter2\nkey = AQBSKTlnAAAAABAAmYJxJJ8S8CUXVxfLNbHQXw==\n"
	assert.Equal(t, "password = [redacted] key = [redacted]", words.LastWords(remote.Result{Data: []byte(said)}))
	assert.Equal(t, "key = [redacted]", words.LastLine([]byte(said)))
	long := "AQBSKTlnAAAAABAAmYJxJJ8S8CUXVxfLNbHQXw==" + strings.Repeat("\n", 64<<10-23) + "end"
	assert.Equal(t, "end", words.LastWords(remote.Result{Data: []byte(long)}))
}
