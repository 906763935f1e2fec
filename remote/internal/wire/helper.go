package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
)

// Where the installed helper and its allow-list are on a host. The helper has the second
// path in its text.
const (
	HelperPath = "/usr/local/libexec/cephstack-helper"
	AllowPath  = "/etc/cephstack/allow"
)

// ErrDenied is what the helper refuses.
var ErrDenied = errors.New("helper: the helper on the host does not allow the operation: run prepare again")

// helperHead starts the helper with an empty environment, whatever sudo hands on. The
// variable is how other runs tell that the process is one of the program.
const helperHead = `#!/usr/bin/env -S -i "CEPHSTACK=cephstack 2" /bin/sh
# Written by cephstack: what the login user may do as root, by /etc/cephstack/allow.
`

// Helper is the program as it is installed on a host, with the guard in place.
func Helper() string { return helper() }

var helper = sync.OnceValue(func() string {
	var b strings.Builder
	b.WriteString(helperHead)
	for line := range lines {
		b.WriteString(line)
	}
	guard, err := source.ReadFile("program/guard.sh")
	body, found := strings.CutSuffix(b.String(), "\nserve\n")
	if err != nil || !found { // it is not built in, which a test would show
		return ""
	}
	return body + "\n" + string(guard) + "serve\n"
})

// HelperCommand is the command line that runs the installed helper through sudo.
func HelperCommand() string {
	return "exec /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sudo -n -- " + HelperPath
}

// Digest is the digest of several texts as the helper makes it: their number and each of them, with
// a NUL behind it.
func Digest(texts ...string) string {
	h := sha256.New()
	for _, text := range append([]string{strconv.Itoa(len(texts))}, texts...) {
		h.Write([]byte(text + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil))
}
