package api

import (
	"context"
	"errors"
	"net/url"
)

type migrationJSON struct {
	ID     int
	Status string
	Server string `json:"instance_uuid"`
	Other  string `json:"server_uuid"` // as lists of one VM name it
	Source string `json:"source_compute"`
	Dest   string `json:"dest_compute"`
	Type   string `json:"migration_type"`

	Memory    int64 `json:"memory_total_bytes"`
	Remaining int64 `json:"memory_remaining_bytes"`
}

// LiveMigrate moves a running VM to host and waits until the VM is ACTIVE there. It
// does nothing when the VM is there already. When host is empty, Nova's scheduler picks the
// compute. When the VM stays where it was, the error gives Nova's reason. When ctx ends, the
// migration goes on: see AbortMigration and Settle.
//
// Similar To: openstack server migrate --live-migration --host <host> --wait
func (c *Cloud) LiveMigrate(ctx context.Context, id, host string) error {
	const op = "migrate server"
	now, err := c.read(ctx, id)
	if err != nil || now.Host == host && now.Status == "ACTIVE" && now.Task == "" {
		return err
	}
	before, err := c.lastMigration(ctx, id)
	if err != nil && !errors.Is(err, ErrDenied) {
		return err
	}
	in := map[string]any{"host": nil, "block_migration": "auto"}
	if host != "" {
		in["host"] = host
	}
	a, err := c.act(ctx, op, id, map[string]any{"os-migrateLive": in})
	if err != nil {
		return err
	}
	from, idle := now.Host, 0
	return c.await(ctx, op, id, func(ctx context.Context) (string, bool, error) {
		now, err := c.read(ctx, id)
		if err != nil {
			return "", false, err
		}
		if now.isOn(host, from) && now.Status == "ACTIVE" && now.Task == "" {
			return now.Status, true, nil
		}
		last, err := c.lastMigration(ctx, id)
		if err != nil && !errors.Is(err, ErrDenied) {
			return "", false, err
		}
		idle++
		if now.Task != "" || last.ID > before.ID && !over(last.Status) {
			idle = 0
		}
		ended := last.ID > before.ID && over(last.Status)
		if now.Task == "" && (ended || now.Status == "ERROR") || idle >= patience {
			why := first(c.actionFault(ctx, a), now.Fault.Message, "the log of nova-compute on "+from+" says why")
			return "", false, c.failed(op, id, "it stays on "+now.Host+", migration "+first(last.Status, "unknown")+": "+why)
		}
		return now.Status + " on " + now.Host, false, nil
	})
}

// isOn reports whether a VM is on host, or anywhere but where it came from when host is empty.
func (s serverJSON) isOn(host, from string) bool {
	return s.Host == host || host == "" && s.Host != from && s.Host != ""
}

// over reports whether a migration ended without success. After a "completed"
// migration it takes a moment until the VM shows its new host.
func over(status string) bool {
	switch status {
	case "error", "failed", "cancelled":
		return true
	}
	return false
}

// lastMigration gives the newest live migration of a VM. The ID is 0 when the VM
// was never migrated.
func (c *Cloud) lastMigration(ctx context.Context, id string) (migrationJSON, error) {
	only := url.Values{"instance_uuid": {id}, "migration_type": {"live-migration"}}
	found, err := pages[migrationJSON](ctx, c, call{op: "list migrations", object: id, service: c.compute,
		path: []string{"os-migrations"}, query: only}, "migrations")
	var last migrationJSON
	for _, m := range found {
		if m.ID > last.ID && m.Server == id {
			last = m
		}
	}
	return last, err
}
