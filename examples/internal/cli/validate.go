package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate/spec"
)

// validateCommand is the command validate.
func (i *invocation) validateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "validate",
		GroupID: groupPrepare,
		Short:   "Tell the faults of a Spec, or what it describes; connect to nothing",
		Long: `Read the Spec, and connect to nothing. If the Spec has faults, all of them are
told, each with its line; those of other fields than a Spec has come first, alone.
Otherwise validate tells what the Spec describes: its clusters, hosts and
services, and the pools and users that follow from them.

validate looks at the text alone, so that it says the same on each machine. It
does not look for the files that the Spec names, such as keys and known_hosts, nor
at the files of ssh: plan does.

The exit status is 0 if the Spec has no fault, and 3 if it has.`,
		Example: `  # is the file right, and does it describe the hosts that I mean?
  cephstack validate -f cloud.yaml

  # a Spec that a program writes
  ./inventory.py | cephstack validate -f -`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return endWith(i.validate(cmd.Context())) },
	}
	i.fileFlag(cmd)
	return cmd
}

func (i *invocation) validate(ctx context.Context) (int, error) {
	from, err := i.source(ctx)
	if err != nil {
		return exitUsage, err
	}
	s, err := from.parse(spec.Load)
	if err != nil {
		return exitUsage, err
	}
	if _, err := io.WriteString(i.Stdout, printable(from.text().Name()+" is a valid Spec.\n"+described(s))); err != nil {
		return exitFailed, err
	}
	return exitDone, nil
}

// described tells what a valid Spec describes, in a few lines.
func described(s spec.Spec) string {
	var b strings.Builder
	line := func(what, is string) { fmt.Fprintf(&b, "  %-9s %s\n", what, is) }
	if s.Release == "" {
		line("release", "left out: the hosts tell it")
	} else {
		line("release", s.Release)
	}
	clusters, hosts := make([]string, len(s.Clusters)), make([]string, len(s.Hosts))
	for i, c := range s.Clusters {
		clusters[i] = c.Name
	}
	on := map[string][]string{}
	for i, h := range s.Hosts {
		hosts[i] = h.Name
		for _, service := range h.Services {
			on[service] = append(on[service], h.Name)
		}
	}
	line("clusters", strings.Join(clusters, ", "))
	line("hosts", numbered(hosts))
	what := "services"
	for _, service := range spec.ServiceNames() {
		if names := on[service]; len(names) > 0 {
			line(what, service+" on "+numbered(names))
			what = ""
		}
	}
	for _, c := range s.WithDefaults().Clusters {
		if pools, users := inCluster(s, c); len(pools)+len(users) > 0 {
			line("in "+c.Name, "pools "+strings.Join(pools, ", "))
			line("", "users "+strings.Join(users, ", "))
		}
	}
	return b.String()
}

// inCluster are the pools and users that a Spec asks for in a cluster, sorted.
func inCluster(s spec.Spec, c spec.Cluster) (pools, users []string) {
	for _, p := range c.Pools {
		pools = append(pools, p.Name)
	}
	for _, u := range s.Uses() {
		if u.User.Cluster == c.Name {
			pools, users = append(pools, u.Pool, u.DataPool), append(users, u.User.Entity)
		}
	}
	slices.Sort(pools)
	slices.Sort(users)
	pools = slices.DeleteFunc(slices.Compact(pools), func(name string) bool { return name == "" })
	return pools, slices.Compact(users)
}

// numbered are names, folded, with their number where that is not plain.
func numbered(names []string) string {
	folded := strings.Join(spec.FoldNames(names), ", ")
	if len(names) == 1 {
		return folded
	}
	return fmt.Sprintf("%s (%d hosts)", folded, len(names))
}
