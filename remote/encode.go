package remote

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

const (
	defaultMax     = 8 << 20 // of a file, and of each output of a program
	defaultSettle  = 3 * time.Second
	defaultTimeout = 60 * time.Second
	settleStep     = 200 * time.Millisecond
)

// encode translates a checked op.
func encode(op Op) wire.Op {
	w := wire.Op{Name: op.op()}
	switch o := op.(type) {
	case ReadFile:
		return encodeLooks(orMax(o.Max), o)
	case ReadDir:
		w.Args = []string{o.Path, o.Suffix, strconv.FormatInt(orMax(o.Max), 10)}
	case Stat:
		return encodeLooks(0, o)
	case WriteFile:
		sum := sha256.Sum256(o.Data)
		w.Args = []string{o.Path, o.Was, o.Owner, o.Group, octal(o.Mode), hex.EncodeToString(sum[:]), token(6)}
		w.Data = o.Data
	case SetAttr:
		w.Args = []string{o.Path, o.Owner, o.Group, octal(o.Mode)}
	case Mkdir:
		w.Args = []string{o.Path, o.Owner, o.Group, octal(o.Mode)}
	case Remove:
		w.Args = []string{o.Path, o.Was}
	case UnitState:
		w.Args = []string{o.Unit}
	case RestartUnit:
		settle := orDefault(o.Settle, defaultSettle)
		step := min(settle, settleStep)
		w.Args = []string{o.Unit, strconv.FormatInt(int64((settle+step-1)/step), 10), strconv.FormatFloat(step.Seconds(), 'f', 3, 64)}
	case Packages:
		w.List = o.Names
	case InstallPackages:
		w.List = o.Names
	case Run:
		limit := orDefault(o.Timeout, defaultTimeout)
		kind := "text"
		if bytes.IndexByte(o.Stdin, 0) >= 0 {
			kind = "binary"
		}
		w.Args = []string{o.User, strconv.FormatFloat(limit.Seconds(), 'f', 3, 64), strconv.FormatInt(limit.Milliseconds(), 10), kind}
		w.List, w.Data = o.Argv, o.Stdin
	}
	return w
}

// encodeLooks translates ReadFile, with one limit, and Stat: they travel as one
// operation.
func encodeLooks(limit int64, ops ...Op) wire.Op {
	w := wire.Op{Name: "files", Args: []string{strconv.FormatInt(limit, 10)}}
	for _, op := range ops {
		if o, ok := op.(ReadFile); ok {
			w.List = append(w.List, "r"+o.Path)
		} else {
			w.List = append(w.List, "s"+op.(Stat).Path)
		}
	}
	return w
}

func orMax(n int64) int64 {
	if n == 0 {
		return defaultMax
	}
	return n
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

// octal gives a mode to chmod; five digits, or else chmod would let a
// folder's setgid bit stay.
func octal(m fs.FileMode) string {
	if m == 0 {
		return ""
	}
	n := uint32(m.Perm())
	for bit, unix := range specialBits() {
		if m&bit != 0 {
			n |= unix
		}
	}
	return fmt.Sprintf("%05o", n)
}

func specialBits() map[fs.FileMode]uint32 {
	return map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000}
}

// token is n random bytes in hex.
func token(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// effectful reports whether running op may change the host.
func effectful(op Op) bool {
	switch plain(op).(type) {
	case ReadFile, ReadDir, Stat, UnitState, Packages:
		return false
	}
	return true
}
