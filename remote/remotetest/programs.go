package remotetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// Handle makes fn run a program. program is an exact Argv[0], or the last part
// of its path. fn may use the host. Of stderr, Result has the last 64 KiB. A program
// without a handler ends with exit status 127. The host itself has true, false, cat
// without arguments, id -un, id -gn, getent passwd, ln -s, setfacl -m, sleep, and printf
// with the format %s\n.
func (h *Host) Handle(program string, fn func(run remote.Run) (stdout, stderr []byte, exit int)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.programs[program] = fn
}

// programKinds are the operations that run programs.
func (h *Host) programKinds() []kind {
	run := kind{
		name: "run", alone: true,
		decode: func(w wire.Op) (remote.Op, error) {
			limit, err := time.ParseDuration(w.Args[1] + "s")
			return remote.Run{Argv: w.List,
				Stdin: cephstack.Redact(w.Data), User: w.Args[0], Timeout: limit}, err
		},
		tell: func(a answer, r remote.Result) {
			a.raw["out"], a.words["errors"], a.words["exit"] = r.Data, encode(r.Stderr), strconv.Itoa(r.Exit)
			if errors.Is(r.Err, remote.ErrTimeout) {
				a.words["exit"] = "late"
				delete(a.words, "err")
			}
		},
	}
	return []kind{doing(run, h.run)}
}

func (h *Host) run(o remote.Run) remote.Result {
	program := o.Argv[0]
	h.mu.Lock()
	fn := h.programs[program]
	if fn == nil {
		fn = h.programs[path.Base(program)]
	}
	err := h.known(o.User, "")
	h.mu.Unlock()
	if err != nil {
		return remote.Result{Err: err}
	}
	var r remote.Result
	if fn != nil {
		r.Data, r.Stderr, r.Exit = fn(o)
	} else {
		r = h.runKnown(o)
	}
	r.Stderr = r.Stderr[max(0, len(r.Stderr)-wire.MaxErrors):]
	return r
}

// runKnown runs the few programs that every host has.
func (h *Host) runKnown(o remote.Run) remote.Result {
	args := o.Argv[1:]
	switch path.Base(o.Argv[0]) + " " + strings.Join(args[:min(1, len(args))], "") {
	case "true ":
		return remote.Result{}
	case "false ":
		return remote.Result{Exit: 1}
	case "cat ":
		return remote.Result{Data: []byte(o.Stdin.Reveal())}
	case "id -un":
		if o.User == "" {
			o.User = "root"
		}
		return remote.Result{Data: []byte(o.User + "\n")}
	case "getent passwd", "id -gn":
		return h.account(args)
	case "ln -s":
		if len(args) == 3 {
			h.AddSymlink(args[2], args[1])
			return remote.Result{}
		}
	case "setfacl -m":
		if len(args) == 3 {
			return h.setfacl(args[2])
		}
	case "printf %s\\n":
		var b bytes.Buffer
		for _, a := range args[1:] {
			b.WriteString(a + "\n")
		}
		return remote.Result{Data: b.Bytes()}
	}
	if path.Base(o.Argv[0]) == "sleep" && len(args) == 1 {
		return h.sleep(o)
	}
	return remote.Result{Exit: 127, Stderr: []byte("sh: 1: exec: " + o.Argv[0] + ": not found\n")}
}

// setfacl gives a file or folder an access control list.
func (h *Host) setfacl(name string) remote.Result {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, n, err := h.find(name, true)
	if err != nil {
		return remote.Result{Exit: 1, Stderr: []byte("setfacl: " + name + ": " + err.Error() + "\n")}
	}
	n.acl = true
	return remote.Result{}
}

// number is a number that no host of another name has.
func (h *Host) number() uint64 {
	sum := sha256.Sum256([]byte(h.name))
	return uint64(binary.BigEndian.Uint32(sum[:]))
}

// account tells of a user: its line of passwd, or its group.
func (h *Host) account(args []string) remote.Result {
	user := args[len(args)-1]
	h.mu.Lock()
	group, ok := h.users[user]
	h.mu.Unlock()
	switch {
	case len(args) != 2 || !ok && args[0] == "-gn":
		return remote.Result{Exit: 1, Stderr: []byte("id: " + user + ": no such user\n")}
	case !ok:
		return remote.Result{Exit: 2}
	case args[0] == "-gn":
		return remote.Result{Data: []byte(group + "\n")}
	}
	home := "/home/" + user
	if user == "root" {
		home = "/root"
	}
	return remote.Result{Data: []byte(user + ":x:1000:1000::" + home + ":/bin/sh\n")}
}

// sleep moves the clock instead of waiting.
func (h *Host) sleep(o remote.Run) remote.Result {
	d, err := time.ParseDuration(o.Argv[1] + "s")
	if err != nil {
		return remote.Result{Exit: 1, Stderr: []byte("sleep: invalid time interval\n")}
	}
	limit := o.Timeout
	if limit == 0 {
		limit = time.Minute
	}
	h.Advance(min(d, limit))
	if d > limit {
		return remote.Result{Err: remote.ErrTimeout}
	}
	return remote.Result{}
}
