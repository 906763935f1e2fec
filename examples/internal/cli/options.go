package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// options are the flags of all commands; each command has those that it uses.
type options struct {
	command  string
	file     string
	json     bool
	full     bool
	yes      bool
	planFile string
	static   bool
	image    string
	flavor   string
	clean    bool
	older    time.Duration
	computes []string
	guests   int
	checks   []string
	timeout  time.Duration
	limits   integrate.ApplyOptions
	only     integrate.Scope
	parallel int
	prints   []fingerprint
}

// A fingerprint is that of a host's key, from somewhere else than the host.
type fingerprint struct{ host, print string }

var errUsage = errors.New("wrong usage")

// parse says on stderr what is wrong. The error is errUsage, flag.ErrHelp, or
// that of a flag.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	const usage = "usage: cephstack trust|plan|apply|converge|verify -f cloud.yaml [flags]; " +
		"cephstack COMMAND -h tells the flags"
	if len(args) == 0 {
		fmt.Fprintln(stderr, usage)
		return o, errUsage
	}
	if slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0]) {
		fmt.Fprintln(stderr, usage)
		return o, flag.ErrHelp
	}
	o.command = args[0]
	fs, err := o.flags()
	if err != nil {
		fmt.Fprintln(stderr, "cephstack:", err)
		return o, errUsage
	}
	fs.SetOutput(stderr)
	if err := fs.Parse(args[1:]); err != nil {
		return o, err
	}
	if fault := o.fault(fs.Args()); fault != "" {
		fmt.Fprintln(stderr, "cephstack:", fault)
		return o, errUsage
	}
	return o, nil
}

// flags are those of the command.
func (o *options) flags() (*flag.FlagSet, error) {
	fs := flag.NewFlagSet("cephstack "+o.command, flag.ContinueOnError)
	fs.StringVar(&o.file, "f", "cloud.yaml", "the Spec `file`")
	fs.IntVar(&o.parallel, "parallel", 32, "work on at most this many hosts at once")
	jsonIs := "print JSON on standard output"
	switch o.command {
	case "trust":
		fs.Func("fingerprint", "write the key of `HOST=SHA256:…` into the first known_hosts file of the Spec; "+
			"may be given again", o.fingerprint)
	case "plan":
		o.fullPlan(fs)
	case "apply":
		o.fullPlan(fs)
		fs.StringVar(&o.planFile, "plan", "", "apply this plan `file` (from plan --json) and nothing else")
		o.rollout(fs)
	case "converge":
		jsonIs = "print a line of JSON on standard output for each cluster, each host and the APIs, and one for the whole"
		o.rollout(fs)
	case "verify":
		o.verifying(fs)
	default:
		return nil, fmt.Errorf("unknown command %q; the commands are trust, plan, apply, converge and verify", o.command)
	}
	if o.command != "trust" {
		fs.Func("hosts", "only these `HOST,HOST,…` and what they need; compute[001-010] is ten of them", names(&o.only.Hosts))
		fs.Func("clusters", "only these `CLUSTER,CLUSTER,…`, and the hosts of --hosts", names(&o.only.Clusters))
	}
	fs.BoolVar(&o.json, "json", false, jsonIs)
	return fs, nil
}

// verifying adds the flags of verify.
func (o *options) verifying(fs *flag.FlagSet) {
	fs.BoolVar(&o.static, "static", false, "read only: no probes, no journey")
	fs.StringVar(&o.image, "image", "", "raw bootable image `file` for the journey's guests")
	fs.BoolVar(&o.clean, "clean", false, "remove what older runs of verify left, such as runs that were killed, "+
		"show it, and verify nothing")
	fs.DurationVar(&o.older, "older", 2*time.Hour, "remove only what is of runs that began at least `so long` ago; "+
		"0 for all runs, if no other verify is going on")
	fs.StringVar(&o.flavor, "flavor", "", "flavor of the guests; a small one is made when empty")
	fs.Func("computes", "boot guests on these `HOST,HOST,…`; compute[001-004] is four of them", names(&o.computes))
	fs.IntVar(&o.guests, "guests", 0, "boot guests on this many computes, spread over the zones and the two oldest "+
		"versions of QEMU; 0 is 4")
	fs.Func("check", "make only these checks and what they need: `CHECK,CHECK,…`, each an ID such as files/compute1, its "+
		"first words such as rights, or a pattern such as vm-on-*; may be given again", o.check)
	fs.DurationVar(&o.timeout, "timeout", 0, "a check that is not done after `so long` is unable; cleaning up takes up "+
		"to 10 min more; 0 is no limit")
}

