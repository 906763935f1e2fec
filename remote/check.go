package remote

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/cephstack/cephstack/remote/internal/wire"
	"github.com/cephstack/cephstack/remote/internal/words"
)

var (
	accountName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$`)
	accountID   = regexp.MustCompile(`^[1-9][0-9]{0,9}$`)
	unitName    = regexp.MustCompile(`^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,255}$`)
	packageName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9+._-]{0,127}$`)
	digest      = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func first(faults ...string) string {
	for _, f := range faults {
		if f != "" {
			return f
		}
	}
	return ""
}

func when(is bool, fault string) string {
	if is {
		return fault
	}
	return ""
}

func pathFault(p string) string {
	switch {
	case !path.IsAbs(p) || path.Clean(p) != p:
		return "not an absolute, clean path"
	case strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "a control character in the path"
	case len(p) > 4000 || len(path.Base(p)) > 255:
		return "the path is too long"
	}
	return ""
}

func suffixFault(s string) string {
	bad := strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' })
	return when(bad, "a slash or a control character in the suffix")
}

func attrFault(owner, group string, mode fs.FileMode) string {
	const bits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	return first(
		when(owner != "" && !account(owner), "not a user name"),
		when(group != "" && !account(group), "not a group name"),
		when(mode&^bits != 0, "more than permission bits in the mode"))
}

// account reports whether an owner or a group is a name, or the number of an account
// that may have no name on the machine.
func account(s string) bool { return accountName.MatchString(s) || accountID.MatchString(s) }

func wasFault(was string) string {
	return when(was != "" && was != Absent && !digest.MatchString(was), "Was is neither a digest nor Absent")
}

func unitFault(name string) string { return when(!unitName.MatchString(name), "not a unit name") }

func packagesFault(names []string) string {
	if len(names) > wire.MaxList {
		return fmt.Sprintf("more than %d packages", wire.MaxList)
	}
	for _, n := range names {
		if !packageName.MatchString(n) {
			return "not a package name: " + words.Printable(n, 60)
		}
	}
	return ""
}
