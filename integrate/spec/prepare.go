package spec

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/pubkey"
)

// A Prepare is what hosts that are not prepared yet get before the rest.
// Each part is off unless it is there, and all of them are changes of the plan:
// the way in first, then the sudo rule, the repository, packages, and so on.
type Prepare struct {
	Authorize  *Authorize  `json:"authorize,omitempty" yaml:"authorize,omitempty"`
	Sudo       *Sudo       `json:"sudo,omitempty" yaml:"sudo,omitempty"`
	Repository *Repository `json:"repository,omitempty" yaml:"repository,omitempty"`
	Guests     *Guests     `json:"guests,omitempty" yaml:"guests,omitempty"`
}

// An Authorize places public keys for the login user of ssh, as
// ssh-copy-id does: a line for each in ~/.ssh/authorized_keys, beside what is
// there. Lines are never changed or removed. A host that does not let the user
// in yet is reached by its first entry (see integrate.World's Entries).
type Authorize struct {
	// Keys are public keys: type, key and comment, as in a .pub file.
	Keys []string `json:"keys" yaml:"keys"`
	// Home is the user's home folder on the hosts; /root or /home/<user> when
	// empty. Another one there is a Problem.
	Home string `json:"home,omitempty" yaml:"home,omitempty"`
}

// A Sudo gives the login user of ssh a sudo rule without a password, in a
// file of its own under /etc/sudoers.d, root's and 0440. The rule is checked by
// the host's visudo before it is written, and all rules after that; one that
// does not pass is taken back. Other files are never touched.
type Sudo struct {
	// Narrow lets the user run /bin/sh -c as root and nothing else, which is
	// all that cephstack runs. That keeps other programs and users from being
	// run through sudo by the way, but it is no smaller trust: a shell as
	// root can do everything.
	Narrow bool `json:"narrow,omitempty" yaml:"narrow,omitempty"`
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

func (v *validation) sudo() {
	v.login("prepare.sudo")
	if v.spec.SSH.User == "root" {
		v.fault("prepare.sudo", "is for root, who needs no rule")
	} else if !v.spec.SSH.Sudo {
		v.fault("ssh.sudo", "is false, so that nothing would use the rule of prepare.sudo")
	}
}
