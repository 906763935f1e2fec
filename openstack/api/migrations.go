package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"
)

// A Migration is a move of a VM from a compute to another one, or a resize, as Nova keeps it.
type Migration struct {
	ID     int
	Server string // ID of the VM
	// Source and Dest are computes. They are empty as long as Nova does not know them, and where
	// the account may not see them.
	Source, Dest string
	Type         string // live-migration, migration, resize or evacuation
	Status       string // such as running; finished waits to be confirmed or reverted
	// MemoryBytes is what a live migration has to copy of the VM's memory, and RemainingBytes what is left of that, as
	// Nova saw it last. Only Cloud.LiveMigrations fills them.
	MemoryBytes, RemainingBytes int64
}

// Ended reports whether a migration has ended, well or not.
func (m Migration) Ended() bool { return !slices.Contains(underWay(), m.Status) }

// underWay lists the statuses of migrations that have not ended, each behind those from which a
// migration comes to it: one that goes on between two requests is not missed. Nova counts a
// migration in any other status as ended: completed, done, confirmed, reverted, error, failed and
// cancelled.
func underWay() []string {
	return []string{"accepted", "queued", "preparing", "pre-migrating", "running", "running (post-copy)", "migrating",
		"post-migrating", unconfirmed, "confirming", "reverting"}
}

// unconfirmed is the status of a resize or cold migration that waits to be confirmed or reverted.
const unconfirmed = "finished"

// Migrations lists the migrations that have not ended, sorted by ID. Nova can be asked for one
// status at a time only, so that this is a request for each of eleven statuses. Where the account
// may not list them, it is ErrDenied.
//
// Similar To: openstack server migration list --status <status>
func (c *Cloud) Migrations(ctx context.Context) ([]Migration, error) {
	return c.migrations(ctx, "", underWay()...)
}

// Unconfirmed lists the resizes and cold migrations from and to a compute that wait to be confirmed
// or reverted, sorted by ID. Until then, the VM has its old disks on the compute that it came from.
//
// Similar To: openstack server migration list --host <host> --status finished
func (c *Cloud) Unconfirmed(ctx context.Context, host string) ([]Migration, error) {
	return c.migrations(ctx, host, unconfirmed)
}

func (c *Cloud) migrations(ctx context.Context, host string, statuses ...string) ([]Migration, error) {
	last, end := map[int]Migration{}, time.Now().Add(listTimes*c.timeout)
	for _, status := range statuses {
		k := call{op: "list migrations", object: first(host, status), service: c.compute, path: []string{"os-migrations"},
			query: url.Values{"status": {status}}}
		if host != "" {
			k.query.Set("host", host)
		}
		found, err := pages[migrationJSON](ctx, c, k, "migrations")
		if err != nil {
			return nil, err
		}
		if time.Now().After(end) {
			return nil, &Error{Op: k.op, Object: c.named(k.object),
				Detail: fmt.Sprintf("the lists did not end within %s", listTimes*c.timeout)}
		}
		for _, m := range found {
			if m.Status == status {
				last[m.ID] = m.migration()
			}
		}
	}
	return slices.SortedFunc(maps.Values(last), func(a, b Migration) int { return cmp.Compare(a.ID, b.ID) }), nil
}

func (m migrationJSON) migration() Migration {
	return Migration{ID: m.ID, Server: m.Server, Source: m.Source, Dest: m.Dest, Type: m.Type, Status: m.Status,
		MemoryBytes: m.Memory, RemainingBytes: m.Remaining}
}
