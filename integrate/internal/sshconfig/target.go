package sshconfig

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// A Target is how ssh would reach a host. What no file sets is empty.
type Target struct {
	HostName       string
	User           string
	Port           int
	IdentityFiles  []string // in their order; files that are not there may be among them
	IdentitiesOnly bool
	ProxyJump      []Hop // the first one is connected to directly; empty for "none", too
	KnownHosts     []string
	// GlobalKnownHosts are those of GlobalKnownHostsFile. They are empty if it is "none", or not there: From tells.
	GlobalKnownHosts []string
	From             map[string]string // by the name of the setting: its value, file, line and block
	Faults           map[string]error  // by the name of the setting: what is wrong with it
	Unused           []Unused
}

// Unused is a setting that could be for the host, and is not used.
type Unused struct {
	Name string // of the setting
	Text string // a sentence about it
}

// A Hop is a jump host, as ProxyJump names it.
type Hop struct {
	User, Host string
	Port       int // 0 if none is given
}

// names of the settings, as ssh spells them.
const (
	HostName         = "HostName"
	User             = "User"
	Port             = "Port"
	IdentityFile     = "IdentityFile"
	IdentitiesOnly   = "IdentitiesOnly"
	ProxyJump        = "ProxyJump"
	KnownHosts       = "UserKnownHostsFile"
	GlobalKnownHosts = "GlobalKnownHostsFile"
)

func settings() []string {
	return []string{HostName, User, Port, IdentityFile, IdentitiesOnly, ProxyJump, KnownHosts, GlobalKnownHosts}
}

// An other is a setting that changes where or how ssh connects, and that is not used here.
type other struct {
	name    string
	nothing string // the value that changes nothing
	unless  string // the setting that, being set before, takes its place
}

func others() []other {
	return []other{{"ProxyCommand", "none", ProxyJump}, {"HostKeyAlias", "", ""}, {"CertificateFile", "none", ""},
		{"IdentityAgent", "SSH_AUTH_SOCK", ""}, {"CanonicalizeHostname", "no", ""}}
}

// A lookup gathers what is for one host.
type lookup struct {
	host   string
	found  map[string][]found // by the name of the setting
	unused []Unused
	// command says that a ProxyCommand was found.
	command bool
}

type found struct {
	values []string
	at     string
}

func (f found) String() string { return strings.Join(f.values, " ") + " of " + f.at }

// Target is what the files say about the host that a user gives to ssh. Local is the name of the user who runs the
// program.
func (c *Config) Target(local, host string) Target {
	l := lookup{host: host, found: map[string][]found{}}
	for _, f := range c.files {
		l.file(f)
	}
	t := Target{From: map[string]string{}, Faults: map[string]error{}, Unused: l.unused}
	for key, all := range l.found {
		if key != IdentityFile {
			all = all[:1]
		}
		var from []string
		for _, f := range all {
			from = append(from, f.String())
		}
		t.From[key] = key + " " + strings.Join(from, ", ")
	}
	l.fill(&t, expander{home: c.home, local: local, name: host, host: host})
	return t
}

// fill expands what was found.
func (l *lookup) fill(t *Target, e expander) {
	fault := func(key string, f found, err error) {
		t.Faults[key] = errors.Join(t.Faults[key], fmt.Errorf("%s: %s: %w", f.at, key, err))
	}
	set := func(key string, take func(string) error) {
		for i, f := range l.found[key] {
			if i > 0 && key != IdentityFile {
				return
			}
			err := errors.New("it is not one value")
			if len(f.values) == 1 {
				err = take(f.values[0])
			}
			if err != nil {
				fault(key, f, err)
			}
		}
	}
	set(HostName, func(v string) (err error) { t.HostName, err = e.hostName(v); return err })
	e.host = cmp.Or(t.HostName, e.host)
	set(User, func(v string) error { t.User = v; return nil })
	set(Port, func(v string) (err error) { t.Port, err = port(v); return err })
	e.user, e.port = t.User, t.Port
	set(IdentitiesOnly, func(v string) error { t.IdentitiesOnly = yes(v); return nil })
	set(ProxyJump, func(v string) (err error) { t.ProxyJump, err = hops(v); return err })
	set(IdentityFile, func(v string) error {
		path, err := e.path(v)
		if err == nil && !strings.EqualFold(v, "none") && !slices.Contains(t.IdentityFiles, path) {
			t.IdentityFiles = append(t.IdentityFiles, path)
		}
		return err
	})
	if all := l.found[KnownHosts]; len(all) > 0 {
		var err error
		if t.KnownHosts, err = e.knownHosts(all[0].values); err != nil {
			fault(KnownHosts, all[0], err)
		}
	}
	if all := l.found[GlobalKnownHosts]; len(all) > 0 && !strings.EqualFold(all[0].values[0], "none") {
		t.GlobalKnownHosts = all[0].values // ssh expands nothing in them
	}
}

