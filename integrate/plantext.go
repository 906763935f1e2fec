package integrate

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/fold"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// String is the plan as a text that a person can approve. It ends with a newline. What is
// equal on several hosts is told once, with the names of the hosts and their number; Full
// tells each host by itself.
func (p *Plan) String() string { return p.text(p.Folded()) }

// Folded gives what String tells, for programs that show a plan in another way. Each list of changes has what is equal
// but for the host, in the order of the plan. A finding about several hosts is there once: it has the hosts in Hosts,
// no Target, and the word HOST where the message has the name of the host.
func (p *Plan) Folded() ([][]Change, []Finding) { return foldChanges(p.Changes), p.foldFindings() }

// Full is String with each host by itself, in the order of Changes.
func (p *Plan) Full() string {
	changes := make([][]Change, len(p.Changes))
	for i, c := range p.Changes {
		changes[i] = []Change{c}
	}
	return p.text(changes, p.Findings)
}

func (p *Plan) text(changes [][]Change, findings []Finding) string {
	var b strings.Builder
	if p.Release != "" && !p.Empty() {
		fmt.Fprintf(&b, "For OpenStack %s\n", words.Short(p.Release))
	}
	stage, title := Stage(""), ""
	for _, equal := range changes {
		c, targets := equal[0], targetsOf(equal)
		if c.Stage != stage {
			stage, title = c.Stage, ""
			fmt.Fprintf(&b, "%s\n", stageTitle(stage, p.Changes))
		}
		if now := hostsTitle(targets); now != title {
			title = now
			b.WriteString(title)
		}
		writeChange(&b, c, len(targets) > 1)
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

// foldChanges joins changes of hosts that are equal in all that a plan shows.
func foldChanges(changes []Change) [][]Change {
	return fold.Lists(changes, func(c Change) string { return c.Target }, func(c Change) string {
		if c.Stage != stageComputes && c.Stage != stageControllers {
			return ""
		}
		return fmt.Sprintf("%q %q %q %q %q %q", c.Stage, c.Action, c.Kind, c.Name, c.Reason, c.Diffs)
	})
}

// foldFindings joins findings about hosts that say the same. The name of the host itself
// may be in what they say.
func (p *Plan) foldFindings() []Finding {
	said := func(f Finding) string { return fold.WithoutName(f.Message, f.Target, fold.Itself) }
	all := fold.Lists(p.Findings, func(f Finding) string { return f.Target }, func(f Finding) string {
		if _, isCluster := p.Clusters[f.Target]; isCluster || f.Target == "" || len(f.Hosts) > 0 ||
			strings.HasPrefix(f.Code, "cluster-") {
			return ""
		}
		return fmt.Sprintf("%q %t %q %q %q", f.Code, f.Problem, f.Object, said(f), f.Cause)
	})
	findings := make([]Finding, len(all))
	for i, equal := range all {
		f := equal[0]
		if len(equal) > 1 {
			var hosts []string
			for _, one := range equal {
				hosts = append(hosts, one.Target)
			}
			f.Message, f.Target, f.Hosts = said(f), "", hosts
		}
		findings[i] = f
	}
	return findings
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

// targetsOf are the targets of changes that are equal.
func targetsOf(equal []Change) []string {
	targets := make([]string, len(equal))
	for i, c := range equal {
		targets[i] = c.Target
	}
	return targets
}

// writeChange writes a change of one host, or of those whose title is above it.
func writeChange(w io.Writer, c Change, titled bool) {
	mark := map[Action]string{Create: "+", Update: "~", Restart: "!", Remove: "-"}[c.Action]
	indent, target := "  ", c.Target+": "
	if titled {
		indent, target = "    ", ""
	}
	text := fmt.Sprintf("%s%s %s  (%s)", target, c.Kind, c.Name, c.Reason)
	fmt.Fprintf(w, "%s%s %s\n", indent, mark, words.Short(text))
	for _, d := range c.Diffs {
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
	text := fmt.Sprintf("%d to create, %d to update, %d to restart", n[Create], n[Update], n[Restart])
	if n[Remove] > 0 {
		text += fmt.Sprintf(", %d to remove", n[Remove])
	}
	return text + "."
}

// stageTitle is the heading of a stage. In the last stage, Ceph users go that nothing needs any more.
func stageTitle(s Stage, all []Change) string {
	switch s {
	case stageCluster:
		return "Ceph cluster"
	case stageComputes:
		return "Computes"
	case stageControllers:
		return "Controllers"
	}
	ofUser := func(c Change) bool { return c.Stage == s && c.Kind == "retired-user" }
	ofAPI := func(c Change) bool { return c.Stage == s && !ofUser(c) }
	switch {
	case !slices.ContainsFunc(all, ofUser):
		return "OpenStack APIs"
	case !slices.ContainsFunc(all, ofAPI):
		return "Ceph users that go"
	}
	return "OpenStack APIs, and Ceph users that go"
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
