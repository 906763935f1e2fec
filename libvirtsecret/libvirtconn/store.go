//go:build cgo

package libvirtconn

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"libvirt.org/go/libvirt"

	"github.com/cephstack/cephstack/libvirtsecret"
)

// Lookup implements libvirtsecret.Store.
//
// Similar To: virsh secret-dumpxml <uuid>; virsh secret-get-value <uuid>
func (c *Conn) Lookup(ctx context.Context, uuid string) (libvirtsecret.Secret, error) {
	return do(ctx, c, call{"lookup", uuid}, func() (libvirtsecret.Secret, error) {
		secret, s, err := c.find(uuid)
		if err != nil {
			return s, err
		}
		defer free(secret)
		return withValue(secret, s)
	})
}

// List implements libvirtsecret.Store.
//
// Similar To: virsh secret-list
func (c *Conn) List(ctx context.Context) ([]libvirtsecret.Secret, error) {
	return do(ctx, c, call{"list", ""}, func() ([]libvirtsecret.Secret, error) { return c.list(withValue) })
}

// A reader adds to what is known of a secret.
type reader func(*libvirt.Secret, libvirtsecret.Secret) (libvirtsecret.Secret, error)

// list reads all secrets, and more of each with read. A secret that goes away
// meanwhile is left out.
func (c *Conn) list(read reader) (all []libvirtsecret.Secret, err error) {
	secrets, err := c.lib.ListAllSecrets(0)
	if err != nil {
		return nil, err
	}
	for i := range secrets {
		defer free(&secrets[i])
		s, e := describe(&secrets[i])
		if e == nil {
			s, e = read(&secrets[i], s)
		}
		if errors.Is(e, libvirtsecret.ErrUsageType) || isCode(e, libvirt.ERR_NO_SECRET) {
			continue
		}
		if e != nil {
			return nil, e
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b libvirtsecret.Secret) int { return strings.Compare(a.UUID, b.UUID) })
	return all, nil
}

// find gives a secret of usage type ceph, which the caller frees.
func (c *Conn) find(uuid string) (*libvirt.Secret, libvirtsecret.Secret, error) {
	if err := libvirtsecret.CheckUUID(uuid); err != nil {
		return nil, libvirtsecret.Secret{}, err
	}
	secret, err := c.lib.LookupSecretByUUIDString(uuid)
	if err != nil {
		return nil, libvirtsecret.Secret{}, err
	}
	s, err := describe(secret)
	if err != nil {
		free(secret)
	}
	if errors.Is(err, libvirtsecret.ErrUsageType) {
		err = libvirtsecret.ErrNotFound
	}
	return secret, s, err
}

// describe reads what there is besides the value.
func describe(secret *libvirt.Secret) (libvirtsecret.Secret, error) {
	xml, err := secret.GetXMLDesc(0)
	if err != nil {
		return libvirtsecret.Secret{}, err
	}
	return libvirtsecret.ParseXML([]byte(xml))
}

// withValue adds the value, if the secret has a value and the daemon gives it
// out.
func withValue(secret *libvirt.Secret, s libvirtsecret.Secret) (libvirtsecret.Secret, error) {
	if s.Private {
		return s, nil
	}
	raw, err := secret.GetValue(0)
	defer clear(raw)
	if isCode(err, libvirt.ERR_NO_SECRET) { // the secret is gone, or has no value
		_, err = describe(secret)
		return s, err
	}
	if isCode(err, libvirt.ERR_INVALID_SECRET, libvirt.ERR_OPERATION_DENIED, libvirt.ERR_ACCESS_DENIED) {
		return s, nil
	}
	if err != nil {
		return libvirtsecret.Secret{}, err
	}
	s.Value, err = libvirtsecret.ParseValue(base64.StdEncoding.EncodeToString(raw))
	return s, err
}

// Define implements libvirtsecret.Store.
//
// Similar To: virsh secret-define <file>; virsh secret-set-value <uuid> --file <file>
func (c *Conn) Define(ctx context.Context, change libvirtsecret.Change) error {
	_, err := do(ctx, c, call{"define", change.UUID}, func() (struct{}, error) {
		err := change.Validate()
		if err == nil && change.Was != nil {
			err = c.check(change)
		}
		if err == nil {
			err = c.define(change.Secret)
		}
		return struct{}{}, err
	})
	return err
}

// check looks whether a secret is as it was seen. A secret of another usage type is left
// to libvirt, which refuses it.
func (c *Conn) check(change libvirtsecret.Change) error {
	secret, found, err := c.find(change.UUID)
	if errors.Is(err, libvirtsecret.ErrNotFound) || isCode(err, libvirt.ERR_NO_SECRET) {
		return change.Check(nil)
	}
	if err != nil {
		return err
	}
	defer free(secret)
	if found, err = withValue(secret, found); err != nil {
		return err
	}
	return change.Check(&found)
}

func (c *Conn) define(s libvirtsecret.Secret) error {
	xml, err := s.XML()
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(s.Value.Reveal())
	if err != nil {
		return err
	}
	defer clear(raw)
	secret, err := c.lib.SecretDefineXML(string(xml), 0)
	if err != nil {
		return lost(c.explain(s, err))
	}
	defer free(secret)
	if err := setValue(secret, s, raw); err != nil {
		return fmt.Errorf("%w: %w", libvirtsecret.ErrUnknown, err) // the secret is defined
	}
	return nil
}

// setValue sets the value of a secret that is defined, and proves it.
func setValue(secret *libvirt.Secret, s libvirtsecret.Secret, raw []byte) error {
	if err := secret.SetValue(raw, 0); err != nil || s.Private {
		return err
	}
	back, err := withValue(secret, s)
	if err == nil && !back.Value.Equal(s.Value) {
		err = errors.New("the value does not read back as it was set")
	}
	return err
}

// explain turns a refusal into ErrConflict if the daemon has a secret that
// conflicts. The words of the refusal do not always tell: they may be in the
// daemon's language.
func (c *Conn) explain(s libvirtsecret.Secret, refusal error) error {
	if !isCode(refusal, libvirt.ERR_INTERNAL_ERROR) || condition(refusal) != nil {
		return refusal
	}
	plain := func(_ *libvirt.Secret, s libvirtsecret.Secret) (libvirtsecret.Secret, error) { return s, nil }
	others, err := c.list(plain)
	if err != nil || !slices.ContainsFunc(others, s.Conflicts) {
		return refusal
	}
	return &libvirtsecret.Error{Err: libvirtsecret.ErrConflict, Detail: refusal.Error()}
}

// Undefine implements libvirtsecret.Store.
//
// Similar To: virsh secret-undefine <uuid>
func (c *Conn) Undefine(ctx context.Context, uuid string) error {
	_, err := do(ctx, c, call{"undefine", uuid}, func() (struct{}, error) {
		secret, _, err := c.find(uuid)
		if err != nil {
			return struct{}{}, err
		}
		defer free(secret)
		return struct{}{}, lost(secret.Undefine())
	})
	return err
}

func free(secret *libvirt.Secret) { _ = secret.Free() }
