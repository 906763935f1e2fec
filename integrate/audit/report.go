package audit

import (
	"errors"
	"fmt"
)

// Format is the version of the JSON of a Report.
const Format = 1

// A Report is what an audit found.
type Report struct {
	Format   int       `json:"format"`
	Findings []Finding `json:"findings"`         // the worst first
	Unable   []Unable  `json:"unable,omitempty"` // what could not be told
	// Looked counts what was looked at, such as "RBD images of volumes" or "hosts".
	Looked map[string]int `json:"looked"`
}

// ErrUnable says that something could not be told. The Report says what.
var ErrUnable = errors.New("a part of the audit could not be told")

// err joins what could not be told.
func (r Report) err() error {
	if len(r.Unable) == 0 {
		return nil
	}
	errs := []error{ErrUnable}
	for _, u := range r.Unable {
		errs = append(errs, fmt.Errorf("%s: %w", u.What, u.Err))
	}
	return errors.Join(errs...)
}
