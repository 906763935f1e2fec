package batchtest_test

import (
	"context"
	"fmt"

	"github.com/cephstack/cephstack/libvirtsecret/hostbatch/batchtest"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A store in memory on a host in memory: the host counts the exchanges of the store.
func Example() {
	host := remotetest.NewHost("compute1")
	store := batchtest.New(secrettest.New(), host)
	list, err := store.List(context.Background())
	fmt.Println(len(list), err)
	// Output: 0 <nil>
}
