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

The exit status is 0 if there is nothing to do, 2 if there is something to do,
and 1 if problems keep the plan from being whole.`,
		Example: `  # what would change?
  cephstack plan -f cloud.yaml

  # the same, for one host, and for the computes of a range
  cephstack plan --limit compute7
  cephstack plan --limit 'compute[001-010]'

  # store a plan, let somebody read it, and apply that plan and nothing else
  cephstack plan --output json > plan.json
  cephstack apply --plan plan.json`,
		Args: noArguments,
		RunE: i.connected((*command).plan),
	}
	i.specFlags(cmd)
	i.outputFlag(cmd, formatText, formatJSON)
	i.scopeFlags(cmd)
	i.fullFlag(cmd)
	return cmd
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
