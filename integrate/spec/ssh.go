package spec

import "strings"

// An SSH says how hosts are reached; a Host may override the address. What is empty here comes from the
// files that ssh reads: see config.
type SSH struct {
	// User is the account on the hosts.
	// Default: the User of ssh's files, or else the account that cephstack runs as.
	// Limits: any text; with prepare, the name of an account.
	User string `json:"user,omitempty" yaml:"user,omitempty"`
	// KeyFiles are private keys. A file whose name ends with .pub is a public key, and chooses a
	// key of the agent: with such a file, no other key of the agent is offered. A private key that
	// is encrypted has to be in the agent, too.
	// Default: the keys of the agent, and the IdentityFile of ssh's files, or else ~/.ssh/id_rsa, id_ecdsa and
	// id_ed25519, as far as they are there; the agent alone with config none.
	// Limits: paths of the machine that cephstack runs on, relative to the folder of the Spec.
	KeyFiles []string `json:"key_files,omitempty" yaml:"key_files,omitempty"`
	// Agent is the path of an agent's socket.
	// Default: the agent of SSH_AUTH_SOCK in the environment: for all of its keys if key_files is
	// empty, and otherwise for those that key_files names.
	// Limits: a path of the machine that cephstack runs on.
	Agent string `json:"agent,omitempty" yaml:"agent,omitempty"`
	// KnownHosts are files with the keys of hosts. Host keys are always checked. cephstack trust
	// learns the keys of new hosts into the first file.
	// Default: the UserKnownHostsFile and GlobalKnownHostsFile of ssh's files, or else those that ssh reads:
	// ~/.ssh/known_hosts and known_hosts2, and /etc/ssh/ssh_known_hosts and ssh_known_hosts2; none with config none.
	// Limits: paths of the machine that cephstack runs on, relative to the folder of the Spec.
	KnownHosts []string `json:"known_hosts,omitempty" yaml:"known_hosts,omitempty"`
	// Sudo makes the account root on the hosts by sudo, without a password.
	// Default: false; the account is root itself.
	// Limits: true or false.
	Sudo bool `json:"sudo,omitempty" yaml:"sudo,omitempty"`
	// Jump is a host that connections go through. none connects directly, whatever a file of ssh
	// says.
	// Default: the ProxyJump of ssh's files, or else a direct connection.
	// Limits: [user@]host[:port], or none.
	Jump string `json:"jump,omitempty" yaml:"jump,omitempty"`
	// Config is the file that ssh would read, instead of ~/.ssh/config and /etc/ssh/ssh_config; none is
	// no file. For what the Spec does not say, these count: HostName, Port, User, IdentityFile,
	// IdentitiesOnly, ProxyJump, UserKnownHostsFile and GlobalKnownHostsFile, of what matches a host's address (its
	// name, where there is no address), and of jump hosts. What they do not say is as ssh has it by default. With
	// none, the Spec has to say it: no key, and no key of a host, is taken from ~/.ssh or /etc/ssh.
	// Default: ~/.ssh/config and /etc/ssh/ssh_config.
	// Limits: a path of the machine that cephstack runs on, relative to the folder of the Spec, or none.
	Config string `json:"config,omitempty" yaml:"config,omitempty"`
	// Timeouts bound every connection, those to jump and of entry too.
	// Default: the defaults of its fields.
	// Limits: those of its fields.
	Timeouts Timeouts `json:"timeouts,omitzero" yaml:"timeouts,omitempty"`
	// Entry is used only for a host that refuses the login, and only if
	// prepare.authorize or prepare.sudo is asked for; with prepare.sudo.helper, also for
	// each change that the helper does not make (see prepare.sudo).
	// Default: left out; there is no second way in.
	// Limits: only beside prepare.authorize or prepare.sudo.
	Entry *Entry `json:"entry,omitempty" yaml:"entry,omitempty"`
}

// An Entry is a second way into hosts, for hosts that refuse the normal login so
// far: see Entries of world.World. known_hosts and the jump host are those of
// the normal login.
type Entry struct {
	// User is the account of the second way in, such as the first user of a fresh image.
	// Default: none; the account must be given.
	// Limits: the name of an account: at most 64 letters, digits, '_', '-' and '.', a letter or '_'
	// first; with prepare.sudo.helper, not the user of ssh.
	User string `json:"user" yaml:"user"`
	// KeyFiles are private keys, as in ssh.key_files.
	// Default: no keys; one of key_files, agent and password_file must be given.
	// Limits: paths of the machine that cephstack runs on, relative to the folder of the Spec.
	KeyFiles []string `json:"key_files,omitempty" yaml:"key_files,omitempty"`
	// Agent is the path of an agent's socket, whose keys are offered.
	// Default: no agent.
	// Limits: a path of the machine that cephstack runs on.
	Agent string `json:"agent,omitempty" yaml:"agent,omitempty"`
	// PasswordFile is a file of the machine that cephstack runs on. It holds the
	// user's password, for the login and for sudo. Line ends behind the password are
	// not part of the password.
	// Default: no password.
	// Limits: a path, relative to the folder of the Spec, of a file of at most 64 KiB that others
	// cannot read.
	PasswordFile string `json:"password_file,omitempty" yaml:"password_file,omitempty"`
}

// none as SSH.Jump is a direct connection. As SSH.Config, it keeps ssh's files from being read.
const none = "none"

// Direct reports whether connections go through no jump host, whatever a file of ssh says.
func (s SSH) Direct() bool { return s.Jump == none }

// Alone reports whether no file of ssh is read.
func (s SSH) Alone() bool { return s.Config == none }

func (v *validation) ssh() {
	_, faults := v.spec.SSH.Timeouts.parse()
	v.faults = append(v.faults, faults...)
	v.paths()
	if v.spec.SSH.Jump == "" || v.spec.SSH.Direct() {
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
