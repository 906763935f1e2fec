package cephx

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/ceph"
)

// Pending gives an entity a pending key, of the type Ciphers.Preferred, or reads the pending key that it has. Until the
// first login with the pending key, both keys log in; then the cluster makes it the key, within seconds.
// ClearPending takes it back before. A cluster without the command is ErrUnsupported.
//
// Similar To: ceph auth get-or-create-pending <entity>
func (a *Auth) Pending(ctx context.Context, name string) (Entity, error) {
	if err := a.mayChange("auth get-or-create-pending", name); err != nil {
		return Entity{}, err
	}
	if _, err := a.one(ctx, "auth get-or-create-pending", name, nil); err != nil {
		return Entity{}, unsupported("auth get-or-create-pending", name, err)
	}
	return a.Lookup(ctx, name) // with caps, which are missing in the answer
}

// CommitPending makes the pending key of an entity its key: the old key is refused at once. Without a pending key, it
// does nothing.
//
// Similar To: ceph auth commit-pending <entity>
func (a *Auth) CommitPending(ctx context.Context, name string) error {
	if err := a.mayChange("auth commit-pending", name); err != nil {
		return err
	}
	_, err := a.run(ctx, command("auth commit-pending", fields{"entity": name}))
	return unsupported("auth commit-pending", name, err)
}

// ClearPending takes away the pending key of an entity. Without a pending key, it does nothing.
//
// Similar To: ceph auth clear-pending <entity>
func (a *Auth) ClearPending(ctx context.Context, name string) error {
	_, err := a.run(ctx, command("auth clear-pending", fields{"entity": name}))
	return unsupported("auth clear-pending", name, err)
}

// unsupported is the error of a command that not all releases have. A monitor says the same errno, with other words, to
// what is wrong with a command.
func unsupported(prefix, name string, err error) error {
	var refused *ceph.CommandError
	if errors.As(err, &refused) && errors.Is(err, ceph.ErrInvalid) && notKnown(refused.Status) {
		return fmt.Errorf("%w: ceph %s %s: %w", ErrUnsupported, prefix, name, err)
	}
	return err
}

// notKnown reports whether a monitor, or the ceph program, does not know a command.
func notKnown(status string) bool {
	return strings.Contains(status, "command not known") || strings.Contains(status, "invalid command")
}
