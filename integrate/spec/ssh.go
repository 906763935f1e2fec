package spec

import "strings"

// An SSH says how hosts are reached; a Host may override the address. What is empty here comes from the
// files that ssh reads: see Config.
type SSH struct {
	User string `json:"user,omitempty" yaml:"user,omitempty"`
	// KeyFiles are private keys. A file whose name ends with .pub is a public key, and chooses a
	// key of the agent: with such a file, no other key of the agent is offered. A private key that
	// is encrypted has to be in the agent, too.
	KeyFiles []string `json:"key_files,omitempty" yaml:"key_files,omitempty"`
	// Agent is the path of an agent's socket. Without it, the agent is the one of SSH_AUTH_SOCK in the
	// environment: for all of its keys if KeyFiles is empty, and otherwise for those that KeyFiles names.
	Agent      string   `json:"agent,omitempty" yaml:"agent,omitempty"`
	KnownHosts []string `json:"known_hosts,omitempty" yaml:"known_hosts,omitempty"`
	Sudo       bool     `json:"sudo,omitempty" yaml:"sudo,omitempty"`
	// Jump is [user@]host[:port]. NoJump connects directly, whatever a file of ssh says.
	Jump string `json:"jump,omitempty" yaml:"jump,omitempty"`
	// Config is the file that ssh would read, instead of ~/.ssh/config and /etc/ssh/ssh_config; none is
	// no file. For what the Spec does not say, these count: HostName, Port, User, IdentityFile,
	// IdentitiesOnly, ProxyJump and UserKnownHostsFile, of what matches a host's Address (Name, where there is
	// none), and of jump hosts.
	Config string `json:"config,omitempty" yaml:"config,omitempty"`
	// Timeouts bound every connection, those to Jump and of Entry too.
	Timeouts Timeouts `json:"timeouts,omitzero" yaml:"timeouts,omitempty"`
	// Entry is used only for a host that refuses the login, and only if
	// prepare.authorize or prepare.sudo is asked for; with prepare.sudo.helper, also for
	// each change that the helper does not make (see Sudo).
	Entry *Entry `json:"entry,omitempty" yaml:"entry,omitempty"`
}

// An Entry is a second way into hosts, for hosts that refuse the normal login so
// far: see Entries of world.World. known_hosts and the jump host are those of
// the normal login.
type Entry struct {
	User     string   `json:"user" yaml:"user"`
	KeyFiles []string `json:"key_files,omitempty" yaml:"key_files,omitempty"`
	Agent    string   `json:"agent,omitempty" yaml:"agent,omitempty"` // socket path
	// PasswordFile is a file of the machine that cephstack runs on. It holds the
	// user's password, for the login and for sudo. Line ends behind the password are
	// not part of the password.
	PasswordFile string `json:"password_file,omitempty" yaml:"password_file,omitempty"`
}

// NoJump as SSH.Jump is a direct connection.
const NoJump = "none"

// NoSSHConfig as SSH.Config keeps ssh's files from being read.
const NoSSHConfig = "none"

func (v *validation) ssh() {
	_, faults := v.spec.SSH.Timeouts.parse()
	v.faults = append(v.faults, faults...)
	v.paths()
	if v.spec.SSH.Jump == "" || v.spec.SSH.Jump == NoJump {
		return
	}
	user, address, ok := strings.Cut(v.spec.SSH.Jump, "@")
	if !ok {
		user, address = "-", v.spec.SSH.Jump
	}
	if user == "" {
		v.fault("ssh.jump", "%q has no user before the @", v.spec.SSH.Jump)
	}
	v.address("ssh.jump", address)
}

func (v *validation) entry() {
	e := v.spec.SSH.Entry
	if e == nil {
		return
	}
	if !accountForm.MatchString(e.User) {
		v.fault("ssh.entry.user", "%q is not the name of an account", e.User)
	}
	if len(e.KeyFiles) == 0 && e.Agent == "" && e.PasswordFile == "" {
		v.fault("ssh.entry", "has none of key_files, agent and password_file")
	}
	if p := v.spec.Prepare; p == nil || p.Authorize == nil && p.Sudo == nil {
		v.fault("ssh.entry", "would not be used: neither prepare.authorize nor prepare.sudo is asked for; take it out")
	}
}

// login checks the account that a part of the preparation is for.
func (v *validation) login(what string) {
	switch user := v.spec.SSH.User; {
	case user == "":
		v.fault("ssh.user", "is missing: %s is for that account", what)
	case !accountForm.MatchString(user):
		v.fault("ssh.user", "%q is not the name of an account, and %s is for that account", user, what)
	}
}
