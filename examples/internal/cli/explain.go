package cli

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/cephstack/cephstack/examples/guide/troubleshooting"
	"github.com/cephstack/cephstack/integrate/explain"
	"github.com/cephstack/cephstack/integrate/spec/reference"
)

// explainCommand is the command explain.
func (i *invocation) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "explain [FIELD|CHECK|CODE|KIND|MESSAGE]",
		GroupID: groupHelp,
		Short:   "Tell what a field of the Spec, a check, a finding or a message means",
		Long: `Tell what a field of the Spec means, with its default, limits and an example; or
what a check of verify looks at, what a finding tells, or what a kind of change
does: why it matters, how to see it by hand, and what to do next.

A plan shows the code of each finding behind the finding, in brackets. A check
may have its ID, its name, or its first words: files/compute1, files. A message
may be a whole line that cephstack printed, in quotes. The name of an option of
OpenStack that cephstack sets, or of a command, is explained, too. Without an
argument, all other names are listed. The command reads no Spec, and connects to
nothing.`,
		Example: `  # a field of the Spec
  cephstack explain cinder.backends.pool

  # a check that failed
  cephstack explain vm-on-compute3

  # the code of a finding, and a kind of change
  cephstack explain pool-in-use
  cephstack explain secret

  # an option of nova.conf
  cephstack explain images_type

  # a line that cephstack printed
  cephstack explain 'compute1: /etc/ceph/ceph.conf: is not a keyring'`,
		Args:              cobra.ArbitraryArgs, // the name of a check has several words
		ValidArgsFunction: completeTopics,
		RunE: func(_ *cobra.Command, args []string) error {
			text := listTopics()
			if len(args) > 0 {
				var err error
				if text, err = explained(strings.Join(args, " ")); err != nil {
					return err
				}
			}
			if _, err := fmt.Fprint(i.Stdout, text); err != nil {
				return endWith(exitFailed, err)
			}
			return nil
		},
	}
}

