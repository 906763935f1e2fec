// Package knownhosts reads known_hosts files as OpenSSH does, and says by them
// whether a host's key is to be trusted.
package knownhosts

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha1" // the format of hashed names, not a signature
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack"
)

// Hosts are the lines of known_hosts files. Lines with plain names are indexed
// by name. Lines with hashed names are indexed by key: whose they are is only
// known after hashing the name that is looked for.
type Hosts struct {
	exact  map[string][]*hostLine
	scan   []*hostLine // with wildcards or negations, and hashed authorities
	hashed []*hostLine
	byKey  map[string][]*hostLine // of hashed
	types  map[string]bool        // types of the keys in hashed that are not revoked
	source []string
}

// Up to fewHashed lines are tried one by one for each host. With more lines and
// as many hosts, that would cost the product of both.
const fewHashed = 64

// A hostLine is one line of a known_hosts file.
type hostLine struct {
	where    string // file:line
	mark     string // "", @cert-authority or @revoked
	patterns []string
	salt     []byte // of a hashed name
	hash     []byte
	key      ssh.PublicKey
}

const (
	markAuthority = "@cert-authority"
	markRevoked   = "@revoked"
)

// New has no lines. source names the files that errors speak of.
func New(source []string) *Hosts {
	return &Hosts{
		exact: map[string][]*hostLine{}, byKey: map[string][]*hostLine{}, types: map[string]bool{}, source: source,
	}
}

// Load reads files.
func Load(files []string) (*Hosts, error) {
	k := New(files)
	for _, name := range files {
		if err := k.Read(name); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// maxFile is more bytes than three keys each of 100,000 hosts take.
const maxFile = 256 << 20

// Read adds the lines of a further file.
func (k *Hosts) Read(name string) error {
	text, _, err := cephstack.ReadFile(name, maxFile)
	if err != nil {
		return err
	}
	return k.parse(name, bytes.NewReader(text))
}

// parse adds the lines of r. Lines that cannot be read are passed over, as in
// OpenSSH. A revocation that cannot be read is an error: it must not get lost. So is a
// marker that is not known, as it may be a misspelt revocation.
func (k *Hosts) parse(name string, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		line, err := parseHostLine(string(text))
		if err != nil {
			if text[0] == '@' && !bytes.HasPrefix(text, []byte(markAuthority)) {
				return fmt.Errorf("%s:%d: %w", name, n, err)
			}
			continue
		}
		line.where = name + ":" + strconv.Itoa(n)
		k.add(line)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (k *Hosts) add(line *hostLine) {
	if line.hash != nil && line.mark != markAuthority {
		k.hashed = append(k.hashed, line)
		key := string(line.key.Marshal())
		k.byKey[key] = append(k.byKey[key], line)
		if line.mark == "" {
			k.types[line.key.Type()] = true
		}
		return
	}
	special := func(p string) bool { return strings.ContainsAny(p, "*?!") }
	if line.hash != nil || slices.ContainsFunc(line.patterns, special) {
		k.scan = append(k.scan, line)
		return
	}
	for i, p := range line.patterns {
		if !slices.Contains(line.patterns[:i], p) {
			k.exact[p] = append(k.exact[p], line)
		}
	}
}

// ErrUntrusted is a host key that is not known, that differs from the known
// one, or that is revoked. Package remote exports it as ErrHostKey.
var ErrUntrusted = errors.New("remote: host key not trusted")

var (
	errHostLine = errors.New("not a known_hosts line")
	errMark     = errors.New("not a known_hosts line: a marker is " + markAuthority + " or " + markRevoked)
)

func parseHostLine(text string) (*hostLine, error) {
	l := &hostLine{}
	f := strings.Fields(text)
	if len(f) > 0 && f[0][0] == '@' {
		l.mark = f[0]
		f = f[1:]
		if l.mark != markAuthority && l.mark != markRevoked {
			return nil, errMark
		}
	}
	if len(f) < 3 {
		return nil, errHostLine
	}
	if err := l.names(f[0]); err != nil {
		return nil, err
	}
	blob, err := base64.StdEncoding.DecodeString(f[2])
	if err != nil {
		return nil, errHostLine
	}
	if l.key, err = ssh.ParsePublicKey(blob); err != nil || l.key.Type() != f[1] {
		return nil, errHostLine
	}
	return l, nil
}

func (l *hostLine) names(field string) error {
	rest, hashed := strings.CutPrefix(field, "|1|")
	if !hashed {
		if strings.HasPrefix(field, "|") {
			return errHostLine
		}
		for p := range strings.SplitSeq(strings.ToLower(field), ",") {
			if p != "" && p != "!" {
				l.patterns = append(l.patterns, p)
			}
		}
		return nil
	}
	salt, hash, ok := strings.Cut(rest, "|")
	var err1, err2 error
	l.salt, err1 = base64.StdEncoding.DecodeString(salt)
	l.hash, err2 = base64.StdEncoding.DecodeString(hash)
	if !ok || err1 != nil || err2 != nil || len(l.salt) != sha1.Size || len(l.hash) != sha1.Size {
		return errHostLine
	}
	return nil
}

// lines are the lines for a host, in no order. They are found by name and port.
// If no line has the port, they are found by the name alone, as in OpenSSH.
func (k *Hosts) lines(host string, port int) []*hostLine {
	return k.named(host, port, k.hashed)
}

// named are the lines for a host, among those that are not hashed and the given
// hashed lines.
func (k *Hosts) named(host string, port int, hashed []*hostLine) []*hostLine {
	found := k.match(fullName(host, port), hashed)
	if len(found) == 0 && port != 22 {
		found = k.match(strings.ToLower(host), hashed)
	}
	return found
}

// fullName is a host's name in known_hosts.
func fullName(host string, port int) string {
	host = strings.ToLower(host)
	if port == 22 {
		return host
	}
	return "[" + host + "]:" + strconv.Itoa(port)
}

func (k *Hosts) match(name string, hashed []*hostLine) []*hostLine {
	found := slices.Clone(k.exact[name])
	for _, l := range slices.Concat(k.scan, hashed) {
		if l.matches(name) {
			found = append(found, l)
		}
	}
	return found
}

func (l *hostLine) matches(name string) bool {
	if l.hash != nil {
		mac := hmac.New(sha1.New, l.salt)
		mac.Write([]byte(name))
		return hmac.Equal(mac.Sum(nil), l.hash)
	}
	matched := false
	for _, p := range l.patterns {
		p, not := strings.CutPrefix(p, "!")
		if wildcard(p, name) {
			if not {
				return false
			}
			matched = true
		}
	}
	return matched
}

// wildcard matches * and ?, as OpenSSH does: both match any character.
func wildcard(pattern, s string) bool {
	star, from := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// SplitAddress gives host and port of an address; the port is 22 when the
// address has none.
func SplitAddress(address string) (host string, port int, err error) {
	odd := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '@' || r == '/' }
	if strings.ContainsFunc(address, odd) {
		return "", 0, errors.New("neither host nor host:port")
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		if strings.Count(address, ":") == 1 || strings.ContainsAny(address, "[]") {
			return "", 0, errors.New("neither host nor host:port")
		}
		return address, 22, nil
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 || host == "" {
		return "", 0, errors.New("neither host nor host:port")
	}
	return host, port, nil
}
