package spec

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/pubkey"
)

// A Prepare is what hosts that are not prepared yet get before everything else. A
// part that is left out is not asked for. Each part makes changes of the plan: the way in
// first, then the sudo rule, then the repository, then packages.
type Prepare struct {
	// Authorize places public keys for the login user of ssh.
	// Default: left out; no keys are placed.
	// Limits: ssh.user is given.
	Authorize *Authorize `json:"authorize,omitempty" yaml:"authorize,omitempty"`
	// Sudo gives the login user of ssh a sudo rule. {} is the broad rule.
	// Default: left out; no rule is written.
	// Limits: ssh.user is given and is not root, and ssh.sudo is true.
	Sudo *Sudo `json:"sudo,omitempty" yaml:"sudo,omitempty"`
	// Repository gives hosts a repository with Ceph's packages.
	// Default: left out; the repositories of the hosts stay as they are.
	// Limits: not for hosts with layout upstart or kolla.
	Repository *Repository `json:"repository,omitempty" yaml:"repository,omitempty"`
	// Guests lets the librbd of guests write sockets and logs on computes. {} takes the usual options.
	// Default: left out; nothing is done for guests.
	// Limits: not for hosts with layout upstart or kolla.
	Guests *Guests `json:"guests,omitempty" yaml:"guests,omitempty"`
}

// An Authorize places public keys for the login user of ssh, as ssh-copy-id does. Each key
// is a line in ~/.ssh/authorized_keys, beside the lines that are there. Lines are never
// changed or removed. A host that refuses the user so far is reached by ssh.entry.
type Authorize struct {
	// Keys are public keys: type, key and comment, as in a .pub file.
	// Default: none; the list must be given.
	// Limits: at least one key; each key once; no options in front.
	Keys []string `json:"keys" yaml:"keys"`
	// Home is the user's home folder on the hosts. A host where the user has another home
	// folder is a Problem.
	// Default: /root for root, and /home/<user> for others.
	// Limits: an absolute path without . and .., of /root or of a folder in another folder.
	Home string `json:"home,omitempty" yaml:"home,omitempty"`
}

// A Sudo gives the login user of ssh a sudo rule without a password. Without narrow and
// helper it is the broad rule, for all programs as root. The rule is in a file of its own
// under /etc/sudoers.d, which belongs to root and has the mode 0440. The host's visudo
// checks the rule before it is written, and all rules afterwards. If the rules do not pass
// then, a rule that was written is taken back. Other files are never touched. A
// host on which the user does not exist is a Problem. A user whose name sudo's rules read
// as something else, such as ALL, is a fault.
type Sudo struct {
	// Narrow lets the user run /bin/sh -c as root and nothing else. cephstack runs
	// nothing else. The narrow rule keeps from being used for other programs and
	// accounts by accident. It does not make the trust smaller: a shell as root can
	// do everything.
	// Default: false; the rule is for all programs.
	// Limits: true or false; not beside helper.
	Narrow bool `json:"narrow,omitempty" yaml:"narrow,omitempty"`
	// Helper lets the user run one program as root, and nothing else: the helper, which belongs to
	// root and does only what the allow-list of its host has (see remote/helper). The rule, the
	// helper, its list, keys, the repository and packages come by ssh.entry, and so does what root's
	// programs read: /etc/ceph and each ceph.conf, and the rules and the file of tmpfiles.d for guests.
	// ssh.entry is needed for each change of them: a Spec that asks for more, and a newer version of
	// this module. Other rules of sudo for the user stay: look with sudo -l. A host without
	// services is not prepared: there, the login user needs sudo for the ceph program.
	// Default: false.
	// Limits: true or false; with ssh.entry; not with layouts kolla and upstart, folders of guests that
	// are not below /run or /var/log, or clusters that are reached through the ceph program on a host
	// with services.
	Helper bool `json:"helper,omitempty" yaml:"helper,omitempty"`
}

var (
	accountForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)
	versionForm = regexp.MustCompile(`^\d{1,6}(\.\d{1,6}){0,3}$`)
)

func (v *validation) prepare() {
	v.entry()
	for i, c := range v.spec.Clusters {
		if c.MinClient != "" && !versionForm.MatchString(c.MinClient) {
			v.fault(fmt.Sprintf("clusters[%d].min_client", i), "%q is not a version such as 16.2.11", c.MinClient)
		}
	}
	p := v.spec.Prepare
	if p == nil {
		return
	}
	if p.Authorize != nil {
		v.authorize(*p.Authorize)
	}
	if p.Sudo != nil {
		v.sudo()
	}
	if p.Repository != nil {
		v.repository(*p.Repository)
	}
	if p.Guests != nil {
		v.guests(*p.Guests)
	}
}

