package remotetest_test

import (
	"context"
	"fmt"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

func ExampleHost_Handle() {
	h := remotetest.NewHost("c1")
	h.Handle("ceph", func(remote.Run) (stdout, stderr []byte, exit int) {
		return []byte("HEALTH_OK\n"), nil, 0
	})
	r, _ := h.Do(context.Background(),
		remote.Run{Argv: []string{"ceph", "health"}}, remote.Run{Argv: []string{"rbd", "ls"}})
	fmt.Printf("%s%d\n", r[0].Data, r[1].Exit)
	// Output:
	// HEALTH_OK
	// 127
}

func ExampleHost_Changes() {
	h := remotetest.NewHost("c1")
	apply := func() {
		_, _ = h.Do(context.Background(), remote.WriteFile{Path: "/etc/ceph/ceph.conf", Data: []byte("[global]\n")})
	}
	apply()
	fmt.Println(h.Changes("write"), h.Exchanges())
	h.Forget()
	apply()
	fmt.Println(h.Changes("write"), h.Exchanges())
	// Output:
	// 1 1
	// 0 1
}

func ExampleHost_BreakUnit() {
	h := remotetest.NewHost("c1")
	h.AddUnit("glance-api")
	h.BreakUnit("glance-api", "could not open rbd_store_ceph_conf")
	r, _ := h.Do(context.Background(), remote.RestartUnit{Unit: "glance-api"})
	fmt.Println(r[0].Unit.Active, r[0].Err)
	// Output:
	// failed c1: restart glance-api: remote: unit did not stay active: could not open rbd_store_ceph_conf
}