// explained is all there is to say of a name.
func explained(name string) (string, error) {
	var texts []string
	if f, ok := reference.Lookup(name); ok {
		texts = append(texts, "field "+f.String())
	}
	for _, t := range explain.Lookup(name) {
		texts = append(texts, t.String())
	}
	for _, of := range []func(string) (string, bool){ofOption, ofCommand} {
		if text, ok := of(name); ok {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		texts = ofMessage(name)
	}
	if len(texts) > 0 {
		return strings.Join(texts, "\n"+strings.Repeat("-", 80)+"\n\n"), nil
	}
	text := fmt.Sprintf("%q is neither a field of the Spec, nor a check, a finding, a change or a message of cephstack",
		shortened(name))
	if some := append(explain.Suggest(name), reference.Suggest(name)...); len(some) > 0 {
		const most = 6
		text += "; did you mean " + strings.Join(some[:min(most, len(some))], ", ") + "?"
	} else if some := mentioning(name); len(some) > 0 {
		text += "; it is mentioned at " + strings.Join(some, ", ")
	}
	return "", fmt.Errorf("%s", text)
}

// mentioning are fields of the Spec whose texts have a word, a few at most.
func mentioning(word string) []string {
	const shortest, most = 3, 6
	var paths []string
	for _, f := range reference.Fields() {
		text := strings.ToLower(f.Text + " " + f.Limits)
		if len(word) >= shortest && len(paths) < most && strings.Contains(text, strings.ToLower(word)) {
			paths = append(paths, strings.ReplaceAll(f.Path, "[]", ""))
		}
	}
	return paths
}

// shortened is a name or a line as an error quotes it.
func shortened(name string) string {
	const most = 200
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

// endsWithCode is the end of a finding as it is printed.
var endsWithCode = regexp.MustCompile(`\[([a-z0-9-]+)\]$`)

// ofMessage is what there is to say of a line that somebody pasted: of the code at its end, or of its words.
func ofMessage(line string) []string {
	if m := endsWithCode.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
		for _, code := range []func(string) (explain.Topic, bool){explain.Code, explain.Audit,
			explain.Rotation} {
			if t, ok := code(m[1]); ok {
				return []string{t.String()}
			}
		}
	}
	if text, ok := ofOutcome(line); ok {
		return []string{text}
	}
	var texts []string
	if !strings.ContainsAny(line, " :") { // a misspelt name
		return nil
	}
	for _, e := range troubleshooting.Find(line) {
		texts = append(texts, "message: "+e.Title+"\n\n"+strings.TrimSpace(e.Text)+"\n")
	}
	return texts
}

// isOutcome is a line that tells how a change ended.
var isOutcome = regexp.MustCompile(`^\s*(applied|unchanged|failed|unknown|skipped|cancelled)\s+\S+: ` +
	`(?:create|update|restart) ([a-z-]+) `)

// outcomes say what each status of a change means, and what to do.
var outcomes = map[string]string{
	"applied":   "The change was made.",
	"unchanged": "What the change would do was there already.",
	"failed":    "The change was not made. The error at the end of the output says why: solve that, and run again.",
	"unknown": "The change was sent, and nobody knows whether it was made. Run again: the next run looks, and does only " +
		"what is missing.",
	"skipped": "The change was not tried, as a change that it needs did not end well: the one that is named behind " +
		"'because of'. Solve what that one met, and run again.",
	"cancelled": "The change was not begun, as the run ended first or was refused. The error at the end of the output " +
		"says why. Run again once that is solved.",
}

// ofOutcome is what there is to say of a line that tells how a change ended.
func ofOutcome(line string) (string, bool) {
	m := isOutcome.FindStringSubmatch(line)
	if m == nil {
		return "", false
	}
	return fmt.Sprintf("%s: %s\n'cephstack explain %s' tells what such a change does.\n", m[1], outcomes[m[1]], m[2]), true
}

// listTopics is a line for each topic. Of the fields it has those at the top.
func listTopics() string {
	var b strings.Builder
	b.WriteString("Fields of the Spec (of those that have fields, explain lists these)\n")
	for _, f := range reference.Fields() {
		if !strings.Contains(f.Path, ".") {
			writeTopic(&b, strings.TrimSuffix(f.Path, "[]"), f.Text)
		}
	}
	for _, part := range []struct {
		title  string
		topics []explain.Topic
	}{{"Checks of verify", explain.Checks()}, {"Findings", explain.Codes()}, {"Kinds of changes", explain.Changes()},
		{"Findings of audits", explain.Audits()}, {"Codes of rotations", explain.Rotations()}} {
		fmt.Fprintf(&b, "\n%s\n", part.title)
		for _, t := range part.topics {
			writeTopic(&b, t.Name, t.Means)
		}
	}
	return b.String()
}

// writeTopic writes a name and the first sentence of a text, in a line as wide as a terminal.
func writeTopic(b *strings.Builder, name, text string) {
	const names, width = 30, 80
	if utf8.RuneCountInString(name) > names {
		fmt.Fprintf(b, "  %s\n", name)
		name = ""
	}
	fmt.Fprintf(b, "  %-*s %s\n", names, name, cutAtWord(firstSentence(text), width-names-3))
}

// firstSentence is a text up to its first full stop.
func firstSentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if first, _, more := strings.Cut(text, ". "); more {
		return first + "."
	}
	return text
}

// cutAtWord is a text of at most so many characters. It is cut between words.
func cutAtWord(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	short := string([]rune(text)[:most-1])
	if at := strings.LastIndexByte(short, ' '); at > 0 {
		short = short[:at]
	}
	return strings.TrimRight(short, " ,;:") + "…"
}

// completeTopics completes the name of a topic.
func completeTopics(_ *cobra.Command, args []string, given string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var found []string
	had := map[string]bool{}
	add := func(name, text string) {
		if strings.HasPrefix(name, given) && !had[name] {
			had[name] = true
			found = append(found, cobra.CompletionWithDesc(name, cutAtWord(firstSentence(text), 60)))
		}
	}
	for _, t := range explain.All() {
		add(t.Short(), t.Means)
	}
	for _, f := range reference.Fields() {
		add(strings.ReplaceAll(f.Path, "[]", ""), f.Text)
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
