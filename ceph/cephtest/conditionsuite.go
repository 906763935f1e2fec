package cephtest

import (
	"strings"

	"github.com/cephstack/cephstack/ceph"
)

// condition: the cluster has all its OSDs. It may be without a manager, which tells the states of PGs, and
// that shows then.
func (s *suite) condition() {
	name := unique()
	s.ok(s.cluster.CreatePool(s.ctx, ceph.Pool{Name: name, PGNum: 4}))
	stops, _, err := s.cluster.Condition(s.ctx, name, "cephtest-no-such-pool")
	s.ok(err)
	for _, stop := range stops {
		if stop != "no manager is active, so that the states of PGs are not known" &&
			!strings.Contains(stop, " not active (") {
			s.Fatalf("a cluster that serves stops for this: %s", stop)
		}
	}
	view, err := s.cluster.Look(s.ctx, ceph.Query{Serving: []string{name}})
	s.ok(err)
	s.equal(len(view.Stops) > 0, len(stops) > 0)
}
