package schema_test

import (
	"encoding/json"
	"fmt"

	"github.com/cephstack/cephstack/integrate/schema"
)

// A program in another language gets the schema of a plan as a file. Its description has the promise of what may
// change.
func Example() {
	var s struct {
		Schema string `json:"$schema"`
		Title  string `json:"title"`
	}
	if err := json.Unmarshal(schema.Plan(), &s); err != nil {
		fmt.Println(err)
	}
	fmt.Println(s.Schema, s.Title)
	// Output:
	// https://json-schema.org/draft/2020-12/schema Plan of cephstack
}
