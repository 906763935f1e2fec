package openstack

import (
	"context"
	"net/http"
	"net/url"
)

type typeJSON struct {
	ID, Name string
	Extra    map[string]string `json:"extra_specs"`
}

func (c *Cloud) types(ctx context.Context) ([]typeJSON, error) {
	return pages[typeJSON](ctx, c, call{op: "list volume types", service: c.volume,
		path: []string{"types"}, query: url.Values{"is_public": {"None"}}}, "volume_types")
}

// VolumeTypes lists volume types: name to volume_backend_name (may be empty).
//
// Similar To: openstack volume type list --long
func (c *Cloud) VolumeTypes(ctx context.Context) (map[string]string, error) {
	found, err := c.types(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(found))
	for _, t := range found {
		out[t.Name] = t.Extra["volume_backend_name"]
	}
	return out, nil
}

// CreateVolumeType makes a public volume type bound to a backend.
//
// Similar To: openstack volume type create --property volume_backend_name=…
func (c *Cloud) CreateVolumeType(ctx context.Context, name, backend string) error {
	extra := map[string]string{}
	if backend != "" {
		extra["volume_backend_name"] = backend
	}
	_, err := c.do(ctx, call{op: "create volume type", object: name, method: http.MethodPost, service: c.volume, path: []string{"types"},
		in: map[string]any{"volume_type": map[string]any{"name": name, "os-volume-type-access:is_public": true, "extra_specs": extra}}})
	return err
}

// DeleteVolumeType removes a volume type by name; none is no error.
//
// Similar To: openstack volume type delete
func (c *Cloud) DeleteVolumeType(ctx context.Context, name string) error {
	found, err := c.types(ctx)
	if err != nil {
		return err
	}
	for _, t := range found {
		if t.Name != name {
			continue
		}
		_, err := c.do(ctx, call{op: "delete volume type", object: name, method: http.MethodDelete, service: c.volume, path: []string{"types", t.ID}})
		return unlessGone(err)
	}
	return nil
}
