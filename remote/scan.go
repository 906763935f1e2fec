package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// A HostKey is a key that a host showed, and that nobody has verified yet.
type HostKey struct {
	Address     string // host or host:port, as it was asked
	Type        string // ssh-ed25519
	Fingerprint string // SHA256:…, as ssh-keygen -l prints it
	Line        string // of known_hosts
}

// ScanHostKeys asks a host for its keys, one of each safe type, and trusts
// none: whoever answers at the address shows what they like. Compare the
// fingerprints with what the host's console or the provider says, and give
// those that agree to TrustHostKeys. Of cfg it takes Name, Address, Jump (which
// is checked as always) and Timeouts.
//
// Similar To: ssh-keyscan <address>
func ScanHostKeys(ctx context.Context, cfg Config) ([]HostKey, error) {
	host, port, err := splitAddress(cfg.Address)
	if cfg.Jump != nil && err == nil {
		err = cfg.Jump.check("Jump.", maxJumps)
	}
	if err != nil {
		return nil, fmt.Errorf("remote: Address: %w", err)
	}
	cfg.Timeouts = cfg.Timeouts.withDefaults()
	d := &dialer{cfg: cfg, address: net.JoinHostPort(host, strconv.Itoa(port))}
	fleet := newFleet(cfg)
	defer fleet.Close()
	if fleet.jump != nil {
		l, _, err := fleet.jump.connect(ctx)
		if err != nil {
			return nil, err
		}
		defer fleet.jump.release(l, false)
		d.jump = l
	}
	var keys []HostKey
	for _, algorithms := range scanned() {
		key, err := d.show(ctx, algorithms)
		if err != nil {
			return nil, err
		}
		if key != nil {
			line := fullName(host, port) + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
			keys = append(keys, HostKey{cfg.Address, key.Type(), ssh.FingerprintSHA256(key), line})
		}
	}
	if len(keys) == 0 {
		return nil, d.fail("host key", fmt.Errorf("%w: it has no key of a safe type", ErrHostKey))
	}
	return keys, nil
}

// scanned are the types of keys to ask for, each with its algorithms.
func scanned() [][]string {
	return [][]string{
		{ssh.KeyAlgoED25519},
		{ssh.KeyAlgoECDSA256}, {ssh.KeyAlgoECDSA384}, {ssh.KeyAlgoECDSA521},
		signatures(ssh.KeyAlgoRSA),
	}
}

// show connects far enough to see the host's key of a type; nil when it has
// none. The key exchange proves that the host has the private key.
func (d *dialer) show(ctx context.Context, algorithms []string) (ssh.PublicKey, error) {
	conn, err := d.tcp(ctx)
	if err != nil {
		return nil, d.fail("connect", fmt.Errorf("%w: %s", ErrUnreachable, short(err)))
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	timer := time.AfterFunc(d.cfg.Timeouts.Handshake, func() { conn.Close() })
	defer timer.Stop()
	var shown ssh.PublicKey
	_, _, _, err = ssh.NewClientConn(conn, d.address, &ssh.ClientConfig{
		Config: safeAlgorithms(), HostKeyAlgorithms: algorithms, ClientVersion: clientVersion, User: "none",
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			shown = key
			return errSeen
		},
	})
	var none *ssh.AlgorithmNegotiationError
	switch {
	case shown != nil:
		return shown, nil
	case ctx.Err() != nil:
		return nil, d.fail("connect", context.Cause(ctx))
	case errors.As(err, &none) && strings.Contains(err.Error(), "host key"):
		return nil, nil
	}
	return nil, d.fail("connect", fmt.Errorf("%w: %s", ErrUnreachable, short(err)))
}

var errSeen = errors.New("seen")

// CheckHostKeys compares scanned keys with known_hosts files, of which some may
// not be there, and writes nothing: which are known, and which are not. Those in
// neither, as the files have another key of their type for the host, or revoke
// them, are what the error tells; each is ErrHostKey.
func CheckHostKeys(files []string, scanned []HostKey) (known, unknown []HostKey, err error) {
	have := newKnownHosts(files)
	for _, file := range files {
		if err := have.read(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	var changed []error
	for _, k := range scanned {
		switch line, err := have.unknown(k); {
		case err != nil:
			changed = append(changed, fmt.Errorf("%s: %w", printable(k.Address, 100), err))
		case line == "":
			known = append(known, k)
		default:
			unknown = append(unknown, k)
		}
	}
	return known, unknown, errors.Join(changed...)
}

// TrustHostKeys adds the scanned keys with one of the fingerprints to a
// known_hosts file, making it (0600) when needed, and tells how many lines that
// took: what is known already is not added again. Fingerprints come from
// somewhere else than the scan, or else they prove nothing. One that no scanned
// key has is ErrHostKey, and so is a key that differs from the one of its type
// that the file has for the host, or that is revoked there; then nothing is
// added. Nothing in the file is ever changed or removed.
func TrustHostKeys(file string, scanned []HostKey, fingerprints ...string) (added int, err error) {
	known, err := loadKnownHosts([]string{file})
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return 0, err
	}
	if missing {
		known = newKnownHosts([]string{file})
	}
	var lines string
	for _, print := range fingerprints {
		i := slices.IndexFunc(scanned, func(k HostKey) bool { return k.Fingerprint == print })
		if i < 0 {
			return 0, fmt.Errorf("%w: no scanned key has the fingerprint %s: somebody else may be answering", ErrHostKey, printable(print, 100))
		}
		line, err := known.unknown(scanned[i])
		if err != nil {
			return 0, err
		}
		if line != "" && !strings.Contains(lines, line) {
			lines += line
			added++
		}
	}
	if lines == "" {
		return 0, nil
	}
	return added, appendLines(file, lines)
}

// unknown is the line to add for a key, empty when the file has it.
func (k *knownHosts) unknown(key HostKey) (string, error) {
	l, err := parseHostLine(key.Line)
	if err != nil {
		return "", fmt.Errorf("remote: %s: %w", printable(key.Address, 100), err)
	}
	host, port, err := splitAddress(key.Address)
	if err != nil || len(l.patterns) != 1 || l.mark != "" || l.patterns[0] != fullName(host, port) || ssh.FingerprintSHA256(l.key) != key.Fingerprint {
		return "", fmt.Errorf("remote: %s: the line of the key is not that of its address and fingerprint", printable(key.Address, 100))
	}
	p := k.policy(host, port).complete()
	err = p.check(l.key)
	if err == nil {
		return "", nil
	}
	for _, have := range p.lines {
		// A line without the port is of another server, beside which one with it counts.
		changed := have.mark == "" && have.key.Type() == l.key.Type() && have.matches(fullName(host, port))
		if changed || have.mark == markRevoked && same(have.key, l.key) {
			return "", err
		}
	}
	return key.Line + "\n", nil
}

// appendLines adds whole lines by one write.
func appendLines(file, lines string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err = f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			lines = "\n" + lines
		}
	}
	if err == nil {
		_, err = f.WriteString(lines)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
