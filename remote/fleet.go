package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote/internal/knownhosts"
)

// A Fleet makes hosts that are reached alike. They share what does not depend
// on the host. known_hosts and private keys are read once, and again only after
// a file changed. There is one connection to the jump host for all of them. A
// Fleet is safe for concurrent use.
type Fleet struct {
	cfg  *Config // a pointer, as in SSH
	jump *SSH    // nil for none

	mu    sync.Mutex
	known *knownhosts.Hosts
	keys  ownKeys
	stamp []fileStamp // of the files that known and keys were read from
}

// A fileStamp tells a file from what it was before.
type fileStamp struct {
	name     string
	size     int64
	modified time.Time
}

// NewFleet checks cfg, and joins all faults. Name and Address are not used:
// each host has its own. It opens nothing.
func NewFleet(cfg Config) (*Fleet, error) {
	if cfg.Address == "" {
		cfg.Address = "any"
	}
	if err := cfg.check("", maxJumps); err != nil {
		return nil, err
	}
	return newFleet(cfg), nil
}

const maxJumps = 4

func newFleet(cfg Config) *Fleet {
	f := &Fleet{cfg: &cfg}
	if cfg.Jump != nil {
		f.jump = newSSH(newFleet(*cfg.Jump), *cfg.Jump)
	}
	return f
}

// Format tells as whom the fleet logs in, for every verb, and nothing of keys and passwords.
func (f *Fleet) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "ssh fleet of user "+f.cfg.User)
}

// Host returns a host of the fleet. address is as in Config; name is what errors
// call the host, the address when empty. It opens nothing.
func (f *Fleet) Host(name, address string) (*SSH, error) {
	return f.HostFrom(name, address, "")
}

// HostFrom is Host with Config.From of that host.
func (f *Fleet) HostFrom(name, address, from string) (*SSH, error) {
	cfg := *f.cfg
	cfg.Name, cfg.Address, cfg.From = name, address, from
	if err := cfg.check("", maxJumps); err != nil {
		return nil, err
	}
	return newSSH(f, cfg), nil
}

// Close ends the connection to the jump host, if there is one. It does not
// close the hosts.
func (f *Fleet) Close() error {
	if f.jump == nil {
		return nil
	}
	return errors.Join(f.jump.Close(), f.jump.fleet.Close())
}

// A trust is what a connection needs: the host keys with which it checks the server, and the
// keys and the agent with which it logs in.
type trust struct {
	known *knownhosts.Hosts
	keys  []ssh.Signer
	agent io.Closer // the connection to the agent
}

// trust reads the files as they are now. The agent is asked for each connection:
// an agent that hangs for one connection does not hold up the others. Errors
// have the step of connecting that needs what is missing.
func (f *Fleet) trust(ctx context.Context) (t trust, step string, err error) {
	known, own, step, err := f.read()
	if err != nil {
		return t, step, err
	}
	socket := f.cfg.Agent
	if own.only && len(own.chosen) == 0 {
		socket = "" // nothing of it would be offered
	}
	held, closer, err := agentSigners(ctx, socket)
	if err != nil && own.optional && len(own.signers) > 0 && ctx.Err() == nil {
		held, closer, err = nil, io.NopCloser(nil), nil // as in ssh
	}
	if err != nil {
		return t, "authenticate", &localError{ErrAuth, err}
	}
	keys, err := own.with(held)
	if err == nil && len(keys) == 0 && f.cfg.Password.IsZero() {
		err = errNoKey
	}
	if err != nil {
		return t, "authenticate", &localError{ErrAuth, errors.Join(err, closer.Close())}
	}
	return trust{known, keys, closer}, "", nil
}

var errNoKey = errors.New("the agent holds no key: add one with ssh-add")

// read reads the files if they changed since the last time. Errors have the step
// of connecting that needs the file.
func (f *Fleet) read() (known *knownhosts.Hosts, keys ownKeys, step string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamp := f.stamps()
	if f.known != nil && slices.Equal(stamp, f.stamp) {
		return f.known, f.keys, "", nil
	}
	if known, err = knownhosts.Load(f.cfg.KnownHosts); err != nil {
		return nil, keys, "host key", &localError{ErrHostKey, err}
	}
	if keys, err = readOwnKeys(*f.cfg); err != nil {
		return nil, keys, "authenticate", &localError{ErrAuth, err}
	}
	f.known, f.keys, f.stamp = known, keys, stamp
	return known, keys, "", nil
}

// stamps describes the files as they are now. Reading a missing file then gives
// the error.
func (f *Fleet) stamps() []fileStamp {
	var all []fileStamp
	for _, name := range f.cfg.KnownHosts {
		all = append(all, stampOf(name))
	}
	for _, name := range f.cfg.KeyFiles {
		all = append(all, stampOf(name), stampOf(name+".pub"), stampOf(strings.TrimSuffix(name, ".pub")+"-cert.pub"))
	}
	return all
}

func stampOf(name string) fileStamp {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fileStamp{name: name, size: -1}
	}
	if err != nil {
		return fileStamp{name: name, size: -2}
	}
	return fileStamp{name, info.Size(), info.ModTime()}
}
