package cephcli

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"context"
	"crypto/rand"
	_ "embed" // for requests.py
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// requestsPy does requests in one process, with Python's bindings of librados and
// librbd.
//
//go:embed requests.py
var requestsPy string

// interpreter is a shell program that becomes the Python that the ceph program
// runs in: it has the bindings. $1 is the ceph program, $2 is requestsPy.
const interpreter = `p=$(command -v "$1") && IFS= read -r line <"$p" || exit 126
case $line in '#!'*python*) ;; *) exit 126 ;; esac
set -f
exec ${line#??} -I -c "$2" "$p"`

// short is a program of Python without comments, and with less at the beginning of its lines. A sudo that logs each
// program (log_subcmds) kills a program with an argument of more than some 4 KiB.
func short(program string) string {
	var b strings.Builder
	for line := range strings.Lines(program) {
		text := strings.TrimLeft(line, " ")
		if strings.TrimSpace(text) == "" || text[0] == '#' {
			continue
		}
		b.WriteString(strings.Repeat(" ", (len(line)-len(text))/4) + text)
	}
	return b.String()
}

const (
	connectTimeout = 10 * time.Second
	maxAnswer      = 64 << 20 // bytes of one answer; on their way they are compressed
)

// An order is the standard input of requestsPy.
type order struct {
	Mark     string            `json:"mark"` // begins each line of the answer
	Name     string            `json:"name"`
	Conf     string            `json:"conf"`
	Options  map[string]string `json:"options"`
	Requests []ordered         `json:"requests"`
}

// ordered is a request of an order.
type ordered struct {
	Command string `json:"command,omitempty"`
	Mon     string `json:"mon,omitempty"`
	Input   []byte `json:"input,omitempty"`
	List    string `json:"list,omitempty"`
	Trash   string `json:"trash,omitempty"`
	Init    string `json:"init,omitempty"`
	Watch   string `json:"watch,omitempty"`
	After   []int  `json:"after,omitempty"`
	Refused bool   `json:"refused,omitempty"` // not to be sent: it counts as failed
}

// A line is one line of requestsPy's answer.
type line struct {
	Begun   bool   `json:"begun"`   // the bindings are there
	Conf    string `json:"conf"`    // why the configuration cannot be used
	Connect *int   `json:"connect"` // errno of a connection that failed, with Text
	Text    string `json:"text"`
	Request *int   `json:"request"` // index of the request that the rest speaks of
	Skipped bool   `json:"skipped"`
	Code    *int   `json:"code"` // errno; nil when the bindings did not give one
	Status  string `json:"status"`
	Data    []byte `json:"data"` // of zlib
}

// Command implements ceph.Commander.
//
// Similar To: ceph --format json <command>
func (c *CLI) Command(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
	a := c.Batch(ctx, ceph.Request{Command: cmd})[0]
	return a.Reply, a.Err
}

// InitPool implements ceph.Images.
//
// Similar To: rbd pool init <pool>
func (c *CLI) InitPool(ctx context.Context, pool string) error {
	return c.Batch(ctx, ceph.Request{InitPool: pool})[0].Err
}

// List implements ceph.Images.
//
// Similar To: rbd ls <pool>
func (c *CLI) List(ctx context.Context, pool string) ([]string, error) {
	a := c.Batch(ctx, ceph.Request{ListPool: pool})[0]
	return a.Images, a.Err
}

// Batch implements ceph.Batcher: in one exchange and one process on the host,
// where requests that do not name each other run side by side. A host without
// Python's bindings runs a program for each request, one after another.
//
// Similar To: ceph --format json <command>; rbd ls <pool>; rbd trash ls --all <pool>; rbd pool init <pool>
func (c *CLI) Batch(ctx context.Context, requests ...ceph.Request) []ceph.Answer {
	if c.options.RBD == "" && !c.noBindings.Load() {
		if answers, able := c.withBindings(ctx, requests); able {
			return answers
		}
		c.noBindings.Store(true)
	}
	return ceph.New(c.programs).WithImages(c.programs).Batch(ctx, requests...)
}

// A batch is requests on their way.
type batch struct {
	order    order
	requests []ceph.Request
	answers  []ceph.Answer
	came     []bool // the requests that have their answer
}

// withBindings does requests with Python's bindings. Without able, the host has no
// bindings, and nothing was done.
func (c *CLI) withBindings(ctx context.Context, requests []ceph.Request) (answers []ceph.Answer, able bool) {
	if len(requests) == 0 {
		return nil, true
	}
	b := c.batch(requests)
	input, err := json.Marshal(b.order)
	if err != nil {
		return b.missing(func(op string) error { return fmt.Errorf("%w: ceph %s: %w", ceph.ErrInvalid, op, err) }), true
	}
	results, err := c.exchange(ctx, operation(requests[0]), remote.Run{
		Argv:  []string{"sh", "-c", interpreter, "sh", cmp.Or(c.options.Ceph, "ceph"), short(requestsPy)},
		Stdin: cephstack.Redact(input), Timeout: connectTimeout + time.Duration(longest(requests))*c.timeout(),
	})
	if err != nil {
		return b.missing(func(string) error { return err }), true
	}
	r := results[0]
	begun, whole := b.take(r.Data)
	switch outside := c.options.outside(operation(requests[0]), r); {
	case outside != nil && !begun:
		return b.missing(func(op string) error { return c.options.outside(op, r) }), true
	case r.Err == nil && !begun:
		return nil, false
	case whole != nil:
		return b.missing(whole), true
	case r.Err != nil:
		return b.missing(func(op string) error { return unanswered(op, r.Err) }), true
	}
	return b.missing(func(op string) error {
		return fmt.Errorf("%w: ceph %s: no answer came (exit status %d)", ceph.ErrUnreachable, op, r.Exit)
	}), true
}

