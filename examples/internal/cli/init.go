package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/spec/draft"
)

// A drafting is one run of the command init.
type drafting struct {
	*invocation
	cmd     *cobra.Command
	answers draft.Answers
	on      map[string]*[]string // hosts, by flag
	pools   map[string]string    // by flag of the service
	cloud   string
	ask     bool
	force   bool
}

// drafted are the services, by the flags that name their hosts.
func drafted() [][3]string {
	return [][3]string{{"glance", "glance-api", "images"}, {"cinder", "cinder-volume", "volumes"},
		{"backup", "cinder-backup", "backups"}, {"nova", "nova-compute", "vms"}}
}

// initCommand is the command init.
func (i *invocation) initCommand() *cobra.Command {
	d := &drafting{invocation: i, on: map[string]*[]string{}, pools: map[string]string{}}
	cmd := &cobra.Command{
		Use:     "init",
		GroupID: groupPrepare,
		Short:   "Write a first Spec, with comments",
		Long: `Write a first Spec, with comments.

The Spec says which Ceph clusters there are, which services run on which hosts,
and how hosts are reached. On a terminal, init asks for what no flag says; an
empty answer takes what is in brackets. It asks nothing where flags name a
cluster and the hosts of a service, and where standard input is not a terminal.

The file is valid, and has further fields as comments: cephstack explain FIELD
tells what they mean. A file that exists is only replaced with --force. The new
file has the mode 0600. init connects to nothing.`,
		Example: `  # answer a few questions
  cephstack init

  # the same without questions
  cephstack init --cluster ceph01 --glance controller --cinder controller \
      --nova 'compute[001-400]' --address 'compute[001-400]=10.1.0.[1-400]' \
      --user stack --sudo --cloud production`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.cmd = cmd
			return endWith(d.run(cmd.Context()))
		},
	}
	d.flags(cmd)
	return cmd
}

func (d *drafting) flags(cmd *cobra.Command) {
	fs, a := cmd.Flags(), &d.answers
	fs.StringVarP(&d.file, "file", "f", "", "the `FILE` to write; - is standard output (default $"+fileVariable+", or "+
		defaultFile+")")
	fs.BoolVar(&d.force, "force", false, "replace a file that exists")
	fs.BoolVar(&d.ask, "ask", false, "ask for what no flag says, also where standard input is not a terminal")
	fs.Func("cluster", "a Ceph cluster: `[NAME=]HOST`, the host on which the ceph program works as client.admin; "+
		"may be given again", d.cluster)
	for _, s := range drafted() {
		d.on[s[0]] = new([]string)
		fs.Func(s[0], "the `HOSTS` with "+s[1]+": names and ranges with commas between them", list(d.on[s[0]]))
	}
	fs.Func("pool", "the pool of a service: `SERVICE=POOL`, such as glance=images; may be given again", d.pool)
	fs.Func("address", "where hosts are reached: `HOSTS=ADDRESS`, such as compute[1-9]=10.1.0.[1-9]; may be given again",
		d.address)
	fs.StringVar(&a.SSH.User, "user", "", "log in to hosts as `USER`")
	fs.StringArrayVar(&a.SSH.KeyFiles, "key", nil, "a private key `FILE`, relative to the folder of the Spec; may be "+
		"given again")
	fs.StringArrayVar(&a.SSH.KnownHosts, "known-hosts", nil, "a `FILE` with the keys of hosts, relative to the folder of "+
		"the Spec; may be given again")
	fs.StringVar(&a.SSH.Jump, "jump", "", "reach hosts through `[USER@]HOST[:PORT]`")
	fs.BoolVar(&a.SSH.Sudo, "sudo", false, "the user becomes root by sudo, without a password")
	fs.StringVar(&a.Release, "release", "", "the OpenStack `RELEASE`; the hosts tell it when left out")
	fs.StringVar(&a.Layout, "layout", "", "the `LAYOUT` of hosts: debian, rdo, upstart or kolla")
	fs.StringVar(&d.cloud, "cloud", "", "the `ENTRY` of clouds.yaml; none leaves the APIs alone")
	d.completions(cmd)
}

func (d *drafting) completions(cmd *cobra.Command) {
	complete(cmd, "file", cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt))
	for _, name := range []string{"cluster", "glance", "cinder", "backup", "nova", "address", "user", "jump"} {
		complete(cmd, name, cobra.NoFileCompletions)
	}
	for _, name := range []string{"key", "known-hosts"} {
		complete(cmd, name, cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault))
	}
	words := map[string][]string{"layout": {"debian", "rdo", "upstart", "kolla"}, "cloud": {"none"},
		"pool": {"glance=", "cinder=", "backup=", "nova="}, "release": {"zed", "2023.1", "2024.1", "2025.1", "2026.1"}}
	for name, all := range words {
		complete(cmd, name, cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp))
	}
}

func (d *drafting) cluster(value string) error {
	name, host, named := strings.Cut(value, "=")
	if !named {
		name, host = "ceph", value
	}
	if name == "" || host == "" {
		return errors.New("it is NAME=HOST or HOST")
	}
	d.answers.Clusters = append(d.answers.Clusters, spec.Cluster{Name: name, Host: host})
	return nil
}

func (d *drafting) pool(value string) error {
	service, pool, _ := strings.Cut(value, "=")
	if d.on[service] == nil || pool == "" {
		return errors.New("it is SERVICE=POOL, and services are glance, cinder, backup and nova")
	}
	d.pools[service] = pool
	return nil
}

func (d *drafting) address(value string) error {
	hosts, address, _ := strings.Cut(value, "=")
	if hosts == "" || address == "" {
		return errors.New("it is HOSTS=ADDRESS")
	}
	d.answers.Addresses = append(d.answers.Addresses, draft.Address{Hosts: hosts, Address: address})
	return nil
}

