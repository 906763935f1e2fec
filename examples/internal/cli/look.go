package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/bundle"
	"github.com/cephstack/cephstack/integrate/connect"
)

// A look is what the flags say of how a run looks, and what is kept of the run for a bundle.
type look struct {
	color          string
	quiet, verbose bool
	bundle         string // a file to be made
	kept           bundle.Contents
}

// colorFlag adds --color.
func (i *invocation) colorFlag(cmd *cobra.Command) {
	whens := []string{colorAuto, colorAlways, colorNever}
	cmd.Flags().Var(&choice{&i.color, whens}, "color", "color text `WHEN`: "+or(whens)+"; auto is on a terminal, unless "+
		"NO_COLOR is set or TERM is dumb")
	complete(cmd, "color", cobra.FixedCompletions(whens, cobra.ShellCompDirectiveNoFileComp))
}

// lookFlags adds the flags that say what is told of a run, and what is kept of it.
func (i *invocation) lookFlags(cmd *cobra.Command) {
	i.colorFlag(cmd)
	fs := cmd.Flags()
	fs.BoolVarP(&i.quiet, "quiet", "q", false, "print results and errors, and nothing of what is going on")
	fs.BoolVarP(&i.verbose, "verbose", "v", false, "print each event, with the time of day and how long a step took")
	cmd.MarkFlagsMutuallyExclusive("quiet", "verbose")
	fs.StringVar(&i.bundle, "bundle", "", "collect what a colleague needs in this `FILE` (.tar.gz), without "+
		"secrets: what the run did, versions, and the last lines of the logs of hosts where something went wrong")
	complete(cmd, "bundle", cobra.FixedCompletions([]string{"gz"}, cobra.ShellCompDirectiveFilterFileExt))
}

// colored is a printable text for a stream, with colors if they are wanted there.
func (i *invocation) colored(to io.Writer, text string) string {
	c, _ := colorsOf(i.color, to) // the flag has one of the words
	return c.text(text)
}

// progress tells what is going on in a command.
func (i *invocation) progress(name string) *progress {
	c, _ := colorsOf(i.color, i.Stderr)
	_, both := terminal(i.Stdout)
	return newProgress(i.Stderr, progressOptions{byParts: name == "converge", quiet: i.quiet, verbose: i.verbose,
		plain: both && i.format != formatText, colors: c}) // lines of JSON would go over the lines that change
}

// share lets what is printed on standard output go above the lines that change.
func (i *invocation) share(told *progress) {
	if out, ok := i.Stdout.(*output); ok && told.screen != nil {
		out.before = told.rest
	}
}

// reached tells, if somebody wants to know, how hosts are reached.
func (i *invocation) reached(w *connect.World, c *command) {
	if !i.verbose {
		return
	}
	for _, cluster := range c.spec.Clusters {
		if note := w.Clusters[cluster.Name].Note; note != "" {
			fmt.Fprintf(i.Stderr, "%-9s %s: %s\n", "reached", oneLine(cluster.Name), oneLine(note))
		}
	}
	targets, err := connect.KeyTargets(c.spec)
	if err != nil {
		return // opening the world has told it, if it matters
	}
	for _, t := range targets {
		if t.From != "" {
			fmt.Fprintf(i.Stderr, "%-9s %s: %s\n", "reached", oneLine(t.Name), oneLine(t.From))
		}
	}
}

// observer is who is told of events.
func (c *command) observer() func(integrate.Event) {
	if c.bundle == "" {
		return c.told.event
	}
	c.kept.Events = bundle.NewRecorder()
	return func(e integrate.Event) {
		c.kept.Events.Observe(e)
		c.told.event(e)
	}
}

// mostParts is how many parts of a converge are kept for a bundle.
const mostParts = 100

// keepPart keeps a part that did not end well.
func (c *command) keepPart(part integrate.Part) {
	if c.bundle != "" && part.Err() != nil && len(c.kept.Parts) < mostParts {
		c.kept.Parts = append(c.kept.Parts, part)
	}
}

// checkBundle is what is wrong with --bundle.
func (i *invocation) checkBundle() error {
	if i.bundle == "" {
		return nil
	}
	if err := bundle.Check(i.bundle); err != nil {
		return fmt.Errorf("--bundle: %w", err)
	}
	return nil
}

// bundled makes the bundle, if there is to be one, of a command that ended so.
func (c *command) bundled(ctx context.Context, code int, err error) (int, error) {
	if c.bundle == "" {
		return code, err
	}
	c.kept.Spec, c.kept.Err, c.kept.Command = c.spec, err, os.Args
	if failed := bundle.Write(ctx, c.bundle, c.kept, bundle.Options{Parallel: c.parallel}); failed != nil {
		return exitFailed, errors.Join(err, failed)
	}
	if !c.quiet {
		fmt.Fprintf(c.Stderr, "%s has what a colleague needs, without the secrets that cephstack found; its README.txt "+
			"says what is in it.\n", printable(c.bundle))
	}
	return code, err
}
