//go:build cgo

package radosconn

import (
	"context"
	"encoding/json"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

// Command implements ceph.Commander.
//
// Similar To: ceph tell mon.* <command>
func (c *Conn) Command(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
	var head struct {
		Prefix string `json:"prefix"`
	}
	_ = json.Unmarshal(cmd.JSON, &head) // the monitor judges it
	reply := make(chan ceph.Reply, 1)
	err := c.call(ctx, func() error {
		data, status, err := c.send(cmd)
		if err != nil {
			return refused(head.Prefix, "", status, err)
		}
		reply <- ceph.Reply{Data: cephstack.Redact(data), Status: status}
		return nil
	})
	if err != nil {
		return ceph.Reply{}, err
	}
	return <-reply, nil
}

func (c *Conn) send(cmd ceph.Command) (data []byte, status string, err error) {
	input := []byte(cmd.Input.Reveal())
	if cmd.Mon == "" {
		return c.handle.MonCommandWithInputBuffer(cmd.JSON, input)
	}
	return c.handle.MonCommandTargetWithInputBuffer(cmd.Mon, [][]byte{cmd.JSON}, input)
}
