package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/schema"
	"github.com/cephstack/cephstack/integrate/spec"
)

// operator is the user that rights are printed for, where the Spec names none.
const operator = "cephstack"

// rightsFor are the commands that rights are for.
func rightsFor() []string { return []string{"plan", "apply", "verify", "rotate"} }

// rightsCommand is the command rights.
func (i *invocation) rightsCommand() *cobra.Command {
	var of, cluster string
	cmd := &cobra.Command{
		Use:     "rights",
		GroupID: groupPrepare,
		Short:   "Print the commands that make a Ceph user below client.admin for cephstack",
		Long: `Print the commands of ceph that make a user with which cephstack can work on the
clusters of the Spec, in place of client.admin. They have the least rights for a
plan, an apply and a verification of this Spec; those of apply include the others.
A Spec with rotations has those of a rotation, too, which include all. rights
connects to nothing.

The user is that of clusters[].user in the Spec, or client.cephstack where the
Spec names none. A Spec that asks for other pools or users needs other rights.
Ceph does not change the rights of a user who is there by get-or-create: write
'auth caps' in its place.`,
		Example: `  # what does a user need that does all?
  cephstack rights --for apply

  # the user of a drift check, in one of the clusters
  cephstack rights --for plan --cluster ceph`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return endWith(i.rights(cmd.Context(), of, cluster)) },
	}
	i.fileFlag(cmd)
	i.outputFlag(cmd, formatText, formatJSON)
	cmd.Flags().Var(&choice{&of, rightsFor()}, "for", "only the rights for this `COMMAND`: "+or(rightsFor()))
	complete(cmd, "for", cobra.FixedCompletions(rightsFor(), cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().StringVar(&cluster, "cluster", "", "only the rights in this cluster `NAME`")
	complete(cmd, "cluster", i.completeClusters)
	return cmd
}

// rights prints the rights for a command, or for all of them, in a cluster, or in all of them.
func (i *invocation) rights(ctx context.Context, of, cluster string) (int, error) {
	from, err := i.source(ctx)
	if err != nil {
		return exitUsage, err
	}
	s, err := from.parse(spec.Load)
	if err != nil {
		return exitUsage, err
	}
	known, all := map[string]bool{}, []schema.OperatorRight{}
	for _, c := range s.Clusters {
		known[c.Name] = true
		if cluster == "" || c.Name == cluster {
			all = append(all, rightsIn(s, c)...)
		}
	}
	if cluster != "" && !known[cluster] {
		return exitUsage, fmt.Errorf("--cluster: the Spec has no cluster %q%s", cluster, spec.DidYouMean(cluster, known))
	}
	all = slices.DeleteFunc(all, func(r schema.OperatorRight) bool { return of != "" && r.For != of })
	c := &command{invocation: i}
	if err := c.print(schema.OperatorRights{Format: schema.Format, Rights: all}, rightsText(all)); err != nil {
		return exitFailed, err
	}
	return exitDone, nil
}

// rightsIn are the rights in a cluster, for each command.
func rightsIn(s spec.Spec, c spec.Cluster) []schema.OperatorRight {
	user := c.User
	if user == "" || user == "admin" { // whose rights are not to become less
		user = operator
	}
	rights := connect.RightsFor(s, c.Name)
	var all []schema.OperatorRight
	for i, caps := range []map[string]string{rights.Plan, rights.Apply, rights.Verify, rights.Rotate} {
		if len(caps) == 0 { // nothing to rotate there
			continue
		}
		all = append(all, schema.OperatorRight{Cluster: c.Name, User: "client." + user, For: rightsFor()[i], Caps: caps})
	}
	return all
}

// rightsText are rights as commands of ceph. Each right is in one line: Ceph does not read all rights that have more.
func rightsText(all []schema.OperatorRight) string {
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "# cluster %s, %s\nceph auth get-or-create %s", r.Cluster, r.For, cephstack.ShellQuote(r.User))
		for _, daemon := range []string{"mon", "osd"} {
			if caps := r.Caps[daemon]; caps != "" {
				fmt.Fprintf(&b, " \\\n  %s %s", daemon, cephstack.ShellQuote(caps))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
