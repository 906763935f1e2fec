package api

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

// VolumeTypes gives the extra specs of all volume types by name. The extra spec
// volume_backend_name binds a volume type to a backend.
//
// Similar To: openstack volume type list --long
func (c *Cloud) VolumeTypes(ctx context.Context) (map[string]map[string]string, error) {
	found, err := c.types(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]map[string]string, len(found))
	for _, t := range found {
		out[t.Name] = t.Extra
	}
	return out, nil
}

// CreateVolumeType makes a public volume type with extra specs.
//
// Similar To: openstack volume type create --property volume_backend_name=…
func (c *Cloud) CreateVolumeType(ctx context.Context, name string, extra map[string]string) error {
	if extra == nil {
		extra = map[string]string{}
	}
	var made struct {
		Type typeJSON `json:"volume_type"`
	}
	_, err := c.do(ctx, call{op: "create volume type", object: name, method: http.MethodPost, service: c.volume,
		path: []string{"types"}, out: &made, id: &made.Type.ID,
		in: map[string]any{"volume_type": map[string]any{"name": name, "os-volume-type-access:is_public": true,
			"extra_specs": extra}}})
	return err
}

// SetVolumeTypeSpecs sets extra specs of a volume type. Its other extra specs stay.
// By default, Cinder refuses the change when there are volumes of the type.
//
// Similar To: openstack volume type set --property …
func (c *Cloud) SetVolumeTypeSpecs(ctx context.Context, name string, extra map[string]string) error {
	const op = "set volume type"
	found, err := c.types(ctx)
	if err != nil {
		return err
	}
	for _, t := range found {
		if t.Name == name {
			var now typeJSON // who sends another answer may not be Cinder
			_, err := c.do(ctx, call{op: op, object: name, method: http.MethodPost, service: c.volume,
				path: []string{"types", t.ID, "extra_specs"}, out: &now,
				in: map[string]any{"extra_specs": extra}})
			return err
		}
	}
	return c.failed(op, name, "there is no volume type of this name")
}

// DeleteVolumeType removes a volume type by name. It is not an error when there is
// no such volume type.
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
		_, err := c.do(ctx, call{op: "delete volume type", object: name, method: http.MethodDelete, service: c.volume,
			path: []string{"types", t.ID}})
		return unlessGone(err)
	}
	return nil
}
