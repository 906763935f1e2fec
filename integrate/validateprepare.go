package integrate

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

var accountForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

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

func (v *validation) guests(g GuestsSpec) {
	if g.Account != "" {
		owner, group, ok := strings.Cut(g.Account, ":")
		if !ok || !accountForm.MatchString(owner) || !accountForm.MatchString(group) {
			v.fault("prepare.guests.account", "%q is not user:group", g.Account)
		}
	}
	spelled := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(g.Options)) {
		value, plain := g.Options[name], optionName(name)
		at := "prepare.guests.options." + name
		switch {
		case !nameForm.MatchString(plain):
			v.fault(at, "is no name of an option")
		case spelled[plain] != "":
			v.fault(at, "is %s spelled another way", spelled[plain])
		case plain == "keyring" || plain == "key" || plain == "keyfile":
			v.fault(at, "would be the key of every client on the host; each user's keyring has a section of its own")
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.TrimSpace(value) != value:
			v.fault(at, "has white space around it, or a control character")
		case plain == "admin_socket" || plain == "log_file":
			v.guestPath(at, value)
		}
		spelled[plain] = name
	}
	for _, file := range []string{"admin_socket", "log_file"} {
		if value := g.options()[file]; value != "" && slices.Contains([]string{"/run", "/var/log", "/tmp", cephRun, cephDir}, path.Dir(value)) {
			v.fault("prepare.guests.options."+file, "%s is a folder of others; name one for guests alone", path.Dir(value))
		}
	}
}

// guestPath checks the path of a file whose folder is made for guests.
func (v *validation) guestPath(at, value string) {
	switch dir := path.Dir(value); {
	case value == "":
	case !path.IsAbs(value) || path.Clean(value) != value:
		v.fault(at, "%q is not an absolute, clean path", value)
	case strings.ContainsAny(dir, "$% \""):
		v.fault(at, "the folder of %q must be the same for all guests", value)
	case strings.Count(dir, "/") < 2:
		v.fault(at, "%s is a folder of others; name one for guests alone", dir)
	}
}

// login checks the user that a part of the preparation is for.
func (v *validation) login(what string) {
	switch user := v.spec.SSH.User; {
	case user == "":
		v.fault("ssh.user", "is missing: %s is for that user", what)
	case !accountForm.MatchString(user):
		v.fault("ssh.user", "%q is no user that %s could be for", user, what)
	}
}

func (v *validation) authorize(a AuthorizeSpec) {
	v.login("prepare.authorize")
	if len(a.Keys) == 0 {
		v.fault("prepare.authorize.keys", "is empty")
	}
	seen := map[string]bool{}
	for i, text := range a.Keys {
		at := fmt.Sprintf("prepare.authorize.keys[%d]", i)
		key, err := parsePublicKey(text)
		if err != nil {
			v.fault(at, "%v", err)
		} else if seen[key.blob] {
			v.fault(at, "is there twice")
		}
		seen[key.blob] = true
	}
	if a.Home != "" && (!path.IsAbs(a.Home) || path.Clean(a.Home) != a.Home || strings.Count(a.Home, "/") == 1 && a.Home != "/root") {
		v.fault("prepare.authorize.home", "%q is not the absolute, clean path of a home folder", a.Home)
	}
}

func (v *validation) sudo() {
	v.login("prepare.sudo")
	if v.spec.SSH.User == rootName {
		v.fault("prepare.sudo", "is for root, who needs no rule")
	} else if !v.spec.SSH.Sudo {
		v.fault("ssh.sudo", "is false, so that nothing would use the rule of prepare.sudo")
	}
}

func (v *validation) entry() {
	e := v.spec.SSH.Entry
	if e == nil {
		return
	}
	if !accountForm.MatchString(e.User) {
		v.fault("ssh.entry.user", "%q is no user", e.User)
	}
	if len(e.KeyFiles) == 0 && e.Agent == "" && e.PasswordFile == "" {
		v.fault("ssh.entry", "has none of key_files, agent and password_file")
	}
	if p := v.spec.Prepare; p == nil || p.Authorize == nil && p.Sudo == nil {
		v.fault("ssh.entry", "would not be used: neither prepare.authorize nor prepare.sudo is asked for")
	}
}

var (
	urlForm    = regexp.MustCompile(`^(https?://|file:/)[^\s"\\]+$`)
	loginInURL = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@`)
)

func (v *validation) repository(r RepositorySpec) {
	if r.Apt == "" && r.Dnf == "" {
		v.fault("prepare.repository", "has neither apt nor dnf")
	}
	for field, url := range map[string]string{"apt": r.Apt, "dnf": r.Dnf} {
		if loginInURL.MatchString(url) {
			v.fault("prepare.repository."+field, "has a login in it, which plans would show and every user of the hosts may read; give it to apt or dnf another way, such as a file in /etc/apt/auth.conf.d")
		} else if url != "" && !urlForm.MatchString(url) {
			v.fault("prepare.repository."+field, "%q is not a URL of http, https or file", url)
		}
	}
	if r.Suite != "" {
		v.name("prepare.repository.suite", strings.ReplaceAll(r.Suite, "/", "."))
	}
	for i, c := range r.Components {
		v.name(fmt.Sprintf("prepare.repository.components[%d]", i), c)
	}
	key := strings.TrimSpace(r.Key)
	if !strings.HasPrefix(key, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n") || !strings.HasSuffix(key, "\n-----END PGP PUBLIC KEY BLOCK-----") {
		v.fault("prepare.repository.key", "is not an OpenPGP public key in ASCII armour")
	}
}
