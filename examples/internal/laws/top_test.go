package laws_test

import (
	"slices"
	"strings"
	"testing"
)

// checkTop finds what stands at the top of the module, and is none of the entries that stay there.
func checkTop(tree []source) []violation {
	known := []string{"ceph", "openstack", "libvirtsecret", "remote", "integrate", "examples", "doc.go", "README.md",
		"CHANGELOG.md"}
	var found []violation
	for _, s := range tree {
		top, _, _ := strings.Cut(s.path, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(known, top) {
			found = append(found, violation{path: s.path, name: top, problem: "does not belong at the top of the module"})
		}
	}
	return found
}

func TestTop(t *testing.T) {
	try(t, checkTop, []trial{
		{"a room", []string{"ceph/a.go", "package ceph\n"}, nil},
		{"the map of the house", []string{"doc.go", "package cephstack\n"}, nil},
		{"a hidden folder", []string{".github/A.md", "# A\n"}, nil},
		{"a test", []string{"a_test.go", "package cephstack\n"}, []string{"a_test.go"}},
		{"another room", []string{"util/a.go", "package util\n"}, []string{"util"}},
	})
}
