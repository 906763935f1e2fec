//go:build !cgo || !librados

package main

import "github.com/cephstack/cephstack/integrate/connect"

// librados is nil, so that the program runs where the library is not installed.
func librados() connect.Librados { return nil }
