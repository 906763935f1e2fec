package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate/audit"
)

// auditCommand is the command audit.
func (i *invocation) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "audit",
		GroupID: groupAfter,
		Short:   "Find what is true about the cloud's data and credentials that no Spec says",
		Long:    auditLong,
		Example: `  cephstack audit

  # the data alone, for a program
  cephstack audit --part data --output json

  # somebody keeps images of their own in the pool of VM disks
  cephstack audit --ignore 'vms/golden-*'`,
		Args:    noArguments,
		PreRunE: func(*cobra.Command, []string) error { return i.audits() },
		RunE:    i.connected((*command).audit),
	}
	i.specFlags(cmd)
	i.lookFlags(cmd)
	i.outputFlag(cmd, formatText, formatJSON)
	i.fullFlag(cmd)
	fs := cmd.Flags()
	fs.Func("part", "make only these `PARTS` of the audit: data, hosts; with commas between them", i.part)
	fs.Func("ignore", "leave out RBD images of this `PATTERN`, such as 'vms/golden-*': they are somebody else's; may be "+
		"given again", func(value string) error { i.auditing.Ignore = append(i.auditing.Ignore, value); return nil })
	fs.IntVar(&i.auditing.Open, "open", 0, "open at most `N` RBD images, the newest, to see whether they are "+
		"clones and have the right snapshots; 0 is 2000, a negative number none")
	fs.Var(&span{&i.auditing.Patience}, "patience", "how long an object may be on its way, such as creating or deleting; "+
		"0 is 2h")
	fs.Var(&span{&i.auditing.Pause}, "pause", "look a second time, after this time, at what the first look suspects; "+
		"0 is 30s")
	complete(cmd, "part", cobra.FixedCompletions([]string{"data", "hosts"}, cobra.ShellCompDirectiveNoFileComp))
	for _, name := range []string{"ignore", "open", "patience", "pause"} {
		complete(cmd, name, cobra.NoFileCompletions)
	}
	return cmd
}

const auditLong = `Find what is true about the cloud's data and credentials that no Spec says.
audit only reads, and needs no lock.

The part data compares the objects of Glance, Cinder and Nova with the RBD
images of the Spec's pools: images that nobody owns, objects without an image,
images that cannot be cloned, volumes that Nova and Cinder do not agree upon.
The part hosts looks at credentials, rights and known holes.

What the first look at data suspects is looked at a second time after --pause.
What came, went or ended in between is not a finding. So an audit without
suspects takes no longer than its lists.

Each finding has its evidence and what to do next. audit itself removes
nothing. 'cephstack explain CODE' tells more about a code, which is in brackets.

Exit status: 0 nothing was found, 2 something was found, 1 a part could not be
told, which --output json names in the field unable.`

// part takes a flag's list of parts.
func (i *invocation) part(value string) error {
	for name := range strings.SplitSeq(value, ",") {
		if name != string(audit.Data) && name != string(audit.Hosts) {
			return errors.New("it is data or hosts")
		}
		i.auditing.Parts = append(i.auditing.Parts, audit.Part(name))
	}
	return nil
}

// audits is what is wrong with the flags of audit.
func (i *invocation) audits() error { return i.auditing.Check() }

func (c *command) audit(ctx context.Context) (int, error) {
	report, err := audit.Run(ctx, c.cfg, c.auditing)
	text := report.String()
	if c.full {
		text = report.Full()
	}
	if err := errors.Join(c.print(report, text), err); err != nil {
		return exitFailed, err
	}
	if len(report.Findings) > 0 {
		return exitChanges, nil
	}
	return exitDone, nil
}