// run asks for what is missing, and writes the file.
func (d *drafting) run(ctx context.Context) (int, error) {
	enough := len(d.answers.Clusters) > 0
	services := false
	for _, s := range drafted() {
		services = services || len(*d.on[s[0]]) > 0
	}
	file := d.specFile()
	if _, err := os.Lstat(file); file != stdin && err == nil && !d.force {
		return exitUsage, fmt.Errorf("%s exists; name another file with -f, or replace it with --force", file)
	}
	switch {
	case d.ask || !(enough && services) && isTerminal(d.Stdin):
		if err := d.questions(ctx); err != nil {
			return exitFailed, err
		}
	case !enough:
		return exitUsage, errors.New("--cluster is missing: name the host on which the ceph program works as client.admin")
	case !services:
		return exitUsage, errors.New("no service is named: give --glance, --cinder, --backup or --nova with its hosts")
	}
	a := d.answers
	a.Services = map[string]draft.Service{}
	for _, s := range drafted() {
		if hosts := *d.on[s[0]]; len(hosts) > 0 {
			a.Services[s[1]] = draft.Service{Hosts: hosts, Pool: d.pools[s[0]]}
		} else if d.pools[s[0]] != "" {
			return exitUsage, fmt.Errorf("--pool %s=%s: no host has the service; give --%[1]s its hosts", s[0], d.pools[s[0]])
		}
	}
	if a.Cloud, a.NoAPIs = d.cloud, d.cloud == "none"; a.NoAPIs {
		a.Cloud = ""
	}
	text, err := a.Text()
	if err != nil {
		return exitUsage, err
	}
	if file == stdin {
		_, err := io.WriteString(d.Stdout, text)
		return exitDone, err
	}
	if err := d.write(file, text); err != nil {
		return exitFailed, err
	}
	_, err = fmt.Fprintf(d.Stdout, "%s is written. Read it, and then run: cephstack trust -f %[1]s\n", file)
	return exitDone, err
}

// write makes the file as a whole, or not at all. A file that is there, or that somebody makes meanwhile, is only
// replaced with --force. The mode is 0600.
func (d *drafting) write(file, text string) (err error) {
	var f *os.File
	if d.force {
		f, err = os.CreateTemp(filepath.Dir(file), ".cephstack-init-*")
	} else {
		f, err = os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil && d.force {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// isTerminal reports whether somebody can type there.
func isTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && f.Name() != os.DevNull
}

// questions asks for what no flag says.
func (d *drafting) questions(ctx context.Context) error {
	q := &asking{ctx: ctx, in: bufio.NewReader(d.Stdin), out: d.Stderr}
	a := &d.answers
	if len(a.Clusters) == 0 {
		name := q.text("Name of the Ceph cluster", "ceph")
		host := q.text("Host on which the ceph program works as client.admin", "")
		q.take(d.cluster(name + "=" + host))
	}
	same := "none"
	for _, s := range drafted() {
		if !d.given(s[0]) {
			if s[0] == "nova" {
				same = "none" // computes are other hosts
			}
			if hosts := q.text("Hosts with "+s[1]+", such as host1,host[02-40]; none to leave it out", same); hosts != "none" {
				q.take(list(d.on[s[0]])(hosts))
				same = hosts
			}
		}
		if len(*d.on[s[0]]) > 0 && d.pools[s[0]] == "" {
			d.pools[s[0]] = q.text("Its pool", s[2])
		}
	}
	q.flag(d, "user", "User to log in to hosts as; empty for that of ssh's files", &a.SSH.User)
	if !d.given("sudo") && a.SSH.User != "" && a.SSH.User != "root" {
		a.SSH.Sudo = strings.HasPrefix(strings.ToLower(q.text("Does the user become root by sudo?", "yes")), "y")
	}
	if !d.given("key") {
		if key := q.text("Private key file; empty for those of ssh's files and the agent", ""); key != "" {
			a.SSH.KeyFiles = []string{key}
		}
	}
	q.flag(d, "jump", "Jump host, as user@host; empty for none", &a.SSH.Jump)
	q.flag(d, "release", "OpenStack release, such as zed; empty: the hosts tell it", &a.Release)
	q.flag(d, "cloud", "Entry of clouds.yaml; none leaves the APIs alone; empty for that of OS_CLOUD", &d.cloud)
	return q.err
}

// given reports whether a flag was given.
func (d *drafting) given(flag string) bool { return d.cmd.Flags().Changed(flag) }

// An asking asks questions, until an error.
type asking struct {
	ctx context.Context
	in  *bufio.Reader
	out io.Writer
	err error
}

func (q *asking) take(err error) {
	if q.err == nil {
		q.err = err
	}
}

// flag asks for what a flag does not say.
func (q *asking) flag(d *drafting, flag, question string, into *string) {
	if !d.given(flag) {
		*into = q.text(question, "")
	}
}

// text is an answer without the space around it; standard where it is empty.
func (q *asking) text(question, standard string) string {
	if q.err != nil {
		return standard
	}
	shown := ""
	if standard != "" {
		shown = " [" + standard + "]"
	}
	fmt.Fprintf(q.out, "%s%s: ", question, shown)
	type answer struct {
		line string
		err  error
	}
	given := make(chan answer, 1)
	go func() {
		line, err := q.in.ReadString('\n')
		given <- answer{line, err}
	}()
	select {
	case <-q.ctx.Done():
		q.err = context.Cause(q.ctx)
	case a := <-given:
		if a.err != nil && a.line == "" {
			q.err = errors.New("the answers ended before the questions: nothing was written")
		}
		return cmp.Or(strings.TrimSpace(a.line), standard)
	}
	return standard
}
