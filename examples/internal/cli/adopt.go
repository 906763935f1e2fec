package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/integrate/adopt"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// An adoption is one run of the command adopt.
type adoption struct {
	drafting
	from, list string
	hosts      []map[string]string // name and address
}

// adoptCommand is the command adopt.
func (i *invocation) adoptCommand() *cobra.Command {
	a := &adoption{drafting: drafting{invocation: i}}
	cmd := &cobra.Command{
		Use:     "adopt",
		GroupID: groupPrepare,
		Short:   "Write the Spec of a cloud that is integrated already",
		Long: `Read a cloud that keeps data in Ceph already, whoever made it, and write the Spec
of it as it is. adopt reads the hosts, the clusters and the APIs, and changes
nothing there: it writes the Spec alone. A file that exists is only replaced with
--force. The new file has the mode 0600.

adopt needs the hosts, a host on which the ceph program works as client.admin, and
how hosts and APIs are reached. Flags say it, or a file for --from that looks as a
Spec, with clusters, hosts, ssh and cloud alone. The services on the hosts, their
layout and the release are found. The keys of the hosts have to be known:
cephstack trust -f learns them by the file of --from.

What cephstack would set otherwise, such as an option, the owner of a file or a
right, stays as it was found: keep in the Spec has an entry for each such
difference, with a comment. Entries that leave a known hole open come first.

Then adopt shows the plan of the Spec. What that plan would still change, and what
could not be decided, is in the file as comments, too.

The exit status is 0 if the plan is empty, 2 if the Spec was written and its plan
is not empty, and 1 if the Spec is not of the whole cloud, or was not written.`,
		Example: `  # a cloud of 400 computes
  cephstack adopt --cluster ceph01 --host controller --host 'compute[001-400]=10.1.0.[1-400]' \
      --user stack --sudo --cloud production

  # the same with the hosts in a file
  cephstack trust -f hosts.yaml
  cephstack adopt --from hosts.yaml -f cloud.yaml`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.cmd = cmd
			return endWith(a.run(cmd.Context()))
		},
	}
	a.flags(cmd)
	return cmd
}

func (a *adoption) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&a.file, "file", "f", "", "the `FILE` to write; - is standard output (default $"+fileVariable+", or "+
		defaultFile+")")
	fs.BoolVar(&a.force, "force", false, "replace a file that exists")
	fs.StringVar(&a.from, "from", "", "a `FILE` that looks as a Spec, and has clusters, hosts, ssh and cloud")
	fs.Func("cluster", "a Ceph cluster: `[NAME=]HOST`, the host on which the ceph program works as client.admin; "+
		"may be given again", a.cluster)
	fs.Func("host", "hosts to look at: `HOSTS[=ADDRESS]`, such as compute[1-9]=10.1.0.[1-9]; may be given again", a.host)
	fs.StringVar(&a.list, "hosts", "", "a `FILE` with a host on each line: its name, and its address if that is another")
	s := &a.answers.SSH
	fs.StringVar(&s.User, "user", "", "log in to hosts as `USER`")
	fs.StringArrayVar(&s.KeyFiles, "key", nil, "a private key `FILE`, relative to the folder of the Spec; may be "+
		"given again")
	fs.StringArrayVar(&s.KnownHosts, "known-hosts", nil, "a `FILE` with the keys of hosts, relative to the folder of the "+
		"Spec; may be given again")
	fs.StringVar(&s.Jump, "jump", "", "reach hosts through `[USER@]HOST[:PORT]`")
	fs.BoolVar(&s.Sudo, "sudo", false, "the user becomes root by sudo, without a password")
	fs.StringVar(&a.answers.Release, "release", "", "the OpenStack `RELEASE`, if no host tells it")
	fs.StringVar(&a.answers.Layout, "layout", "", "look for services of this `LAYOUT` alone: debian, rdo, upstart or "+
		"kolla")
	fs.StringVar(&a.cloud, "cloud", "", "the `ENTRY` of clouds.yaml; none leaves the APIs alone")
	fs.Var(&number{&a.parallel, 1}, "parallel", "work on at most this many hosts at once")
	fs.BoolVarP(&a.quiet, "quiet", "q", false, "print results and errors, and nothing of what is going on")
	for _, name := range []string{"cluster", "host", "user", "jump", "parallel"} {
		complete(cmd, name, cobra.NoFileCompletions)
	}
	for _, name := range []string{"file", "from", "hosts", "key", "known-hosts"} {
		complete(cmd, name, cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault))
	}
	words := map[string][]string{"layout": {"debian", "rdo", "upstart", "kolla"}, "cloud": {"none"},
		"release": {"zed", "2023.1", "2024.1", "2025.1", "2026.1"}}
	for name, all := range words {
		complete(cmd, name, cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp))
	}
}

// host takes hosts of a flag.
func (a *adoption) host(value string) error {
	name, address, _ := strings.Cut(value, "=")
	if name == "" {
		return errors.New("it is HOSTS or HOSTS=ADDRESS")
	}
	a.add(name, address)
	return nil
}

func (a *adoption) add(name, address string) {
	h := map[string]string{"name": name}
	if address != "" {
		h["address"] = address
	}
	a.hosts = append(a.hosts, h)
}

