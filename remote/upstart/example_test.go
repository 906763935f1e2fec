package upstart_test

import (
	"context"
	"fmt"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
	"github.com/cephstack/cephstack/remote/upstart"
)

func Example() {
	machine := remotetest.NewHost("x1")
	machine.Handle("sh", func(remote.Run) (stdout, stderr []byte, exit int) {
		return []byte("nova-compute start/running, process 4711\nprocess 4711 1385900000 12345 100 boot-id\n"), nil, 0
	})
	results, err := upstart.New("x1", machine).Do(context.Background(), remote.UnitState{Unit: "nova-compute"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(results[0].Unit.Active, results[0].Unit.Since.Format("2006-01-02 15:04:05.00"))
	// Output: active 2013-12-01 12:15:24.45
}
