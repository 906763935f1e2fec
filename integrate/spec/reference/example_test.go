package reference_test

import (
	"fmt"

	"github.com/cephstack/cephstack/integrate/spec/reference"
)

// A tool explains the fields of a Spec to its users.
func Example() {
	f, ok := reference.Lookup("nova.pool")
	fmt.Println(ok, f.Path, f.Default)
	_, ok = reference.Lookup("nova.pol")
	fmt.Println(ok, reference.Suggest("nova.pol"))
	// Output:
	// true nova.pool vms.
	// false [nova.pool glance.pool glance.stores[].pool cinder.backends[].pool backup.pool]
}
