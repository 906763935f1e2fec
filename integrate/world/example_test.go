package world_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A program with connections of its own fills in a World. Fakes stand for them here.
func Example() {
	cluster, compute := cephtest.New(), remotetest.NewHost("compute1")
	w := world.World{
		Clusters: map[string]world.Cluster{"ceph": {Mon: cluster, Images: cluster, Note: "is reached through our agent"}},
		Hosts:    map[string]remote.Host{"compute1": compute},
		Secrets:  map[string]libvirtsecret.Store{"compute1": secrettest.New()},
	} // it goes into integrate.Config
	results, err := w.Hosts["compute1"].Do(context.Background(), remote.Stat{Path: "/etc"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(results), "result;", w.Clusters["ceph"].Note)
	// Output: 1 result; is reached through our agent
}
