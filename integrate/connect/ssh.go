package connect

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// KeyTargets are the machines whose host keys the connections of a Spec check, for
// remote.Config.ScanHostKeys: the jump host first, if there is one, and then the
// hosts, which are behind it. The error joins *spec.FieldError.
func KeyTargets(s spec.Spec) ([]remote.Config, error) {
	if s.SSH.Jump != "" {
		if err := checkLogin(s.SSH); err != nil {
			return nil, err
		}
	}
	if len(s.SSH.KnownHosts) == 0 {
		return nil, noKnownHosts()
	}
	c, err := sshConfig(s.SSH)
	if err != nil {
		return nil, err
	}
	var all []remote.Config
	if c.Jump != nil {
		all = append(all, remote.Config{Name: c.Jump.Address, Address: c.Jump.Address, Timeouts: c.Timeouts})
	}
	for _, h := range s.Hosts {
		address := cmp.Or(h.Address, h.Name)
		all = append(all, remote.Config{Name: h.Name, Address: address, Jump: c.Jump, Timeouts: c.Timeouts})
	}
	return all, nil
}

// sshConfig is how the hosts of a Spec are reached.
func sshConfig(s spec.SSH) (remote.Config, error) {
	timeouts, err := s.Timeouts.Parse()
	if err != nil {
		return remote.Config{}, err
	}
	c := remote.Config{User: s.User, KeyFiles: s.KeyFiles, Agent: s.Agent, KnownHosts: s.KnownHosts,
		Sudo: s.Sudo && s.User != "root", Timeouts: timeouts}
	if s.Jump != "" {
		jump := c
		jump.Name, jump.Sudo, jump.Address = s.Jump, false, s.Jump
		if user, address, ok := strings.Cut(s.Jump, "@"); ok {
			jump.User, jump.Address = user, address
		}
		c.Jump = &jump
	}
	return c, nil
}

// fleets are the ways into the hosts of a Spec.
type fleets struct {
	normal  *remote.Fleet // with sudo
	helped  *remote.Fleet // by the helper; nil if prepare.sudo does not ask for it
	entries *remote.Fleet // nil if the Spec has no ssh.entry
}

// of is the normal way into a host. A host without services is not prepared, and has no helper.
func (f fleets) of(h spec.Host) *remote.Fleet {
	if f.helped != nil && len(h.Services) > 0 {
		return f.helped
	}
	return f.normal
}

// limited is a login that becomes root by the helper alone.
func limited(c remote.Config) remote.Config {
	c.Sudo, c.Helper = false, true
	return c
}

func newFleets(s spec.Spec) (fleets, error) {
	var f fleets
	c, err := sshConfig(s.SSH)
	if err == nil {
		f.normal, err = remote.NewFleet(c)
	}
	if err == nil && s.Prepare != nil && s.SSH.Helps(*s.Prepare) {
		f.helped, err = remote.NewFleet(limited(c))
	}
	if err != nil {
		return f, fmt.Errorf("ssh: %w", err)
	}
	if f.entries, err = entryFleet(s.SSH); err != nil {
		return f, fmt.Errorf("ssh.entry: %w", err)
	}
	return f, nil
}

// entryFleet makes the other ways into hosts; nil when the Spec has none.
func entryFleet(s spec.SSH) (*remote.Fleet, error) {
	e := s.Entry
	if e == nil {
		return nil, nil
	}
	c, err := sshConfig(s)
	if err != nil {
		return nil, err
	}
	c.User, c.KeyFiles, c.Agent, c.Sudo = e.User, e.KeyFiles, e.Agent, e.User != "root"
	if e.PasswordFile != "" {
		if c.Password, err = readPassword(e.PasswordFile); err != nil {
			return nil, err
		}
	}
	return remote.NewFleet(c)
}

// maxPasswordFile is how many bytes a file with a password may have.
const maxPasswordFile = 64 << 10

// readPassword reads a file that its owner alone may read. The mode that it checks and the
// text that it reads are of the same file, even if somebody replaces the file meanwhile.
func readPassword(path string) (remote.Password, error) {
	text, info, err := cephstack.ReadFile(path, maxPasswordFile)
	if err != nil {
		return remote.Password{}, passwordFault(err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return remote.Password{}, passwordFault(fmt.Errorf("%s is open to others than its owner (mode %04o): "+
			"chmod 600 it, and change the password if others should not know it", path, mode))
	}
	return remote.NewPassword(strings.TrimRight(string(text), "\r\n")), nil
}

func passwordFault(err error) error {
	return fmt.Errorf("spec: ssh.entry.password_file: %w", err)
}
