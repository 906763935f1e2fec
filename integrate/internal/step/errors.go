package step

import (
	"errors"

	"github.com/cephstack/cephstack"
)

// ErrConflict says that a thing is no longer as it was when the plan was made.
var ErrConflict = errors.New("integrate: changed since the plan was made")

// withoutKeys is an error whose text has no key. It is the error itself if that has none.
func withoutKeys(err error) error {
	if err == nil {
		return nil
	}
	if text := cephstack.WithoutKeys(err.Error()); text != err.Error() {
		return &keyless{text, err}
	}
	return err
}

// A keyless is an error that quotes a key. It does not unwrap, as the texts of the errors in it have the key, too.
type keyless struct {
	text string
	err  error
}

func (e *keyless) Error() string { return e.text }

// Is and As look at what the error wraps.
func (e *keyless) Is(target error) bool { return errors.Is(e.err, target) }
func (e *keyless) As(target any) bool   { return errors.As(e.err, target) }
