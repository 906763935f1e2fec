package remotetest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// decode is the op that travelled as w.
func decode(w wire.Op) (remote.Op, error) {
	a := w.Args
	switch w.Name {
	case "dir":
		limit, err := strconv.ParseInt(a[2], 10, 64)
		return remote.ReadDir{Path: a[0], Suffix: a[1], Max: limit}, err
	case "write":
		mode, err := parseMode(a[4])
		return remote.WriteFile{Path: a[0], Was: a[1], Owner: a[2], Group: a[3], Mode: mode, Data: w.Data}, err
	case "attr":
		mode, err := parseMode(a[3])
		return remote.SetAttr{Path: a[0], Owner: a[1], Group: a[2], Mode: mode}, err
	case "mkdir":
		mode, err := parseMode(a[3])
		return remote.Mkdir{Path: a[0], Owner: a[1], Group: a[2], Mode: mode}, err
	case "remove":
		return remote.Remove{Path: a[0], Was: a[1]}, nil
	case "unit":
		return remote.UnitState{Unit: a[0]}, nil
	case "restart":
		return remote.RestartUnit{Unit: a[0]}, nil
	case "packages":
		return remote.Packages{Names: w.List}, nil
	case "install":
		return remote.InstallPackages{Names: w.List}, nil
	case "run":
		seconds, err := time.ParseDuration(a[1] + "s")
		return remote.Run{Argv: w.List, Stdin: w.Data, User: a[0], Timeout: seconds}, err
	}
	return nil, errors.ErrUnsupported
}

func modeBits() map[fs.FileMode]uint64 {
	return map[fs.FileMode]uint64{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000}
}

func parseMode(s string) (fs.FileMode, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 8, 12)
	m := fs.FileMode(n & 0o777)
	for bit, unix := range modeBits() {
		if n&unix != 0 {
			m |= bit
		}
	}
	return m, err
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// An answer is a result as it travels.
type answer struct {
	words map[string]string
	raw   map[string][]byte
}

func newAnswer() answer { return answer{map[string]string{}, map[string][]byte{}} }

// add takes over what is about one of several files.
func (a answer) add(i int, one answer) {
	for word, value := range one.words {
		a.words[word+strconv.Itoa(i)] = value
	}
	for word, value := range one.raw {
		a.raw[word+strconv.Itoa(i)] = value
	}
}

// answered translates a result.
func answered(op remote.Op, r remote.Result) answer {
	a := newAnswer()
	f := a.words
	f["changed"] = "0"
	if r.Changed {
		f["changed"] = "1"
	}
	if r.File.Path != "" {
		f["stat"] = stat(r.File)
	}
	if r.File.Target != "" {
		f["link"] = encode([]byte(r.File.Target))
	}
	if r.Unit.Name != "" {
		maps.Copy(f, lines("show", show(r.Unit)))
	}
	switch op.(type) {
	case remote.ReadFile:
		if r.Err == nil {
			a.raw["data"] = r.Data
		}
	case remote.ReadDir:
		for i, file := range r.Files {
			a.add(i, answered(remote.ReadFile{}, remote.Result{File: file.File, Data: file.Data, Err: file.Err}))
			f["name"+strconv.Itoa(i)] = encode([]byte(file.File.Path))
		}
	case remote.WriteFile:
		f["sha"] = r.File.SHA256
	case remote.Packages, remote.InstallPackages:
		var text strings.Builder
		for name, version := range r.Versions {
			fmt.Fprintf(&text, "ii  %s %s\n", name, version)
		}
		maps.Copy(f, lines("pkgs", text.String()))
	case remote.Run:
		a.raw["out"], f["errors"], f["exit"] = r.Data, encode(r.Stderr), strconv.Itoa(r.Exit)
		if errors.Is(r.Err, remote.ErrTimeout) {
			f["exit"] = "late"
		}
	}
	_, run := op.(remote.Run)
	if r.Err != nil && !(run && errors.Is(r.Err, remote.ErrTimeout)) {
		f["err"] = fault(r.Err)
	}
	return a
}

// lines is a text as it travels.
func lines(word, text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		out[word+strconv.Itoa(len(out))] = strings.TrimSuffix(line, "\n")
	}
	return out
}

// fault is an error as it travels: a class and words.
func fault(err error) string {
	var e *remote.OpError
	text := err.Error()
	if errors.As(err, &e) {
		text = e.Detail
		if text == "" && e.Err != nil {
			text = e.Err.Error()
		}
	}
	class := "sys"
	for _, c := range classes() {
		if errors.Is(err, c.err) {
			class = c.name
			break
		}
	}
	if class == "sys" && text == wire.Text("symlink") {
		class = "symlink"
	}
	return class + " " + encode([]byte(text))
}

type class struct {
	name string
	err  error
}

func classes() []class {
	return []class{
		{"unknown", remote.ErrUnknown}, {"skipped", remote.ErrSkipped}, {"conflict", remote.ErrConflict}, {"toolarge", remote.ErrTooLarge},
		{"unit", remote.ErrUnitFailed}, {"nospace", remote.ErrNoSpace}, {"timeout", remote.ErrTimeout},
		{"isdir", syscall.EISDIR}, {"notdir", syscall.ENOTDIR},
		{"notexist", fs.ErrNotExist}, {"permission", fs.ErrPermission},
	}
}

// stat is a file in the words of the program.
func stat(f remote.File) string {
	kind := map[string]uint64{kindFile: 0x8000, kindDir: 0x4000, kindSymlink: 0xa000}[f.Kind]
	mode := kind | uint64(f.Mode.Perm())
	for bit, unix := range modeBits() {
		if f.Mode&bit != 0 {
			mode |= unix
		}
	}
	seconds := func(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }
	return fmt.Sprintf("%x:%d:0:0:%s:%s:%s:%s", mode, f.Size, seconds(f.Modified), seconds(f.Changed), f.Owner, f.Group)
}

// show is a unit in the words of systemctl show.
func show(u remote.Unit) string {
	lines := []string{
		"LoadState=" + u.Load, "ActiveState=" + u.Active, "SubState=" + u.Sub,
		"InvocationID=" + u.Invocation, "UnitFileState=" + u.Enabled,
	}
	if !u.Since.IsZero() {
		lines = append(lines, "MainPID=1", "ExecMainStartTimestamp="+u.Since.UTC().Format("Mon 2006-01-02 15:04:05.000000 MST"))
	}
	return strings.Join(lines, "\n") + "\n"
}
