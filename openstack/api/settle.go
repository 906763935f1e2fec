package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gophercloud/gophercloud/v2"
)

// MigrationsOf lists all migrations that Nova keeps of a VM, sorted by ID: the last is the newest.
//
// Similar To: openstack server migration list --server <server>
func (c *Cloud) MigrationsOf(ctx context.Context, serverID string) ([]Migration, error) {
	found, err := pages[migrationJSON](ctx, c, call{op: "list migrations", object: serverID, service: c.compute,
		path: []string{"os-migrations"}, query: url.Values{"instance_uuid": {serverID}}}, "migrations")
	return migrationsOf(serverID, found), err
}

// LiveMigrations lists the live migrations of a VM that are under way, with what is left to copy. There is one at most.
//
// Similar To: nova server-migration-list <server>
func (c *Cloud) LiveMigrations(ctx context.Context, serverID string) ([]Migration, error) {
	found, err := pages[migrationJSON](ctx, c, call{op: "list live migrations", object: serverID, service: c.compute,
		path: []string{"servers", serverID, "migrations"}}, "migrations")
	for i := range found {
		found[i].Server, found[i].Type = first(found[i].Server, found[i].Other), "live-migration"
	}
	return migrationsOf(serverID, found), err
}

func migrationsOf(serverID string, found []migrationJSON) []Migration {
	var out []Migration
	for _, m := range found {
		if m.Server == serverID {
			out = append(out, m.migration())
		}
	}
	slices.SortFunc(out, func(a, b Migration) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// AbortMigration ends a live migration and waits until the VM is ACTIVE where it was. It is not an error when the
// migration has ended already without success. When the VM has moved all the same, the error is ErrFailed. A migration
// that is only prepared cannot be ended before it runs: until then, this waits.
//
// Similar To: openstack server migration abort
func (c *Cloud) AbortMigration(ctx context.Context, serverID string, migration int) error {
	const op = "abort migration of server"
	asked := false
	var last Migration
	var refused error
	err := c.await(ctx, op, serverID, func(ctx context.Context) (string, bool, error) {
		all, err := c.MigrationsOf(ctx, serverID)
		if err != nil {
			return "", false, err
		}
		at := slices.IndexFunc(all, func(m Migration) bool { return m.ID == migration })
		if at < 0 {
			return "", false, &Error{Op: op, Object: c.named(serverID), Err: ErrNotFound,
				Detail: "Nova has no migration " + strconv.Itoa(migration) + " of it"}
		}
		last = all[at]
		if last.Ended() || asked {
			return last.Status, last.Ended(), nil
		}
		_, err = c.do(ctx, call{op: op, object: serverID, method: http.MethodDelete, service: c.compute,
			path: []string{"servers", serverID, "migrations", strconv.Itoa(migration)}})
		asked = err == nil
		switch code := codeOf(err); {
		case code == http.StatusBadRequest || errors.Is(err, ErrNotFound):
			err = nil // it does not run yet, or has just ended
		case code >= http.StatusBadRequest && code < http.StatusInternalServerError:
			refused, err = err, nil // nothing was asked for: the end of this is not unknown
		}
		return last.Status, refused != nil, err
	})
	if err = cmp.Or(err, refused); err != nil {
		return err
	}
	if _, err := c.Settle(ctx, serverID); err != nil {
		return err
	}
	if !over(last.Status) {
		return c.failed(op, serverID, "the migration is "+last.Status+": the VM went from "+last.Source+" to "+last.Dest)
	}
	return nil
}

// Settle waits until nothing is under way with a VM: it has no task, and none of its migrations is under way, whoever
// began it. A resize that waits to be confirmed is not under way. It gives the VM as it is then: whether that is what
// somebody wanted is for the caller to say.
func (c *Cloud) Settle(ctx context.Context, serverID string) (Server, error) {
	const op = "wait for server"
	var out Server
	err := c.await(ctx, op, serverID, func(ctx context.Context) (string, bool, error) {
		now, err := c.Server(ctx, serverID)
		if err != nil {
			return "", false, err
		}
		out = now
		if now.Task != "" || now.Status == "BUILD" || now.Status == "MIGRATING" {
			return now.Status + " and " + first(now.Task, "busy"), false, nil
		}
		all, err := c.MigrationsOf(ctx, serverID)
		if err != nil {
			return "", false, err
		}
		for _, m := range all {
			if !m.Ended() && m.Status != unconfirmed {
				return now.Status + " with a migration that is " + m.Status, false, nil
			}
		}
		return now.Status, true, nil
	})
	return out, err
}

// LockReason is why a VM is locked, as whoever locked it said; empty if nobody said why. A lock that a broken
// "nova-manage volume_attachment refresh" left says "Refreshing connection_info for BDM …". Nova tells it since Train:
// before, this is an error.
//
// Similar To: openstack --os-compute-api-version 2.73 server show -c locked_reason
func (c *Cloud) LockReason(ctx context.Context, serverID string) (string, error) {
	newer := *c.compute()
	newer.Microversion = "2.73"
	var out struct {
		Server struct {
			ID     string
			Reason string `json:"locked_reason"`
		}
	}
	_, err := c.do(ctx, call{op: "read server", object: serverID, method: http.MethodGet,
		service: func() *gophercloud.ServiceClient { return &newer }, path: []string{"servers", serverID},
		out: &out, id: &out.Server.ID})
	return c.clean(out.Server.Reason), err
}

// MayLiveMigrate reports whether the account may migrate a VM, without migrating it: it is ErrDenied if not. It asks
// Nova to migrate the VM to a compute that cannot exist, which Nova refuses before it changes anything (Pike since its
// last point releases). Since 2025.2, policies may tell a migration to a named compute from others: this asks for the
// first.
//
// Similar To: openstack server migrate --live-migration --host <a host that is not there>
func (c *Cloud) MayLiveMigrate(ctx context.Context, serverID string) error {
	const op = "ask whether one may migrate server"
	_, err := c.act(ctx, op, serverID, map[string]any{"os-migrateLive": map[string]any{"host": nowhere,
		"block_migration": "auto"}})
	if code := codeOf(err); code == http.StatusBadRequest || code == http.StatusConflict {
		return nil // refused because of the host, or because of what the VM is doing
	}
	if err == nil {
		err = c.failed(op, serverID, "Nova takes "+nowhere+" for a compute: look at what the VM is doing")
	}
	return err
}

// nowhere is no compute.
const nowhere = "cephstack-none.invalid"
