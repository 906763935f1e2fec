package ceph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/ceph"
)

// TestReach: a pool counts as reached unless the caps say for sure that it is not.
func TestReach(t *testing.T) {
	for caps, want := range map[string][]string{
		"":                         nil,
		"profile rbd pool=volumes": {"volumes"},
		"profile rbd pool=volumes, profile rbd-read-only pool=files": {"volumes", "files"},
		"allow rwx pool=old": {"old"},
		"profile rbd":        {"volumes", "old"},
		"allow *":            {"volumes", "old"},
		"allow class-read object_prefix rbd_children, profile rbd pool=volumes": {"volumes"},
		"allow rwx tag rbd data=x":                  {"volumes", "old"},
		"allow rwx namespace=blue":                  {"volumes", "old", "volumes/blue", "old/blue"},
		"profile rbd pool=volumes namespace=blue":   {"volumes", "volumes/blue"},
		"profile rbd pool=volumes, allow what is x": {"volumes", "old"},
	} {
		var got []string
		pools := []ceph.Pool{{Name: "volumes", Application: "rbd"}, {Name: "old"}, {Name: "files", Application: "cephfs"}}
		for _, p := range pools {
			if reaches, _ := (ceph.Caps{"osd": caps, "mon": "profile rbd"}).Reach(p); reaches {
				got = append(got, p.Name)
			}
		}
		for _, p := range pools {
			_, spaces := (ceph.Caps{"osd": caps}).Reach(p)
			for _, space := range spaces {
				got = append(got, p.Name+"/"+space)
			}
		}
		assert.Equal(t, want, got, caps)
	}
}
