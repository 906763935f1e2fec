package wire

import "io/fs"

// UnixMode gives permission bits, setuid, setgid and sticky as Unix has them.
func UnixMode(m fs.FileMode) uint32 {
	n := uint32(m.Perm())
	for bit, unix := range specialBits() {
		if m&bit != 0 {
			n |= unix
		}
	}
	return n
}

// FileMode is the reverse of UnixMode. Other bits of n, such as the type of a
// file, do not count.
func FileMode(n uint32) fs.FileMode {
	m := fs.FileMode(n) & fs.ModePerm
	for bit, unix := range specialBits() {
		if n&unix != 0 {
			m |= bit
		}
	}
	return m
}

func specialBits() map[fs.FileMode]uint32 {
	return map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000}
}
