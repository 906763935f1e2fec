package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate"
)

// planCommand is the command plan.
func (i *invocation) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plan",
		GroupID: groupWork,
		Short:   "Show what is missing, and change nothing",
		Long: `Show what is missing between the Spec and the cloud, and change nothing.

What is equal on several hosts is told once, with the names of the hosts folded
and their number; --full tells each host by itself.

With --output json the plan can be stored. It is then always whole.
'cephstack apply --plan FILE' makes such a plan, and nothing else.

--plan FILE shows such a plan to whoever approves it, as text or as a page, and
asks neither hosts nor clusters. A plan of another Spec is refused.

--output html gives a page for a browser, in one file that loads nothing: a
picture of the cloud, problems and notes, and each change with its differences.

The exit status is 0 if there is nothing to do, 2 if there is something to do,
and 1 if problems keep the plan from being whole.`,
		Example: `  # what would change?
  cephstack plan -f cloud.yaml

  # the same, for one host, and for the computes of a range
  cephstack plan --limit compute7
  cephstack plan --limit 'compute[001-010]'

  # store a plan, let somebody read it, and apply that plan and nothing else
  cephstack plan --output json > plan.json
  cephstack plan --plan plan.json
  cephstack apply --plan plan.json

  # a page to look at, and to send to whoever approves
  cephstack plan --output html > plan.html`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if i.planFile != "" {
				return endWith(i.storedPlan(cmd.Context()))
			}
			return i.connected((*command).plan)(cmd, args)
		},
	}
	i.specFlags(cmd)
	i.lookFlags(cmd)
	i.outputFlag(cmd, formatText, formatJSON, formatHTML)
	i.scopeFlags(cmd)
	i.fullFlag(cmd)
	cmd.Flags().StringVar(&i.planFile, "plan", "", "show this plan `FILE` (from plan --output json), and make none")
	i.undoFlag(cmd)
	completePlan(cmd)
	cmd.MarkFlagsMutuallyExclusive("plan", "bundle") // nothing was run that a bundle could tell of
	return cmd
}

func (c *command) plan(ctx context.Context) (int, error) {
	plan, err := c.in.Plan(ctx, integrate.PlanOptions{Only: c.only, UndoOnFailure: c.limits.UndoOnFailure})
	if err != nil {
		return exitFailed, err
	}
	c.kept.Plan = plan
	return c.tell(plan)
}

// storedPlan shows a plan that was stored. Only its file and the Spec are read.
func (i *invocation) storedPlan(ctx context.Context) (int, error) {
	s, err := i.load(ctx)
	if err != nil {
		return exitUsage, err
	}
	c := &command{invocation: i, name: "plan", spec: s}
	plan, err := c.readPlan(ctx)
	if err != nil {
		return exitFailed, err
	}
	if !plan.IsOf(s) {
		return exitFailed, fmt.Errorf("%s: the plan is of another Spec, or the Spec was changed since; plan again",
			c.planFile)
	}
	return c.tell(plan)
}

// tell prints a plan. The exit status says whether there is something to do.
func (c *command) tell(plan *integrate.Plan) (int, error) {
	if err := c.printPlan(plan); err != nil {
		return exitFailed, err
	}
	if n := len(plan.Problems()); n > 0 {
		return exitFailed, fmt.Errorf("%d problems keep the plan from being whole; to read more of a problem, run "+
			"'cephstack explain CODE' with the code in its brackets", n)
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
