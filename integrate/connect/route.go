package connect

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/cephstack/cephstack/integrate/internal/sshconfig"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// routes say how hosts are reached: by the Spec and, for what the Spec does not say, by the files
// of ssh.
type routes struct {
	ssh   spec.SSH
	base  remote.Config // what all have from the Spec
	files *sshconfig.Config
	local string // the user who runs the program
	home  string // of that user; empty where no file of ssh is read
	whole bool   // files of host keys that are not there yet are kept
}

func newRoutes(s spec.SSH) (routes, error) {
	timeouts, err := s.Timeouts.Parse()
	if err != nil {
		return routes{}, err
	}
	r := routes{ssh: s, local: os.Getenv("USER"), base: remote.Config{User: s.User, KnownHosts: s.KnownHosts,
		Timeouts: timeouts}}
	if u, err := user.Current(); err == nil {
		r.local = u.Username
	}
	if home, err := os.UserHomeDir(); err == nil && !s.Alone() {
		r.home = home
	}
	if r.files, err = sshFiles(s, r.home); err != nil {
		return routes{}, &spec.FieldError{Path: "ssh.config", Err: err,
			Message: err.Error() + `; "ssh: {config: none}" in the Spec reads no file of ssh`}
	}
	return r, nil
}

// sshFiles reads the files that ssh would read.
func sshFiles(s spec.SSH, home string) (*sshconfig.Config, error) {
	switch {
	case s.Alone():
		return sshconfig.Load("")
	case s.Config != "":
		return sshconfig.Load(home, sshconfig.Source{Path: s.Config})
	}
	sources := []sshconfig.Source{{Path: "/etc/ssh/ssh_config", Optional: true, System: true}}
	if home != "" {
		own := sshconfig.Source{Path: filepath.Join(home, ".ssh", "config"), Optional: true}
		sources = append([]sshconfig.Source{own}, sources...)
	}
	return sshconfig.Load(home, sources...)
}

// A route is one connection that is being put together.
type route struct {
	target  sshconfig.Target
	from    []string
	settled []string // settings that the Spec has, so that a file has no say
	faults  []error
}

func (r routes) route(host string) *route {
	return &route{target: r.files.Target(r.local, host)}
}

// has reports whether a setting is there, and is then used. A setting that the Spec has is not.
func (r *route) has(setting string, settled bool) bool {
	if settled {
		r.settled = append(r.settled, setting)
		return false
	}
	from := r.target.From[setting]
	if from == "" {
		return false
	}
	r.from = append(r.from, from)
	if err := r.target.Faults[setting]; err != nil {
		r.faults = append(r.faults, err)
	}
	return true
}

// end says in c where its settings are from, and which could not be used.
func (r *route) end(c *remote.Config) error {
	parts := r.from
	for _, u := range r.target.Unused {
		if !slices.Contains(r.settled, u.Name) {
			parts = append(parts, u.Text)
		}
	}
	c.From = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, strings.Join(parts, "; "))
	if len(r.faults) > 0 {
		return &spec.FieldError{Path: "ssh.config", Message: errors.Join(r.faults...).Error(),
			Err: errors.Join(r.faults...)}
	}
	return nil
}

// host is how a host is reached.
func (r routes) host(h spec.Host) (remote.Config, error) {
	host, port := split(cmp.Or(h.Address, h.Name))
	way, c := r.route(host), r.base // as ssh would be asked for it: another cloud may have a host of this name
	c.Name = h.Name
	c.Address = way.address(cmp.Or(h.Address, h.Name), h.Address != "", port)
	if way.has(sshconfig.User, r.ssh.User != "") {
		c.User = way.target.User
	}
	c.User = cmp.Or(c.User, r.local)
	c.Sudo = r.ssh.Sudo && c.User != "root"
	r.known(way, &c)
	named := len(r.ssh.KeyFiles) > 0 || r.ssh.Agent != ""
	r.keys(way, &c, named)
	err := r.jump(way, &c, host)
	return c, errors.Join(err, way.end(&c))
}

// split is the host and the port of an address, which may have no port.
func split(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address, ""
	}
	return host, port
}

// address is where to connect to. The Spec has an address of its own if own is true, and a port if
// port is not empty.
func (r *route) address(written string, own bool, port string) string {
	host, _ := split(written)
	moved := r.has(sshconfig.HostName, own)
	if moved {
		host = r.target.HostName
	}
	if r.has(sshconfig.Port, port != "") {
		port = strconv.Itoa(r.target.Port)
		moved = true
	}
	switch {
	case !moved:
		return written
	case port == "":
		return host
	}
	return net.JoinHostPort(host, port)
}

const maxJumps = 4 // as in remote

// jump finds the jump hosts of a host: by the Spec, or else by ProxyJump.
func (r routes) jump(way *route, c *remote.Config, host string) (err error) {
	own := r.ssh.Jump != ""
	way.has("ProxyCommand", own) // for what is said of it
	if r.ssh.Direct() {
		way.has(sshconfig.ProxyJump, own)
		return nil
	}
	if own {
		hop, err := sshconfig.ParseHop(r.ssh.Jump)
		if err == nil {
			c.Jump, err = r.hops([]sshconfig.Hop{hop}, true, maxJumps)
		}
		return err
	}
	if way.has(sshconfig.ProxyJump, false) {
		c.Jump, err = r.hops(others(way.target.ProxyJump, host), false, maxJumps)
	}
	return err
}

// others are the jump hosts up to the host itself, which needs none to be reached.
func others(hops []sshconfig.Hop, host string) []sshconfig.Hop {
	last := func(h sshconfig.Hop) bool { return h.Host == host }
	if slices.ContainsFunc(hops, last) {
		return nil
	}
	return hops
}

// hops is the last of some jump hosts, with those before it. They are those of the Spec if own is true.
func (r routes) hops(all []sshconfig.Hop, own bool, depth int) (*remote.Config, error) {
	var before *remote.Config
	for i, hop := range all {
		if depth == 0 {
			return nil, &spec.FieldError{Path: "ssh.config", Message: fmt.Sprintf("ProxyJump: %s is behind more "+
				"than %d "+
				"jump hosts; do they lead to each other?", hop.Host, maxJumps)}
		}
		way := r.route(hop.Host)
		c := r.hop(way, hop, own)
		if i == 0 && way.has(sshconfig.ProxyJump, false) {
			var err error
			if before, err = r.hops(others(way.target.ProxyJump, hop.Host), false, depth-1); err != nil {
				return nil, err
			}
		}
		if err := way.end(&c); err != nil {
			return nil, err
		}
		c.Jump, before = before, &c
	}
	return before, nil
}

// hop is a jump host, without those before it. The login of the Spec is for hosts: a jump host that is in
// no Spec has its own, with the keys of the Spec besides.
func (r routes) hop(way *route, hop sshconfig.Hop, own bool) remote.Config {
	c, written, port := r.base, hop.Host, ""
	if hop.Port > 0 {
		port = strconv.Itoa(hop.Port)
		written = net.JoinHostPort(hop.Host, port)
	}
	c.Name = written
	if own {
		c.Name = r.ssh.Jump
	}
	c.Address = way.address(written, false, port)
	c.User = hop.User
	if way.has(sshconfig.User, hop.User != "" || own && r.ssh.User != "") {
		c.User = way.target.User
	}
	c.User = cmp.Or(c.User, r.ssh.User, r.local)
	r.known(way, &c)
	named := own && (len(r.ssh.KeyFiles) > 0 || r.ssh.Agent != "")
	r.keys(way, &c, named)
	return c
}