// check takes a flag's list of checks.
func (o *options) check(value string) error {
	for name := range strings.SplitSeq(value, ",") {
		if name == "" {
			return errors.New("a name is empty")
		}
		o.checks = append(o.checks, name)
	}
	return nil
}

func (o *options) fullPlan(fs *flag.FlagSet) {
	fs.BoolVar(&o.full, "full", false, "show each host by itself, also where several hosts are equal")
}

// names takes a flag's list, in which names may be ranges as in a Spec. The flag may be
// given again.
func names(into *[]string) func(string) error {
	return func(value string) error {
		for _, text := range splitNames(value) {
			if text == "" {
				return errors.New("a name is empty")
			}
			some, err := spec.ExpandNames(text)
			if err != nil {
				return fmt.Errorf("%q %w", text, err)
			}
			*into = append(*into, some...)
		}
		return nil
	}
}

// splitNames splits a list at its commas, but for those in brackets.
func splitNames(list string) []string {
	inside := false
	at := func(r rune) bool {
		inside = r == '[' || inside && r != ']'
		return r == ',' && !inside
	}
	var names []string
	for {
		i := strings.IndexFunc(list, at)
		if i < 0 {
			return append(names, list)
		}
		names, list = append(names, list[:i]), list[i+1:]
	}
}

// guest reports whether the flags say where guests boot.
func (o *options) guest() bool { return len(o.computes) > 0 || o.guests != 0 }

// restricted reports whether the command is about a part of the Spec.
func (o *options) restricted() bool { return len(o.only.Hosts)+len(o.only.Clusters) > 0 }

// unknown is what is wrong with the names of --hosts and --clusters.
func (o *options) unknown(s spec.Spec) error {
	var faults []error
	for _, name := range o.only.Hosts {
		i := slices.IndexFunc(s.Hosts, func(h spec.Host) bool { return h.Name == name })
		if i < 0 {
			faults = append(faults, fmt.Errorf("--hosts: the Spec has no host %q", name))
		} else if len(s.Hosts[i].Services) == 0 {
			faults = append(faults, fmt.Errorf("--hosts: %q has no services in the Spec, so there is nothing to do on it; "+
				"to name a cluster, take --clusters", name))
		}
	}
	for _, name := range o.only.Clusters {
		if !slices.ContainsFunc(s.Clusters, func(c spec.Cluster) bool { return c.Name == name }) {
			faults = append(faults, fmt.Errorf("--clusters: the Spec has no cluster %q", name))
		}
	}
	return errors.Join(faults...)
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

// rollout adds the flags of the commands that change things.
func (o *options) rollout(fs *flag.FlagSet) {
	fs.BoolVar(&o.yes, "yes", false, "approve what the command does, and do not ask")
	fs.IntVar(&o.limits.Canaries, "canaries", 0, "change this many computes first; go on only if all of them end well")
	fs.IntVar(&o.limits.MaxFailed, "max-failed", 0, "stop once this many computes failed; 0 never")
	fs.DurationVar(&o.limits.MaxWait, "max-wait", 30*time.Minute,
		"if the Spec has gate: health, wait for a cluster at most `so long` each time")
	fs.StringVar(&o.limits.BreakLock, "break-lock", "", "take away the operator lock of `OWNER@HOST`, whose program will "+
		"not come back")
}

// fault is what is wrong with the flags and what follows them.
func (o *options) fault(rest []string) string {
	switch {
	case len(rest) > 0:
		return fmt.Sprintf("unexpected argument %q", rest[0])
	case o.parallel < 1 || o.limits.Canaries < 0 || o.limits.MaxFailed < 0:
		return "--parallel must be positive, --canaries and --max-failed not negative"
	case o.limits.MaxWait < 0:
		return "--max-wait must not be negative"
	case o.clean && (o.static || o.image != "" || o.flavor != "" || o.restricted() || len(o.checks) > 0 || o.guest()):
		return "verify --clean goes with --older and --timeout alone: it verifies nothing"
	case o.guests < 0 || o.timeout < 0:
		return "--guests and --timeout must not be negative"
	case o.static && o.guest():
		return "verify --static goes with neither --computes nor --guests: no guest boots"
	case len(o.computes) > 0 && o.guests > 0:
		return "--computes and --guests exclude each other: name the computes, or say how many"
	case o.older < 0:
		return "--older must not be negative"
	case o.command == "verify" && !o.static && o.restricted():
		return "verify --hosts and --clusters need --static: the journey goes through the whole cloud"
	case o.json && !o.yes && (o.command == "apply" || o.command == "converge"):
		return o.command + " --json needs --yes: its output is for a program, and it asks nobody"
	}
	return ""
}
