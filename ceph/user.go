package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph/internal/ciphers"
)

// A User is an entity with its key and rights.
type User struct {
	Entity string // such as client.cinder
	Key    Key
	Caps   Caps
}

// User reads one entity, or ErrNotFound.
//
// Similar To: ceph auth get <entity>
func (c *Cluster) User(ctx context.Context, entity string) (User, error) {
	return c.auth(ctx, entity, read("auth get", fields{"entity": entity}))
}

// CreateUser creates the entity and returns it with its new key. An entity
// that exists with these caps is returned as it is; with other caps the
// error is ErrExists. Caps without a clause are ErrInvalid.
//
// Similar To: ceph auth get-or-create <entity> mon … osd …
func (c *Cluster) CreateUser(ctx context.Context, entity string, caps Caps) (User, error) {
	return c.CreateUserOfType(ctx, entity, caps, "")
}

// CreateUserOfType is CreateUser with a key of a type, aes or aes256k. When keyType is empty, the
// cluster chooses. An entity that exists with a key of another type is ErrExists. A type that the
// release does not know, or that the cluster does not allow, is ErrInvalid, and nothing is made.
//
// Similar To: ceph auth get-or-create <entity> --key-type <type> mon … osd …
func (c *Cluster) CreateUserOfType(ctx context.Context, entity string, caps Caps, keyType string) (User, error) {
	args, err := capsArgs(entity, caps)
	if err != nil {
		return User{}, err
	}
	if keyType != "" {
		// A monitor that does not know types passes over the field.
		known, err := c.knowsType(ctx, entity, keyType)
		if err != nil {
			return User{}, err
		}
		if known {
			args["key_type"] = keyType
		}
	}
	u, err := c.auth(ctx, entity, write("auth get-or-create", args))
	if errors.Is(err, ErrInvalid) {
		// Ceph says EINVAL to other caps as to caps that it cannot read, and
		// compares their text, not their meaning.
		found, getErr := c.User(ctx, entity)
		if getErr != nil {
			return User{}, err
		}
		u, err = found, nil
	}
	if err != nil {
		return User{}, err
	}
	// Ceph compares only the daemon types that were given: a right on a further
	// daemon type passes its check.
	if !u.Caps.Equal(caps) {
		return User{}, &CommandError{Op: "auth get-or-create", Object: entity, Code: eexist,
			Status: "the entity exists with other caps"}
	}
	if have := u.Key.Type(); keyType != "" && have != keyType {
		return User{}, &CommandError{Op: "auth get-or-create", Object: entity, Code: eexist,
			Status: "the entity exists with a key of type " + cmp.Or(have, "unknown") + ", not " + keyType}
	}
	return u, nil
}

// knowsType reports whether a type of a new key can be asked for. A cluster that knows no types
// makes keys of type aes.
func (c *Cluster) knowsType(ctx context.Context, entity, keyType string) (bool, error) {
	dump, err := c.run(ctx, read("mon dump", nil))
	if err != nil {
		return false, err
	}
	known, err := ciphers.Parse(dump)
	if err != nil {
		return false, err
	}
	if !known.Choice && keyType != ciphers.Aes {
		return false, fmt.Errorf("%w: ceph auth get-or-create %s: the cluster makes keys of type aes only, not %s",
			ErrInvalid, entity, keyType)
	}
	if !slices.Contains(known.Allowed, keyType) {
		return false, fmt.Errorf("%w: ceph auth get-or-create %s: keys of type %s are not allowed to log in to the cluster, "+
			"which allows %s", ErrInvalid, entity, keyType, strings.Join(known.Allowed, ", "))
	}
	return known.Choice, nil
}

// SetCaps replaces all caps of an entity: merge first with Caps.Merge. When
// the present caps are not was, it writes nothing and returns ErrConflict;
// when they are caps already, it writes nothing and returns nil. Caps
// without a clause are ErrInvalid. Ceph has no compare-and-swap. So the caps are
// read back right after they were written: if another writer was at work at the
// same time, and they are other caps now, the error is ErrConflict, too.
//
// Similar To: ceph auth caps <entity> mon … osd …; ceph auth get <entity>
func (c *Cluster) SetCaps(ctx context.Context, entity string, was, caps Caps) error {
	_, err := c.setCaps(ctx, entity, was, caps)
	return err
}

// setCaps is SetCaps, and gives the user as it is then.
func (c *Cluster) setCaps(ctx context.Context, entity string, was, caps Caps) (User, error) {
	args, err := capsArgs(entity, caps)
	if err != nil {
		return User{}, err
	}
	u, err := c.User(ctx, entity)
	if err != nil {
		return User{}, err
	}
	switch {
	case !u.Caps.Equal(was):
		return User{}, fmt.Errorf("ceph auth caps %s: %w", entity, ErrConflict)
	case u.Caps.Equal(caps):
		return u, nil
	}
	back := read("auth get", fields{"entity": entity}, 0)
	answers := c.Batch(ctx, write("auth caps", args), back)
	if err := answers[0].Err; err != nil {
		return User{}, err
	}
	found, err := answers[1].user(entity, back)
	switch {
	case err != nil:
		return User{}, fmt.Errorf("the caps were written, and cannot be read back: %w", err)
	case !found.Caps.Equal(caps):
		return User{}, fmt.Errorf("ceph auth caps %s: %w: the caps were written, and somebody else wrote other caps at "+
			"the same time", entity, ErrConflict)
	}
	return found, nil
}

// RemoveUser deletes an entity. That it is not there is not an error.
//
// Similar To: ceph auth rm <entity>
func (c *Cluster) RemoveUser(ctx context.Context, entity string) error {
	_, err := c.run(ctx, write("auth rm", fields{"entity": entity}))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// auth does a request that answers with one entity.
func (c *Cluster) auth(ctx context.Context, entity string, r Request) (User, error) {
	return c.Batch(ctx, r)[0].user(entity, r)
}

// user reads the answer to a request that answers with one entity.
func (a Answer) user(entity string, r Request) (User, error) {
	var list []struct {
		Entity string            `json:"entity"`
		Key    string            `json:"key"`
		Caps   map[string]string `json:"caps"`
	}
	if err := a.decode(r, &list); err != nil {
		return User{}, err
	}
	if len(list) != 1 || list[0].Entity != entity {
		return User{}, fmt.Errorf("ceph %s %s: the answer is not that entity", r.prefix(), entity)
	}
	key, err := ParseKey(list[0].Key)
	if err != nil {
		return User{}, fmt.Errorf("ceph %s %s: %w", r.prefix(), entity, err)
	}
	return User{Entity: list[0].Entity, Key: key, Caps: Caps(list[0].Caps)}, nil
}

func capsArgs(entity string, caps Caps) (fields, error) {
	list := caps.list()
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: ceph auth: %s: no caps", ErrInvalid, strings.TrimSpace(entity))
	}
	return fields{"entity": entity, "caps": list}, nil
}
