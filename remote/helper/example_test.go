package helper_test

import (
	"fmt"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// What a login user may do on a host: these operations, and nothing else.
func ExampleAllowList() {
	fmt.Printf("%s", helper.AllowList([]remote.Op{
		remote.ReadFile{Path: "/etc/nova/nova.conf"},
		remote.WriteFile{Path: "/etc/nova/nova.conf", Mode: 0o640},
		remote.RestartUnit{Unit: "nova-compute.service"},
	}))
	// Output:
	// cephstack allow 1
	// read /etc/nova/nova.conf
	// restart nova-compute.service
	// write /etc/nova/nova.conf - - 0640
}
