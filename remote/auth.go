package remote

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/cephstack/cephstack"
)

// ownKeys are what files and memory give for a login: private keys, each certificate before its
// key, and the public keys that choose a key of the agent.
type ownKeys struct {
	signers []ssh.Signer
	chosen  []chosenKey
	only    bool // of the agent, the chosen keys alone are offered
	// optional says that a chosen key which the agent does not hold is passed over where there is another key.
	optional bool
	unfit    error // why no file could be used; it counts where the agent has no key either
}

// A chosenKey is a public key whose private key the agent has.
type chosenKey struct {
	file   string
	public ssh.PublicKey
	locked bool // file is the private key, and encrypted
}

func readOwnKeys(cfg Config) (ownKeys, error) {
	own := ownKeys{only: cfg.OnlyKeyFiles, optional: cfg.OptionalKeyFiles}
	var unfit []error
	for _, file := range cfg.KeyFiles {
		err := own.read(file, cfg.Agent != "")
		if err != nil && !cfg.OptionalKeyFiles {
			return ownKeys{}, err
		}
		unfit = append(unfit, err)
	}
	for i, pem := range cfg.Keys {
		s, err := parseKey([]byte(pem.Reveal()))
		if err != nil {
			return ownKeys{}, fmt.Errorf("private key Keys[%d]: %w", i, err)
		}
		own.signers = append(own.signers, s)
	}
	if len(own.signers)+len(own.chosen) == 0 {
		own.unfit = errors.Join(unfit...)
	}
	if cfg.Agent == "" || cfg.OnlyKeyFiles {
		return own, own.unfit
	}
	return own, nil
}

// read reads a private key and, if there is one, its certificate, or a public key.
func (o *ownKeys) read(file string, agent bool) error {
	if strings.HasSuffix(file, ".pub") {
		public, err := readPublic(file)
		if err == nil && !agent {
			err = fmt.Errorf("%s: a public key chooses a key of an agent, and no agent is given", file)
		}
		if err == nil {
			o.chosen, o.only = append(o.chosen, chosenKey{file: file, public: public}), true
		}
		return err
	}
	pem, err := readPrivate(file)
	if err != nil {
		return err
	}
	key, err := parseKey(pem)
	if public := publicOf(file, err); public != nil && agent {
		o.chosen = append(o.chosen, chosenKey{file, public, true})
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	all, err := withCertificate(file, key)
	o.signers = append(o.signers, all...)
	return err
}

func readPublic(file string) (ssh.PublicKey, error) {
	text, _, err := cephstack.ReadFile(file, maxKeyFile)
	if err != nil {
		return nil, err
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: not a public key", file) // the cause may quote a private key
	}
	return public, nil
}

// publicOf is the public key of a private key that is encrypted, as far as the file itself or
// the .pub file beside it tells. It is nil for another key, and where nothing tells.
func publicOf(file string, err error) ssh.PublicKey {
	var locked *lockedError
	if !errors.As(err, &locked) {
		return nil
	}
	if locked.public != nil {
		return locked.public
	}
	public, _ := readPublic(file + ".pub")
	return public
}

// with gives the keys to offer in their order: those of files and memory, those of the agent that
// were chosen, and the agent's others. Where files are optional, the agent's keys come first, as in ssh, with
// those that a file has, too, before others: a host takes few keys.
func (o ownKeys) with(held []ssh.Signer) ([]ssh.Signer, error) {
	all := slices.Clone(o.signers)
	var last []ssh.Signer
	if o.optional && !o.only {
		all, last = among(held, o.signers, true), among(o.signers, held, false)
		held = among(held, o.signers, false)
	}
	var missing []error
	for _, c := range o.chosen {
		mine, err := c.among(held)
		if err != nil && !o.optional {
			return nil, err
		}
		missing = append(missing, err)
		all = append(all, mine...)
		held = slices.DeleteFunc(slices.Clone(held), func(s ssh.Signer) bool { return c.is(s) })
	}
	if !o.only {
		all = append(all, held...)
	}
	if all = append(all, last...); len(all) == 0 {
		return nil, errors.Join(append(missing, o.unfit)...)
	}
	return all, nil
}

// among are the keys that are, or are not, among others.
func among(keys, others []ssh.Signer, are bool) (some []ssh.Signer) {
	for _, k := range keys {
		if slices.ContainsFunc(others, func(o ssh.Signer) bool {
			return bytes.Equal(o.PublicKey().Marshal(), k.PublicKey().Marshal())
		}) == are {
			some = append(some, k)
		}
	}
	return some
}

// is reports whether the agent's key is the chosen one, or a certificate of it.
func (c chosenKey) is(s ssh.Signer) bool {
	key := s.PublicKey()
	if cert, ok := key.(*ssh.Certificate); ok && !bytes.Equal(key.Marshal(), c.public.Marshal()) {
		key = cert.Key
	}
	return bytes.Equal(key.Marshal(), c.public.Marshal())
}

func (c chosenKey) among(held []ssh.Signer) ([]ssh.Signer, error) {
	var all []ssh.Signer
	for _, s := range held {
		if !c.is(s) {
			continue
		}
		some := []ssh.Signer{s}
		if _, ok := s.PublicKey().(*ssh.Certificate); !ok {
			var err error
			if some, err = withCertificate(strings.TrimSuffix(c.file, ".pub"), s); err != nil {
				return nil, err
			}
		}
		all = append(all, some...)
	}
	if len(all) > 0 {
		return all, nil
	}
	if c.locked {
		return nil, fmt.Errorf("%s: the key is encrypted, and the agent does not hold it: run ssh-add %s",
			c.file, cephstack.ShellQuote(c.file))
	}
	return nil, fmt.Errorf("%s: the agent does not hold the private key of this public key (%s): add it with ssh-add",
		c.file, ssh.FingerprintSHA256(c.public))
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

// maxKeyFile is how many bytes a file with a key or a certificate may have; it is ssh's limit, too.
const maxKeyFile = 1 << 20

// readPrivate reads a private key. As in OpenSSH, a file that others may read does not count,
// whoever asks.
func readPrivate(file string) ([]byte, error) {
	text, info, err := cephstack.ReadFile(file, maxKeyFile)
	if err != nil {
		return nil, err
	}
	mode := info.Mode()
	if mode.IsRegular() && mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" { // which has no such bits
		return nil, fmt.Errorf("%s: its mode is %04o, so that others can read or replace the private key: "+
			"run chmod 600 %s, and use a new key if somebody may have read it", file, mode.Perm(),
			cephstack.ShellQuote(file))
	}
	return text, nil
}

// withCertificate is the key of a file behind its certificate, if there is one beside the file.
func withCertificate(file string, key ssh.Signer) ([]ssh.Signer, error) {
	text, _, err := cephstack.ReadFile(file+"-cert.pub", maxKeyFile)
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

// A lockedError is a private key that needs a passphrase.
type lockedError struct{ public ssh.PublicKey } // nil where the file does not tell

func (*lockedError) Error() string {
	return "the key is encrypted: load it into an ssh-agent with ssh-add, and give the agent, or use a key without " +
		"a passphrase"
}

func parseKey(text []byte) (ssh.Signer, error) {
	s, err := ssh.ParsePrivateKey(text)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, &lockedError{locked.PublicKey}
	}
	if block, _ := pem.Decode(text); err != nil && block != nil && block.Type == "ENCRYPTED PRIVATE KEY" { // PKCS #8
		return nil, &lockedError{}
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
