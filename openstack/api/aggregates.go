package api

import (
	"cmp"
	"context"
	"slices"
)

// An Aggregate is a group of computes. A compute may be in several aggregates. Only one of these
// may have a zone.
type Aggregate struct {
	ID       int
	Name     string
	Zone     string            // the availability zone that the aggregate makes; empty if it makes none
	Hosts    []string          // names of computes, sorted
	Metadata map[string]string // with availability_zone where there is a zone
}

// Aggregates lists the host aggregates, sorted by ID. Nova gives all of them in one answer. Where
// the account may not list them, it is ErrDenied.
//
// Similar To: openstack aggregate list --long
func (c *Cloud) Aggregates(ctx context.Context) ([]Aggregate, error) {
	found, err := pages[Aggregate](ctx, c, call{op: "list aggregates", service: c.compute,
		path: []string{"os-aggregates"}}, "aggregates")
	if err != nil {
		return nil, err
	}
	for i, a := range found {
		found[i].Zone = a.Metadata["availability_zone"]
		slices.Sort(a.Hosts)
	}
	slices.SortFunc(found, func(a, b Aggregate) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}
