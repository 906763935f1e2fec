package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// A command is one invocation, ready to run.
type command struct {
	program
	options
	spec spec.Spec
	in   *integrate.Integration
	told *progress
}

func (c *command) run(ctx context.Context) (int, error) {
	switch c.command {
	case "plan":
		return c.plan(ctx)
	case "apply":
		return c.apply(ctx)
	case "converge":
		return c.converge(ctx)
	}
	return c.verify(ctx)
}

func (c *command) plan(ctx context.Context) (int, error) {
	plan, err := c.in.Plan(ctx, integrate.PlanOptions{Only: c.only})
	if err != nil {
		return exitFailed, err
	}
	if err := c.print(plan, plan.String()); err != nil {
		return exitFailed, err
	}
	if n := len(plan.Problems()); n > 0 {
		return exitFailed, fmt.Errorf("%d problems keep the plan from being whole", n)
	}
	if !plan.Empty() {
		return exitChanges, nil
	}
	return exitDone, nil
}

func (c *command) apply(ctx context.Context) (int, error) {
	plan, err := c.planToApply(ctx)
	if err != nil {
		return exitFailed, err
	}
	if !c.json {
		fmt.Fprint(c.stdout, plan)
	}
	if !plan.Empty() && !c.yes {
		if err := c.ask("Apply this plan?"); err != nil {
			return exitFailed, err
		}
	}
	c.limits.Only = c.only
	result, err := c.in.Apply(ctx, plan, c.limits)
	next := "run apply again to finish: what is done is found done"
	if err != nil && c.planFile != "" {
		err = fmt.Errorf("%s: %w", c.planFile, err)
		next = "what is done is found done: to finish, make a new plan, or run apply without --plan"
	}
	if holder, taken := lockHolder(err); taken {
		next = c.breakLock(holder)
	}
	if err := errors.Join(err, c.print(result, counts(result.Count, 0)+".\n")); err != nil {
		return exitFailed, fmt.Errorf("%w\n%s", err, next)
	}
	return exitDone, nil
}

// lockHolder tells who has the operator lock, if that is the error.
func lockHolder(err error) (string, bool) {
	var refusal *ceph.CommandError
	if !errors.Is(err, world.ErrLock) || !errors.As(err, &refusal) || refusal.Holder == nil {
		return "", false
	}
	return refusal.Holder.Holder(), true
}

// breakLock says what to do about the operator lock of somebody else.
func (c *command) breakLock(holder string) string {
	return fmt.Sprintf("run %s again when that program has ended; if it will not come back, add --break-lock %s",
		c.command, cephstack.ShellQuote(holder))
}

// counts tells how many changes ended with a status, for each that at least
// some did.
func counts(count func(integrate.Status) int, some int) string {
	var words []string
	for _, s := range []integrate.Status{integrate.Applied, integrate.Unchanged, integrate.Failed, integrate.Unknown,
		integrate.Skipped, integrate.Cancelled} {
		if n := count(s); n >= some {
			words = append(words, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(words, ", ")
}

func (c *command) planToApply(ctx context.Context) (*integrate.Plan, error) {
	if c.planFile == "" {
		return c.in.Plan(ctx, integrate.PlanOptions{Only: c.only})
	}
	data, err := os.ReadFile(c.planFile)
	if err != nil {
		return nil, err
	}
	plan, err := integrate.ParsePlan(data)
	if err == nil {
		plan, err = plan.Only(c.only)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.planFile, err)
	}
	return plan, nil
}

// ask asks for an approval.
func (c *command) ask(question string) error {
	fmt.Fprint(c.stderr, question+" [y/N] ")
	line, err := bufio.NewReader(c.stdin).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); answer == "y" || answer == "yes" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: nobody answered; give --yes where there is no terminal", errDeclined)
	}
	return errDeclined
}

func (c *command) verify(ctx context.Context) (int, error) {
	opts := integrate.VerifyOptions{Static: c.static, Flavor: c.flavor, Only: c.only, Clean: c.clean, CleanAge: c.older}
	if c.older == 0 {
		opts.CleanAge = -1
	}
	if c.image != "" {
		f, err := os.Open(c.image)
		if err != nil {
			return exitFailed, err
		}
		defer f.Close()
		opts.Image = f
	}
	report, err := c.in.Verify(ctx, opts)
	if err := errors.Join(c.print(report, report.String()), err); err != nil {
		return exitFailed, err
	}
	return exitDone, nil
}

func (c *command) print(v any, text string) error {
	if !c.json {
		_, err := io.WriteString(c.stdout, text)
		return err
	}
	return encode(c.stdout, v, "  ")
}