// run finds the Spec, and writes it.
func (a *adoption) run(ctx context.Context) (int, error) {
	file := a.specFile()
	if _, err := os.Lstat(file); file != stdin && err == nil && !a.force {
		return exitUsage, fmt.Errorf("%s exists; name another file with -f, or replace it with --force", file)
	}
	s, err := a.given(ctx, filepath.Dir(file))
	if err != nil {
		return exitUsage, err
	}
	told := a.progress("plan")
	a.share(told)
	var opened *connect.World
	defer func() {
		if opened != nil {
			opened.Close()
		}
	}()
	found, err := adopt.Adopt(ctx, adopt.Config{Spec: s, Parallel: a.parallel, Observer: told.event,
		Open: func(ctx context.Context, s spec.Spec) (world.World, error) {
			if opened != nil {
				opened.Close()
			}
			var err error
			if opened, err = a.Open(ctx, s); err != nil {
				return world.World{}, err
			}
			return opened.World, nil
		}})
	told.close()
	if err != nil {
		return statusOf(err), err
	}
	return a.tell(file, found)
}

// tell writes the Spec, and shows its plan.
func (a *adoption) tell(file string, found *adopt.Adoption) (int, error) {
	found.Spec.SSH.KeyFiles, found.Spec.SSH.KnownHosts = a.relative(found.Spec.SSH)
	text, err := found.Text()
	if err != nil {
		return exitFailed, err
	}
	to := a.Stdout
	if file == stdin {
		to = a.Stderr // the plan is for whoever looks
		_, err = io.WriteString(a.Stdout, text)
	} else if err = a.write(file, text); err == nil {
		_, err = fmt.Fprintf(a.Stdout, "%s is written. Its plan:\n", file)
	}
	if err == nil {
		_, err = io.WriteString(to, a.colored(to, found.Plan.String()))
	}
	switch {
	case err != nil:
		return exitFailed, err
	case len(found.Unread) > 0:
		return exitFailed, fmt.Errorf("the Spec is without %d hosts that could not be read; its comments say why",
			len(found.Unread))
	case !found.Plan.Empty() || len(found.Plan.Problems()) > 0:
		return exitChanges, nil
	}
	return exitDone, nil
}

// relative are the paths of keys as they were given by flags.
func (a *adoption) relative(s spec.SSH) (keys, known []string) {
	keys, known = s.KeyFiles, s.KnownHosts
	if a.cmd.Flags().Changed("key") {
		keys = a.answers.SSH.KeyFiles
	}
	if a.cmd.Flags().Changed("known-hosts") {
		known = a.answers.SSH.KnownHosts
	}
	return keys, known
}

// given is what flags and files say of the cloud.
func (a *adoption) given(ctx context.Context, dir string) (spec.Spec, error) {
	if a.list != "" {
		if err := a.readList(); err != nil {
			return spec.Spec{}, err
		}
	}
	form := map[string]any{"hosts": a.hosts, "clusters": a.answers.Clusters, "ssh": a.answers.SSH}
	if a.cloud == "none" {
		form["cloud"] = spec.Cloud{APIs: "none"}
	} else if a.cloud != "" {
		form["cloud"] = spec.Cloud{Name: a.cloud}
	}
	data, err := yaml.Marshal(form)
	if err != nil {
		return spec.Spec{}, err
	}
	s, err := spec.Read(strings.NewReader(string(data)), dir)
	if err == nil && a.from != "" {
		s, err = a.fromFile(ctx, s)
	}
	if err != nil {
		return s, err
	}
	if a.answers.Release != "" {
		s.Release = a.answers.Release
	}
	if a.answers.Layout != "" {
		s.Layout = a.answers.Layout
	}
	return s, a.enough(&s)
}

// fromFile is what the file of --from says. What flags say counts before it.
func (a *adoption) fromFile(ctx context.Context, flags spec.Spec) (spec.Spec, error) {
	i := &invocation{Program: a.Program}
	i.file = a.from
	from, err := i.source(ctx)
	if err != nil {
		return spec.Spec{}, err
	}
	s, err := from.parse(spec.Read)
	if err != nil {
		return s, err
	}
	s.Hosts, s.Clusters = append(s.Hosts, flags.Hosts...), append(s.Clusters, flags.Clusters...)
	if a.cloud != "" {
		s.Cloud = flags.Cloud
	}
	for _, f := range []struct{ to, flag *string }{{&s.SSH.User, &flags.SSH.User}, {&s.SSH.Jump, &flags.SSH.Jump}} {
		if *f.flag != "" {
			*f.to = *f.flag
		}
	}
	if len(flags.SSH.KeyFiles) > 0 {
		s.SSH.KeyFiles = flags.SSH.KeyFiles
	}
	if len(flags.SSH.KnownHosts) > 0 {
		s.SSH.KnownHosts = flags.SSH.KnownHosts
	}
	s.SSH.Sudo = s.SSH.Sudo || flags.SSH.Sudo
	return s, nil
}

// enough says what is missing. The host of a cluster need not be named once more.
func (a *adoption) enough(s *spec.Spec) error {
	if len(s.Clusters) == 0 {
		return errors.New("--cluster is missing: name the host on which the ceph program works as client.admin")
	}
	if len(s.Hosts) == 0 {
		return errors.New("no host is named: give --host, --hosts or --from")
	}
	for _, c := range s.Clusters {
		known := c.Host == ""
		for _, h := range s.Hosts {
			known = known || h.Name == c.Host
		}
		if !known {
			s.Hosts = append(s.Hosts, spec.Host{Name: c.Host})
		}
	}
	return nil
}

// readList takes the hosts of a file: a name on each line, and an address behind it.
func (a *adoption) readList() error {
	f, err := os.Open(a.list)
	if err != nil {
		return fmt.Errorf("--hosts: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxInput))
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		switch words := strings.Fields(line); len(words) {
		case 0:
		case 1:
			a.add(words[0], "")
		case 2:
			a.add(words[0], words[1])
		default:
			return fmt.Errorf("--hosts: %s:%d: a line is a name, and an address behind it", a.list, n)
		}
	}
	return lines.Err()
}
