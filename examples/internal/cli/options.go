package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/audit"
)

// options are the flags of all commands; each command has those that it uses.
type options struct {
	file     string // as -f names it; see specFile
	format   string // of what is printed on standard output
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
	limit    []string        // hosts, ranges and groups, as --limit names them
	only     integrate.Scope // its hosts are known once the Spec is
	parallel int
	prints   []fingerprint
	keysFile string // of verified keys of hosts
	auditing audit.Options
	look
}

// A fingerprint is that of a host's key, from somewhere else than the host.
type fingerprint struct{ host, print string }

// Formats of what is printed on standard output.
const (
	formatText = "text"
	formatJSON = "json"
	formatHTML = "html"
)

// specFlags adds the flags of the commands that work on hosts of a Spec.
func (i *invocation) specFlags(cmd *cobra.Command) {
	i.fileFlag(cmd)
	cmd.Flags().Var(&number{&i.parallel, 1}, "parallel", "work on at most this many hosts at once")
	complete(cmd, "parallel", cobra.NoFileCompletions)
}

// fileFlag adds -f, the file of the Spec.
func (i *invocation) fileFlag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&i.file, "file", "f", "", "the Spec `FILE`; - is standard input (default $"+fileVariable+
		", or "+defaultFile+")")
	complete(cmd, "file", cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt))
}

// outputFlag adds --output, with the formats that the command has.
func (i *invocation) outputFlag(cmd *cobra.Command, formats ...string) {
	cmd.Flags().VarP(&choice{&i.format, formats}, "output", "o", "print `FORMAT` on standard output: "+or(formats))
	complete(cmd, "output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// scopeFlags adds the flags that restrict a command to a part of the Spec.
func (i *invocation) scopeFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	i.limitFlag(cmd)
	fs.Func("clusters", "only these `CLUSTERS`, and the hosts of --limit", names(&i.only.Clusters))
	complete(cmd, "clusters", i.completeClusters)
}

// limitFlag adds --limit.
func (i *invocation) limitFlag(cmd *cobra.Command) {
	cmd.Flags().Func("limit", "only these `HOSTS` and what they need: names, ranges such as 'compute[001-010]' and "+
		"groups of the Spec, with commas between them; may be given again", list(&i.limit))
	complete(cmd, "limit", i.completeLimit)
}

func (i *invocation) fullFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&i.full, "full", false, "show each host by itself, also where several hosts are equal")
}

// rolloutFlags adds the flags of the commands that change things.
func (i *invocation) rolloutFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVarP(&i.yes, "yes", "y", false, "approve what the command does, and do not ask")
	fs.Var(&number{&i.limits.Canaries, 0}, "canaries",
		"change this many computes first; go on only if all of them end well")
	fs.Var(&number{&i.limits.MaxFailed, 0}, "max-failed", "stop once this many computes failed; 0 never")
	fs.Var(&span{&i.limits.MaxWait}, "max-wait",
		"if the Spec has gate: health, wait for a cluster at most this long each time")
	fs.StringVar(&i.limits.BreakLock, "break-lock", "", "take away the operator lock of `OWNER@HOST`, whose program will "+
		"not come back")
	for _, name := range []string{"canaries", "max-failed", "max-wait", "break-lock"} {
		complete(cmd, name, cobra.NoFileCompletions)
	}
}

// asks is what is wrong with the flags of a command that asks for an approval.
func (i *invocation) asks(name string) error {
	switch {
	case i.format == formatJSON && !i.yes:
		return fmt.Errorf("%s --output json needs --yes: its output is for a program, and it asks nobody", name)
	case i.specFile() == stdin && !i.yes:
		return fmt.Errorf("%s -f - needs --yes: standard input has the Spec, and no answer to a question; to be asked, "+
			"write the Spec into a file", name)
	}
	return nil
}

// defaults are the values of flags that are not given.
func defaults() options {
	return options{format: formatText, look: look{color: colorAuto}, parallel: 32, older: 2 * time.Hour,
		limits: integrate.ApplyOptions{MaxWait: 30 * time.Minute}}
}

// A number is a flag's value that has a least value.
type number struct {
	is    *int
	least int
}

// String implements pflag.Value.
func (n *number) String() string { return strconv.Itoa(*n.is) }

// Set implements pflag.Value.
func (n *number) Set(text string) error {
	got, err := strconv.Atoi(text)
	if err != nil || got < n.least {
		return fmt.Errorf("it is a whole number of at least %d", n.least)
	}
	*n.is = got
	return nil
}

// Type implements pflag.Value.
func (n *number) Type() string { return "N" }

// A span is a flag's value that is a time and not negative.
type span struct{ is *time.Duration }

// String implements pflag.Value. It leaves out the zeros at the end of 30m0s.
func (s *span) String() string {
	if *s.is == 0 {
		return "0" // which the help does not show
	}
	text := s.is.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}

// Set implements pflag.Value.
func (s *span) Set(text string) error {
	got, err := time.ParseDuration(text)
	if err != nil || got < 0 {
		return errors.New("it is a time such as 90s, 30m or 2h, and not negative")
	}
	*s.is = got
	return nil
}

// Type implements pflag.Value.
func (s *span) Type() string { return "TIME" }

// A choice is a flag's value that is one of a few words.
type choice struct {
	is  *string
	all []string
}

// String implements pflag.Value.
func (c *choice) String() string { return *c.is }

// Set implements pflag.Value.
func (c *choice) Set(text string) error {
	if !slices.Contains(c.all, text) {
		return errors.New("it is " + or(c.all))
	}
	*c.is = text
	return nil
}

// Type implements pflag.Value.
func (c *choice) Type() string { return "string" }

// or are words, of which one is to be taken.
func or(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
