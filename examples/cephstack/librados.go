//go:build cgo && librados

package main

import (
	"context"

	"github.com/cephstack/cephstack/ceph/radosconn"
	"github.com/cephstack/cephstack/integrate/connect"
)

// librados connects through the library of this machine.
func librados() connect.Librados {
	return func(ctx context.Context, user, conf, keyring string) (connect.Connection, error) {
		return radosconn.Dial(ctx, radosconn.Config{Name: user, ConfFile: conf, Keyring: keyring})
	}
}
