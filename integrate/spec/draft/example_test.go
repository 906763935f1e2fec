package draft_test

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/spec/draft"
)

// A tool knows its hosts, and writes a first Spec for somebody to complete.
func Example() {
	text, err := draft.Answers{
		Clusters: []spec.Cluster{{Name: "ceph", Host: "ceph01"}},
		Services: map[string]draft.Service{"nova-compute": {Hosts: []string{"compute[1-3]"}}},
		SSH:      spec.SSH{User: "ops", Sudo: true},
		Cloud:    "production",
	}.Text()
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := spec.Load(strings.NewReader(text), ".")
	fmt.Println(len(s.Hosts), "hosts, pool", s.Nova.Pool, err)
	// Output:
	// 4 hosts, pool vms <nil>
}
