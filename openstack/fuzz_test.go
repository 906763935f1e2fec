package openstack_test

import (
	"testing"

	"github.com/cephstack/cephstack/openstack"
)

// FuzzRelease: whatever a package or a container calls its version, a release that it tells is
// one that is known.
func FuzzRelease(f *testing.F) {
	for _, text := range []string{"", "2:26.0.0-1", "2014.1.5-0ubuntu1", "20.1.0", "2024.2-ubuntu-noble", "Zed", "2022.2",
		"99999999999999999999.1", "1:0.0", "zed-x", "master"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var told []openstack.Release
		take := func(r openstack.Release, err error) {
			if err == nil {
				told = append(told, r)
			}
		}
		take(openstack.ParseRelease(text))
		take(openstack.ReleaseOfKolla(text))
		for _, s := range []openstack.Service{openstack.GlanceAPI, openstack.CinderVolume, openstack.CinderBackup,
			openstack.NovaCompute} {
			take(openstack.ReleaseOf(s, text))
		}
		for _, r := range told {
			if again, err := openstack.ParseRelease(string(r)); err != nil || again != r {
				t.Fatalf("%q tells %q, which is %q, %v", text, r, again, err)
			}
		}
	})
}
