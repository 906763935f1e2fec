//go:build !linux

package remote

import "net"

// tuned is for Linux only.
func tuned(c net.Conn) net.Conn { return c }
