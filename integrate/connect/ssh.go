package connect

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// KeyTargets are the machines whose host keys the connections of a Spec check, for
// remote.Config.ScanHostKeys: the jump hosts first, if there are any, each before those behind it, and
// then the hosts. KnownHosts of a target are the files for it where they are not those of the Spec, and
// From says what of it is from a file of ssh. The error joins *spec.FieldError.
func KeyTargets(s spec.Spec) ([]remote.Config, error) {
	r, err := newRoutes(s.SSH)
	if err != nil {
		return nil, err
	}
	r.whole = true
	var jumps, hosts []remote.Config
	var faults joined
	add := func(to *[]remote.Config, name string, c remote.Config) {
		target := remote.Config{Name: name, Address: c.Address, From: c.From, Jump: c.Jump, Timeouts: c.Timeouts}
		if len(s.SSH.KnownHosts) == 0 {
			target.KnownHosts = c.KnownHosts
		}
		*to = append(*to, target)
	}
	for _, h := range s.Hosts {
		c, err := r.host(h)
		faults.add(err)
		if len(c.KnownHosts) == 0 {
			faults.add(noKnownHosts())
		}
		for _, j := range chain(c.Jump) {
			if slices.ContainsFunc(jumps, func(c remote.Config) bool { return c.Address == j.Address }) {
				continue
			}
			for _, err := range checkLogin(j) {
				faults.add(err)
			}
			add(&jumps, j.Name[strings.LastIndexByte(j.Name, '@')+1:], j)
		}
		add(&hosts, h.Name, c)
	}
	if len(faults) > 0 {
		return nil, faults.err()
	}
	return append(jumps, hosts...), nil
}

// chain is a jump host behind those that it is reached through.
func chain(c *remote.Config) []remote.Config {
	if c == nil {
		return nil
	}
	return append(chain(c.Jump), *c)
}

// withKeys gives c the keys of a login. Without an agent of its own, it has the one of the environment, which
// is for all its keys if no file is named, and for the keys of the files otherwise.
func withKeys(c remote.Config, files []string, agent string) remote.Config {
	c.KeyFiles, c.Agent, c.OnlyKeyFiles = files, agent, false
	if agent == "" {
		c.Agent = os.Getenv("SSH_AUTH_SOCK")
		c.OnlyKeyFiles = c.Agent != "" && len(files) > 0
	}
	return c
}

// fleets are the ways into the hosts of a Spec: a fleet for all hosts that are reached alike.
type fleets struct {
	routes   routes
	helps    bool // login is by the helper alone, where a host is prepared
	entry    *spec.Entry
	password remote.Password // of entry
	byWay    map[string]*remote.Fleet
	all      []*remote.Fleet
}

func newFleets(s spec.Spec) (*fleets, error) {
	f := &fleets{entry: s.SSH.Entry, helps: s.Prepare != nil && s.SSH.Helps(*s.Prepare),
		byWay: map[string]*remote.Fleet{}}
	var err error
	if f.routes, err = newRoutes(s.SSH); err != nil {
		return nil, err
	}
	if f.entry != nil && f.entry.PasswordFile != "" {
		if f.password, err = readPassword(f.entry.PasswordFile); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// host is the normal way into a host. A host without services is not prepared, and has no helper.
func (f *fleets) host(h spec.Host) (*remote.SSH, error) {
	c, err := f.routes.host(h)
	if err != nil {
		return nil, err
	}
	if f.helps && len(h.Services) > 0 {
		c = limited(c)
	}
	host, err := f.open(c)
	if err != nil {
		return nil, fmt.Errorf("ssh: %w", err)
	}
	return host, nil
}

// limited is a login that becomes root by the helper alone.
func limited(c remote.Config) remote.Config {
	c.Sudo, c.Helper = false, true
	return c
}

// first is the other way into a host, with the login of ssh.entry.
func (f *fleets) first(h spec.Host) (*remote.SSH, error) {
	c, err := f.routes.host(h)
	if err != nil {
		return nil, err
	}
	e := f.entry
	c.User, c.Sudo, c.Password = e.User, e.User != "root", f.password
	if c.KeyFiles, c.Agent = nil, ""; len(e.KeyFiles) > 0 || e.Agent != "" {
		c = withKeys(c, e.KeyFiles, e.Agent)
	}
	host, err := f.open(c)
	if err != nil {
		return nil, fmt.Errorf("ssh.entry: %w", err)
	}
	return host, nil
}

// open gives the host of a Config, by the fleet of those that are reached alike.
func (f *fleets) open(c remote.Config) (*remote.SSH, error) {
	way := wayOf(c)
	fleet := f.byWay[way]
	if fleet == nil {
		shared := c
		shared.Name, shared.Address, shared.From = "", "", ""
		var err error
		if fleet, err = remote.NewFleet(shared); err != nil {
			return nil, err
		}
		f.byWay[way] = fleet
		f.all = append(f.all, fleet)
	}
	return fleet.HostFrom(c.Name, c.Address, c.From)
}

// wayOf is the same for hosts that are reached alike. All of one Spec have the same timeouts, and the
// password comes with the user of ssh.entry.
func wayOf(c remote.Config) string {
	way := fmt.Sprintf("%q", []any{c.User, c.KeyFiles, c.Agent, c.OnlyKeyFiles, c.OptionalKeyFiles, c.KnownHosts,
		c.Sudo, c.Helper, c.Password.IsZero()})
	for _, j := range chain(c.Jump) {
		way += fmt.Sprintf("%q %q", j.Address, wayOf(remote.Config{User: j.User, KeyFiles: j.KeyFiles, Agent: j.Agent,
			OnlyKeyFiles: j.OnlyKeyFiles, OptionalKeyFiles: j.OptionalKeyFiles,
			KnownHosts: j.KnownHosts}))
	}
	return way
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
