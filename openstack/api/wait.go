package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// patience is how many looks in a row must show an object at rest where it
// should not be, before that counts as a failure.
const patience = 3

// A look reports an object's state in a word and whether the wait is over.
type look func(ctx context.Context) (state string, done bool, err error)

// await looks until the wait is over. When ctx ends first the error says in
// which state the object was last seen. What is on its way goes on while an
// API restarts: an unreachable one ends the wait after the time of a call.
func (c *Cloud) await(ctx context.Context, op, object string, look look) error {
	state, answered := "", time.Now()
	for {
		now, done, err := look(ctx)
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			state, answered = now, time.Now()
		case ctx.Err() == nil && (!away(err) || time.Since(answered) > c.timeout):
			return err
		}
		if e := sleep(ctx, c.poll); e != nil {
			out := &Error{Op: op, Object: object, Err: e}
			if state != "" {
				out.Detail = "it was still " + state
			}
			return out
		}
	}
}

// away reports whether an API that is restarting, or the proxy before it, may
// have said this.
func away(err error) bool {
	var e *Error
	return errors.Is(err, ErrUnreachable) || errors.As(err, &e) && e.Code >= http.StatusBadGateway && e.Code <= http.StatusGatewayTimeout
}

// failed is the error of an object that went into error.
func (c *Cloud) failed(op, object, detail string) error {
	return &Error{Op: op, Object: object, Detail: c.clean(detail), Err: ErrFailed}
}

// bad reports whether a status of a volume, snapshot, backup or image is a
// final failure.
func bad(status string) bool {
	return strings.HasPrefix(strings.ToLower(status), "error") || status == "killed"
}

// unlessGone drops the error of an object that is not there.
func unlessGone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
