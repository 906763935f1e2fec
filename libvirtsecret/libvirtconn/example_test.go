//go:build cgo

package libvirtconn_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/libvirtconn"
)

func ExampleDial() {
	ctx := context.Background()
	store, err := libvirtconn.Dial(ctx, "qemu:///session?socket=/nonexistent")
	if errors.Is(err, libvirtsecret.ErrUnreachable) {
		fmt.Println("no daemon there")
		return
	}
	defer store.Close()
	secrets, err := store.List(ctx)
	fmt.Println(len(secrets), err)
	// Output: no daemon there
}
