package cli

import "github.com/spf13/cobra"

// retireName is the name of the command retire.
const retireName = "retire"

// retireCommand is the command retire.
func (i *invocation) retireCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     retireName,
		GroupID: groupAfter,
		Short:   "Take the whole integration out of the cloud again",
		Long: `Show what would be taken back, ask for an approval, and take it back: the options
of the services that have the value which cephstack gives them, libvirt's secrets,
keyrings, ceph.conf, and the Ceph users last. The services are restarted.

Nothing is taken back from a compute that still has VMs, nothing that depends on a
pool which still has images, and nothing while the APIs do not answer. What is not
provably cephstack's stays, and so do pools and data, packages, volume types, and
what prepare has made: the plan says how to remove it by hand.

To take out a part, write retire into the Spec, and apply it:
  hosts[].retire: [nova-compute]      these services leave that host
  cinder.backends[].retire: true      a backend; glance.stores[].retire as well
  glance, backup, nova: {retire: true}
With retire: true at the top of the Spec, 'cephstack plan' shows what this command
does.

` + rolloutLong,
		Example: `  # show what goes, and ask
  cephstack retire -f cloud.yaml

  # for a program
  cephstack retire --yes --output json

  # two computes first; the others only if both end well
  cephstack retire --canaries 2 --max-failed 3`,
		Args:    noArguments,
		PreRunE: func(cmd *cobra.Command, _ []string) error { return i.asks(cmd.Name()) },
		RunE:    i.connected((*command).apply),
	}
	i.specFlags(cmd)
	i.lookFlags(cmd)
	i.outputFlag(cmd, formatText, formatJSON)
	i.fullFlag(cmd)
	i.rolloutFlags(cmd)
	return cmd
}
