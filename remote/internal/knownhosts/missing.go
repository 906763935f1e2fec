package knownhosts

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote/internal/words"
)

// Line is the line of known_hosts for a host's key.
func Line(host string, port int, key ssh.PublicKey) string {
	return fullName(host, port) + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

var errOtherLine = errors.New("the line of the key is not that of its address and fingerprint")

// Missing reports whether the files have no line for the key of a host, which
// line is for. The error is ErrUntrusted if they have another key of its type
// for the host, or revoke it.
func (k *Hosts) Missing(address, line, fingerprint string) (bool, error) {
	l, err := parseHostLine(line)
	if err != nil {
		return false, fmt.Errorf("%s: %w", words.Printable(address, 100), err)
	}
	host, port, err := SplitAddress(address)
	if err != nil || l.mark != "" || len(l.patterns) != 1 || l.patterns[0] != fullName(host, port) ||
		ssh.FingerprintSHA256(l.key) != fingerprint {
		return false, fmt.Errorf("%s: %w", words.Printable(address, 100), errOtherLine)
	}
	p := k.Policy(host, port).Complete()
	untrusted := p.Check(l.key)
	if untrusted == nil {
		return false, nil
	}
	for _, have := range p.lines {
		// A line without a port may be of another server at the address. It does
		// not keep a line with the port from being added.
		changed := have.mark == "" && have.key.Type() == l.key.Type() && have.matches(fullName(host, port))
		if changed || have.mark == markRevoked && same(have.key, l.key) {
			return false, untrusted
		}
	}
	return true, nil
}
