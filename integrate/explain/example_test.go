package explain_test

import (
	"fmt"

	"github.com/cephstack/cephstack/integrate/explain"
)

// A tool shows what a finding of a plan means, by its code.
func Example() {
	if t, ok := explain.Code("secret-in-use"); ok {
		fmt.Println(t.Title())
	}
	if t, ok := explain.Check("files/compute1"); ok {
		fmt.Println(t.Title())
	}
	fmt.Println(explain.Suggest("secret-in-us")[0])
	// Output:
	// finding secret-in-use (problem)
	// check files/HOST
	// secret-in-use
}
