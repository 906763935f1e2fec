package remote

import (
	"strconv"
	"syscall"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// encodeLooks translates ReadFile, with one limit, and Stat: those that follow
// each other travel as one operation.
func encodeLooks(limit int64, ops ...Op) wire.Op {
	w := wire.Op{Name: "files", Args: []string{strconv.FormatInt(limit, 10)}}
	for _, op := range ops {
		kind := "s"
		if _, reads := op.(ReadFile); reads {
			kind = "r"
		}
		w.List = append(w.List, kind+op.object())
	}
	return w
}

// maxLooks is how many ReadFile and Stat travel as one operation.
const maxLooks = 256

// decodeLooks translates what came back about several ReadFile and Stat.
func decodeLooks(host string, ops []Op, reply wire.Reply) []Result {
	results := make([]Result, len(ops))
	var rest []byte
	whole := false
	for i, op := range ops {
		if all, ok := reply.Raw["all"+strconv.Itoa(i)]; ok {
			rest, whole = all, true
		}
		sub := reply.Sub(i)
		_, reads := op.(ReadFile)
		if !reads && sub.Facts["stat"] != "" {
			delete(sub.Facts, "err") // the content could not be read, and a Stat does not need it
		}
		results[i] = decode(host, op, sub)
		r := &results[i]
		if _, own := sub.Raw["data"]; own || !reads || r.Err != nil {
			continue
		}
		switch size := r.File.Size; {
		case r.File.Kind == "dir":
			r.Err = opError(host, op, syscall.EISDIR)
		case !whole || size > int64(len(rest)):
			r.Err = opError(host, op, wire.ErrAnswer)
		default:
			r.Data = rest[:size:size]
			r.File.SHA256 = hexSum(r.Data)
			rest = rest[size:]
		}
	}
	return results
}
