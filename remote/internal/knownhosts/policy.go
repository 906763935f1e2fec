package knownhosts

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote/internal/words"
)

// A Policy is what known_hosts say about one host.
type Policy struct {
	host  string
	port  int
	lines []*hostLine
	files []string
	// more, if not nil, has many hashed lines. Only those with the key that the
	// host shows are tried; see Complete.
	more *Hosts
}

// Policy is what the lines say about one host.
func (k *Hosts) Policy(host string, port int) Policy {
	p := Policy{host: host, port: port, files: k.source}
	if len(k.hashed) <= fewHashed {
		p.lines = k.lines(host, port)
		return p
	}
	p.lines, p.more = k.named(host, port, nil), k
	return p
}

// Complete looks through all hashed lines for lines of the host.
func (p Policy) Complete() Policy {
	if p.more != nil {
		p.lines, p.more = p.more.lines(p.host, p.port), nil
	}
	return p
}

// Incomplete reports whether there are hashed lines that were not looked
// through.
func (p Policy) Incomplete() bool { return p.more != nil }

// with adds the hashed lines of the host that have one of the keys. If the host
// has no line with its port, all lines have to be looked through, as a line with
// the port counts more than a line without.
func (p Policy) with(keys ...ssh.PublicKey) Policy {
	if p.more == nil {
		return p
	}
	var hashed []*hostLine
	for _, key := range keys {
		hashed = append(hashed, p.more.byKey[string(key.Marshal())]...)
	}
	lines := p.more.match(fullName(p.host, p.port), hashed)
	if len(lines) == 0 && p.port != 22 {
		return p.Complete()
	}
	p.lines = lines
	return p
}

// Algorithms are the signature algorithms to accept: those of the host's lines,
// and of hashed lines that may be the host's. For a host without lines of a safe type they
// are all safe algorithms, so that the refusal can name the host's key. They are never none:
// package ssh would take that for all that it knows.
func (p Policy) Algorithms() []string {
	var certs, keys []string
	known := false
	for _, l := range p.lines {
		switch l.mark {
		case "":
			safe := Signatures(l.key.Type())
			keys, known = append(keys, safe...), known || len(safe) > 0
		case markAuthority:
			certs = certAlgorithms()
		}
	}
	if !known {
		keys = p.possible()
	}
	all := append(certs, keys...)
	slices.SortStableFunc(all, func(a, b string) int { return rank(a) - rank(b) })
	return slices.Compact(all)
}

// possible are the algorithms for a host that has no plain line.
func (p Policy) possible() []string {
	var keys []string
	if p.more != nil {
		for t := range p.more.types {
			keys = append(keys, Signatures(t)...)
		}
	}
	if len(keys) == 0 {
		keys = plainAlgorithms()
	}
	return keys
}

func plainAlgorithms() []string {
	return []string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
		ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
	}
}

func certAlgorithms() []string {
	return []string{
		ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
		ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
	}
}

func rank(algorithm string) int {
	return slices.Index(append(certAlgorithms(), plainAlgorithms()...), algorithm)
}

// Signatures are the algorithms of a type of key. There are none for a type
// that is not safe or not known.
func Signatures(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	if slices.Contains(plainAlgorithms(), keyType) {
		return []string{keyType}
	}
	return nil
}

// Check trusts a key or says why not, and what to do.
func (p Policy) Check(key ssh.PublicKey) error {
	plain := key
	cert, isCert := key.(*ssh.Certificate)
	if isCert {
		plain = cert.Key
		p = p.with(plain, cert.SignatureKey)
	} else {
		p = p.with(plain)
	}
	if len(Signatures(plain.Type())) == 0 {
		return fmt.Errorf("%w: it shows a key of type %s, which is not safe: give the host a key of another type",
			ErrUntrusted, words.Printable(plain.Type(), 40))
	}
	for _, l := range p.lines {
		if l.mark == markRevoked && (same(l.key, plain) || isCert && same(l.key, cert.SignatureKey)) {
			return fmt.Errorf("%w: the key %s is revoked in %s: do not connect before the host has a new key",
				ErrUntrusted, ssh.FingerprintSHA256(plain), l.where)
		}
	}
	var certErr error
	if isCert {
		if certErr = p.checkCert(cert); certErr == nil {
			return nil
		}
	}
	for _, l := range p.lines {
		if l.mark == "" && same(l.key, plain) {
			return nil
		}
	}
	if certErr != nil {
		return certErr
	}
	return p.Complete().refuse(plain)
}

