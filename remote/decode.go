package remote

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
	"github.com/cephstack/cephstack/remote/internal/words"
)

// An answer is what came back about one op.
type answer struct {
	wire.Reply
	host   string
	failed bool // the host reported an error
}

// decode translates what came back about op. An answer that cannot be read does not tell whether op had its effect.
func decode(host string, op Op, reply wire.Reply) Result {
	r := Result{Changed: reply.Facts["changed"] == "1"}
	e := opError(host, op, nil)
	fact, failed := reply.Facts["err"]
	if failed {
		class, text, _ := strings.Cut(fact, " ")
		detail, err := base64.StdEncoding.DecodeString(text)
		if e.Detail, e.Err = classify(class, string(detail)); err != nil {
			e.Detail, e.Err = "", wire.ErrAnswer
		}
		r.Err = e
	}
	a := answer{reply, host, failed}
	err := plain(op).decode(a, &r)
	if err == nil && !a.sound() {
		err = wire.ErrAnswer
	}
	if err != nil && !failed {
		e.Err = err
		r.Err = e
	}
	if effectful(op) && errors.Is(e.Err, wire.ErrAnswer) {
		e.Err = fmt.Errorf("%w: %w", ErrUnknown, e.Err)
	}
	return r
}

// sound reports whether all facts are those of the host's program: a word that was spoilt may have been err.
func (a answer) sound() bool {
	for word, value := range a.Facts {
		switch strings.TrimRight(word, "0123456789") {
		case "changed":
			if value != "0" && value != "1" {
				return false
			}
		case "stat", "acl", "link", "real", "sha", "show", "now", "run", "note", "pkgs", "exit", "errors", "err":
		default:
			return false
		}
	}
	return true
}

// changedFile reads the description of a file or folder after an operation that tells whether it changed anything.
func (a answer) changedFile(path string, f *File) error {
	if _, ok := a.Facts["changed"]; !ok && !a.failed {
		return wire.ErrAnswer
	}
	return a.file(path, f)
}

// described reports whether the answer has to describe a file: an op that
// failed may have been too early for that.
func (a answer) described() bool { return !a.failed || a.Facts["stat"] != "" }

// file reads the description of the file at path.
func (a answer) file(name string, f *File) error {
	f.Path = name
	target, err := a.Bytes("link")
	if err != nil {
		return wire.ErrAnswer
	}
	f.Target = string(target)
	real, err := a.Bytes("real")
	if err != nil || len(real) > 0 && !path.IsAbs(string(real)) {
		return wire.ErrAnswer
	}
	f.Real = string(real)
	switch acl := a.Facts["acl"]; {
	case acl == "+":
		f.ACL = true
	case acl != "-" && !a.failed:
		return wire.ErrAnswer
	}
	return parseStat(a.Facts["stat"], f)
}

// unit reads the state of a unit.
func (a answer) unit(name string) (Unit, error) {
	text := a.Lines("show")
	if text == "" && a.failed {
		return Unit{Name: name}, nil
	}
	c, err := parseClock(a.Facts["now"])
	if err != nil {
		return Unit{Name: name}, err
	}
	u, err := parseUnit(name, []byte(text), c)
	if note, bad := a.Bytes("note"); bad == nil && !u.Since.IsZero() {
		u.Read = parseNote(note, a.Facts["run"])
	}
	return u, err
}

// versions reads which of the packages are installed.
func (a answer) versions(names []string) map[string]string {
	versions := map[string]string{}
	for line := range strings.Lines(a.Lines("pkgs")) {
		f := strings.Fields(line)
		if len(f) == 3 && len(f[0]) >= 2 && f[0][1] == 'i' && slices.Contains(names, f[1]) {
			versions[f[1]] = f[2]
		}
	}
	return versions
}

// parseStat reads mode:size:uid:gid:modified:changed:owner:group.
func parseStat(s string, f *File) error {
	p := strings.Split(s, ":")
	if len(p) != 8 {
		return wire.ErrAnswer
	}
	mode, err1 := strconv.ParseUint(p[0], 16, 32)
	size, err2 := strconv.ParseInt(p[1], 10, 64)
	modified, err3 := parseSeconds(p[4])
	changed, err4 := parseSeconds(p[5])
	if errors.Join(err1, err2, err3, err4) != nil {
		return wire.ErrAnswer
	}
	f.Kind = map[uint64]string{0x8: "file", 0x4: "dir", 0xa: "symlink"}[mode>>12]
	if f.Kind == "" {
		f.Kind = "other"
	}
	f.Mode = wire.FileMode(uint32(mode))
	f.Size, f.Modified, f.Changed = size, modified, changed
	f.Owner, f.Group = p[6], p[7]
	for name, id := range map[*string]string{&f.Owner: p[2], &f.Group: p[3]} {
		if *name == "UNKNOWN" {
			*name = id
		}
	}
	return nil
}

func parseSeconds(s string) (time.Time, error) {
	whole, frac, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	frac = (frac + "000000000")[:9]
	ns, err := strconv.ParseUint(frac, 10, 32)
	return time.Unix(sec, int64(ns)), err
}

// mostSaid is how many bytes of an error's words the host's program sends: their end.
const mostSaid = 6000

// classify turns a class of errors of the host's program, and the text with
// it, into the detail and the cause of an OpError.
func classify(class, text string) (string, error) {
	if len(text) >= mostSaid { // its first word may be the rest of a secret
		text = text[max(0, strings.IndexAny(text, " \n")):]
	}
	detail := words.Printable(text, 400)
	switch class {
	case "conflict":
		return detail, ErrConflict
	case "denied":
		return detail, wire.ErrDenied
	case "skipped":
		return "", ErrSkipped
	case "toolarge":
		return detail, ErrTooLarge
	case "unknown":
		return detail, ErrUnknown
	case "unit":
		return words.Printable(text, 2000), ErrUnitFailed
	case "notexist":
		return detail, fs.ErrNotExist
	case "permission":
		return detail, fs.ErrPermission
	case "nospace":
		return detail, syscall.ENOSPC
	case "timeout":
		return detail, ErrTimeout
	case "isdir":
		return detail, syscall.EISDIR
	case "notdir":
		return detail, syscall.ENOTDIR
	case "symlink", "notreg":
		return wire.Text(class), nil
	case "install":
		return words.Printable(text, 2000), nil
	case "sys", "content", "owner":
	default:
		return "", wire.ErrAnswer
	}
	last := strings.TrimSpace(text)
	for suffix, err := range map[string]error{
		": No such file or directory": fs.ErrNotExist,
		": Permission denied":         fs.ErrPermission,
		": Operation not permitted":   fs.ErrPermission,
		": Read-only file system":     syscall.EROFS,
		": No space left on device":   syscall.ENOSPC,
		": Disk quota exceeded":       syscall.EDQUOT,
		": Not a directory":           syscall.ENOTDIR,
		": File exists":               fs.ErrExist,
	} {
		if strings.HasSuffix(last, suffix) {
			return detail, err
		}
	}
	return detail, nil
}