func (l *lookup) file(f file) {
	for _, b := range f.blocks {
		if !b.unread && !b.matches(l.host) {
			continue
		}
		for _, set := range b.lines {
			for _, in := range set.included {
				if b.unread {
					in = in.unread(b.text)
				}
				l.file(in)
			}
			l.take(f.path, b, set)
		}
	}
}

// unread is a file whose settings are all below a Match that is not understood.
func (f file) unread(text string) file {
	all := file{path: f.path}
	for _, b := range f.blocks {
		b.text, b.unread = text, true
		all.blocks = append(all.blocks, b)
	}
	return all
}

// take takes a setting in, or notes that it is not used.
func (l *lookup) take(path string, b block, set line) {
	at := fmt.Sprintf("%s:%d", path, set.at)
	if b.text != "" {
		at += " (" + b.text + ")"
	}
	f := found{set.values, at}
	is := func(name string) bool { return strings.ToLower(name) == set.key }
	if i := slices.IndexFunc(settings(), is); i >= 0 {
		key := settings()[i]
		if key == ProxyJump && l.command || len(f.values) == 0 && (key == KnownHosts || key == GlobalKnownHosts) {
			return // as in ssh, where a comment may be all that stands behind the latter
		}
		if !b.unread {
			l.found[key] = append(l.found[key], f)
		} else if key == IdentityFile || len(l.found[key]) == 0 { // the others keep their first value
			l.unused = append(l.unused, Unused{key, key + " " + f.String() + " is not used"})
		}
		return
	}
	if is("ProxyCommand") && !b.unread {
		l.command = true // ssh takes no ProxyJump behind it
	}
	for _, o := range others() {
		if is(o.name) && !strings.EqualFold(strings.Join(set.values, " "), o.nothing) &&
			len(l.found[o.unless]) == 0 {
			l.unused = append(l.unused, Unused{o.name, o.name + " of " + at + " is not used"})
		}
	}
}

// matches reports whether a pattern matches the host, and none with a ! before it does.
func (b block) matches(host string) bool {
	is := false
	for _, p := range b.patterns {
		text, not := strings.CutPrefix(p, "!")
		if !match(text, host) {
			continue
		}
		if not {
			return false
		}
		is = true
	}
	return is
}

// match is the match of ssh: * is any text, and ? is any one character.
func match(pattern, name string) bool {
	for {
		if pattern == "" {
			return name == ""
		}
		switch pattern[0] {
		case '*':
			pattern = strings.TrimLeft(pattern, "*")
			for i := 0; i <= len(name); i++ {
				if match(pattern, name[i:]) {
					return true
				}
			}
			return false
		case '?':
			if name == "" {
				return false
			}
		default:
			if name == "" || pattern[0] != name[0] {
				return false
			}
		}
		pattern, name = pattern[1:], name[1:]
	}
}

func yes(value string) bool {
	return strings.EqualFold(value, "yes") || strings.EqualFold(value, "true")
}

// port takes a number, also behind white space, or the name of a service, as ssh does.
func port(value string) (int, error) {
	n, err := strconv.Atoi(strings.TrimLeft(value, " \t\n\v\f\r"))
	if err != nil {
		n, err = net.LookupPort("tcp", value)
	}
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("%q is not a port", value)
	}
	return n, nil
}

// hops reads the value of ProxyJump.
func hops(value string) ([]Hop, error) {
	if strings.EqualFold(value, "none") {
		return nil, nil
	}
	if strings.Contains(value, "%") {
		return nil, fmt.Errorf("%q: tokens such as %%h are not read here: set jump in the Spec", value)
	}
	var all []Hop
	for one := range strings.SplitSeq(value, ",") {
		h, err := ParseHop(one)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// ParseHop reads [user@]host[:port], or the same as a URL of ssh.
func ParseHop(text string) (Hop, error) {
	rest, url := strings.CutPrefix(text, "ssh://")
	if url {
		rest = strings.TrimSuffix(rest, "/")
	}
	var h Hop
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		h.User, rest = rest[:at], rest[at+1:]
	}
	h.Host = rest
	if at := strings.LastIndexByte(rest, ':'); at >= 0 && (strings.Count(rest, ":") == 1 ||
		strings.HasSuffix(rest[:at], "]")) {
		n, err := port(rest[at+1:])
		if err != nil {
			return h, err
		}
		h.Host, h.Port = rest[:at], n
	}
	h.Host = strings.TrimSuffix(strings.TrimPrefix(h.Host, "["), "]")
	if h.Host == "" {
		return h, fmt.Errorf("%q is not [user@]host[:port]", text)
	}
	return h, nil
}
