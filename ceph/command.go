package ceph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// fields are the arguments of a monitor command.
type fields map[string]any

// write is the request for a command that changes the cluster.
func write(prefix string, args fields) Request {
	cmd := fields{"prefix": prefix, "format": "json"}
	for k, v := range args {
		cmd[k] = v
	}
	text, err := json.Marshal(cmd)
	if err != nil {
		return Request{} // which is ErrInvalid
	}
	return Request{Command: Command{JSON: text}}
}

// read is the request for a command that changes nothing. It comes after the
// requests of the batch with the indexes in after.
func read(prefix string, args fields, after ...int) Request {
	r := write(prefix, args)
	r.read, r.After = true, after
	return r
}

// run does one request.
func (c *Cluster) run(ctx context.Context, r Request) ([]byte, error) {
	a := c.Batch(ctx, r)[0]
	return []byte(a.Reply.Data.Reveal()), a.Err
}

// query is run for a command that answers in JSON.
func (c *Cluster) query(ctx context.Context, r Request, into any) error {
	return c.Batch(ctx, r)[0].decode(r, into)
}

// decode reads the JSON of an answer. Its error holds nothing of the answer,
// which may be a key. A null says nothing: it is not an empty list.
func (a Answer) decode(r Request, into any) error {
	if a.Err != nil {
		return a.Err
	}
	text := a.Reply.Data.Reveal()
	if strings.TrimSpace(text) == "null" || json.Unmarshal([]byte(text), into) != nil {
		return fmt.Errorf("ceph %s: the answer is not the JSON expected", r.prefix())
	}
	return nil
}

func (r Request) prefix() string {
	var head struct{ Prefix string }
	_ = json.Unmarshal(r.Command.JSON, &head)
	return cmp.Or(head.Prefix, "command")
}
