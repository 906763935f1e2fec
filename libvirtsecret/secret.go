package libvirtsecret

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Store is one libvirt daemon's secrets of usage type ceph. Secrets of other
// usage types are neither listed nor found, and never removed.
//
// Implementations: libvirtconn (libvirt's own library), virsh (the virsh
// program on a host), secrettest (in memory). secrettest.TestStore is the
// contract in executable form.
//
// A Store may also be a hostbatch.Store. A type that wraps such a Store has to
// implement ListOp and DefineOp as well; package hostbatch says why.
type Store interface {
	// Lookup reads a secret by UUID. It fails with ErrNotFound if there is no
	// such secret.
	Lookup(ctx context.Context, uuid string) (Secret, error)
	// List reads all secrets of usage type ceph, sorted by UUID. Secret.Value is
	// zero where the daemon does not give the value out.
	List(ctx context.Context) ([]Secret, error)
	// Define defines a secret and sets its value. Unless the secret is private,
	// Define reads the value back and compares. If the secret is there already,
	// with the same UUID and usage, Define replaces its value, description and
	// flags. It fails with ErrConflict, and writes nothing, if another secret has
	// the usage, if the UUID has another usage, if a private secret would become
	// readable, or if the secret is not as it was seen; see Change.Check. libvirt
	// has no compare-and-swap: Define compares right before it writes. With
	// ErrUnknown, or the error of ctx, it may have had its effect, or a part of
	// that; with other errors, nothing was written.
	Define(ctx context.Context, c Change) error
	// Undefine removes a secret. It fails with ErrNotFound if there is no such
	// secret.
	Undefine(ctx context.Context, uuid string) error
}

// A Secret is a libvirt secret of usage type ceph.
type Secret struct {
	UUID        string // lower case, with dashes
	UsageID     string // unique per daemon, such as "ceph client.cinder secret"
	Description string
	Ephemeral   bool // libvirt keeps it in memory: it is lost when the daemon ends
	Private     bool // nobody can read the value back
	Value       Value
}

// Validate checks s as an input of Define, joining all faults.
func (s Secret) Validate() error {
	var faults []error
	if err := CheckUUID(s.UUID); err != nil {
		faults = append(faults, err)
	}
	if s.UsageID == "" {
		faults = append(faults, errors.New("libvirtsecret: usage is empty"))
	}
	if !utf8.ValidString(s.UsageID) || strings.ContainsFunc(s.UsageID, unicode.IsControl) {
		faults = append(faults, errors.New("libvirtsecret: usage has control characters or is not UTF-8"))
	}
	if !utf8.ValidString(s.Description) || strings.ContainsFunc(s.Description, unprintable) {
		faults = append(faults, errors.New("libvirtsecret: description has control characters or is not UTF-8"))
	}
	if s.Value.IsZero() {
		faults = append(faults, errors.New("libvirtsecret: value is empty"))
	}
	return errors.Join(faults...)
}

func unprintable(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// Conflicts reports whether libvirt refuses to define s while it has the other
// secret. It does if they have the same usage and different UUIDs, the same UUID
// and different usages, or if s would make a private secret readable.
func (s Secret) Conflicts(other Secret) bool {
	if s.UUID == other.UUID {
		return s.UsageID != other.UsageID || other.Private && !s.Private
	}
	return s.UsageID == other.UsageID
}

// String describes s without its value.
func (s Secret) String() string {
	return fmt.Sprintf("libvirt secret %s for %q", s.UUID, s.UsageID)
}
