package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate/rotate"
)

// rotateCommand is the command rotate.
func (i *invocation) rotateCommand() *cobra.Command {
	var opts rotate.Options
	var status bool
	cmd := &cobra.Command{
		Use:     "rotate",
		GroupID: groupAfter,
		Short:   "Move the cloud from one Ceph user, or one key, to another",
		Long:    rotateLong,
		Example: `  # how far is it, and what waits for what?
  cephstack rotate --status
  cephstack rotate --status --full

  # show it, ask, and go as far as it goes today
  cephstack rotate

  # from cron, in the windows of the Spec
  cephstack rotate --yes

  # nobody has the old user any more: remove it
  cephstack rotate --revoke client.cinder

  # back to the users that were to go
  cephstack rotate --back`,
		Args: noArguments,
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case status && (i.yes || len(opts.Revoke) > 0 || len(opts.Ciphers) > 0):
				return errors.New("rotate --status only reads: it goes with neither --yes, --revoke nor --allow-ciphers")
			case status:
				return nil
			}
			return i.asks(cmd.Name())
		},
		RunE: i.connected(func(c *command, ctx context.Context) (int, error) {
			opts.BreakLock = c.limits.BreakLock
			return c.rotate(ctx, opts, status)
		}),
	}
	i.specFlags(cmd)
	i.lookFlags(cmd)
	i.outputFlag(cmd, formatText, formatJSON)
	fs := cmd.Flags()
	fs.BoolVar(&i.full, "full", false, "name each guest, each reason and each leftover")
	fs.BoolVarP(&i.yes, "yes", "y", false, "approve what the command does, and do not ask")
	fs.BoolVar(&status, "status", false, "only say how far it is, and change nothing")
	fs.BoolVar(&opts.Back, "back", false, "take everything back to the users that were to go")
	fs.Func("revoke", "remove these `USERS` once nobody has them, such as client.cinder or CLUSTER/client.cinder, with "+
		"commas between them; there is no way back from that", names(&opts.Revoke))
	fs.Func("allow-ciphers", "at the end, let the clusters allow keys of these `TYPES` only, such as aes256k; refused if "+
		"somebody would be locked out", names(&opts.Ciphers))
	fs.Var(&number{&opts.AtOnce, 1}, "at-once", "work on at most this many guests at once, over all rules (default 10)")
	fs.Var(&number{&opts.MaxFailed, 1}, "max-failed", "stop once this many guests did not end well (default 3)")
	fs.StringVar(&i.limits.BreakLock, "break-lock", "", "take away the operator lock of `OWNER@HOST`, whose program will "+
		"not come back")
	for _, name := range []string{"revoke", "allow-ciphers", "at-once", "max-failed", "break-lock"} {
		complete(cmd, name, cobra.NoFileCompletions)
	}
	return cmd
}

const rotateLong = `Move the cloud from one Ceph user to another, or give a user another key, as the
entries in rotate of the Spec say.

rotate shows how far each entry is, asks for an approval, and then goes on: it
applies the Spec (new users, keyrings, secrets, settings, restarts), and works on
the guests that a rule of the entry allows, in its window, as many at once as it
says. No guest is touched without a rule. A user leaves only by --revoke, and only
if everything has been asked, and nobody has the user: no guest, no attachment, no
session on any monitor, no watcher of an image. After that, rotate proves on each
host that the old key is refused, and removes its keyrings and secrets.

Nothing is kept but the cloud itself. Run rotate again after a failure, or the
next night: it goes on where it stands. It may take weeks.

--status only reads. --full names each guest.

--back takes everything back to the users that were to go, as long as they are
there. Take the entry out of the Spec, or swap its users, before the next apply.

The exit status is 0 if all is done, 2 if something is left to do or waits, and 1
if something went wrong or cannot be told.`

// rotate shows how far it is, and goes on if it may.
func (c *command) rotate(ctx context.Context, opts rotate.Options, status bool) (int, error) {
	opts.Observer = func(e rotate.Event) {
		if !c.quiet {
			fmt.Fprintln(c.Stderr, printable(e.String()))
		}
	}
	report, err := rotate.Plan(ctx, c.cfg, opts)
	if err != nil {
		return exitFailed, err
	}
	if status {
		return rotated(report, c.printRotation(report))
	}
	if len(report.Problems) == 0 && !c.yes && (!report.Done() || len(opts.Ciphers) > 0) {
		text := c.colored(c.Stdout, c.rotationText(report)) + lastWords(opts)
		if _, err := io.WriteString(c.Stdout, text); err != nil {
			return exitFailed, fmt.Errorf("%w: %w", errNotShown, err)
		}
		if err := c.ask(ctx, "Go on with this?"); err != nil {
			return exitFailed, err
		}
	}
	report, err = rotate.Apply(ctx, c.cfg, opts)
	if report == nil {
		return exitFailed, err
	}
	if printErr := c.printRotation(report); printErr != nil {
		return exitFailed, errors.Join(err, printErr)
	}
	if holder, taken := lockHolder(err); taken {
		return exitFailed, fmt.Errorf("%w\n%s", err, c.breakLock(holder))
	}
	if onlyUnfinished(err) {
		return rotated(report, nil)
	}
	return exitFailed, err
}

// lastWords say what an approval allows besides what the report has, and that there is no way back from that.
func lastWords(opts rotate.Options) string {
	var b strings.Builder
	if len(opts.Revoke) > 0 {
		fmt.Fprintf(&b, "Once nobody has %s, it is removed. There is no way back from that.\n",
			strings.Join(opts.Revoke, ", "))
	}
	if len(opts.Ciphers) > 0 {
		fmt.Fprintf(&b, "At the end, the clusters take no other keys than those of type %s.\n", strings.Join(opts.Ciphers,
			" and "))
	}
	return b.String()
}

// rotated is the exit status of a report.
func rotated(report *rotate.Report, err error) (int, error) {
	switch {
	case err != nil:
		return exitFailed, err
	case len(report.Problems) > 0:
		return exitFailed, errors.New("problems keep the rotation from being begun; the report has each")
	case report.Done():
		return exitDone, nil
	}
	return exitChanges, nil
}

// onlyUnfinished reports whether an error says no more than that something is left to do.
func onlyUnfinished(err error) bool {
	if err == nil {
		return true
	}
	if all, is := err.(interface{ Unwrap() []error }); is {
		for _, one := range all.Unwrap() {
			if !onlyUnfinished(one) {
				return false
			}
		}
		return true
	}
	return errors.Is(err, rotate.ErrUnfinished)
}

func (c *command) rotationText(report *rotate.Report) string {
	if c.full {
		return report.Full()
	}
	return report.String()
}

func (c *command) printRotation(report *rotate.Report) error {
	return c.print(report, c.rotationText(report))
}
