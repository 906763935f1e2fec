package cli

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// completionCommand is the command completion.
func (i *invocation) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:     "completion bash|zsh|fish",
		GroupID: groupHelp,
		Short:   "Print a script that completes commands, flags and names in a shell",
		Long: `Print a script that lets a shell complete commands, flags, and the hosts, groups,
clusters and checks of the Spec that -f or CEPHSTACK_FILE names. Completing
reads the Spec, connects to nothing, and says nothing of a Spec with faults.`,
		Example: `  # bash: now, and in each new shell
  source <(cephstack completion bash)
  cephstack completion bash > /etc/bash_completion.d/cephstack

  # zsh: a folder of $fpath; compinit must run after it
  cephstack completion zsh > "${fpath[1]}/_cephstack"

  # fish
  cephstack completion fish > ~/.config/fish/completions/cephstack.fish`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				return fmt.Errorf("completion is for one shell: %s", or(shells))
			}
			return nil
		},
		ValidArgs:             shells,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			switch args[0] {
			case "bash":
				err = cmd.Root().GenBashCompletionV2(i.Stdout, true)
			case "zsh":
				err = cmd.Root().GenZshCompletion(i.Stdout)
			case "fish":
				err = cmd.Root().GenFishCompletion(i.Stdout, true)
			}
			if err != nil {
				return endWith(exitFailed, err)
			}
			return nil
		},
	}
}

// complete makes a function complete the values of a flag. A test knows that each flag has such a function.
func complete(cmd *cobra.Command, flag string, by cobra.CompletionFunc) {
	_ = cmd.RegisterFlagCompletionFunc(flag, by)
}

// completed is a text of the Spec, for completions. It is never read from a pipe, as somebody else reads that: a shell
// completes before the command runs.
func (i *invocation) completed(ctx context.Context) (from source, s spec.Spec, ok bool) {
	info, err := os.Stat(i.specFile())
	if err != nil || info.Mode().Type() != 0 {
		return from, s, false
	}
	if ctx == nil {
		ctx = context.Background()
	}
	if from, err = i.source(ctx); err != nil {
		return from, s, false
	}
	s, err = from.parse(spec.Read)
	return from, s, err == nil
}

// completable is a name that a shell takes as it is. A Spec with faults may have any other, such as $(reboot): a shell
// would put it into the command that somebody is about to run.
var completable = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./:@+-]*$`)

// inList completes the last name of a list with commas. A name that is not completable is left out.
func inList(all []string, given string) ([]string, cobra.ShellCompDirective) {
	before := ""
	if parts := splitNames(given); len(parts) > 1 {
		before = given[:len(given)-len(parts[len(parts)-1])]
	}
	had := splitNames(before)
	var found []string
	for _, name := range all {
		if text := before + name; strings.HasPrefix(text, given) && !slices.Contains(had, name) &&
			completable.MatchString(name) {
			found = append(found, text)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), cobra.ShellCompDirectiveNoFileComp
}

func (i *invocation) completeLimit(cmd *cobra.Command, _ []string, given string) ([]string, cobra.ShellCompDirective) {
	from, s, ok := i.completed(cmd.Context())
	if !ok {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var all []string
	groups, err := from.groups()
	for name := range groups {
		all = append(all, name)
	}
	for _, h := range s.Hosts {
		if err == nil && len(h.Services) > 0 {
			all = append(all, h.Name)
		}
	}
	return inList(all, given)
}

func (i *invocation) completeClusters(cmd *cobra.Command, _ []string, given string) ([]string,
	cobra.ShellCompDirective) {
	_, s, _ := i.completed(cmd.Context())
	var all []string
	for _, c := range s.Clusters {
		all = append(all, c.Name)
	}
	return inList(all, given)
}

func (i *invocation) completeComputes(cmd *cobra.Command, _ []string, given string) ([]string,
	cobra.ShellCompDirective) {
	_, s, _ := i.completed(cmd.Context())
	var all []string
	for _, h := range s.Hosts {
		if slices.Contains(h.Services, "nova-compute") {
			all = append(all, h.Name)
		}
	}
	return inList(all, given)
}

func (i *invocation) completeChecks(cmd *cobra.Command, _ []string, given string) ([]string, cobra.ShellCompDirective) {
	from, _, ok := i.completed(cmd.Context())
	if !ok {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var all []string
	if s, err := from.parse(spec.Load); err == nil {
		ids, _ := integrate.VerifyOptions{Static: i.static}.CheckIDs(s)
		for _, id := range ids {
			kind, _, _ := strings.Cut(id, "/")
			all = append(all, id, kind)
		}
	}
	return inList(all, given)
}

func (i *invocation) completeFingerprint(cmd *cobra.Command, _ []string, given string) ([]string,
	cobra.ShellCompDirective) {
	_, s, _ := i.completed(cmd.Context())
	var all []string
	for _, h := range s.Hosts {
		if text := h.Name + "="; strings.HasPrefix(text, given) && completable.MatchString(h.Name) {
			all = append(all, text)
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
