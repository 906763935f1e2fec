package adopt

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// TestEntriesCoverWhatWasFoundAlone: the same difference of two files on one host, and of one of them on another host,
// is not kept of the other file there. Names that are found in the same places share an entry.
func TestEntriesCoverWhatWasFoundAlone(t *testing.T) {
	var all []*kept
	a := &adopting{}
	for _, at := range [][2]string{{"a", "x.keyring"}, {"a", "y.keyring"}, {"b", "x.keyring"}, {"b", "z.keyring"},
		{"a", "z.keyring"}} {
		c := integrate.Change{Kind: "file", Name: at[1], Target: at[0], Action: integrate.Update}
		all = a.keepDiff(all, c, integrate.FieldDiff{Field: "mode", Observed: "root:root 0640", Desired: "root:root 0600"})
	}
	for range 2 { // each round of an adoption puts the entries together anew
		a.order(all)
		assert.Equal(t, [][2][]string{{{"a", "b"}, {"x.keyring", "z.keyring"}}, {{"a"}, {"y.keyring"}}}, places(a.spec.Keep))
	}
}

func places(entries []spec.Keep) (all [][2][]string) {
	for _, k := range entries {
		all = append(all, [2][]string{k.Targets(), k.Names})
	}
	return all
}

func TestWiderRights(t *testing.T) {
	const layout = "profile rbd pool=volumes"
	for have, wide := range map[string]bool{"allow rwx": true, "allow *": true, "profile rbd": true,
		"profile rbd pool=volumes, profile rbd pool=other": true, layout: false, "allow r, " + layout: false,
		"profile rbd-read-only": false} {
		assert.Equal(t, wide, wider(have, layout), have)
	}
}

// TestOddValuesAreNotKept: an entry that no Spec can hold would end the whole adoption.
func TestOddValuesAreNotKept(t *testing.T) {
	for name, found := range map[string]string{"long": strings.Repeat("x", 17<<10), "not UTF-8": "caf\xe9",
		"a line": "a\nb"} {
		c := integrate.Change{Kind: "settings", Name: "/etc/nova/nova.conf", Target: "a", Action: integrate.Update}
		d := integrate.FieldDiff{Field: "[libvirt] hw_disk_discard", Observed: found, Desired: "unmap"}
		assert.Empty(t, (&adopting{}).keepDiff(nil, c, d), name)
	}
}
