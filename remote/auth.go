package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/cephstack/cephstack"
)

// ownSigners are the keys of files and memory, each certificate before its key.
func ownSigners(cfg Config) ([]ssh.Signer, error) {
	var all []ssh.Signer
	for _, file := range cfg.KeyFiles {
		s, err := fileSigners(file)
		if err != nil {
			return nil, err
		}
		all = append(all, s...)
	}
	for i, pem := range cfg.Keys {
		s, err := parseKey([]byte(pem.Reveal()))
		if err != nil {
			return nil, fmt.Errorf("private key Keys[%d]: %w", i, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// agentSigners are the keys that an agent holds. The closer ends the
// connection to it.
func agentSigners(ctx context.Context, socket string) ([]ssh.Signer, io.Closer, error) {
	if socket == "" {
		return nil, io.NopCloser(nil), nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, nil, fmt.Errorf("agent: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	held, err := agent.NewClient(conn).Signers()
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("agent: %w", err)
	}
	var all []ssh.Signer
	for _, s := range held {
		if s, err := modern(s); err == nil {
			all = append(all, s)
		}
	}
	return all, conn, nil
}

// readPrivate reads a private key. As in OpenSSH, a file that others may read does not count,
// whoever asks.
func readPrivate(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	mode := info.Mode()
	if mode.IsRegular() && mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" { // which has no such bits
		return nil, fmt.Errorf("%s: its mode is %04o, so that others can read or replace the private key: "+
			"run chmod 600 %s, and use a new key if somebody may have read it", file, mode.Perm(),
			cephstack.ShellQuote(file))
	}
	return io.ReadAll(f)
}

// fileSigners reads a private key and, if there is one, its certificate.
func fileSigners(file string) ([]ssh.Signer, error) {
	pem, err := readPrivate(file)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(pem)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	text, err := os.ReadFile(file + "-cert.pub")
	if errors.Is(err, os.ErrNotExist) {
		return []ssh.Signer{key}, nil
	}
	if err != nil {
		return nil, err
	}
	pub, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s-cert.pub: %w", file, err)
	}
	cert, ok := pub.(*ssh.Certificate)
	if !ok {
		return nil, fmt.Errorf("%s-cert.pub: not a certificate", file)
	}
	certified, err := ssh.NewCertSigner(cert, key)
	if err != nil {
		return nil, fmt.Errorf("%s-cert.pub: %s", file, strings.TrimPrefix(err.Error(), "ssh: "))
	}
	return []ssh.Signer{certified, key}, nil
}

func parseKey(pem []byte) (ssh.Signer, error) {
	s, err := ssh.ParsePrivateKey(pem)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, errors.New("the key is encrypted: load it into an ssh-agent, or use one without a passphrase")
	}
	if err != nil {
		return nil, errors.New("not a private key in PEM") // the cause may quote the key
	}
	return modern(s)
}

// modern keeps an RSA key from signing with SHA-1, and refuses DSA.
func modern(s ssh.Signer) (ssh.Signer, error) {
	switch s.PublicKey().Type() {
	case "ssh-dss":
		return nil, errors.New("DSA keys are not safe")
	case ssh.KeyAlgoRSA, ssh.CertAlgoRSAv01:
		with, ok := s.(ssh.AlgorithmSigner)
		if !ok {
			return nil, errors.New("the key signs with SHA-1 only")
		}
		return ssh.NewSignerWithAlgorithms(with, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
	}
	return s, nil
}
