package api

import (
	"context"
	"net/http"
	"net/url"
)

type flavorJSON struct{ ID, Name string }

// Flavors gives the IDs of all flavors by name, private flavors included.
//
// Similar To: openstack flavor list --all
func (c *Cloud) Flavors(ctx context.Context) (map[string]string, error) {
	found, err := pages[flavorJSON](ctx, c, call{op: "list flavors", service: c.compute,
		path: []string{"flavors"}, query: url.Values{"is_public": {"None"}}}, "flavors")
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(found))
	for _, f := range found {
		out[f.Name] = f.ID
	}
	return out, nil
}

// A FlavorRequest asks for a flavor.
type FlavorRequest struct {
	Name            string
	VCPUs           int
	RAMMiB, DiskGiB int
}

// CreateFlavor makes a flavor and returns its ID.
//
// Similar To: openstack flavor create --vcpus … --ram … --disk …
func (c *Cloud) CreateFlavor(ctx context.Context, r FlavorRequest) (id string, err error) {
	var out struct{ Flavor flavorJSON }
	_, err = c.do(ctx, call{op: "create flavor", object: r.Name, method: http.MethodPost, service: c.compute,
		path: []string{"flavors"},
		in:   map[string]any{"flavor": map[string]any{"name": r.Name, "vcpus": r.VCPUs, "ram": r.RAMMiB, "disk": r.DiskGiB}},
		out:  &out, id: &out.Flavor.ID})
	return out.Flavor.ID, err
}

// DeleteFlavor removes a flavor by ID. It is not an error when there is no such
// flavor.
//
// Similar To: openstack flavor delete
func (c *Cloud) DeleteFlavor(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{op: "delete flavor", object: id, method: http.MethodDelete, service: c.compute,
		path: []string{"flavors", id}})
	return unlessGone(err)
}

// flavorID finds a flavor by name or ID.
func (c *Cloud) flavorID(ctx context.Context, op, name string) (string, error) {
	flavors, err := c.Flavors(ctx)
	if err != nil {
		return "", err
	}
	if id, ok := flavors[name]; ok {
		return id, nil
	}
	for _, id := range flavors {
		if id == name && id != "" {
			return id, nil
		}
	}
	return "", &Error{Op: op, Object: "flavor " + name, Err: ErrNotFound}
}
