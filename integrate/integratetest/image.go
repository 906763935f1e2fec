package integratetest

import "bytes"

// Image is the start of a raw disk that looks bootable, for the guests of a Verify. The guests of a World boot from
// any image.
func Image() *bytes.Reader {
	disk := make([]byte, 1<<20)
	copy(disk, "a bootable image")
	copy(disk[510:], "\x55\xaa")
	return bytes.NewReader(disk)
}
