package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// patience is how many looks in a row must show an object idle in a state that was
// not asked for, before the action counts as failed.
const patience = 3

// A look reports the state of an object in a word, and whether the wait is over.
type look func(ctx context.Context) (state string, done bool, err error)

// await looks until the wait is over. The cloud goes on working while an API restarts,
// so the wait gives up only when ctx ends, when an answer is an error that stays, or when
// the API has not answered for the timeout of a call.
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
			return c.undecided(op, object, state, err)
		}
		if e := sleep(ctx, c.poll); e != nil {
			return c.undecided(op, object, state, e)
		}
	}
}

// undecided is the error of a wait that gave up, and says in which state the object was
// last seen. The service has accepted what was asked for, and goes on with it: the end is
// unknown, unless the look itself saw that the object failed or is gone.
func (c *Cloud) undecided(op, object, state string, err error) error {
	if errors.Is(err, ErrFailed) || errors.Is(err, ErrNotFound) {
		return err
	}
	if !errors.Is(err, ErrUnknown) {
		err = unknown(err)
	}
	out := &Error{Op: op, Object: c.named(object), Err: err}
	if state != "" {
		out.Detail = c.clean("it was still " + state)
	}
	return out
}

// away reports whether the error may come from an API that is restarting, or from
// the proxy in front of it.
func away(err error) bool {
	var e *Error
	return errors.Is(err, ErrUnreachable) || errors.As(err, &e) && e.Code >= http.StatusBadGateway &&
		e.Code <= http.StatusGatewayTimeout
}

// failed is the error of an object that went into error.
func (c *Cloud) failed(op, object, detail string) error {
	return &Error{Op: op, Object: c.named(object), Detail: c.clean(detail), Err: ErrFailed}
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
