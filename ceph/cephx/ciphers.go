package cephx

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/internal/ciphers"
)

// Ciphers are the types of keys that a cluster takes.
type Ciphers struct {
	Allowed   []string // of keys that may log in, such as aes and aes256k
	Preferred string   // of new keys, and of pending keys always
	Service   string   // of the tickets that clients get; clients need not know this type by their keys
	Choice    bool     // false: the release knows aes only, and nothing can be chosen
}

// Ciphers reads the types of keys that the cluster takes.
//
// Similar To: ceph mon dump
func (a *Auth) Ciphers(ctx context.Context) (Ciphers, error) {
	data, err := a.run(ctx, command("mon dump", nil))
	if err != nil {
		return Ciphers{}, err
	}
	c, err := ciphers.Parse(data)
	return Ciphers(c), err
}

// A LockoutError says which entities could not log in any more. Nothing was sent.
type LockoutError struct {
	Allowed  []string // the types that were asked for
	Entities []string // whose key has another type, or a pending key of another type, sorted
	// Never are those of the Entities that cannot be given up: the daemons and the user that asks.
	Never []string
}

// Error names the entities.
func (e *LockoutError) Error() string {
	text := fmt.Sprintf("cephx: auth_allowed_ciphers %s would lock out %s", strings.Join(e.Allowed, ","),
		some(e.Entities))
	if len(e.Never) > 0 {
		return text + ": first give keys of an allowed type to " + some(e.Never)
	}
	return text + ": first give them keys of an allowed type, remove them, or name them as given up"
}

// Is reports that the error is ceph.ErrDenied.
func (e *LockoutError) Is(target error) bool { return target == ceph.ErrDenied }

// some are names, at most ten.
func some(names []string) string {
	const shown = 10
	if len(names) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
	}
	return strings.Join(names, ", ")
}

// takes is why a cluster does not make keys of a type; an empty type is what the cluster prefers.
func (c Ciphers) takes(prefix, name, keyType string) error {
	switch {
	case !c.Choice && keyType != "" && keyType != "aes":
		return fmt.Errorf("%w: ceph %s %s: the cluster knows keys of type aes only", ErrUnsupported, prefix, name)
	case keyType != "" && !slices.Contains(c.Allowed, keyType):
		return fmt.Errorf("%w: ceph %s %s: keys of type %s may not log in to the cluster, which allows %s", ceph.ErrInvalid,
			prefix, name, keyType, strings.Join(c.Allowed, ", "))
	}
	return nil
}

// PreferCipher sets the type of new keys, where none is asked for, and of pending keys. A type that may not log in
// is ceph.ErrInvalid. A cluster without a choice is ErrUnsupported.
//
// Similar To: ceph mon set auth_preferred_cipher <type>
func (a *Auth) PreferCipher(ctx context.Context, keyType string) error {
	if err := checkType(keyType); err != nil {
		return err
	}
	now, err := a.Ciphers(ctx)
	if err != nil {
		return err
	}
	if err := now.takes("mon set", "auth_preferred_cipher", keyType); err != nil {
		return err
	}
	if !now.Choice {
		return fmt.Errorf("%w: ceph mon set auth_preferred_cipher: it knows keys of type aes only", ErrUnsupported)
	}
	_, err = a.run(ctx, command("mon set", fields{"name": "auth_preferred_cipher", "value": keyType}))
	return err
}

// AllowCiphers sets which types of keys may log in. Whose key has another type is locked out at once, also whoever
// could undo it. So all keys of the cluster are read before. If the key of an entity has another type, the error is
// a *LockoutError, unless the entity is among givenUp, which takes whole names such as client.old. Monitors, OSDs,
// managers, metadata servers, client.admin and the user that asks cannot be given up. A list that is empty or has
// an unknown type is ceph.ErrInvalid. A cluster without a choice is ErrUnsupported.
//
// Similar To: ceph mon set auth_allowed_ciphers <allowed>
func (a *Auth) AllowCiphers(ctx context.Context, allowed []string, givenUp ...string) error {
	if err := a.mayAllow(ctx, allowed, givenUp); err != nil {
		return err
	}
	_, err := a.run(ctx, command("mon set", fields{"name": "auth_allowed_ciphers", "value": strings.Join(allowed, ",")}))
	return err
}

// mayAllow is why a list of types cannot be allowed.
func (a *Auth) mayAllow(ctx context.Context, allowed, givenUp []string) error {
	if len(allowed) == 0 {
		return fmt.Errorf("%w: cephx: no type of keys is allowed: nobody could log in", ceph.ErrInvalid)
	}
	for _, t := range allowed {
		if err := checkType(t); err != nil {
			return err
		}
	}
	now, err := a.Ciphers(ctx)
	switch {
	case err != nil:
		return err
	case !now.Choice:
		return fmt.Errorf("%w: ceph mon set auth_allowed_ciphers: it knows keys of type aes only", ErrUnsupported)
	}
	entities, err := a.everybody(ctx)
	if err != nil {
		return err
	}
	locked := &LockoutError{Allowed: allowed}
	for _, e := range entities {
		if slices.Contains(allowed, e.Key.Type()) && (e.Pending.IsZero() || slices.Contains(allowed, e.Pending.Type())) {
			continue
		}
		switch never := a.needed(e.Entity); {
		case never:
			locked.Never = append(locked.Never, e.Entity)
		case slices.Contains(givenUp, e.Entity):
			continue
		}
		locked.Entities = append(locked.Entities, e.Entity)
	}
	switch {
	case len(locked.Entities) > 0:
		return locked
	case !slices.Contains(allowed, now.Preferred):
		return fmt.Errorf("%w: ceph mon set auth_allowed_ciphers: new keys are of type %s, which could not log in: set "+
			"auth_preferred_cipher first", ceph.ErrInvalid, now.Preferred)
	}
	return nil
}

// needed reports whether the cluster does not work, or cannot be mended, without an entity.
func (a *Auth) needed(entity string) bool {
	kind, _, _ := strings.Cut(entity, ".")
	return kind != "client" || entity == a.self || entity == "client.admin"
}

// checkType refuses what is not a type of a key.
func checkType(keyType string) error {
	if keyType != "aes" && keyType != "aes256k" {
		return fmt.Errorf("%w: cephx: a type of keys is aes or aes256k, not %q", ceph.ErrInvalid, keyType)
	}
	return nil
}
