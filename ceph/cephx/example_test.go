package cephx_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/cephx"
)

// A client stays logged in with the key that it has. Its user can be rotated, and the client is refused at its next
// login. A second user beside the first one has no such moment.
func Example() {
	ctx := context.Background()
	mon := cephtest.NewTentacle() // or radosconn.Dial, cephcli.New
	auth, caps := cephx.New(ceph.New(mon)), ceph.Caps{"mon": "profile rbd", "osd": "profile rbd pool=volumes"}
	was := mon.AddUser(ceph.User{Entity: "client.cinder", Caps: caps})
	guest, _ := mon.Login(was.Entity, was.Key)

	next, err := auth.Create(ctx, "client.cinder.1", caps, "aes256k")
	fmt.Println(next.Entity, next.Key.Type(), next.Key, err)

	sessions, _ := auth.Sessions(ctx)
	for _, s := range sessions {
		if s.Entity == was.Entity {
			fmt.Println(s.Entity, "is logged in to mon."+s.Mon, "from", s.Address)
		}
	}
	_ = auth.Remove(ctx, was.Entity)
	fmt.Println("refused:", errors.Is(guest.Renew(), ceph.ErrDenied))
	// Output:
	// client.cinder.1 aes256k [redacted] <nil>
	// client.cinder is logged in to mon.a from 192.0.2.100:0/900004100
	// refused: true
}

// A list of types that would lock out who has a key of another type is not sent.
func ExampleAuth_AllowCiphers() {
	mon := cephtest.NewTentacle()
	err := cephx.New(ceph.New(mon)).AllowCiphers(context.Background(), []string{"aes"})
	var locked *cephx.LockoutError
	fmt.Println(errors.As(err, &locked), len(locked.Entities) > 0, mon.Writes())
	// Output: true true 0
}
