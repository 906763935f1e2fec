package integrate

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

var accountForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

func (v *validation) prepare() {
	p := v.spec.Prepare
	if p == nil {
		return
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
