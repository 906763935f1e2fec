package remotetest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// decode gives the op that travelled as w.
func (h *Host) decode(w wire.Op) (remote.Op, error) {
	k, ok := h.kinds[w.Name]
	if !ok || k.decode == nil {
		return nil, errors.ErrUnsupported
	}
	return k.decode(w)
}

func parseMode(s string) (fs.FileMode, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 8, 12)
	return wire.FileMode(uint32(n)), err
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// An answer is a result as it travels.
type answer struct {
	words map[string]string
	raw   map[string][]byte
}

// add takes over the answer about the i-th of several files.
func (a answer) add(i int, one answer) {
	for word, value := range one.words {
		a.words[word+strconv.Itoa(i)] = value
	}
	for word, value := range one.raw {
		a.raw[word+strconv.Itoa(i)] = value
	}
}

// answered translates the result of op.
func (h *Host) answered(op remote.Op, r remote.Result) answer {
	a := newAnswer(r)
	if tell := h.kindOf(op).tell; tell != nil {
		tell(a, r)
	}
	return a
}

// newAnswer has the words that the answers of all operations have.
func newAnswer(r remote.Result) answer {
	a := answer{map[string]string{"changed": "0"}, map[string][]byte{}}
	if r.Changed {
		a.words["changed"] = "1"
	}
	if r.File.Path != "" {
		a.words["stat"] = stat(r.File)
		a.words["acl"] = map[bool]string{false: "-", true: "+"}[r.File.ACL]
	}
	if r.File.Target != "" {
		a.words["link"] = encode([]byte(r.File.Target))
	}
	if r.File.Real != "" {
		a.words["real"] = encode([]byte(r.File.Real))
	}
	if r.Unit.Name != "" {
		a.lines("show", show(r.Unit))
	}
	if r.Err != nil {
		a.words["err"] = fault(r.Err)
	}
	return a
}

// lines adds a text, a word for each line.
func (a answer) lines(word, text string) {
	i := 0
	for line := range strings.Lines(text) {
		a.words[word+strconv.Itoa(i)] = strings.TrimSuffix(line, "\n")
		i++
	}
}

// fault gives an error as it travels: a class and a text.
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
		{"unknown", remote.ErrUnknown}, {"skipped", remote.ErrSkipped}, {"conflict", remote.ErrConflict},
		{"toolarge", remote.ErrTooLarge},
		{"unit", remote.ErrUnitFailed}, {"nospace", syscall.ENOSPC}, {"timeout", remote.ErrTimeout},
		{"isdir", syscall.EISDIR}, {"notdir", syscall.ENOTDIR},
		{"notexist", fs.ErrNotExist}, {"permission", fs.ErrPermission},
	}
}

// stat describes a file as the program stat does.
func stat(f remote.File) string {
	kind := map[string]uint32{kindFile: 0x8000, kindDir: 0x4000, kindSymlink: 0xa000}[f.Kind]
	mode := kind | wire.UnixMode(f.Mode)
	return fmt.Sprintf("%x:%d:0:0:%s:%s:%s:%s", mode, f.Size, seconds(f.Modified), seconds(f.Changed), f.Owner, f.Group)
}

// seconds is a time as the programs stat and date print it.
func seconds(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }

// show describes a unit as systemctl show does.
func show(u remote.Unit) string {
	lines := []string{
		"Id=" + u.Name, "LoadState=" + u.Load, "ActiveState=" + u.Active, "SubState=" + u.Sub,
		"InvocationID=" + u.Invocation, "UnitFileState=" + u.Enabled,
	}
	if !u.Since.IsZero() {
		since := u.Since.UTC().Format("Mon 2006-01-02 15:04:05.000000 MST")
		lines = append(lines, "MainPID=1", "ExecMainStartTimestamp="+since)
	}
	lines = append(lines, "Id=sysinit.target", "InvocationID="+u.Boot)
	return strings.Join(lines, "\n") + "\n"
}
