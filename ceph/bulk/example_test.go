package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/bulk"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

// Two volumes are described in one exchange; one of them is not there.
func ExampleInspect() {
	cluster := cephtest.New()
	err := errors.Join(cluster.AddPool(ceph.Pool{Name: "volumes", Application: "rbd"}),
		cluster.AddImage(ceph.Image{Pool: "volumes", Name: "volume-1", Size: 1 << 30}))
	if err != nil {
		log.Fatal(err)
	}
	for _, i := range bulk.Inspect(context.Background(), cluster, "volumes", []string{"volume-1", "volume-2"}) {
		fmt.Println(i.Image.Name, i.Image.Size, errors.Is(i.Err, ceph.ErrNotFound))
	}
	// Output:
	// volume-1 1073741824 false
	//  0 true
}