func (p Policy) checkCert(cert *ssh.Certificate) error {
	authority := slices.ContainsFunc(p.lines, func(l *hostLine) bool {
		return l.mark == markAuthority && same(l.key, cert.SignatureKey)
	})
	if !authority {
		return fmt.Errorf("%w: its certificate is signed by %s, which no @cert-authority line for it names",
			ErrUntrusted, ssh.FingerprintSHA256(cert.SignatureKey))
	}
	safe := Signatures(cert.SignatureKey.Type())
	if cert.Signature == nil || !slices.Contains(safe, cert.Signature.Format) {
		return fmt.Errorf("%w: its certificate is signed with %s by a key of type %s, which is not safe: "+
			"sign it with another key", ErrUntrusted, signatureFormat(cert), words.Printable(cert.SignatureKey.Type(), 40))
	}
	checker := ssh.CertChecker{IsHostAuthority: func(ssh.PublicKey, string) bool { return true }}
	address := net.JoinHostPort(p.host, strconv.Itoa(p.port))
	if err := checker.CheckHostKey(address, &net.TCPAddr{}, cert); err != nil {
		return fmt.Errorf("%w: its certificate is not valid: %s", ErrUntrusted,
			words.Printable(strings.TrimPrefix(err.Error(), "ssh: "), 300))
	}
	return nil
}

func signatureFormat(cert *ssh.Certificate) string {
	if cert.Signature == nil {
		return "nothing"
	}
	return words.Printable(cert.Signature.Format, 40)
}

func (p Policy) refuse(key ssh.PublicKey) error {
	fingerprint := key.Type() + " " + ssh.FingerprintSHA256(key)
	for _, l := range p.lines {
		if l.mark == "" && len(Signatures(l.key.Type())) > 0 {
			return fmt.Errorf("%w: the host's key CHANGED: it shows %s, but %s has %s %s; "+
				"if the host was not reinstalled, somebody may be listening; "+
				"otherwise verify the new fingerprint on its console and replace that line",
				ErrUntrusted, fingerprint, l.where, l.key.Type(), ssh.FingerprintSHA256(l.key))
		}
	}
	why := "the host is unknown"
	if unsafe := p.unsafe(); unsafe != "" {
		why = "known_hosts has only a key of type " + unsafe + " for it, which is not safe"
	}
	return fmt.Errorf("%w: %s: it shows %s; "+
		"run ssh-keyscan%s %s, verify the fingerprint on its console and add the line to %s",
		ErrUntrusted, why, fingerprint, p.portFlag(), p.host, strings.Join(p.files, " or "))
}

// unsafe is the type of a key that a line has for the host, and that is not safe; or empty.
func (p Policy) unsafe() string {
	for _, l := range p.lines {
		if l.mark == "" && len(Signatures(l.key.Type())) == 0 {
			return words.Printable(l.key.Type(), 40)
		}
	}
	return ""
}

// NoneOffered is the error when the host has no key of the wanted types.
func (p Policy) NoneOffered() error {
	known := slices.ContainsFunc(p.lines, func(l *hostLine) bool {
		return l.mark == "" && len(Signatures(l.key.Type())) > 0
	})
	if !known {
		return fmt.Errorf("%w: it has no key of a safe type (%s): give the host one, verify its fingerprint on the "+
			"console, and add its line to %s", ErrUntrusted, strings.Join(p.Algorithms(), ", "), strings.Join(p.files, " or "))
	}
	return fmt.Errorf("%w: the host's key CHANGED: it has no key of the types that known_hosts has for it (%s); "+
		"verify its fingerprint on its console, and get its key with ssh-keyscan%s %s",
		ErrUntrusted, strings.Join(p.Algorithms(), ", "), p.portFlag(), p.host)
}

func (p Policy) portFlag() string {
	if p.port == 22 {
		return ""
	}
	return " -p " + strconv.Itoa(p.port)
}

func same(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }
