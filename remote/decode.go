package remote

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// decode translates what came back about op. Facts that cannot be are an
// error of the op: nothing is ever taken as absent for want of an answer.
func decode(host string, op Op, reply wire.Reply) Result {
	name, object := Describe(op)
	op = plain(op)
	r := Result{Changed: reply.Facts["changed"] == "1"}
	e := &OpError{Host: host, Op: name, Object: printable(object, 200)}
	var err error
	failure := failureOf(reply, e)
	if failure == nil || reply.Facts["stat"] != "" {
		err = decodeFile(op, reply, &r)
	}
	r.Err = failure
	if err == nil {
		err = decodeRest(host, op, reply, &r, failure != nil)
	}
	if err != nil && r.Err == nil {
		e.Err = err
		r.Err = e
	}
	return r
}

// failureOf fills e with the error that came back, and returns it or nil.
func failureOf(reply wire.Reply, e *OpError) error {
	fact, failed := reply.Facts["err"]
	if !failed {
		return nil
	}
	class, text, _ := strings.Cut(fact, " ")
	detail, _ := base64.StdEncoding.DecodeString(text)
	e.Err, e.Detail = classify(class, string(detail))
	return e
}

// decodeLooks translates what came back about several ReadFile and Stat.
func decodeLooks(host string, ops []Op, reply wire.Reply) []Result {
	results := make([]Result, len(ops))
	rest, whole := reply.Raw["all"]
	for i, op := range ops {
		sub := reply.Sub(i)
		read, reads := op.(ReadFile)
		if !reads && sub.Facts["stat"] != "" {
			delete(sub.Facts, "err") // of reading what is not to be read
		}
		results[i] = decode(host, op, sub)
		r := &results[i]
		if _, own := sub.Raw["data"]; own || !reads || r.Err != nil {
			continue
		}
		fail := func(err error) { r.Err = &OpError{Host: host, Op: "read", Object: printable(read.Path, 200), Err: err} }
		switch size := r.File.Size; {
		case r.File.Kind == "dir":
			fail(syscall.EISDIR)
		case !whole || size > int64(len(rest)):
			fail(wire.ErrAnswer)
		default:
			r.Data = rest[:size:size]
			r.File.SHA256 = hexSum(r.Data)
			rest = rest[size:]
		}
	}
	return results
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// decodeDir translates what came back about the files of a folder.
func decodeDir(host string, op ReadDir, reply wire.Reply) ([]FileData, error) {
	var files []FileData
	for i := 0; ; i++ {
		sub := reply.Sub(i)
		if _, ok := sub.Facts["name"]; !ok {
			return files, nil
		}
		name, err := sub.Bytes("name")
		if err != nil {
			return nil, wire.ErrAnswer
		}
		r := decode(host, ReadFile{Path: string(name), Max: op.Max}, sub)
		files = append(files, FileData{r.File, r.Data, r.Err})
	}
}

func decodeFile(op Op, reply wire.Reply, r *Result) error {
	switch o := op.(type) {
	case Stat, SetAttr, Mkdir:
	case WriteFile:
		r.File.SHA256 = reply.Facts["sha"]
	case ReadFile:
		if b, ok := reply.Raw["data"]; ok {
			if int64(len(b)) > orMax(o.Max) {
				return ErrTooLarge
			}
			r.Data, r.File.SHA256 = b, hexSum(b)
		}
	default:
		return nil
	}
	_, r.File.Path = Describe(op)
	target, err := reply.Bytes("link")
	if err != nil {
		return wire.ErrAnswer
	}
	r.File.Target = string(target)
	return parseStat(reply.Facts["stat"], &r.File)
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
	f.Mode = fs.FileMode(mode & 0o777)
	for bit, unix := range specialBits() {
		if uint32(mode)&unix != 0 {
			f.Mode |= bit
		}
	}
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

func decodeRest(host string, op Op, reply wire.Reply, r *Result, failed bool) error {
	var err error
	switch o := op.(type) {
	case ReadDir:
		r.Files, err = decodeDir(host, o, reply)
	case UnitState:
		r.Unit, err = decodeUnit(o.Unit, reply, failed)
	case RestartUnit:
		r.Unit, err = decodeUnit(o.Unit, reply, failed)
	case Packages:
		r.Versions = decodeVersions(o.Names, reply)
	case InstallPackages:
		r.Versions = decodeVersions(o.Names, reply)
	case Run:
		if !failed {
			err = decodeRun(reply, r)
		}
	}
	return err
}

func decodeRun(reply wire.Reply, r *Result) error {
	out, ok := reply.Raw["out"]
	stderr, err := reply.Bytes("errors")
	if !ok || err != nil {
		return wire.ErrAnswer
	}
	r.Data = out[:min(len(out), defaultMax)]
	r.Stderr = stderr[:min(len(stderr), defaultMax)]
	if reply.Facts["exit"] == "late" {
		return ErrTimeout
	}
	exit, err := strconv.Atoi(reply.Facts["exit"])
	if err != nil {
		return wire.ErrAnswer
	}
	r.Exit = exit
	if len(out) > defaultMax || len(stderr) > defaultMax {
		return ErrTooLarge
	}
	return nil
}

func decodeVersions(names []string, reply wire.Reply) map[string]string {
	versions := map[string]string{}
	for line := range strings.Lines(reply.Lines("pkgs")) {
		f := strings.Fields(line)
		if len(f) == 3 && len(f[0]) >= 2 && f[0][1] == 'i' && slices.Contains(names, f[1]) {
			versions[f[1]] = f[2]
		}
	}
	return versions
}

// classify turns a class of the host's program, and the text with it, into
// an error.
func classify(class, text string) (error, string) {
	detail := printable(text, 400)
	switch class {
	case "conflict":
		return ErrConflict, detail
	case "skipped":
		return ErrSkipped, ""
	case "toolarge":
		return ErrTooLarge, detail
	case "unknown":
		return ErrUnknown, detail
	case "unit":
		return ErrUnitFailed, printable(text, 2000)
	case "notexist":
		return fs.ErrNotExist, detail
	case "permission":
		return fs.ErrPermission, detail
	case "nospace":
		return ErrNoSpace, detail
	case "timeout":
		return ErrTimeout, detail
	case "isdir":
		return syscall.EISDIR, detail
	case "notdir":
		return syscall.ENOTDIR, detail
	case "symlink", "notreg":
		return nil, wire.Text(class)
	case "install":
		return nil, printable(text, 2000)
	}
	last := strings.TrimSpace(text)
	for suffix, err := range map[string]error{
		": No such file or directory": fs.ErrNotExist,
		": Permission denied":         fs.ErrPermission,
		": Operation not permitted":   fs.ErrPermission,
		": Read-only file system":     syscall.EROFS,
		": No space left on device":   ErrNoSpace,
		": Disk quota exceeded":       ErrNoSpace,
		": Not a directory":           syscall.ENOTDIR,
		": File exists":               fs.ErrExist,
	} {
		if strings.HasSuffix(last, suffix) {
			return err, detail
		}
	}
	return nil, detail
}
