package hostbatch_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch/batchtest"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// The secrets of a compute, and a file beside them, in one exchange.
func Example() {
	host := remotetest.NewHost("compute1")
	host.AddFile("/etc/nova/nova.conf", []byte("[libvirt]\n"), 0o640)
	var store libvirtsecret.Store = batchtest.New(secrettest.New(), host) // or that of virsh.New
	batch, ok := store.(hostbatch.Store)
	if !ok {
		log.Fatal("one exchange for each secret, then")
	}
	op, read := batch.ListOp()
	results, err := host.Do(context.Background(), remote.ReadFile{Path: "/etc/nova/nova.conf"}, op)
	if err != nil {
		log.Fatal(err)
	}
	secrets, whole, err := read(results[1])
	fmt.Println(len(secrets), whole, err, host.Exchanges(), "exchange")
	// Output: 0 true <nil> 1 exchange
}
