package remotetest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// A host that hangs: the caller gets its answer when its own time is over.
func ExampleHang() {
	h := remotetest.NewHost("c1")
	h.Fail = remotetest.Hang
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := h.Do(ctx, remote.ReadFile{Path: "/etc/hostname"})
	fmt.Println(errors.Is(err, context.DeadlineExceeded), err)
	// Output: true c1: exchange: read /etc/hostname: context deadline exceeded
}

// Looks of a test, and of fakes of services, are not counted.
func ExampleHost_Look() {
	h := remotetest.NewHost("c1")
	h.AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\n"), 0o640)
	fmt.Printf("%s", h.Look(remote.ReadFile{Path: "/etc/cinder/cinder.conf"}).Data)
	fmt.Println(h.Exchanges(), len(h.Log()))
	// Output:
	// [DEFAULT]
	// 0 0
}
