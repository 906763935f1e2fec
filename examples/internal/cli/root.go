package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cephstack/cephstack/integrate/spec"
)

// An invocation is one run of the program: what its commands share. Only one command of a tree runs.
type invocation struct {
	Program
	options
}

// Groups of commands in the help.
const (
	groupPrepare = "prepare"
	groupWork    = "work"
	groupAfter   = "after"
	groupHelp    = "help"
)

// Commands is the tree of the program's commands, for a program that documents it.
func Commands() *cobra.Command { return Program{}.commands() }

// commands is the tree of the program's commands.
func (p Program) commands() *cobra.Command {
	i := &invocation{p, defaults()}
	root := &cobra.Command{
		Use:     "cephstack",
		Short:   "Integrate an OpenStack cloud with Ceph",
		Long:    rootLong,
		Example: rootExample,
		Version: version(),
		Args:    cobra.ArbitraryArgs, // find says what is wrong with them
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return notCommand(cmd, args[0])
			}
			return errors.New("a command is missing")
		},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ", "FlagUsagesWrapped 80 "))
	root.SetFlagErrorFunc(flagFault)
	root.SetVersionTemplate("{{.Version}}\n")
	root.Flags().Bool("version", false, "print the version of the program, and of what it is built")
	root.AddGroup(&cobra.Group{ID: groupPrepare, Title: "Prepare:"}, &cobra.Group{ID: groupWork, Title: "Integrate:"},
		&cobra.Group{ID: groupAfter, Title: "Day two:"}, &cobra.Group{ID: groupHelp, Title: "Help:"})
	root.AddCommand(
		i.initCommand(),
		i.adoptCommand(),
		i.validateCommand(),
		i.trustCommand(),
		i.planCommand(),
		i.applyCommand(),
		i.convergeCommand(),
		i.retireCommand(),
		i.verifyCommand(),
		i.driftCommand(),
		i.auditCommand(),
		i.rotateCommand(),
		i.rightsCommand(),
		i.explainCommand(),
		i.completionCommand(),
	)
	root.AddCommand(topics()...)
	root.SetHelpFunc(helpAtOnce(root.HelpFunc()))
	root.SetHelpCommand(i.helpCommand())
	root.SetHelpCommandGroupID(groupHelp)
	root.InitDefaultHelpCmd()
	return root
}

// helpCommand is the command help.
func (i *invocation) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Tell what a command does, its flags and examples",
		Long:    "Tell what a command does, its flags and examples. COMMAND --help does the same.",
		Example: "  cephstack help plan\n  cephstack help exit-status",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range cmd.Root().Commands() {
				if len(args) == 0 && !c.Hidden {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			of, err := find(cmd.Root(), args)
			if err != nil {
				return err
			}
			of.InitDefaultHelpFlag()
			of.InitDefaultVersionFlag()
			return of.Help()
		},
	}
}

// helpAtOnce prints a help by one write. That nobody reads it is no news to anybody: see Run.
func helpAtOnce(help func(*cobra.Command, []string)) func(*cobra.Command, []string) {
	return func(cmd *cobra.Command, args []string) {
		var text bytes.Buffer
		out := cmd.OutOrStdout()
		cmd.SetOut(&text)
		help(cmd, args)
		cmd.SetOut(out)
		_, _ = text.WriteTo(out)
	}
}

// onlyTells reports whether arguments ask for a text that does not depend on any cloud.
func onlyTells(args []string) bool {
	return len(args) > 0 && slices.Contains([]string{"help", "explain", "completion"}, args[0]) ||
		slices.ContainsFunc(args, func(a string) bool { return a == "--help" || a == "-h" || a == "--version" })
}

// notCommand is the error of a name that no command has.
func notCommand(root *cobra.Command, name string) error {
	known := map[string]bool{}
	for _, c := range root.Commands() {
		known[c.Name()] = true
	}
	elsewhere := map[string]string{"version": "--version", "check": "validate", "lint": "validate",
		"test": "verify", "diff": "plan", "watch": "drift"} // as other programs name it
	if here, is := elsewhere[name]; is {
		return fmt.Errorf("%q is not a command; did you mean %q?", name, here)
	}
	if mean := spec.DidYouMean(name, known); mean != "" {
		return fmt.Errorf("%q is not a command%s", name, mean)
	}
	return fmt.Errorf("%q is not a command; 'cephstack help' lists all commands", name)
}

// flagFault adds to wrong usage of flags what somebody may have meant.
func flagFault(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	if unknown.GetSpecifiedName() == "limit" {
		return fmt.Errorf("%w: %s is about the whole cloud; 'cephstack help part-of-a-spec' says why", err, cmd.Name())
	}
	known := map[string]bool{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known["--"+f.Name] = true })
	name := cmp.Or(unknown.GetSpecifiedShortnames(), unknown.GetSpecifiedName())
	return fmt.Errorf("%w%s", err, spec.DidYouMean("--"+name, known))
}

// noArguments refuses arguments of a command that has flags alone.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q", args[0])
	}
	return nil
}

// find is the command that arguments name; the root for none.
func find(root *cobra.Command, args []string) (*cobra.Command, error) {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || args[0] == cobra.ShellCompRequestCmd ||
		args[0] == cobra.ShellCompNoDescRequestCmd {
		return root, nil
	}
	for _, c := range root.Commands() {
		if c.Name() == args[0] {
			return c, nil
		}
	}
	return root, notCommand(root, args[0])
}
