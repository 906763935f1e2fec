package ceph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/ceph"
)

// TestWhoMayWriteAPool: clauses for a part of a pool, and for reading, do not count.
func TestWhoMayWriteAPool(t *testing.T) {
	for osd, writes := range map[string]bool{
		"":                        false,
		"profile rbd":             true,
		"allow *":                 true,
		"allow rwx":               true,
		"profile rbd pool=images": true,
		"allow rwx pool=images":   true,
		"allow rwx pool images":   true,
		"profile rbd pool=other":  false,
		"allow rx pool=images":    false,
		"profile rbd-read-only":   false,
		"profile rbd-read-only pool=images, profile rbd pool=images":       true,
		"profile rbd pool=images namespace=x":                              false,
		"allow class-read object_prefix rbd_children, allow r pool=images": false,
	} {
		assert.Equal(t, writes, ceph.Caps{"osd": osd}.Writes("images"), osd)
	}
	assert.False(t, ceph.Caps{"mon": "profile rbd"}.Writes("images"))
}
