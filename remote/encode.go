package remote

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

// seconds gives a time to sleep and timeout.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// octal gives a mode to chmod, in five digits: with four, chmod would keep the
// setgid bit of a folder.
func octal(m fs.FileMode) string {
	if m == 0 {
		return ""
	}
	return fmt.Sprintf("%05o", wire.UnixMode(m))
}

// token is n random bytes in hex.
func token(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