func (v *validation) authorize(a Authorize) {
	v.login("prepare.authorize")
	if len(a.Keys) == 0 {
		v.fault("prepare.authorize.keys", "is empty")
	}
	seen := map[string]bool{}
	for i, text := range a.Keys {
		at := fmt.Sprintf("prepare.authorize.keys[%d]", i)
		key, err := pubkey.Parse(text)
		if err != nil {
			v.fault(at, "%v", err)
		} else if seen[key.Blob] {
			v.fault(at, "is there twice")
		}
		seen[key.Blob] = true
	}
	top := strings.Count(a.Home, "/") == 1 && a.Home != "/root"
	if a.Home != "" && (!path.IsAbs(a.Home) || path.Clean(a.Home) != a.Home || top) {
		v.fault("prepare.authorize.home", "%q is not the absolute, clean path of a home folder", a.Home)
	}
}

// sudoersWord is what sudo's rules read as something else than the name of a user: ALL is
// everybody, an upper-case word is an alias of several users, and the others begin
// something else.
var sudoersWord = regexp.MustCompile(
	`^([A-Z][A-Z0-9_]*|Defaults|(User|Runas|Host|Cmnd|Cmd)_Alias|sha(224|256|384|512))$`)

func (v *validation) sudo() {
	v.login("prepare.sudo")
	switch user := v.spec.SSH.User; {
	case user == "root":
		v.fault("prepare.sudo", "is for root, who needs no rule; take it out")
	case sudoersWord.MatchString(user):
		v.fault("ssh.user", "%q is a word of sudo's rules, which do not read it as the name of a user: "+
			"ALL is everybody, and upper-case words are aliases; log in as another user", user)
	case !v.spec.SSH.Sudo:
		v.fault("ssh.sudo", "is false, so that nothing would use the rule of prepare.sudo; take one of the two out")
	}
	if v.spec.Prepare.Sudo.Helper {
		v.helper()
	}
}

// helperFolder is where the folders of guests may be on a host with a helper.
var helperFolder = regexp.MustCompile(`^/((var/)?run|var/log)/[^/]+/`)

// helper checks what prepare.sudo.helper needs, and what it does not go with.
func (v *validation) helper() {
	s := v.spec
	if s.Prepare.Sudo.Narrow {
		v.fault("prepare.sudo.narrow", "is a shell, and prepare.sudo.helper is in place of it: ask for one of the two")
	}
	if s.SSH.Entry == nil {
		v.fault("ssh.entry", "is missing: prepare.sudo.helper comes to hosts by that way alone")
	} else if s.SSH.Entry.User == s.SSH.User {
		v.fault("ssh.entry.user", "is the user of ssh, whom prepare.sudo.helper is to limit")
	}
	if g := s.Prepare.Guests; g != nil {
		for _, option := range []string{"admin_socket", "log_file"} {
			file := g.AllOptions()[option]
			if file != "" && !helperFolder.MatchString(file) {
				v.fault("prepare.guests.options."+option, "is not in a folder below /run or /var/log, where alone the helper "+
					"of prepare.sudo.helper makes folders; name another place")
			}
		}
	}
	for i, h := range s.Hosts {
		if l := cmp.Or(h.Layout, s.Layout); len(h.Services) > 0 && (l == LayoutKolla || l == LayoutUpstart) {
			v.fault(fmt.Sprintf("hosts[%d]", i), "has the layout %s, which prepare.sudo.helper cannot be used with; "+
				"put prepare.sudo.narrow in its place", l)
		}
	}
	for i, c := range s.Clusters {
		services := func(h Host) bool { return h.Name == c.Host && len(h.Services) > 0 }
		if c.Access != "librados" && slices.ContainsFunc(s.Hosts, services) {
			v.fault(fmt.Sprintf("clusters[%d].access", i), "is not librados, and the helper of prepare.sudo.helper does not "+
				"run the ceph program on %s, which has services; set access: librados, name a host without services, "+
				"or put prepare.sudo.narrow in its place", c.Host)
		}
	}
}

// Helps reports whether the login becomes root by the helper alone.
func (s SSH) Helps(p Prepare) bool {
	return s.Sudo && s.User != "root" && p.Sudo != nil && p.Sudo.Helper
}
