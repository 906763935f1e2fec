package cephx_test

import (
	"context"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

// says is a cluster that answers everything with one text.
type says string

func (s says) Command(context.Context, ceph.Command) (ceph.Reply, error) {
	return ceph.Reply{Data: cephstack.Redact(string(s))}, nil
}
