package remote

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

var (
	accountName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$`)
	unitName    = regexp.MustCompile(`^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,255}$`)
	packageName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9+._-]{0,127}$`)
	digest      = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Check reports, before anything is sent, what is wrong with op: an *OpError
// with fs.ErrInvalid, or nil. Every Host checks its ops this way; an op that
// does not pass fails alone. Paths must be absolute, clean and without control
// characters.
func Check(op Op) error {
	if fault := fault(op); fault != "" {
		name, object := Describe(op)
		return &OpError{Op: name, Object: printable(object, 200), Detail: fault, Err: fs.ErrInvalid}
	}
	return nil
}

// plain is an op without its condition.
func plain(op Op) Op {
	if guard, ok := op.(If); ok {
		return guard.Op
	}
	return op
}

// Ready reports whether the op may run as the i-th of a Do, after the ops that
// ended with earlier: nil, ErrSkipped, or fs.ErrInvalid for an index that is
// none of an earlier op. It is for implementations of Host.
func (i If) Ready(earlier []Result) error {
	for _, n := range i.OK {
		if n < 0 || n >= len(earlier) {
			return fmt.Errorf("%w: it needs the op %d, which is not before it", fs.ErrInvalid, n)
		}
		if earlier[n].Err != nil || earlier[n].Exit != 0 {
			return ErrSkipped
		}
	}
	return nil
}

// Describe names an op as an OpError does: its kind, and the path, unit,
// package or program.
func Describe(op Op) (name, object string) {
	if op == nil {
		return "nothing", ""
	}
	switch o := op.(type) {
	case If:
		return Describe(o.Op)
	case ReadFile:
		object = o.Path
	case ReadDir:
		object = o.Path
	case Stat:
		object = o.Path
	case WriteFile:
		object = o.Path
	case SetAttr:
		object = o.Path
	case Mkdir:
		object = o.Path
	case Remove:
		object = o.Path
	case UnitState:
		object = o.Unit
	case RestartUnit:
		object = o.Unit
	case Packages:
		object = strings.Join(o.Names, " ")
	case InstallPackages:
		object = strings.Join(o.Names, " ")
	case Run:
		object = strings.Join(o.Argv[:min(1, len(o.Argv))], "")
	}
	return op.op(), object
}

func fault(op Op) string {
	switch o := op.(type) {
	case ReadFile:
		return first(pathFault(o.Path), when(o.Max < 0, "a negative limit"))
	case If:
		_, nested := o.Op.(If)
		return first(when(nested, "a condition of a condition"), fault(o.Op))
	case ReadDir:
		return first(pathFault(o.Path), when(o.Max < 0, "a negative limit"), suffixFault(o.Suffix))
	case Stat:
		return pathFault(o.Path)
	case WriteFile:
		return first(pathFault(o.Path), when(o.Path == "/", "not a file"), attrFault(o.Owner, o.Group, o.Mode), wasFault(o.Was))
	case SetAttr:
		return first(pathFault(o.Path), attrFault(o.Owner, o.Group, o.Mode))
	case Mkdir:
		return first(pathFault(o.Path), attrFault(o.Owner, o.Group, o.Mode))
	case Remove:
		return first(pathFault(o.Path), when(o.Path == "/", "not a file"), wasFault(o.Was))
	case UnitState:
		return when(!unitName.MatchString(o.Unit), "not a unit name")
	case RestartUnit:
		return first(when(!unitName.MatchString(o.Unit), "not a unit name"), when(o.Settle < 0, "a negative time"))
	case Packages:
		return packagesFault(o.Names)
	case InstallPackages:
		return packagesFault(o.Names)
	case Run:
		return runFault(o)
	}
	return "not an operation"
}

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
		when(owner != "" && !accountName.MatchString(owner), "not a user name"),
		when(group != "" && !accountName.MatchString(group), "not a group name"),
		when(mode&^bits != 0, "more than permission bits in the mode"))
}

func wasFault(was string) string {
	return when(was != "" && was != Absent && !digest.MatchString(was), "Was is neither a digest nor Absent")
}

func packagesFault(names []string) string {
	for _, n := range names {
		if !packageName.MatchString(n) {
			return "not a package name: " + printable(n, 60)
		}
	}
	return ""
}

func runFault(o Run) string {
	if len(o.Argv) == 0 || o.Argv[0] == "" || o.Argv[0][0] == '-' {
		return "no program"
	}
	size := 0
	for _, a := range o.Argv {
		if strings.ContainsRune(a, 0) {
			return "a NUL in an argument"
		}
		size = max(size, len(a))
	}
	return first(
		when(size > 120_000, "an argument is too long"),
		when(o.User != "" && !accountName.MatchString(o.User), "not a user name"),
		when(o.Timeout < 0, "a negative time"))
}
