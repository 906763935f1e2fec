package api

import (
	"context"
	"net/http"
)

// TagServer gives a VM a tag. A tag that it has already is not an error.
//
// Similar To: openstack server set --tag <tag> <server>
func (c *Cloud) TagServer(ctx context.Context, id, tag string) error {
	_, err := c.do(ctx, call{op: "tag server", object: id, method: http.MethodPut, service: c.compute,
		path: []string{"servers", id, "tags", tag}})
	return err
}

// UntagServer takes a tag from a VM. A tag that it does not have is not an error.
//
// Similar To: openstack server unset --tag <tag> <server>
func (c *Cloud) UntagServer(ctx context.Context, id, tag string) error {
	_, err := c.do(ctx, call{op: "untag server", object: id, method: http.MethodDelete, service: c.compute,
		path: []string{"servers", id, "tags", tag}})
	return unlessGone(err)
}

// UnlockServer takes the lock from a VM, whoever locked it. A VM that is not locked is left as it is.
//
// Similar To: openstack server unlock
func (c *Cloud) UnlockServer(ctx context.Context, id string) error {
	_, err := c.act(ctx, "unlock server", id, map[string]any{"unlock": nil})
	return err
}
