package helper

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// Where the helper and its allow-list are on a host. Both belong to root, and nobody else
// may change them or the folders around the allow-list.
const (
	Path      = wire.HelperPath // mode 0755
	AllowPath = wire.AllowPath  // mode 0644 or less
)

// ErrDenied is the error of an operation that the helper refused; the error around it says what
// the allow-list does not have. The allow-list is missing, cannot be trusted, or was made for
// something else.
var ErrDenied = wire.ErrDenied

// Text is the content of the helper: the program that package remote runs on a host, and the
// guard that asks the allow-list before each operation. Each version of this module has its own.
func Text() []byte { return []byte(wire.Helper()) }

// Rule is the line for sudo that lets a user run the helper as root: these bytes of it, and
// without arguments.
func Rule(user string) string {
	return fmt.Sprintf("%s ALL=(root) NOPASSWD: sha256:%x %s \"\"\n", user, sha256.Sum256(Text()), Path)
}

// AnyProbe allows, as an argument of a Run or behind the last slash of an argument, each name of a
// probe in its place: AnyProbe, 8 hex digits, a minus, and a time such as 20060102T150405Z.
const AnyProbe = "cephstack-probe-"

// A Script is a program of which the first arguments are known, and are 5 or 10. What follows in
// an operation is any of Secrets and Arguments, in any order and number, but at least one.
type Script struct {
	Start     remote.Run
	Secrets   []string // UUIDs
	Arguments []string
}

func (s Script) lines() []string {
	if remote.Check(s.Start) != nil {
		return nil
	}
	lines := []string{"script " + wire.Digest(append([]string{s.Start.User}, s.Start.Argv...)...)}
	for _, uuid := range s.Secrets {
		lines = append(lines, "secret "+uuid)
	}
	for _, text := range s.Arguments {
		lines = append(lines, "argument "+wire.Digest("", text))
	}
	return lines
}

// AllowList is an allow-list with which a helper does these operations and scripts, and no others.
// An operation that cannot be (see remote.Check) gets no line.
//
// An operation is allowed for its path, unit or package, whatever the content or the expected
// digest; the Inputs of a RestartUnit need a ReadFile or ReadDir of their own. An owner and a
// group other than root are allowed for all files. A Run is allowed with exactly its arguments
// and user, whatever the standard input. The helper never writes a file with setuid or setgid,
// or that everybody can change, and never changes itself, its list or sudo's rules.
//
// A path counts where it really is. If a folder above is a symlink, or a file to read is one, the
// list needs the path behind it, too.
func AllowList(ops []remote.Op, scripts ...Script) []byte {
	var lines []string
	for _, op := range ops {
		if guard, ok := op.(remote.If); ok {
			op = guard.Op
		}
		lines = append(lines, allowLines(op)...)
	}
	for _, s := range scripts {
		lines = append(lines, s.lines()...)
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	return []byte("cephstack allow 1\n" + strings.Join(append(lines, ""), "\n"))
}

func allowLines(op remote.Op) []string {
	name, object := remote.Describe(op)
	account := func(owner, group string) (lines []string) {
		if owner != "" && owner != "root" {
			lines = append(lines, "owner "+owner)
		}
		if group != "" && group != "root" {
			lines = append(lines, "group "+group)
		}
		return append(lines, name+" "+object)
	}
	each := func(names []string) (lines []string) {
		for _, n := range names {
			lines = append(lines, name+" "+n)
		}
		return lines
	}
	if remote.Check(op) != nil {
		return nil
	}
	switch o := op.(type) {
	case remote.ReadDir:
		return []string{"dir " + o.Path + "/*" + o.Suffix}
	case remote.WriteFile:
		return account(o.Owner, o.Group)
	case remote.SetAttr:
		return account(o.Owner, o.Group)
	case remote.Mkdir:
		return account(o.Owner, o.Group)
	case remote.Packages:
		return each(o.Names)
	case remote.InstallPackages:
		return each(o.Names)
	case remote.Run:
		verb := "run "
		if slices.ContainsFunc(o.Argv, func(a string) bool { return path.Base(a) == AnyProbe }) {
			verb = "probe "
		}
		return []string{verb + wire.Digest(append([]string{o.User}, o.Argv...)...)}
	default:
		return []string{name + " " + object}
	}
}
