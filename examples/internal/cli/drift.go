package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate/drift"
)

// driftFlags are the flags of drift alone.
type driftFlags struct {
	textfile string
	jitter   time.Duration
	timeout  time.Duration
	report   *drift.Report // what was found, if that could be looked at
}

// driftCommand is the command drift.
func (i *invocation) driftCommand() *cobra.Command {
	d := &driftFlags{timeout: 4 * time.Minute}
	cmd := &cobra.Command{
		Use:     "drift",
		GroupID: groupAfter,
		Short:   "Tell what is no longer as the Spec says, and change nothing",
		Long: `Tell what is no longer as the Spec says, by resource, with the differences, and
change nothing. It takes no lock, and costs what a plan with nothing to do costs:
one exchange with each host. So it may run every five minutes.

In the text, ~ is something that differs, - something that is missing, ! a service
that has to be restarted, or a problem that a plan cannot mend. What is below with
a dot only follows from that, such as the restart of a service whose options were
edited; it does not count. ? is what could not be told, such as a host that does
not answer. That is never taken for "no drift".

--textfile FILE.prom also writes metrics for the textfile collector of
node_exporter. The file takes the place of the old one at once. It is written
after a run that failed, too: cephstack_drift_run_success is 0 then, and
cephstack_drift_last_success_timestamp_seconds stays as it was. The name of the
Spec's file is the label spec. Give each Spec a file of metrics of its own.

--timeout bounds the look. --jitter waits at random before it, so that many Specs
that cron looks at do not begin at once.

The exit status is 0 if nothing differs, 2 if something does, and 1 if something
could not be told, be there drift or not.`,
		Example: `  # is all as the Spec says?
  cephstack drift -f cloud.yaml

  # for a program
  cephstack drift --output json

  # for Prometheus, from cron
  cephstack drift -q --jitter 30s --textfile /var/lib/node_exporter/cloud.prom`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return endWith(i.watched(cmd.Context(), d))
		},
	}
	i.specFlags(cmd)
	i.lookFlags(cmd)
	i.outputFlag(cmd, formatText, formatJSON)
	i.scopeFlags(cmd)
	i.fullFlag(cmd)
	fs := cmd.Flags()
	fs.StringVar(&d.textfile, "textfile", "", "write metrics into `FILE.prom`, for node_exporter, also if the run fails")
	fs.Var(&span{&d.timeout}, "timeout", "fail if the look takes longer; 0 is no limit")
	fs.Var(&span{&d.jitter}, "jitter", "wait at random before the look, at most this long")
	complete(cmd, "textfile", cobra.FixedCompletions([]string{"prom"}, cobra.ShellCompDirectiveFilterFileExt))
	for _, name := range []string{"timeout", "jitter"} {
		complete(cmd, name, cobra.NoFileCompletions)
	}
	return cmd
}

// watched looks for drift, and writes metrics whatever comes of it.
func (i *invocation) watched(ctx context.Context, d *driftFlags) (int, error) {
	if d.textfile != "" {
		if err := drift.CheckTextfile(d.textfile); err != nil {
			return exitUsage, fmt.Errorf("--textfile: %w", err)
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(rand.Int64N(max(int64(d.jitter), 1)))):
	}
	began := time.Now()
	code, err := i.run(ctx, "drift", func(c *command, ctx context.Context) (int, error) { return c.drift(ctx, d) })
	if d.textfile == "" {
		return code, err
	}
	base := filepath.Base(i.specFile())
	run := drift.Run{Spec: strings.TrimSuffix(base, filepath.Ext(base)), Report: d.report, Began: began,
		Took: time.Since(began)}
	if failed := drift.WriteTextfile(d.textfile, run); failed != nil {
		return exitFailed, errors.Join(err, failed)
	}
	return code, err
}

// drift looks, and tells what is found.
func (c *command) drift(ctx context.Context, d *driftFlags) (int, error) {
	report, err := drift.Look(ctx, c.in, drift.Options{Only: c.only, Timeout: d.timeout})
	if err != nil {
		return exitFailed, err
	}
	d.report = report
	text := report.String()
	if c.full {
		text = report.Full()
	}
	if err := c.print(report, text); err != nil {
		return exitFailed, err
	}
	switch report.Status {
	case drift.None:
		return exitDone, nil
	case drift.Found:
		return exitChanges, nil
	}
	return exitFailed, fmt.Errorf("%w; to read more of a problem, run 'cephstack explain CODE' with the code in its "+
		"brackets", report.Err())
}
