package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/schema"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/hostkeys"
)

// trustCommand is the command trust.
func (i *invocation) trustCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "trust",
		GroupID: groupPrepare,
		Short:   "Show the SSH keys of the hosts, and learn those that you confirm",
		Long: `Show the SSH keys of the hosts, and of the jump host before those behind it.

A key is written into the first known_hosts file of the Spec (~/.ssh/known_hosts,
if neither the Spec nor a file of ssh names another), once you say that it is right:

  --keys FILE  has what you know of the keys from another place than the network:
               lines of known_hosts, the output of ssh-keygen -l, and the consoles
               of cloud-init, of any number of hosts. Of each host that FILE names
               (by its name or address), the keys that agree are written. A host
               that shows another key than FILE has for it is refused.
  --fingerprint HOST=SHA256:…  is the same for one key; it may be given again.
  On a terminal, trust asks after it has shown the keys. Answer yes once you
  have compared them: no other word counts, and there is no flag for it.

Compare the fingerprints with what the consoles of the hosts print of

    ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub

ssh-keyscan asks over the network, as trust does: its output proves nothing,
unless it is made on the host itself or in a network that you trust.

Where a host's address, user, keys, jump host or known_hosts are not in the Spec
but in a file of ssh, such as ~/.ssh/config, trust says which line of which file
they are from, and so do errors of connecting. A key that differs from a known
key of its type is refused. No other command learns a host's key.

The exit status is 0 if a key of each host is known, 2 if a host's key is not
known yet, and 1 if a host could not be asked or shows another key.`,
		Example: `  # show the keys
  cephstack trust -f cloud.yaml

  # learn the keys of all hosts that agree with what their deployment has kept
  cephstack trust --keys consoles.txt

  # learn a key, once its fingerprint was compared
  cephstack trust --fingerprint compute1=SHA256:jPd…

  # the hosts of one rack
  cephstack trust --limit 'compute[001-040]'`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return endWith(i.trust(cmd.Context())) },
	}
	i.specFlags(cmd)
	i.colorFlag(cmd)
	i.outputFlag(cmd, formatText, formatJSON)
	cmd.Flags().Func("fingerprint", "write the key of `HOST=SHA256:...` into the first known_hosts file of the Spec; "+
		"may be given again", i.fingerprint)
	complete(cmd, "fingerprint", i.completeFingerprint)
	cmd.Flags().StringVar(&i.keysFile, "keys", "", "write the keys that agree with this `FILE` of known_hosts lines, "+
		"ssh-keygen -l output or console logs")
	complete(cmd, "keys", cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault))
	i.limitFlag(cmd)
	return cmd
}

// fingerprint takes a flag's value.
func (o *options) fingerprint(value string) error {
	host, print, ok := strings.Cut(value, "=")
	if !ok || host == "" || !strings.HasPrefix(print, "SHA256:") {
		return errors.New("it is HOST=SHA256:…, as ssh-keygen -l prints it")
	}
	o.prints = append(o.prints, fingerprint{host, print})
	return nil
}

// A trust is one run of the command.
type trust struct {
	*invocation
	files    []string // known_hosts of the Spec; the first one is written to
	targets  map[string]remote.Config
	verified map[string][]hostkeys.Verified // of the file of --keys
	keys     []schema.HostKey
	shown    int // how many of keys were shown, before a question
	errs     []error
	faults   []fault       // of hosts
	unknown  []unknownHost // hosts of which no key is known
	behind   int           // hosts behind a jump host whose key is not known yet
}

// An unknownHost is a host of which no key is known, with the keys that it shows.
type unknownHost struct {
	name string
	keys []hostkeys.Key
}

