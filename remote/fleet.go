package remote

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote/internal/knownhosts"
)

// A Fleet makes hosts that are reached alike. They share what does not depend
// on the host: known_hosts and private keys are read once, and again only
// after a file changed; a jump host is connected to once for all of them. It
// is safe for concurrent use.
type Fleet struct {
	cfg  Config
	jump *SSH // nil for none

	mu    sync.Mutex
	known *knownhosts.Hosts
	keys  []ssh.Signer
	stamp []fileStamp // of the files that known and keys were read from
}

// A fileStamp tells a file from what it was before.
type fileStamp struct {
	name     string
	size     int64
	modified time.Time
}

// NewFleet checks cfg, joining all faults. Name and Address are each host's
// own. It opens nothing.
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
	f := &Fleet{cfg: cfg}
	if cfg.Jump != nil {
		f.jump = newSSH(newFleet(*cfg.Jump), *cfg.Jump)
	}
	return f
}

// Host returns a host of the fleet: an address as in Config, and how errors
// call it, the address when empty. It opens nothing.
func (f *Fleet) Host(name, address string) (*SSH, error) {
	cfg := f.cfg
	cfg.Name, cfg.Address = name, address
	if err := cfg.check("", maxJumps); err != nil {
		return nil, err
	}
	return newSSH(f, cfg), nil
}

// Close ends the connection to the jump host, if there is one. Hosts are
// closed by themselves.
func (f *Fleet) Close() error {
	if f.jump == nil {
		return nil
	}
	return errors.Join(f.jump.Close(), f.jump.fleet.Close())
}

// trust gives what a connection is checked and authenticated with, as the
// files are now. The closer ends the connection to the agent, which is asked
// for each connection: one that hangs holds up no other.
func (f *Fleet) trust(ctx context.Context) (*knownhosts.Hosts, []ssh.Signer, io.Closer, error) {
	known, keys, err := f.read()
	if err != nil {
		return nil, nil, nil, err
	}
	held, closer, err := agentSigners(ctx, f.cfg.Agent)
	if err != nil {
		return nil, nil, nil, &trustError{"authenticate", ErrAuth, err}
	}
	return known, slices.Concat(keys, held), closer, nil
}

// read reads the files, if they are not what they were.
func (f *Fleet) read() (*knownhosts.Hosts, []ssh.Signer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamp := f.stamps()
	if f.known != nil && slices.Equal(stamp, f.stamp) {
		return f.known, f.keys, nil
	}
	known, err := knownhosts.Load(f.cfg.KnownHosts)
	if err != nil {
		return nil, nil, &trustError{"host key", ErrHostKey, err}
	}
	keys, err := ownSigners(f.cfg)
	if err != nil {
		return nil, nil, &trustError{"authenticate", ErrAuth, err}
	}
	f.known, f.keys, f.stamp = known, keys, stamp
	return known, keys, nil
}

// A trustError is why known_hosts or keys cannot be read.
type trustError struct {
	step       string
	kind, what error
}

func (e *trustError) Error() string {
	return "on the machine that connects: " + e.what.Error()
}
func (e *trustError) Unwrap() []error { return []error{e.kind, e.what} }

// stamps describes the files as they are now. A missing one shows when it is
// read.
func (f *Fleet) stamps() []fileStamp {
	var all []fileStamp
	for _, name := range f.cfg.KnownHosts {
		all = append(all, stampOf(name))
	}
	for _, name := range f.cfg.KeyFiles {
		all = append(all, stampOf(name), stampOf(name+"-cert.pub"))
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
