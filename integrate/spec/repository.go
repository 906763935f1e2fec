package spec

import (
	"fmt"
	"regexp"
	"strings"
)

// A Repository gives hosts a repository with Ceph's packages, beside the
// repositories that they have, and the key of the repository.
//
// On a host with apt, the key counts for this repository alone. The repository is
// read, and its signature checked, before apt uses the repository. On a host with
// dnf, the signature of a package is checked when the package is installed. rpm then
// keeps the key, even if the key did not sign the package, and trusts the key in any
// repository.
type Repository struct {
	// Apt is the URL for hosts with apt. A host whose URL is missing is a Problem.
	// Default: no URL; one of apt and dnf must be given.
	// Limits: a URL of http, https or file without a login.
	Apt string `json:"apt,omitempty" yaml:"apt,omitempty"`
	// Dnf is the URL for hosts with dnf, in which $releasever and $basearch are the host's own. A
	// host whose URL is missing is a Problem.
	// Default: no URL; one of apt and dnf must be given.
	// Limits: a URL of http, https or file without a login.
	Dnf string `json:"dnf,omitempty" yaml:"dnf,omitempty"`
	// Suite is the suite for apt.
	// Default: the codename of the host's release.
	// Limits: at most 255 letters, digits, '_', '-', '.' and '/', a letter or digit first.
	Suite string `json:"suite,omitempty" yaml:"suite,omitempty"`
	// Components are the components for apt.
	// Default: main.
	// Limits: names: at most 255 letters, digits, '_', '-' and '.', a letter or digit first.
	Components []string `json:"components,omitempty" yaml:"components,omitempty"`
	// Key is the OpenPGP public key that signs the repository, in ASCII armour.
	// Default: none; the key must be given.
	// Limits: one block of at most 1 MiB, from its BEGIN line to its END line.
	Key string `json:"key" yaml:"key"`
}

var (
	urlForm    = regexp.MustCompile(`^(https?://|file:/)[!#-\[\]-~]+$`)
	loginInURL = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@`)
)

func (v *validation) repository(r Repository) {
	if r.Apt == "" && r.Dnf == "" {
		v.fault("prepare.repository", "has neither apt nor dnf")
	}
	for field, url := range map[string]string{"apt": r.Apt, "dnf": r.Dnf} {
		if loginInURL.MatchString(url) {
			v.fault("prepare.repository."+field, "has a login in it, which plans would show and every user of the hosts may "+
				"read; give it to apt or dnf another way, such as a file in /etc/apt/auth.conf.d")
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
	const begin, end = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "\n-----END PGP PUBLIC KEY BLOCK-----"
	if !strings.HasPrefix(key, begin) || !strings.HasSuffix(key, end) {
		v.fault("prepare.repository.key", "is not an OpenPGP public key in ASCII armour")
	}
}
