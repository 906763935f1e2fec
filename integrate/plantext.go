package integrate

import (
	"fmt"
	"io"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// String is the plan as a text that a person can approve. It ends with a newline. What is
// equal on several hosts is told once, with the names of the hosts and their number; Full
// tells each host by itself.
func (p *Plan) String() string { return p.text(foldChanges(p.Changes), p.foldFindings()) }

// Full is String with each host by itself, in the order of Changes.
func (p *Plan) Full() string {
	changes := make([]folded[Change], len(p.Changes))
	for i, c := range p.Changes {
		changes[i] = folded[Change]{c, []string{c.Target}}
	}
	return p.text(changes, p.Findings)
}

func (p *Plan) text(changes []folded[Change], findings []Finding) string {
	var b strings.Builder
	if p.Release != "" && !p.Empty() {
		fmt.Fprintf(&b, "For OpenStack %s\n", words.Short(p.Release))
	}
	stage, title := Stage(""), ""
	for _, c := range changes {
		if c.of.Stage != stage {
			stage, title = c.of.Stage, ""
			fmt.Fprintf(&b, "%s\n", stageTitle(stage))
		}
		if now := hostsTitle(c.targets); now != title {
			title = now
			b.WriteString(title)
		}
		writeChange(&b, c)
	}
	for _, f := range findings {
		fmt.Fprintln(&b, f)
	}
	shown := map[string]bool{}
	for _, c := range p.Changes {
		shown[c.Target] = true
	}
	writeLeftOut(&b, p.LeftOut, shown)
	fmt.Fprintf(&b, "%s\n", p.summary())
	return b.String()
}

// A folded is what is equal on several targets.
type folded[T any] struct {
	of      T // as on the first target
	targets []string
}

// fold joins what is equal, in the order of the first of each. key tells what is equal; what
// has no key is by itself.
func fold[T any](all []T, target, key func(T) string) []folded[T] {
	var out []folded[T]
	index := map[string]int{}
	for _, one := range all {
		k, name := key(one), target(one)
		i, ok := index[k]
		if ok && k != "" && out[i].targets[len(out[i].targets)-1] != name {
			out[i].targets = append(out[i].targets, name)
			continue
		}
		index[k] = len(out)
		out = append(out, folded[T]{one, []string{name}})
	}
	return out
}

// foldChanges joins changes of hosts that are equal in all that a plan shows.
func foldChanges(changes []Change) []folded[Change] {
	return fold(changes, func(c Change) string { return c.Target }, func(c Change) string {
		if c.Stage != stageComputes && c.Stage != stageControllers {
			return ""
		}
		return fmt.Sprintf("%q %q %q %q %q %q", c.Stage, c.Action, c.Kind, c.Name, c.Reason, c.Diffs)
	})
}

// foldFindings joins findings about hosts that say the same. The name of the host itself
// may be in what they say.
func (p *Plan) foldFindings() []Finding {
	const itself = "HOST"
	said := func(f Finding) string { return withoutName(f.Message, f.Target, itself) }
	all := fold(p.Findings, func(f Finding) string { return f.Target }, func(f Finding) string {
		if _, isCluster := p.Clusters[f.Target]; isCluster || f.Target == "" || len(f.Hosts) > 0 ||
			strings.HasPrefix(f.Code, "cluster-") {
			return ""
		}
		return fmt.Sprintf("%q %t %q %q %q", f.Code, f.Problem, f.Object, said(f), f.Cause)
	})
	findings := make([]Finding, len(all))
	for i, f := range all {
		findings[i] = f.of
		if len(f.targets) > 1 {
			findings[i].Message, findings[i].Target, findings[i].Hosts = said(f.of), "", f.targets
		}
	}
	return findings
}

// withoutName is a text with another word in the place of a name.
func withoutName(text, name, word string) string {
	inName := func(b byte) bool {
		return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte("_-.", b) >= 0
	}
	var b strings.Builder
	for {
		i := strings.Index(text, name)
		if i < 0 || name == "" {
			b.WriteString(text)
			return b.String()
		}
		end := i + len(name)
		if i > 0 && inName(text[i-1]) || end < len(text) && inName(text[end]) {
			b.WriteString(text[:end])
		} else {
			b.WriteString(text[:i] + word)
		}
		text = text[end:]
	}
}

// hostsTitle are the lines above the changes of several hosts. It is empty for one host.
func hostsTitle(hosts []string) string {
	const width = 110
	if len(hosts) == 1 {
		return ""
	}
	var b strings.Builder
	line := " "
	for i, name := range spec.FoldNames(hosts) {
		if i > 0 {
			line += ","
		}
		if name = words.Short(name); len(line)+len(name) > width {
			b.WriteString(line + "\n")
			line = "   "
		}
		line += " " + name
	}
	return fmt.Sprintf("%s%s (%d hosts)\n", b.String(), line, len(hosts))
}

// writeChange writes a change of one host, or of those whose title is above it.
func writeChange(w io.Writer, c folded[Change]) {
	mark := map[Action]string{Create: "+", Update: "~", Restart: "!"}[c.of.Action]
	indent, target := "  ", c.of.Target+": "
	if len(c.targets) > 1 {
		indent, target = "    ", ""
	}
	text := fmt.Sprintf("%s%s %s  (%s)", target, c.of.Kind, c.of.Name, c.of.Reason)
	fmt.Fprintf(w, "%s%s %s\n", indent, mark, words.Short(text))
	for _, d := range c.of.Diffs {
		fmt.Fprintf(w, "%s    %s\n", indent, d)
	}
}

// writeLeftOut says what was not asked for. A part of the targets in shown is above.
func writeLeftOut(w io.Writer, targets []string, shown map[string]bool) {
	if len(targets) == 0 {
		return
	}
	var names, others []string
	for _, name := range targets {
		if shown[name] {
			names = append(names, "the rest of "+name)
		} else {
			others = append(others, name)
		}
	}
	names = append(names, spec.FoldNames(others)...)
	fmt.Fprintf(w, "Left out, as it was not asked for: %s.\n", words.Short(joinFolded(names)))
}

// joinFolded joins names that are folded. Of more than five texts it gives the first five,
// and how many more names there are.
func joinFolded(texts []string) string {
	const most = 5
	if len(texts) <= most {
		return strings.Join(texts, ", ")
	}
	more := 0
	for _, text := range texts[most:] {
		names, err := spec.ExpandNames(text)
		if err != nil {
			names = []string{text}
		}
		more += len(names)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), more)
}

