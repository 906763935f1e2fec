package cephx

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/cephstack/cephstack/ceph"
)

// An Entity is a user or a daemon with its keys and rights. Keys do not print; Key.Type gives their type.
type Entity struct {
	ceph.User
	// Pending is the key that becomes the key when it is used. It is zero when there is none, and in the result of
	// Keys, as Ceph tells it to Lookup only.
	Pending ceph.Key
}

// entity is an Entity in the JSON of Ceph.
type entity struct {
	Entity  string            `json:"entity"`
	Key     string            `json:"key"`
	Pending string            `json:"pending_key"`
	Caps    map[string]string `json:"caps"`
}

func (e entity) parse(what string) (out Entity, err error) {
	out.Entity, out.Caps = e.Entity, ceph.Caps(e.Caps)
	if out.Key, err = ceph.ParseKey(e.Key); err == nil && e.Pending != "" {
		out.Pending, err = ceph.ParseKey(e.Pending)
	}
	if err != nil {
		return Entity{}, fmt.Errorf("ceph %s: %s: %w", what, e.Entity, err)
	}
	return out, nil
}

// Keys reads all entities, sorted by name, without pending keys. The key of the monitors, mon., is not among them: the
// monitors keep it in a file.
//
// Similar To: ceph auth ls
func (a *Auth) Keys(ctx context.Context) ([]Entity, error) {
	data, err := a.run(ctx, command("auth ls", nil))
	if err != nil {
		return nil, err
	}
	var dump struct {
		List *[]entity `json:"auth_dump"`
	}
	if err := decode("auth ls", data, &dump); err != nil {
		return nil, err
	}
	if dump.List == nil {
		return nil, errors.New("ceph auth ls: the answer is not the JSON expected")
	}
	out := make([]Entity, 0, len(*dump.List))
	for _, e := range *dump.List {
		parsed, err := e.parse("auth ls")
		if err != nil {
			return nil, err
		}
		out = append(out, parsed)
	}
	slices.SortFunc(out, func(x, y Entity) int { return strings.Compare(x.Entity, y.Entity) })
	return out, nil
}

