package ceph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// fields are the arguments of a mon command.
type fields map[string]any

// run sends a command and gives its output buffer.
func (c *Cluster) run(ctx context.Context, prefix string, args fields) ([]byte, error) {
	cmd := fields{"prefix": prefix, "format": "json"}
	for k, v := range args {
		cmd[k] = v
	}
	text, err := json.Marshal(cmd)
	if err != nil {
		return nil, fmt.Errorf("%w: ceph %s: %w", ErrInvalid, prefix, err)
	}
	reply, err := c.mon.Command(ctx, Command{JSON: text})
	if err != nil {
		return nil, named(err, args)
	}
	return reply.Data, nil
}

// query is run for a command that answers in JSON. What it says of an answer
// that is none holds nothing of the answer, which may be a key.
func (c *Cluster) query(ctx context.Context, prefix string, args fields, into any) error {
	data, err := c.run(ctx, prefix, args)
	if err != nil {
		return err
	}
	if json.Unmarshal(data, into) != nil {
		return fmt.Errorf("ceph %s: the answer is not the JSON expected", prefix)
	}
	return nil
}

// named fills in the object that a refusal speaks of.
func named(err error, args fields) error {
	var e *CommandError
	if !errors.As(err, &e) || e.Object != "" {
		return err
	}
	for _, key := range []string{"pool", "entity", "name"} {
		if name, ok := args[key].(string); ok {
			e = &CommandError{Op: e.Op, Object: name, Code: e.Code, Status: e.Status}
			return e
		}
	}
	return err
}