func (p *Plan) summary() string {
	if n := len(p.Problems()); p.Empty() && n > 0 {
		return fmt.Sprintf("Nothing to do but what %d problems keep from being planned.", n)
	}
	if p.Empty() {
		return "Nothing to do."
	}
	n := map[Action]int{}
	for _, c := range p.Changes {
		n[c.Action]++
	}
	return fmt.Sprintf("%d to create, %d to update, %d to restart.", n[Create], n[Update], n[Restart])
}

func stageTitle(s Stage) string {
	switch s {
	case stageCluster:
		return "Ceph cluster"
	case stageComputes:
		return "Computes"
	case stageControllers:
		return "Controllers"
	}
	return "OpenStack APIs"
}

// String is the difference as a line of a plan.
func (d FieldDiff) String() string {
	// The content of a file has lines of its own, which must not look like lines of the plan.
	have, want := words.ShownPair(d.Observed, d.Desired)
	lines := strings.Split(want, "\n")
	for i, line := range lines {
		lines[i] = words.Line(strings.ReplaceAll(line, "\t", "    "))
	}
	desired := strings.Join(lines, "\n          ")
	text := words.Short(d.Field) + ": " + desired
	if have != "" {
		text = words.Short(d.Field) + ": " + words.Short(have) + " -> " + orNone(desired)
	}
	if d.Why != "" {
		text += "  # " + words.Short(d.Why)
	}
	return text
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