// everybody is Keys with pending keys, and with the key of the monitors.
func (a *Auth) everybody(ctx context.Context) ([]Entity, error) {
	list, err := a.Keys(ctx)
	if err != nil {
		return nil, err
	}
	names := []string{"mon."}
	for _, e := range list {
		names = append(names, e.Entity)
	}
	requests := make([]ceph.Request, len(names))
	for i, name := range names {
		requests[i] = command("auth get", fields{"entity": name})
	}
	list = list[:0]
	for i, answer := range a.batch(ctx, requests) {
		if i > 0 && errors.Is(answer.Err, ceph.ErrNotFound) {
			continue // it was removed meanwhile
		}
		e, err := parseOne("auth get", names[i], answer)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// Lookup reads one entity, with its pending key, or is ceph.ErrNotFound.
//
// Similar To: ceph auth get <entity>
func (a *Auth) Lookup(ctx context.Context, name string) (Entity, error) {
	return a.one(ctx, "auth get", name, nil)
}

// one does a command that answers with one entity.
func (a *Auth) one(ctx context.Context, prefix, name string, args fields) (Entity, error) {
	all := fields{"entity": name}
	for k, v := range args {
		all[k] = v
	}
	return parseOne(prefix, name, a.cluster.Batch(ctx, command(prefix, all))[0])
}

// parseOne reads an answer with one entity.
func parseOne(prefix, name string, answer ceph.Answer) (Entity, error) {
	if answer.Err != nil {
		return Entity{}, answer.Err
	}
	var list []entity
	if err := decode(prefix, []byte(answer.Reply.Data.Reveal()), &list); err != nil {
		return Entity{}, err
	}
	if len(list) != 1 || list[0].Entity != name {
		return Entity{}, fmt.Errorf("ceph %s %s: the answer is not that entity", prefix, name)
	}
	return list[0].parse(prefix)
}

// Create makes an entity with a key of a type, as ceph.Cluster.CreateUserOfType. When keyType is empty, the cluster
// chooses.
//
// Similar To: ceph auth get-or-create <entity> --key-type <type> mon … osd …
func (a *Auth) Create(ctx context.Context, name string, caps ceph.Caps, keyType string) (ceph.User, error) {
	if keyType != "" {
		if err := checkType(keyType); err != nil {
			return ceph.User{}, err
		}
	}
	var user ceph.User
	err := a.retry(ctx, func() (err error) {
		user, err = a.cluster.CreateUserOfType(ctx, name, caps, keyType)
		return err
	})
	return user, err
}

// Rotate gives a user a new key of a type and returns it. When keyType is empty, the cluster chooses. The old key is
// refused at once. A user with a pending key, which would go on to log in, is ceph.ErrConflict: commit or clear it
// before. A cluster without a choice of types does not have the command: it gets a key that was made here, by Restore.
//
// Similar To: ceph auth rotate <entity> --key-type <type>
func (a *Auth) Rotate(ctx context.Context, name, keyType string) (ceph.User, error) {
	if err := cmp.Or(checkType(cmp.Or(keyType, "aes")), a.mayChange("auth rotate", name)); err != nil {
		return ceph.User{}, err
	}
	now, err := a.Ciphers(ctx)
	if err != nil {
		return ceph.User{}, err
	}
	if err := now.takes("auth rotate", name, keyType); err != nil {
		return ceph.User{}, err
	}
	was, err := a.Lookup(ctx, name)
	switch {
	case err != nil:
		return ceph.User{}, err
	case !was.Pending.IsZero():
		return ceph.User{}, fmt.Errorf("ceph auth rotate %s: %w: it has a pending key, which would still log in: commit or "+
			"clear the pending key first", name, ceph.ErrConflict)
	case !now.Choice:
		return a.replace(ctx, was.User)
	}
	var args fields
	if keyType != "" {
		args = fields{"key_type": keyType}
	}
	var e Entity
	err = a.retry(ctx, func() error { e, err = a.one(ctx, "auth rotate", name, args); return err })
	return e.User, err
}

// mayChange refuses to change whom this package is not for: whose keyring is not one of OpenStack.
func (a *Auth) mayChange(prefix, name string) error {
	switch kind, id, _ := strings.Cut(name, "."); {
	case kind != "client" || id == "":
		return fmt.Errorf("%w: ceph %s %s: only keys of clients are changed", ceph.ErrInvalid, prefix, name)
	case name == a.self || name == "client.admin":
		return fmt.Errorf("%w: ceph %s %s: whoever changes keys with this user would be locked out", ceph.ErrInvalid, prefix,
			name)
	}
	return nil
}

// insecure is how a cluster words that keys of a type cannot be made yet.
const insecure = "creating key with insecure key type"

// retry does again what a cluster refuses for some seconds after a type was allowed.
func (a *Auth) retry(ctx context.Context, do func() error) error {
	for end := time.Now().Add(20 * time.Second); ; {
		err := do()
		var refused *ceph.CommandError
		if !errors.As(err, &refused) || !strings.Contains(refused.Status, insecure) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// replace is Rotate for a cluster that knows keys of type aes only.
func (a *Auth) replace(ctx context.Context, user ceph.User) (_ ceph.User, err error) {
	name := user.Entity
	if user.Key, err = NewKey("aes"); err != nil {
		return ceph.User{}, err
	}
	if err := a.Restore(ctx, user); err != nil {
		return ceph.User{}, err
	}
	found, err := a.Lookup(ctx, name)
	if err == nil && !found.Key.Equal(user.Key) {
		err = fmt.Errorf("ceph auth import %s: %w: somebody else changed the key at the same time", name, ceph.ErrConflict)
	}
	return found.User, err
}

// Restore puts an entity there with this key and these caps, whatever it had: also one that was removed. It takes a
// key of a type that may not log in.
//
// Similar To: ceph auth import -i <keyring>
func (a *Auth) Restore(ctx context.Context, user ceph.User) error {
	if err := a.mayChange("auth import", user.Entity); err != nil {
		return err
	}
	if user.Key.IsZero() {
		return fmt.Errorf("%w: ceph auth import %s: no key", ceph.ErrInvalid, user.Entity)
	}
	file := ceph.Keyring{Users: []ceph.User{user}}.Render()
	for _, daemon := range []string{"mds", "mgr", "mon", "osd"} {
		if caps := user.Caps[daemon]; caps != "" {
			if strings.ContainsFunc(caps, unicode.IsControl) {
				return fmt.Errorf("%w: ceph auth import %s: caps that cannot be a line of a keyring", ceph.ErrInvalid, user.Entity)
			}
			quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(caps)
			file = append(file, fmt.Sprintf("\tcaps %s = \"%s\"\n", daemon, quoted)...)
		}
	}
	r := command("auth import", nil)
	r.Command.Input = redacted(file)
	_, err := a.run(ctx, r)
	return err
}

// Remove deletes a user. That it is not there is not an error. A client that is logged in is refused at its next login,
// as after Rotate.
//
// Similar To: ceph auth rm <entity>
func (a *Auth) Remove(ctx context.Context, name string) error {
	if err := a.mayChange("auth rm", name); err != nil {
		return err
	}
	return a.cluster.RemoveUser(ctx, name)
}

// NewKey makes a key of a type, aes or aes256k, as ceph-authtool does.
//
// Similar To: ceph-authtool --gen-print-key
func NewKey(keyType string) (ceph.Key, error) {
	if err := checkType(keyType); err != nil {
		return ceph.Key{}, err
	}
	kind, length := uint16(1), 16
	if keyType == "aes256k" {
		kind, length = 2, 32
	}
	now := time.Now()
	raw := binary.LittleEndian.AppendUint16(nil, kind)
	raw = binary.LittleEndian.AppendUint32(raw, uint32(now.Unix()))
	raw = binary.LittleEndian.AppendUint32(raw, uint32(now.Nanosecond()))
	raw = binary.LittleEndian.AppendUint16(raw, uint16(length))
	secret := make([]byte, length)
	_, _ = rand.Read(secret) // it never fails
	return ceph.ParseKey(base64.StdEncoding.EncodeToString(append(raw, secret...)))
}