// trust shows the keys of all hosts, or writes those down whose fingerprints are
// given, of these hosts alone.
func (i *invocation) trust(ctx context.Context) (int, error) {
	from, err := i.source(ctx)
	if err != nil {
		return exitUsage, err
	}
	s, err := from.parse(spec.Read)
	if err != nil {
		return exitUsage, err
	}
	targets, err := connect.KeyTargets(s)
	if err != nil {
		return statusOf(err), err
	}
	t := &trust{invocation: i, files: s.SSH.KnownHosts, keys: []schema.HostKey{}, targets: map[string]remote.Config{}}
	for _, c := range targets {
		t.targets[c.Name] = c
	}
	ways := waves(targets)
	if targets, err = t.limited(from, s, targets); err != nil {
		return exitUsage, err
	}
	if targets, err = t.asked(targets); err != nil {
		return exitUsage, err
	}
	if err := t.readKeys(ctx, targets); err != nil {
		return exitUsage, err
	}
	for _, wave := range ways {
		wave = slices.DeleteFunc(wave, func(c remote.Config) bool { return !asked(targets, c.Name) })
		if len(t.faults) > 0 || len(t.unknown) > 0 {
			t.behind += len(wave)
			continue
		}
		t.scan(ctx, wave)
		if err := t.question(ctx); err != nil {
			t.errs = append(t.errs, err)
			break
		}
	}
	return t.end()
}

// waves are the jump hosts in the order in which they lead to each other, and then all other targets.
func waves(targets []remote.Config) [][]remote.Config {
	jumps := map[string]bool{}
	for _, c := range targets {
		for j := c.Jump; j != nil; j = j.Jump {
			jumps[j.Address] = true
		}
	}
	var ways [][]remote.Config
	var last []remote.Config
	for _, c := range targets {
		if !jumps[c.Address] {
			last = append(last, c)
			continue
		}
		depth := 0
		for j := c.Jump; j != nil; j = j.Jump {
			depth++
		}
		for len(ways) <= depth {
			ways = append(ways, nil)
		}
		ways[depth] = append(ways[depth], c)
	}
	return append(ways, last)
}

func asked(targets []remote.Config, name string) bool {
	return slices.ContainsFunc(targets, func(c remote.Config) bool { return c.Name == name })
}

// filesOf are the known_hosts files for a host.
func (t *trust) filesOf(host string) []string {
	if own := t.targets[host].KnownHosts; len(own) > 0 {
		return own
	}
	return t.files
}

// asked are the targets that have a fingerprint given, or all without any.
func (t *trust) asked(targets []remote.Config) ([]remote.Config, error) {
	if len(t.prints) == 0 {
		return targets, nil
	}
	var errs []error
	for _, f := range t.prints {
		if !slices.ContainsFunc(targets, func(c remote.Config) bool { return c.Name == f.host }) {
			errs = append(errs, fmt.Errorf("--fingerprint: %q is not a host of the Spec", f.host))
		}
	}
	return slices.DeleteFunc(targets, func(c remote.Config) bool {
		return len(t.printsOf(c.Name)) == 0
	}), errors.Join(errs...)
}

func (t *trust) printsOf(host string) (prints []string) {
	for _, f := range t.prints {
		if f.host == host {
			prints = append(prints, f.print)
		}
	}
	return prints
}

// scan asks hosts at once, and then takes in one after the other.
func (t *trust) scan(ctx context.Context, targets []remote.Config) {
	byName := map[string]remote.Config{}
	var names []string
	for _, c := range targets {
		c.Jump = withFilesThere(c.Jump)
		byName[c.Name] = c
		names = append(names, c.Name)
	}
	for _, o := range remote.Each(ctx, names, t.parallel, func(ctx context.Context, name string) ([]hostkeys.Key,
		error) {
		return byName[name].ScanHostKeys(ctx)
	}) {
		if o.Err != nil {
			t.faults = append(t.faults, fault{o.Name, o.Err})
			continue
		}
		t.take(o.Name, o.Value)
	}
}

// withFilesThere is a jump host, and those before it, with the files of host keys that are there.
func withFilesThere(c *remote.Config) *remote.Config {
	if c == nil {
		return nil
	}
	jump := *c
	jump.KnownHosts, jump.Jump = there(jump.KnownHosts), withFilesThere(jump.Jump)
	return &jump
}

// there are the files that are there, if any are: that the first one is only to be
// written does not keep the others from telling the jump host's key.
func there(files []string) []string {
	some := slices.DeleteFunc(slices.Clone(files), func(file string) bool {
		_, err := os.Stat(file)
		return errors.Is(err, fs.ErrNotExist)
	})
	if len(some) == 0 {
		return files
	}
	return some
}
