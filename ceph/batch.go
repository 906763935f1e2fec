package ceph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A Batcher is a Commander and an Images that does several requests in one
// exchange.
//
// Implementations: radosconn, cephcli, cephtest. cephtest.TestBatcher is the
// contract in executable form.
type Batcher interface {
	Commander
	Images
	// Batch does the requests and returns one Answer for each, index-aligned.
	// Requests may run in any order and side by side, but a request begins after
	// those that it names in After. When a request fails, the requests that name
	// it do not run: their error is ErrSkipped. All others run.
	//
	// An answer that did not come back is ErrUnreachable or the error of ctx: the
	// request may have had its effect.
	Batch(ctx context.Context, requests ...Request) []Answer
}

// A Request is a part of a batch. Exactly one of Command, ListPool, ListTrash, InitPool
// and Watchers is set; any other request is ErrInvalid.
type Request struct {
	Command   Command // goes to the monitors
	ListPool  string  // lists the images of this pool, as Images.List
	ListTrash string  // lists the images in the trash of this pool, as Images.Trash
	InitPool  string  // readies this pool for RBD, as Images.InitPool
	Watchers  string  // lists the watchers of this image, such as vms/disk, as Images.Watchers
	// After has the indexes of earlier requests of the batch that have to succeed
	// before. An index that is not that of an earlier request counts as failed.
	After []int

	// read marks a request that changes nothing: works that send the same request
	// share the answer.
	read bool
}

// Format writes the request without the input of its command, for every verb.
func (r Request) Format(f fmt.State, _ rune) {
	switch {
	case r.ListPool != "":
		fmt.Fprintf(f, "list pool %q", r.ListPool)
	case r.ListTrash != "":
		fmt.Fprintf(f, "list trash %q", r.ListTrash)
	case r.InitPool != "":
		fmt.Fprintf(f, "init pool %q", r.InitPool)
	case r.Watchers != "":
		fmt.Fprintf(f, "watchers of %q", r.Watchers)
	default:
		fmt.Fprintf(f, "%v", r.Command)
	}
	if len(r.After) > 0 {
		fmt.Fprintf(f, ", after %v", r.After)
	}
}

// An Answer is the result of a Request. Err is the error that Commander or Images
// would have given.
type Answer struct {
	Reply    Reply            // to Command
	Images   []string         // to ListPool, sorted
	Trash    []TrashEntry     // to ListTrash
	Watchers map[int64]string // to Watchers
	Err      error
}

// Format writes the answer without the data of the reply, for every verb.
func (a Answer) Format(f fmt.State, _ rune) {
	if a.Err != nil {
		fmt.Fprintf(f, "error: %v", a.Err)
		return
	}
	fmt.Fprintf(f, "%v, images %q, trash %q", a.Reply, a.Images, a.Trash)
}

// WithImages returns the cluster with the way to its images. A Commander that is
// not a Batcher needs it for ListPool, ListTrash, InitPool and everything that uses them.
func (c *Cluster) WithImages(images Images) *Cluster {
	return New(c.mon).through(images)
}

// through makes c send its requests to its Commander and to images.
func (c *Cluster) through(images Images) *Cluster {
	c.send = func(ctx context.Context, requests ...Request) []Answer {
		batcher, ok := c.mon.(Batcher)
		if ok && (images == nil || same(images, c.mon)) {
			return batcher.Batch(ctx, requests...)
		}
		return inOrder(ctx, c.mon, images, requests)
	}
	return c
}

// same reports whether two interfaces hold the same value.
func same(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return x.Type() == y.Type() && x.Comparable() && y.Comparable() && a == b
}

// Batch does requests: in one exchange where the Commander is a Batcher (and is
// the cluster's Images too), and one after another where it is not.
//
// Each refusal names its object. A Cluster that was made without Images refuses
// all but commands with ErrInvalid.
func (c *Cluster) Batch(ctx context.Context, requests ...Request) []Answer {
	answers := c.send(ctx, requests...)
	for len(answers) < len(requests) {
		answers = append(answers, Answer{Err: fmt.Errorf("%w: the batch gave no answer to request %d", ErrUnreachable,
			len(answers))})
	}
	for i, r := range requests {
		answers[i].Err = named(answers[i].Err, r)
	}
	return answers[:len(requests)]
}

// A notSent is the error of a request that was not sent, as ctx had ended.
type notSent struct{ error }

func (e notSent) Unwrap() error { return e.error }

// inOrder does requests one after another.
func inOrder(ctx context.Context, mon Commander, images Images, requests []Request) []Answer {
	answers := make([]Answer, len(requests))
	for i, r := range requests {
		if slices.ContainsFunc(r.After, func(j int) bool { return j < 0 || j >= i || answers[j].Err != nil }) {
			answers[i].Err = ErrSkipped
			continue
		}
		if err := ctx.Err(); err != nil {
			answers[i].Err = notSent{err}
			continue
		}
		answers[i] = r.do(ctx, mon, images)
	}
	return answers
}

func (r Request) do(ctx context.Context, mon Commander, images Images) (a Answer) {
	pool, image, named := cutImage(r.Watchers)
	switch err := r.Check(); {
	case err != nil:
		a.Err = err
	case len(r.Command.JSON) > 0:
		a.Reply, a.Err = mon.Command(ctx, r.Command)
	case images == nil:
		a.Err = fmt.Errorf("%w: the cluster was made without Images", ErrInvalid)
	case r.ListPool != "":
		a.Images, a.Err = images.List(ctx, r.ListPool)
	case r.ListTrash != "":
		a.Trash, a.Err = images.Trash(ctx, r.ListTrash)
	case named:
		a.Watchers, a.Err = images.Watchers(ctx, pool, image)
	default:
		a.Err = images.InitPool(ctx, r.InitPool)
	}
	return a
}

// named fills in the object that a refusal of a command speaks of.
func named(err error, r Request) error {
	var e *CommandError
	if !errors.As(err, &e) || e.Object != "" {
		return err
	}
	var args struct{ Pool, Entity, Name string }
	if len(r.Command.JSON) > 0 && json.Unmarshal(r.Command.JSON, &args) != nil {
		return err
	}
	var mon string
	if r.Command.Mon != "" {
		mon = "mon." + r.Command.Mon
	}
	for _, name := range []string{args.Pool, args.Entity, args.Name, mon, r.Watchers} {
		if name != "" {
			return &CommandError{Op: e.Op, Object: name, Code: e.Code, Status: e.Status}
		}
	}
	return err
}

// Check is the error of a request that is not exactly one thing, which every Batcher
// gives: ErrInvalid.
func (r Request) Check() error {
	things := 0
	for _, is := range []bool{len(r.Command.JSON) > 0, r.ListPool != "", r.ListTrash != "", r.InitPool != "",
		r.Watchers != ""} {
		if is {
			things++
		}
	}
	if things != 1 {
		return fmt.Errorf("%w: a request is one command, one pool to list, one trash to list, one pool to ready or one "+
			"image to ask for its watchers", ErrInvalid)
	}
	if _, _, ok := cutImage(r.Watchers); r.Watchers != "" && !ok {
		return fmt.Errorf("%w: the image to ask for its watchers is not POOL/NAME", ErrInvalid)
	}
	return nil
}

// cutImage takes POOL/NAME apart.
func cutImage(spec string) (pool, name string, ok bool) {
	pool, name, ok = strings.Cut(spec, "/")
	return pool, name, ok && pool != "" && name != "" && !strings.Contains(name, "/")
}
