package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate"
)

// applyCommand is the command apply.
func (i *invocation) applyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "apply",
		GroupID: groupWork,
		Short:   "Show the plan, ask, and change what is missing",
		Long: `Show the plan as 'cephstack plan' does, ask for an approval, and change what is
missing. --yes approves the plan, and asks nobody.

--plan FILE applies a plan that 'cephstack plan --output json' has stored, and
nothing else: where the world has changed since, nothing is changed there. With
--limit it applies a part of that plan.

--undo-on-failure takes back what this run has changed, if a change fails or the
rollout stops: files, options, secrets, rights, volume types, and users that it
has made. The plan says what would stay. Only what still is as this run made it is
touched. It costs one more exchange with each host that is changed. If the program
is killed, nothing is taken back, as there is no state file: run apply again to
finish.

` + rolloutLong,
		Example: `  # show the plan and ask
  cephstack apply -f cloud.yaml

  # one host, and what it needs in Ceph
  cephstack apply --limit compute7

  # a plan that somebody has approved
  cephstack apply --plan plan.json --yes

  # all or nothing, as far as that can be
  cephstack apply --undo-on-failure

  # two computes first; the others only if both end well
  cephstack apply --canaries 2 --max-failed 3`,
		Args:    noArguments,
		PreRunE: func(cmd *cobra.Command, _ []string) error { return i.asks(cmd.Name()) },
		RunE:    i.connected((*command).apply),
	}
	i.specFlags(cmd)
	i.lookFlags(cmd)
	i.outputFlag(cmd, formatText, formatJSON)
	i.scopeFlags(cmd)
	i.fullFlag(cmd)
	i.rolloutFlags(cmd)
	cmd.Flags().StringVar(&i.planFile, "plan", "", "apply this plan `FILE` (from plan --output json) and nothing else")
	i.undoFlag(cmd)
	completePlan(cmd)
	return cmd
}

// undoFlag adds --undo-on-failure.
func (i *invocation) undoFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&i.limits.UndoOnFailure, "undo-on-failure", false, "if an apply fails, take back what it has "+
		"changed; the plan says what would stay")
}

// completePlan completes --plan, the file of a plan that was stored.
func completePlan(cmd *cobra.Command) {
	complete(cmd, "plan", cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveFilterFileExt))
}

// rolloutLong is the help that apply and converge share.
const rolloutLong = `--parallel says how many hosts are worked on at once. With --canaries N, N
computes go first, and must all end well. With --max-failed N, the rollout stops
once N computes failed. If the Spec has gate: health, the rollout waits before
each host while a cluster is not healthy enough, tells why, and goes on by
itself; after --max-wait it ends, and the next run goes on.

While things are changed, an operator lock is held in the first cluster of the
Spec. Whoever comes second changes nothing, is told who works, on which host and
since when, and ends with status 1. A program that was killed has the lock for
90 s at most. --break-lock OWNER@HOST takes away the lock of whom the error
names: use it only if that program will not come back.

What is done is found done: to finish what failed or was interrupted, run the
command again.`

func (c *command) apply(ctx context.Context) (int, error) {
	plan, err := c.planToApply(ctx)
	if err != nil {
		return exitFailed, err
	}
	c.kept.Plan = plan
	if err := c.show(ctx, plan); err != nil {
		return exitFailed, err
	}
	c.limits.Only = c.only
	result, err := c.in.Apply(ctx, plan, c.limits)
	c.kept.Result = result
	c.told.cancelled(result)
	err = foldUnbegun(result, err)
	next := "run " + c.name + " again to finish: what is done is found done"
	if err != nil && c.planFile != "" {
		err = fmt.Errorf("%s: %w", c.planFile, err)
		next = "what is done is found done: to finish, make a new plan, or run apply without --plan"
	}
	if holder, taken := lockHolder(err); taken {
		next = c.breakLock(holder)
	}
	if c.planFile == "" && onlyProblems(result, err) {
		next = "do as the problems say, and run " + c.name + " again: what is done is found done"
	}
	text := result.UndoText()
	if text != "" {
		next = "look at the plan again: what was taken back is planned anew"
	}
	if err := errors.Join(err, c.print(result, counts(result.Count, 0)+".\n"+text)); err != nil {
		return exitFailed, fmt.Errorf("%w\n%s", err, next)
	}
	return exitDone, nil
}

// onlyProblems reports whether all changes of a plan ended well, and its problems alone keep the Spec from being
// reached: another run changes nothing then.
func onlyProblems(r *integrate.Result, err error) bool {
	return r != nil && errors.Is(err, integrate.ErrIncomplete) &&
		r.Count(integrate.Applied)+r.Count(integrate.Unchanged) == len(r.Outcomes)
}

func (c *command) planToApply(ctx context.Context) (*integrate.Plan, error) {
	if c.planFile == "" {
		return c.in.Plan(ctx, integrate.PlanOptions{Only: c.only, UndoOnFailure: c.limits.UndoOnFailure})
	}
	return c.readPlan(ctx)
}

// readPlan reads the plan that --plan names, or the part of it that --limit asks for.
func (c *command) readPlan(ctx context.Context) (*integrate.Plan, error) {
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
	if c.format != formatJSON && !(c.quiet && c.yes) {
		if _, err := fmt.Fprint(c.Stdout, c.colored(c.Stdout, c.text(plan))); err != nil {
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
