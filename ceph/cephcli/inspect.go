package cephcli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	_ "embed" // for inspect.py
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/bulk"
	"github.com/cephstack/cephstack/ceph/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// inspectPy describes images in one process, with Python's bindings of librbd.
//
//go:embed inspect.py
var inspectPy string

const (
	inspectOp = "rbd info"
	// inOneExchange is how many images one process describes. With 16 at a time, and 0.1 s for each, that takes 6 s.
	inOneExchange = 1000
)

var _ bulk.Inspector = (*CLI)(nil)

// An inspectOrder is the standard input of inspectPy.
type inspectOrder struct {
	Mark    string            `json:"mark"`
	Name    string            `json:"name"`
	Conf    string            `json:"conf"`
	Options map[string]string `json:"options"`
	Pool    string            `json:"pool"`
	Names   []string          `json:"names"`
}

// An inspected is one line of inspectPy's answer.
type inspected struct {
	line
	Pool   *imageFault `json:"pool"`   // why the pool cannot be opened
	Images []byte      `json:"images"` // of zlib
}

// An imageFault is why an image cannot be described.
type imageFault struct {
	Code   *int   `json:"code"` // errno; nil when the bindings did not give one
	Status string `json:"status"`
}

func (f imageFault) err(object string) error {
	if f.Code == nil {
		return fmt.Errorf("%w: ceph %s: Python's bindings failed: %s", ceph.ErrUnreachable, inspectOp,
			words.LastLine(f.Status))
	}
	return &ceph.CommandError{Op: inspectOp, Object: object, Code: *f.Code, Status: words.Said(f.Status)}
}

// A described is an image in inspectPy's answer, or its fault.
type described struct {
	imageFault
	Name     string
	Size     int64
	Features uint64
	Parent   []string // pool, image, snapshot
	DataPool string   `json:"data_pool"`
	Snaps    []snap
}

// A snap is a list of name, size and protection.
type snap struct{ ceph.Snapshot }

// UnmarshalJSON reads the list.
func (s *snap) UnmarshalJSON(text []byte) error {
	list := [3]any{&s.Name, &s.Size, &s.Protected}
	return json.Unmarshal(text, &list)
}

// InspectAll implements bulk.Inspector, with one exchange for each 1,000 images. On a host without Python's bindings,
// it is several calls of Inspect at a time.
//
// Similar To: rbd info <pool>/<name>; rbd snap ls <pool>/<name>
func (c *CLI) InspectAll(ctx context.Context, pool string, names []string) []bulk.Inspection {
	var out []bulk.Inspection
	for some := range slices.Chunk(names, inOneExchange) {
		all, able := []bulk.Inspection(nil), false
		if c.options.RBD == "" && !c.noInspect.Load() {
			all, able = c.inspectWithBindings(ctx, pool, some)
		}
		if !able {
			c.noInspect.Store(true)
			all = bulk.Inspect(ctx, c.programs, pool, some)
		}
		out = append(out, all...)
	}
	return out
}

// inspectWithBindings describes images with Python's bindings. Without able, the host has none that can.
func (c *CLI) inspectWithBindings(ctx context.Context, pool string, names []string) (_ []bulk.Inspection, able bool) {
	b := c.batch(nil)
	order := inspectOrder{Mark: rand.Text(), Name: b.order.Name, Conf: b.order.Conf, Options: b.order.Options, Pool: pool,
		Names: names}
	fail := func(err func(object string) error) []bulk.Inspection {
		out := make([]bulk.Inspection, len(names))
		for i, name := range names {
			out[i].Err = err(pool + "/" + name)
		}
		return out
	}
	input, err := json.Marshal(order)
	if err != nil {
		return fail(func(string) error { return fmt.Errorf("%w: ceph %s: %w", ceph.ErrInvalid, inspectOp, err) }), true
	}
	results, err := c.exchange(ctx, inspectOp, remote.Run{
		Argv:  []string{"sh", "-c", interpreter, "sh", cmp.Or(c.options.Ceph, "ceph"), short(inspectPy)},
		Stdin: cephstack.Redact(input), Timeout: connectTimeout + c.timeout() + time.Duration(len(names))*time.Second/10,
	})
	if err != nil {
		return fail(func(string) error { return err }), true
	}
	a := inspectAnswer{mark: order.Mark, pool: pool, names: names}
	a.take(results[0].Data)
	switch outside := c.options.outside(inspectOp, results[0]); {
	case a.images != nil:
		return a.images, true
	case outside != nil && !a.begun:
		return fail(func(string) error { return outside }), true
	case results[0].Err == nil && !a.begun:
		return nil, false
	case a.whole != nil:
		return fail(a.whole), true
	case results[0].Err != nil:
		return fail(func(string) error { return unanswered(inspectOp, results[0].Err) }), true
	}
	return fail(func(string) error {
		return fmt.Errorf("%w: ceph %s: no answer came (exit status %d)", ceph.ErrUnreachable, inspectOp, results[0].Exit)
	}), true
}

// An inspectAnswer is the output of inspectPy, as far as it was read.
type inspectAnswer struct {
	mark, pool string
	names      []string
	begun      bool
	whole      func(object string) error // why no image could be described
	images     []bulk.Inspection
}

// take reads the lines of the output.
func (a *inspectAnswer) take(out []byte) {
	for text := range bytes.Lines(out) {
		text, ours := bytes.CutPrefix(text, []byte(a.mark+" "))
		var l inspected
		if !ours || !bytes.HasSuffix(text, []byte("\n")) || json.Unmarshal(text, &l) != nil {
			continue // something else printed it
		}
		switch {
		case l.Begun:
			a.begun = true
		case l.Conf != "":
			a.whole = func(string) error {
				return fmt.Errorf("ceph %s: the configuration cannot be used: %s", inspectOp, words.LastLine(l.Conf))
			}
		case l.Connect != nil:
			a.whole = func(string) error { return notConnected(inspectOp, *l.Connect, words.LastLine(l.Text)) }
		case l.Pool != nil:
			a.whole = l.Pool.err
		case l.Images != nil:
			a.unpack(l.Images)
		}
	}
}

func (a *inspectAnswer) unpack(packed []byte) {
	var all []described
	text, err := inflate(packed)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil || len(all) != len(a.names) {
		a.whole = func(string) error {
			return fmt.Errorf("ceph %s: the answer is not the JSON expected", inspectOp)
		}
		return
	}
	a.images = make([]bulk.Inspection, len(all))
	for i, d := range all {
		a.images[i] = d.inspection(a.pool, a.names[i])
	}
}

func (d described) inspection(pool, name string) bulk.Inspection {
	if d.Name != name {
		return bulk.Inspection{Err: d.err(pool + "/" + name)}
	}
	img := ceph.Image{Pool: pool, Name: name, Size: d.Size, Features: words.Features(d.Features), DataPool: d.DataPool}
	if len(d.Parent) == 3 {
		img.Parent = &ceph.Parent{Pool: d.Parent[0], Image: d.Parent[1], Snapshot: d.Parent[2]}
	}
	for _, s := range d.Snaps {
		img.Snapshots = append(img.Snapshots, s.Snapshot)
	}
	return bulk.Inspection{Image: img}
}
