package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/schema"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// convergeCommand is the command converge.
func (i *invocation) convergeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "converge",
		GroupID: groupWork,
		Short:   "Plan and apply host by host, for fleets and for cron",
		Long: `Plan and apply host by host, and keep nothing of a host that is done. converge
shows no plan before it changes things: it asks for an approval of all that the
Spec asks for, and says what that is; --yes is that approval. It tells each host
as it ends.

With --output json it prints a line of JSON for each cluster, each host and the
APIs as they end, and a last line for the whole.

` + rolloutLong,
		Example: `  # see first what would change, then change it
  cephstack plan
  cephstack converge

  # in cron: no question, a line of JSON for each host
  cephstack converge --yes --output json

  # the computes of a group of the Spec, five of them first
  cephstack converge --limit computes --canaries 5`,
		Args:    noArguments,
		PreRunE: func(cmd *cobra.Command, _ []string) error { return i.asks(cmd.Name()) },
		RunE:    i.connected((*command).converge),
	}
	i.specFlags(cmd)
	i.lookFlags(cmd)
	i.outputFlag(cmd, formatText, formatJSON)
	i.scopeFlags(cmd)
	i.rolloutFlags(cmd)
	return cmd
}

// converge plans and applies part by part. Nothing is kept of a part that was
// told, but its error.
func (c *command) converge(ctx context.Context) (int, error) {
	if !c.yes {
		if err := c.ask(ctx, c.scope()+"\nConverge?"); err != nil {
			return exitFailed, err
		}
	}
	c.limits.Only = c.only
	t := &tally{Summary: schema.Summary{Failed: []string{}, Changes: map[integrate.Status]int{}}}
	var written error
	for part := range c.in.Converge(ctx, integrate.ConvergeOptions{ApplyOptions: c.limits}) {
		if t.add(part, context.Cause(ctx)) { // what was not begun is told at the end, once
			c.told.part(part)
		}
		c.keepPart(part)
		if c.format == formatJSON {
			written = cmp.Or(written, encode(c.Stdout, lineOf(part), ""))
		}
	}
	if c.format == formatJSON {
		written = cmp.Or(written, encode(c.Stdout, schema.Last{Format: schema.Format, Summary: t.Summary}, ""))
	} else {
		_, written = io.WriteString(c.Stdout, t.String())
	}
	if err := errors.Join(t.err(), written); err != nil {
		next := "run converge again to finish: what is done is found done"
		if len(t.Failed) > 0 && !t.again && t.LeftAlone == 0 {
			next = "do as the problems say, and run converge again: what is done is found done"
		}
		if holder, taken := lockHolder(err); taken {
			next = c.breakLock(holder)
		}
		return exitFailed, fmt.Errorf("%w\n%s", err, next)
	}
	return exitDone, nil
}

// scope tells what somebody approves who has seen no plan.
func (c *command) scope() string {
	var clusters []string
	for _, cluster := range c.spec.Clusters {
		clusters = append(clusters, cluster.Name)
	}
	hosts := 0
	for _, h := range c.spec.Hosts {
		if len(h.Services) > 0 {
			hosts++
		}
	}
	limits := "no failure of one keeps the others from being changed"
	if n := c.limits.MaxFailed; n > 0 {
		limits = fmt.Sprintf("it stops once %d computes failed", n)
	}
	if n := c.limits.Canaries; n > 0 {
		limits = fmt.Sprintf("%d computes go first, and all others only if those end well; %s", n, limits)
	}
	if c.restricted() {
		return fmt.Sprintf("converge shows no plan before it changes things. You approve all that %s asks for of %s, and "+
			"what these hosts need in the clusters, with the restarts that are owed; %s.\n`cephstack plan` with the same "+
			"flags would show it first, and changes nothing.", c.specFile(),
			strings.Join(slices.Concat(c.only.Clusters, spec.FoldNames(c.only.Hosts)), ", "), limits)
	}
	return fmt.Sprintf("converge shows no plan before it changes things. You approve all that %s asks for: "+
		"in cluster %s, on %d hosts with the restarts that are owed, and in the cloud's APIs; %s.\n"+
		"`cephstack plan -f %[1]s` would show it first, and changes nothing.", c.specFile(), strings.Join(clusters, ", "),
		hosts, limits)
}

// A tally is how the parts of a converge ended.
type tally struct {
	schema.Summary
	errs  []error  // of the failed parts
	again bool     // a failed part has more than problems, so that another run may do something
	alone []string // the targets of those left alone
	why   error    // those left alone were
}

// add takes a part in, and reports whether it was begun; cause is why the whole was ended, if it was.
func (t *tally) add(part integrate.Part, cause error) (begun bool) {
	t.Parts++
	for _, o := range part.Result.Outcomes {
		t.Changes[o.Status]++
	}
	err := part.Err()
	if err == nil {
		return true
	}
	if len(part.Result.Outcomes) == 0 {
		for _, why := range []error{world.ErrLock, world.ErrUnhealthy, integrate.ErrStopped, cause} {
			if !errors.Is(err, why) {
				continue
			}
			t.LeftAlone, t.alone, t.why = t.LeftAlone+1, append(t.alone, part.Target), why
			if errors.Is(why, world.ErrLock) || errors.Is(why, world.ErrUnhealthy) { // with who, or what and since when
				t.why = part.Result.Findings[0].Err
			}
			return false
		}
	}
	t.again = t.again || !onlyProblems(part.Result, err)
	t.Failed = append(t.Failed, part.Target)
	t.errs = append(t.errs, fmt.Errorf("%s: %w", part.Target, err))
	return true
}

// String is the summary.
func (t *tally) String() string {
	return fmt.Sprintf("%d of %d clusters, hosts and APIs done, %d failed, %d left alone.\n%s.\n",
		t.Parts-len(t.Failed)-t.LeftAlone, t.Parts,
		len(t.Failed), t.LeftAlone, counts(func(s integrate.Status) int { return t.Changes[s] }, 0))
}

func (t *tally) err() error {
	errs := t.errs
	if t.LeftAlone > 0 {
		errs = append(errs, fmt.Errorf("%d were left alone: %w", t.LeftAlone, t.why),
			fmt.Errorf("not begun: %s", strings.Join(spec.FoldNames(t.alone), ", ")))
	}
	return errors.Join(errs...)
}

// lineOf is a part as a line of JSON.
func lineOf(part integrate.Part) schema.Line {
	line := schema.Line{Stage: part.Stage, Target: part.Target, Result: part.Result}
	if err := part.Err(); err != nil {
		line.Error = err.Error()
	}
	return line
}
