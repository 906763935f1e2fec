package step

import "errors"

// ErrConflict says that a thing is no longer as it was when the plan was made.
var ErrConflict = errors.New("integrate: changed since the plan was made")
