//go:build cgo

package radosconn_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/radosconn"
)

func Example() {
	ctx := context.Background()
	conn, err := radosconn.Dial(ctx, radosconn.Config{Name: "client.admin"})
	if err != nil {
		fmt.Println(errors.Is(err, ceph.ErrInvalid), err)
		return
	}
	defer conn.Close()
	fmt.Println(ceph.New(conn).Status(ctx))
	// Output: true ceph: invalid: radosconn: neither ConfFile nor MonHosts
}
