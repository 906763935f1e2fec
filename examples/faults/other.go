//go:build !linux || !amd64

// Command faults pulls plugs; it needs Linux on amd64.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "faults: this needs Linux on amd64")
	os.Exit(1)
}
