package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// A command is one invocation, ready to run.
type command struct {
	Program
	options
	spec spec.Spec
	in   *integrate.Integration
	told *progress
	how  integrate.VerifyOptions // of verify
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
	if err := c.print(plan, c.text(plan)); err != nil {
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

// text is a plan for people.
func (c *command) text(plan *integrate.Plan) string {
	if c.full {
		return plan.Full()
	}
	return plan.String()
}

func (c *command) apply(ctx context.Context) (int, error) {
	plan, err := c.planToApply(ctx)
	if err != nil {
		return exitFailed, err
	}
	if err := c.show(ctx, plan); err != nil {
		return exitFailed, err
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
	data, _, err := cephstack.ReadInput(ctx, c.planFile, maxInput)
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

// show shows a plan, and asks for its approval.
func (c *command) show(ctx context.Context, plan *integrate.Plan) error {
	if !c.json {
		if _, err := fmt.Fprint(c.Stdout, c.text(plan)); err != nil {
			return fmt.Errorf("%w: %w", errNotShown, err)
		}
	}
	if plan.Empty() || c.yes {
		return nil
	}
	if err := seen(c.Stdout); err != nil {
		return fmt.Errorf("%w: standard output: %w; --yes approves a plan that nobody sees", errNotShown, err)
	}
	return c.ask(ctx, "Apply this plan?")
}

// ask asks for an approval.
func (c *command) ask(ctx context.Context, question string) error {
	fmt.Fprint(c.Stderr, question+" [y/N] ")
	if err := seen(c.Stderr); err != nil {
		return fmt.Errorf("the question could not be shown, so nothing was changed: standard error: %w", err)
	}
	line, err := c.answer(ctx)
	if ctx.Err() != nil {
		fmt.Fprintln(c.Stderr)
		return fmt.Errorf("%w: %w", errDeclined, context.Cause(ctx))
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer == "y" || answer == "yes" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: nobody answered; give --yes where there is no terminal", errDeclined)
	}
	return errDeclined
}

// answer reads a line of at most 80 bytes. It does not wait for the line once ctx has ended.
func (c *command) answer(ctx context.Context) (string, error) {
	type answer struct {
		line string
		err  error
	}
	given := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(c.Stdin, 80)).ReadString('\n')
		given <- answer{line, err}
	}()
	select {
	case a := <-given:
		return a.line, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (c *command) print(v any, text string) error {
	if !c.json {
		_, err := io.WriteString(c.Stdout, text)
		return err
	}
	return encode(c.Stdout, v, "  ")
}
