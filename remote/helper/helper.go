package helper

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
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
	lines := []string{runLines("script", s.Start)}
	for _, uuid := range s.Secrets {
		lines = append(lines, "secret "+uuid)
	}
	for _, text := range s.Arguments {
		lines = append(lines, "# "+quoted(text)+"\nargument "+wire.Digest("", text))
	}
	return lines
}

// AllowList is an allow-list with which a helper does these operations and scripts, and no others.
// An operation that cannot be (see remote.Check), and a change of what a helper never changes, get
// no line.
//
// An operation is allowed for its path, unit or package, whatever the content or the expected
// digest; the Inputs of a RestartUnit need a ReadFile or ReadDir of their own. A change of a file or
// a folder is allowed with exactly its owner, group and mode. A Run is allowed with exactly its
// arguments and user, whatever the standard input. The helper never writes a file with setuid or
// setgid, or that everybody can change.
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
	as := func(owner, group string, mode fs.FileMode) []string {
		m := "-"
		if mode != 0 {
			m = fmt.Sprintf("%04o", wire.UnixMode(mode))
		}
		return []string{strings.Join([]string{name, object, cmp.Or(owner, "-"), cmp.Or(group, "-"), m}, " ")}
	}
	each := func(names []string) (lines []string) {
		for _, n := range names {
			lines = append(lines, name+" "+n)
		}
		return lines
	}
	if remote.Check(op) != nil || changes(op) && kept(object) {
		return nil
	}
	switch o := op.(type) {
	case remote.ReadDir:
		return []string{"dir " + o.Path + "/*" + o.Suffix}
	case remote.WriteFile:
		return as(o.Owner, o.Group, o.Mode)
	case remote.SetAttr:
		return as(o.Owner, o.Group, o.Mode)
	case remote.Mkdir:
		return as(o.Owner, o.Group, o.Mode)
	case remote.Packages:
		return each(o.Names)
	case remote.InstallPackages:
		return each(o.Names)
	case remote.Run:
		verb := "run"
		if slices.ContainsFunc(o.Argv, func(a string) bool { return path.Base(a) == AnyProbe }) {
			verb = "probe"
		}
		return []string{runLines(verb, o)}
	default:
		return []string{name + " " + object}
	}
}

// runLines are the line of a program, and above it a comment that says what the digest is of.
func runLines(verb string, run remote.Run) string {
	words := make([]string, len(run.Argv))
	for i, a := range run.Argv {
		words[i] = quoted(a)
	}
	return fmt.Sprintf("# as %s: %s\n%s %s", cmp.Or(run.User, "root"), strings.Join(words, " "), verb,
		wire.Digest(append([]string{run.User}, run.Argv...)...))
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=@,+-]+$`)

// quoted is a text in one line.
func quoted(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return strconv.QuoteToASCII(text)
}

func changes(op remote.Op) bool {
	switch op.(type) {
	case remote.WriteFile, remote.SetAttr, remote.Mkdir, remote.Remove:
		return true
	}
	return false
}

// What the helper changes of the folders in which root's programs read, and what it does not change
// of that. The guard has the same.
var (
	changed = regexp.MustCompile(`^/(etc/ceph/.+\.keyring$|etc/(cinder|glance|nova)/.|run/.|var/log/.)`)
	exempt  = regexp.MustCompile(`^/(etc/.*/rootwrap|run/(.*\.d(/|$)|credstore|(` + tables + `)(/|$)))`)
	roots   = regexp.MustCompile(`^/([^/]*$|lib|(` + tops + `)(/|$))`)
)

const (
	tables = "NetworkManager|cephstack|confexts|credentials|dbus|extensions|initramfs|netplan|polkit-1|portables|sshd|" +
		"sudo|systemd|udev|user"
	tops = "bin|boot|dev|efi|etc|gnu|home|nix|opt|ostree|proc|root|run|sbin|snap|sys|sysroot|usr|var"
)

// kept reports whether the helper never changes a path.
func kept(path string) bool {
	return roots.MatchString(path) && (exempt.MatchString(path) || !changed.MatchString(path))
}