// missing gives the answers, with an error for each answer that did not come.
func (b *batch) missing(err func(op string) error) []ceph.Answer {
	for i, came := range b.came {
		if !came {
			b.answers[i].Err = err(operation(b.requests[i]))
		}
	}
	return b.answers
}

// batch translates requests. A request that is refused here has its answer at once.
func (c *CLI) batch(requests []ceph.Request) *batch {
	b := &batch{requests: requests, answers: make([]ceph.Answer, len(requests)), came: make([]bool, len(requests))}
	b.order = order{Mark: rand.Text(), Name: cmp.Or(c.options.Name, "client.admin"), Conf: c.options.Conf,
		Options: map[string]string{
			"client_mount_timeout": seconds(connectTimeout),
			"rados_mon_op_timeout": seconds(c.timeout() * 3 / 4), // ends before the process does
			"rados_osd_op_timeout": seconds(c.timeout() * 3 / 4),
		}}
	if c.options.Keyring != "" {
		b.order.Options["keyring"] = c.options.Keyring
	}
	for i, r := range requests {
		q := ordered{Command: string(r.Command.JSON), Mon: r.Command.Mon, Input: []byte(r.Command.Input.Reveal()),
			List: r.ListPool, Trash: r.ListTrash, Init: r.InitPool, Watch: r.Watchers, After: r.After}
		if err := check(r); err != nil {
			q, b.answers[i].Err, b.came[i] = ordered{Refused: true}, err, true
		}
		b.order.Requests = append(b.order.Requests, q)
	}
	return b
}

// check refuses what a host without bindings would refuse too.
func check(r ceph.Request) error {
	if err := r.Check(); err != nil || len(r.Command.JSON) == 0 {
		return err
	}
	_, _, err := arguments(r.Command)
	return err
}

func (c *CLI) timeout() time.Duration { return cmp.Or(c.options.Timeout, time.Minute) }

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// longest is the number of requests in the longest chain.
func longest(requests []ceph.Request) int {
	most, depth := 0, make([]int, len(requests))
	for i, r := range requests {
		for _, j := range r.After {
			if j >= 0 && j < i {
				depth[i] = max(depth[i], depth[j])
			}
		}
		depth[i]++
		most = max(most, depth[i])
	}
	return most
}

// take reads the lines of the output. begun says that the bindings are there; whole
// is the error of all requests, if the process did not get to them.
func (b *batch) take(out []byte) (begun bool, whole func(op string) error) {
	for text := range bytes.Lines(out) {
		text, ours := bytes.CutPrefix(text, []byte(b.order.Mark+" "))
		var l line
		if !ours || !bytes.HasSuffix(text, []byte("\n")) || json.Unmarshal(text, &l) != nil {
			continue // something else printed it
		}
		switch {
		case l.Begun:
			begun = true
		case l.Conf != "":
			whole = func(op string) error {
				return fmt.Errorf("ceph %s: the configuration cannot be used: %s", op, words.LastLine(l.Conf))
			}
		case l.Connect != nil:
			whole = func(op string) error { return notConnected(op, *l.Connect, words.LastLine(l.Text)) }
		case l.Request != nil && *l.Request >= 0 && *l.Request < len(b.came) && !b.came[*l.Request]:
			b.answers[*l.Request], b.came[*l.Request] = l.answer(b.requests[*l.Request]), true
		}
	}
	return begun, whole
}

// answer translates a line about a request.
func (l line) answer(r ceph.Request) ceph.Answer {
	op := operation(r)
	switch {
	case l.Skipped:
		return ceph.Answer{Err: ceph.ErrSkipped}
	case l.Code == nil:
		return ceph.Answer{Err: fmt.Errorf("%w: ceph %s: Python's bindings failed: %s", ceph.ErrUnreachable, op,
			words.LastLine(l.Status))}
	case *l.Code != 0:
		return ceph.Answer{Err: &ceph.CommandError{Op: op, Object: r.ListPool + r.ListTrash + r.InitPool + r.Watchers,
			Code: *l.Code, Status: words.Said(l.Status)}}
	}
	data, err := inflate(l.Data)
	if err != nil {
		return ceph.Answer{Err: fmt.Errorf("%w: ceph %s: the answer cannot be read: %w", ceph.ErrUnreachable, op, err)}
	}
	switch {
	case r.Watchers != "":
		list, err := watchers(data)
		return ceph.Answer{Watchers: list, Err: err}
	case r.ListTrash != "":
		list, err := trashEntries(data)
		return ceph.Answer{Trash: list, Err: err}
	case r.ListPool == "":
		return ceph.Answer{Reply: ceph.Reply{Data: cephstack.Redact(data), Status: l.Status}}
	}
	names, err := imageNames(data)
	return ceph.Answer{Images: names, Err: err}
}

func inflate(data []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err == nil && len(text) > maxAnswer {
		err = errors.New("it is longer than 64 MiB")
	}
	return text, err
}

// operation is what a request is called in errors.
func operation(r ceph.Request) string {
	switch {
	case r.ListPool != "":
		return listOp
	case r.ListTrash != "":
		return trashOp
	case r.InitPool != "":
		return initOp
	case r.Watchers != "":
		return statusOp
	}
	var head struct{ Prefix string }
	_ = json.Unmarshal(r.Command.JSON, &head)
	return cmp.Or(head.Prefix, "command")
}
