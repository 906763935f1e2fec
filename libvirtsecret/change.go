package libvirtsecret

import (
	"errors"
	"fmt"
)

// A Change is a secret to define, and what the caller saw before.
type Change struct {
	Secret // as it shall be
	// Was is what the daemon still has to have: a Secret as Lookup or List gave it, or a
	// Secret without a UUID where there was none. Nil takes whatever is there.
	Was *Secret
}

// Validate checks c as an input of Define, joining all faults.
func (c Change) Validate() error {
	err := c.Secret.Validate()
	if c.Was != nil && c.Was.UUID != "" && c.Was.UUID != c.UUID {
		err = errors.Join(err, fmt.Errorf("libvirtsecret: Was is the secret %s", c.Was.UUID))
	}
	return err
}

// Check is ErrConflict if the secret that is there now is neither as it was seen nor has
// the wanted value. found is that secret, as Lookup gives it; nil if there is none. Where
// the daemon does not give a value out, Check sees only whether there is a secret.
func (c Change) Check(found *Secret) error {
	switch {
	case c.Was == nil, found == nil && c.Was.UUID == "":
		return nil
	case found == nil:
		return fmt.Errorf("%w: the secret was removed since it was seen", ErrConflict)
	case !found.Value.IsZero() && found.Value.Equal(c.Value):
		return nil
	case c.Was.UUID == "":
		return fmt.Errorf("%w: somebody defined the secret since", ErrConflict)
	case !found.Value.Equal(c.Was.Value):
		return fmt.Errorf("%w: its value was changed since it was seen", ErrConflict)
	}
	return nil
}
