//go:build unix

package sshconfig

import (
	"io/fs"
	"os"
	"syscall"
)

// ownOrRoots reports whether a file belongs to the user or to root.
func ownOrRoots(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return !ok || s.Uid == 0 || int(s.Uid) == os.Geteuid()
}
