package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote/hostkeys"
	"github.com/cephstack/cephstack/remote/internal/knownhosts"
)

// ScanHostKeys asks the host for its keys, one of each safe type, and trusts
// none: anybody may answer at the address, and show any key. Compare the
// fingerprints with what the host's console or the provider says, and give the
// keys that agree to hostkeys.Trust. Of c it uses Name, Address, Timeouts and
// Jump; the jump host's key is checked as always.
//
// Similar To: ssh-keyscan <address>
func (c Config) ScanHostKeys(ctx context.Context) ([]hostkeys.Key, error) {
	host, port, err := knownhosts.SplitAddress(c.Address)
	if c.Jump != nil && err == nil {
		err = c.Jump.check("Jump.", maxJumps)
	}
	if err != nil {
		return nil, fmt.Errorf("remote: Address: %w", err)
	}
	c.Timeouts = c.Timeouts.withDefaults()
	d := &dialer{cfg: c, address: net.JoinHostPort(host, strconv.Itoa(port))}
	fleet := newFleet(c)
	defer fleet.Close()
	if fleet.jump != nil {
		l, _, err := fleet.jump.connect(ctx)
		if err != nil {
			return nil, d.failAtJump(ctx, fleet.jump.cfg.name(), err)
		}
		defer fleet.jump.release(l, false)
		d.jump = l
	}
	var keys []hostkeys.Key
	for _, algorithms := range scanned() {
		key, err := d.show(ctx, algorithms)
		if err != nil {
			return nil, err
		}
		if key != nil {
			keys = append(keys, hostkeys.Key{
				Address: c.Address, Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key),
				Line: knownhosts.Line(host, port, key),
			})
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
		knownhosts.Signatures(ssh.KeyAlgoRSA),
	}
}

// show connects far enough to see the host's key of a type. The key is nil when
// the host has none. The key exchange proves that the host has the private key.
func (d *dialer) show(ctx context.Context, algorithms []string) (ssh.PublicKey, error) {
	conn, err := d.tcp(ctx)
	if err != nil {
		return nil, d.fail("connect", unreachable(err))
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
	return nil, d.fail("connect", unreachable(err))
}

var errSeen = errors.New("seen")
