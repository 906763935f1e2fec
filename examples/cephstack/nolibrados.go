//go:build !cgo || !librados

package main

import "github.com/cephstack/cephstack/examples/internal/wiring"

// librados is none, so that the program runs where the library is not installed.
func librados() wiring.Librados { return nil }
