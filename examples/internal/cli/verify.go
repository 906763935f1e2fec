package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// verification is what verify is asked for. It opens the image, and refuses what cannot be, before anything outside is
// reached. The caller calls closed.
func (o *options) verification(s spec.Spec) (how integrate.VerifyOptions, closed func(), code int, err error) {
	how = integrate.VerifyOptions{Static: o.static, Flavor: o.flavor, Only: o.only, Clean: o.clean, CleanAge: o.older,
		Computes: o.computes, Guests: o.guests, Checks: o.checks, Timeout: o.timeout}
	if o.older == 0 {
		how.CleanAge = -1
	}
	closed = func() {}
	if o.image != "" {
		f, err := cephstack.OpenFile(o.image)
		if err != nil {
			return how, closed, exitUsage, fmt.Errorf("--image: %w", err)
		}
		how.Image, closed = f, func() { f.Close() }
	}
	if err = how.Check(s); err != nil {
		closed()
		code = exitUsage
	}
	return how, closed, code, err
}

func (c *command) verify(ctx context.Context) (int, error) {
	report, err := c.in.Verify(ctx, c.how)
	if err := errors.Join(c.print(report, report.String()), err); err != nil {
		return exitFailed, err
	}
	return exitDone, nil
}
