//go:build cgo && librados

package main

import (
	"context"

	"github.com/cephstack/cephstack/ceph/radosconn"
	"github.com/cephstack/cephstack/examples/internal/wiring"
)

// librados connects through the library of this machine.
func librados() wiring.Librados {
	return func(ctx context.Context, conf, keyring string) (wiring.Connection, error) {
		return radosconn.Dial(ctx, radosconn.Config{ConfFile: conf, Keyring: keyring})
	}
}
