package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// verifyCommand is the command verify.
func (i *invocation) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "verify",
		GroupID: groupWork,
		Short:   "Check that what the Spec asks for is there and works",
		Long:    verifyLong,
		Example: `  # read only: is all as the Spec says?
  cephstack verify --static

  # boot guests, and take an image, volumes and backups through the cloud
  cephstack verify --image cirros.raw

  # some checks only
  cephstack verify --check files/compute1,rights

  # a page to look at
  cephstack verify --static --output html > report.html

  # remove what a verify has left that was killed
  cephstack verify --clean`,
		Args:    noArguments,
		PreRunE: func(*cobra.Command, []string) error { return i.verifies() },
		RunE:    i.connected((*command).verify),
	}
	i.specFlags(cmd)
	i.lookFlags(cmd)
	i.outputFlag(cmd, formatText, formatJSON, formatHTML)
	i.scopeFlags(cmd)
	i.verifyFlags(cmd)
	return cmd
}

const verifyLong = `Check that what the Spec asks for is there, and that it works.

verify --static only reads. Without --static it needs --image, a raw bootable
image: it tries the rights of every user, and takes an image, volumes, VMs and
backups through the cloud. If Cinder has other backends besides, each backend of
the Spec needs a volume_type, as the volumes would go to whichever backend the
scheduler takes.

The image is looked at before anything is connected to. An image that is not
raw, such as a qcow2, is refused with the command of qemu-img that converts it.

Guests boot on 4 computes: one of each availability zone, then those with the
two oldest versions of QEMU, then others. --guests says on how many, --computes
on which. The check computes-for-guests says why.

--check files/compute1,rights makes only these checks and what they need; the
report names the others. A name is the ID of a check, as --output json prints
it, its first words (up to a / or a -), or a pattern, such as 'vm-on-*'. Without
a check that makes images or guests, no --image is needed.

--output html gives a page for a browser, in one file that loads nothing: a
picture of the cloud, and each check with its evidence and what to do next. It
is written also if checks fail.

--timeout 30m bounds the verification: what is not done then is unable, which
ends with status 1. Cleaning up takes up to 10 min more.

A verify that is killed leaves what it had made. The next verify, and verify
--clean, which does nothing else, remove it and show it. They take only what has
the name cephstack-verify-ID-TIME-… and the description of such a run, and leave
alone what a run of the last two hours made, as it may be going on: --older sets
another time. The clocks of this machine and of the APIs both count, and what
they tell of the name and of the newest object of a run.`

// verifyFlags adds the flags that only verify has.
func (i *invocation) verifyFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&i.static, "static", false, "read only: no probes, no journey")
	fs.StringVar(&i.image, "image", "", "raw bootable image `FILE` for the journey's guests")
	fs.BoolVar(&i.clean, "clean", false, "remove what older runs of verify left, such as runs that were killed, "+
		"show it, and verify nothing")
	fs.Var(&span{&i.older}, "older", "remove only what is of runs that began at least this long ago; "+
		"0 for all runs, if no other verify is going on")
	fs.StringVar(&i.flavor, "flavor", "", "the `FLAVOR` of the guests; a small one is made when empty")
	fs.Func("computes", "boot guests on these `COMPUTES`: names and ranges such as 'compute[001-004]', with commas "+
		"between them", names(&i.computes))
	fs.Var(&number{&i.guests, 0}, "guests", "boot guests on this many computes, spread over the zones and the two oldest "+
		"versions of QEMU; 0 is 4")
	fs.Func("check", "make only these `CHECKS` and what they need, with commas between them: each an ID such as "+
		"files/compute1, its first words such as rights, or a pattern such as 'vm-on-*'; may be given again", i.check)
	fs.Var(&span{&i.timeout}, "timeout", "a check that is not done after this time is unable; cleaning up takes up "+
		"to 10 min more; 0 is no limit")
	complete(cmd, "image", cobra.FixedCompletions([]string{"raw", "img"}, cobra.ShellCompDirectiveFilterFileExt))
	complete(cmd, "computes", i.completeComputes)
	complete(cmd, "check", i.completeChecks)
	for _, name := range []string{"older", "flavor", "guests", "timeout"} {
		complete(cmd, name, cobra.NoFileCompletions)
	}
}

// check takes a flag's list of checks.
func (i *invocation) check(value string) error {
	for name := range strings.SplitSeq(value, ",") {
		if name == "" {
			return errors.New("a name is empty")
		}
		i.checks = append(i.checks, name)
	}
	return nil
}

// guest reports whether the flags say where guests boot.
func (o *options) guest() bool { return len(o.computes) > 0 || o.guests != 0 }

// verifies is what is wrong with the flags of verify.
func (o *options) verifies() error {
	switch {
	case o.clean && (o.static || o.image != "" || o.flavor != "" || o.restricted() || len(o.checks) > 0 || o.guest()):
		return errors.New("verify --clean goes with --older and --timeout alone: it verifies nothing")
	case o.static && o.guest():
		return errors.New("verify --static goes with neither --computes nor --guests: no guest boots")
	case len(o.computes) > 0 && o.guests > 0:
		return errors.New("--computes and --guests exclude each other: name the computes, or say how many")
	case !o.static && o.restricted():
		return errors.New("verify --limit and --clusters need --static: the journey goes through the whole cloud; " +
			"to choose where its guests boot, give --computes")
	}
	return nil
}

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
	c.kept.Report = report
	if err := errors.Join(c.printReport(report), err); errors.Is(err, integrate.ErrChecks) {
		return exitFailed, fmt.Errorf("%w\n'cephstack explain CHECK' tells what a check looks at, and how to see the "+
			"same by hand", err)
	} else if err != nil {
		return exitFailed, err
	}
	return exitDone, nil
}
