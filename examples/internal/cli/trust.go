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

trust writes nothing, unless --fingerprint HOST=SHA256:… is given, once for each
key: then it writes those keys into the first known_hosts file of the Spec, and
no others. Compare the fingerprints with what the consoles of the hosts print of

    ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub

Where a host's address, user, keys, jump host or known_hosts are not in the Spec
but in a file of ssh, such as ~/.ssh/config, trust says which line of which file
they are from, and so do errors of connecting. A key that differs from a known
key of its type is refused. No other command learns a host's key.

The exit status is 0 if a key of each host is known, 2 if a host's key is not
known yet, and 1 if a host could not be asked or shows another key.`,
		Example: `  # show the keys
  cephstack trust -f cloud.yaml

  # learn a key, once its fingerprint was compared
  cephstack trust --fingerprint compute1=SHA256:jPd…`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return endWith(i.trust(cmd.Context())) },
	}
	i.specFlags(cmd)
	i.colorFlag(cmd)
	i.outputFlag(cmd, formatText, formatJSON)
	cmd.Flags().Func("fingerprint", "write the key of `HOST=SHA256:...` into the first known_hosts file of the Spec; "+
		"may be given again", i.fingerprint)
	complete(cmd, "fingerprint", i.completeFingerprint)
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
	files   []string // known_hosts of the Spec; the first one is written to
	targets map[string]remote.Config
	keys    []schema.HostKey
	errs    []error
	unknown int // hosts of which no key is known
	behind  int // hosts behind a jump host that is none to go through yet
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
	if targets, err = t.asked(targets); err != nil {
		return exitUsage, err
	}
	for _, wave := range ways {
		wave = slices.DeleteFunc(wave, func(c remote.Config) bool { return !asked(targets, c.Name) })
		if len(t.errs) > 0 || t.unknown > 0 {
			t.behind += len(wave)
			continue
		}
		t.scan(ctx, wave)
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
			t.errs = append(t.errs, o.Err)
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

// take compares a host's keys with those that are known, and learns what it may.
func (t *trust) take(host string, shown []hostkeys.Key) {
	files := t.filesOf(host)
	known, unknown, err := hostkeys.Check(files, shown)
	if err != nil {
		t.errs = append(t.errs, fmt.Errorf("%s: %w", host, err))
	}
	added := 0
	isKnown := func(print string) bool {
		return slices.ContainsFunc(known, func(k hostkeys.Key) bool { return k.Fingerprint == print })
	}
	if prints := slices.DeleteFunc(t.printsOf(host), isKnown); err == nil && len(prints) > 0 {
		if added, err = hostkeys.Trust(files[0], unknown, prints...); err != nil {
			t.errs = append(t.errs, fmt.Errorf("%s: %w", host, err))
		}
	}
	for _, k := range shown {
		state := schema.KeyChanged
		switch {
		case slices.Contains(known, k):
			state = schema.KeyKnown
		case added > 0 && slices.Contains(t.printsOf(host), k.Fingerprint):
			state = schema.KeyAdded
		case slices.Contains(unknown, k):
			state = schema.KeyUnknown
		}
		t.keys = append(t.keys, schema.HostKey{Host: host, Address: k.Address, Type: k.Type,
			Fingerprint: k.Fingerprint, State: state, From: t.targets[host].From})
	}
	if err == nil && added == 0 && len(known) == 0 {
		t.unknown++
	}
}

// end tells what was seen and done.
func (t *trust) end() (int, error) {
	var err error
	if t.format == formatJSON {
		err = encode(t.Stdout, schema.HostKeys{Format: schema.Format, Keys: t.keys}, "  ")
	} else {
		var b strings.Builder
		for i, k := range t.keys {
			if k.From != "" && (i == 0 || t.keys[i-1].Host != k.Host) {
				fmt.Fprintln(&b, oneLine(k.Host+": "+k.From))
			}
			fmt.Fprintln(&b, oneLine(fmt.Sprintf("%-9s %s (%s): %s %s", k.State, k.Host, k.Address, k.Type,
				k.Fingerprint)))
		}
		_, err = fmt.Fprint(t.Stdout, t.colored(t.Stdout, b.String()))
	}
	if err = errors.Join(append(t.errs, err)...); err != nil {
		return exitFailed, err
	}
	if t.unknown > 0 {
		fmt.Fprintf(t.Stderr, "Hosts of which no key is known: %d; nothing was written. Compare the fingerprints "+
			"with what "+
			"each host's console prints of\n"+
			"    ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub\n"+
			"and give those that agree: cephstack trust -f %s --fingerprint HOST=SHA256:… [--fingerprint …]\n",
			t.unknown, t.specFile())
		if t.behind > 0 {
			fmt.Fprintf(t.Stderr, "Hosts behind it, which are asked once its key is known: %d\n", t.behind)
		}
		return exitChanges, nil
	}
	return exitDone, nil
}
