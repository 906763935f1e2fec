package htmlreport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A stage is a part of a plan.
type stage struct {
	of                  integrate.Stage
	Anchor, Title, Lead string
	Number              int
	Groups              []group
	Count               string // of changes
	Sum                 []tile // by action
}

// A group is the changes of some hosts, or of one target.
type group struct {
	targets []string
	Anchor  string
	Hosts   hosts
	Changes []change
	Each    string // how many changes on each
}

// A change is one of a plan.
type change struct {
	Anchor       string
	ID           string // on the first host
	Action, Verb string
	Mark         string
	Kind, Name   string
	Reason       string
	Diffs        []diff
	Needs        []link
}

// A link leads to another change.
type link struct{ Anchor, Text string }

// A restart is a unit that is restarted, and where.
type restart struct {
	Unit  string
	Hosts hosts
}

// A finding is a problem or a note.
type finding struct {
	Anchor, Code string
	Where        hosts
	Object       string
	Message      string
	Because      string
	Problem      bool
}

func (b *builder) planPage(p *integrate.Plan) *page {
	folded, found := p.Folded()
	out := &page{Title: b.title("Plan"), Facts: b.facts(p.Spec, p.Clusters)}
	out.Stages = b.stages(folded)
	for _, f := range found {
		shown := b.finding(f)
		if f.Problem {
			out.Problems = append(out.Problems, shown)
		} else {
			out.Notes = append(out.Notes, shown)
		}
	}
	out.Restarts = restarts(p.Changes)
	targets := map[string]int{}
	for _, c := range p.Changes {
		targets[c.Target]++
	}
	out.LeftOut = leftOut(p.LeftOut, func(name string) bool { return targets[name] > 0 })
	b.planSummary(out, p, len(targets))
	marks := map[string]mark{}
	for name, n := range targets {
		marks[name] = mark{changes, "", n}
	}
	for _, f := range p.Problems() {
		for _, name := range append([]string{f.Target}, f.Hosts...) {
			marks[name] = mark{level: bad, word: "problem"}
		}
	}
	b.picture(out, p.Clusters, marks)
	return out
}

// planSummary says what a plan comes to.
func (b *builder) planSummary(out *page, p *integrate.Plan, targets int) {
	n := map[integrate.Action]int{}
	for _, c := range p.Changes {
		n[c.Action]++
	}
	problems := len(p.Problems())
	out.Tiles = []tile{
		{grouped(n[integrate.Create]), "to create", changes}, {grouped(n[integrate.Update]), "to update", changes},
		{grouped(n[integrate.Restart]), "to restart", changes}, {grouped(problems), noun(problems, "problem"), bad},
		{grouped(len(p.Findings) - problems), noun(len(p.Findings)-problems, "note"), unsure},
	}
	if gone := n[integrate.Action("remove")]; gone > 0 {
		out.Tiles = slices.Insert(out.Tiles, 3, tile{grouped(gone), "to remove", changes})
	}
	for i := range out.Tiles {
		if out.Tiles[i].Number == "0" {
			out.Tiles[i].Level = ""
		}
	}
	release := ""
	if p.Release != "" {
		release = " for OpenStack " + line(p.Release)
	}
	out.Lead = "Nothing has been changed yet. This is what apply would do" + release + "."
	switch {
	case problems > 0:
		out.Level, out.Verdict = bad, counted(problems, "problem")+" to solve: until then, a part of the Spec is left alone."
	case p.Empty():
		out.Level, out.Verdict = good, "Nothing to do: the cloud is as the Spec says."
		out.Lead = "The clusters, the hosts and the APIs" + release + " were compared with the Spec."
	default:
		out.Level, out.Verdict = changes, fmt.Sprintf("%s to make in %s.", counted(len(p.Changes), "change"),
			counted(targets, "place"))
	}
}

func noun(n int, one string) string {
	_, word, _ := strings.Cut(counted(n, one), " ")
	return word
}

func (b *builder) stages(all [][]integrate.Change) []stage {
	var out []stage
	anchors := map[string]link{}
	for _, equal := range all {
		c := equal[0]
		i := slices.IndexFunc(out, func(s stage) bool { return s.of == c.Stage })
		if i < 0 {
			i = len(out)
			title, lead := stageText(c.Stage)
			out = append(out, stage{of: c.Stage, Anchor: b.anchor(), Number: i + 1, Title: title, Lead: lead})
		}
		s := &out[i]
		shown := b.change(c, anchors)
		var targets []string
		for _, one := range equal {
			targets = append(targets, one.Target)
			anchors[one.ID] = link{shown.Anchor, shown.Kind + " " + shown.Name}
		}
		g := b.groupOf(s, targets)
		g.Changes = append(g.Changes, shown)
	}
	for i := range out {
		out[i].count()
	}
	return out
}

// groupOf finds the group of some targets, or makes it.
func (b *builder) groupOf(s *stage, targets []string) *group {
	i := slices.IndexFunc(s.Groups, func(g group) bool { return slices.Equal(g.targets, targets) })
	if i >= 0 {
		return &s.Groups[i]
	}
	s.Groups = append(s.Groups, group{Anchor: b.anchor(), Hosts: hostsOf(targets), targets: targets})
	return &s.Groups[len(s.Groups)-1]
}

// count sums a stage up.
func (s *stage) count() {
	n, total := map[string]int{}, 0
	for i := range s.Groups {
		g := &s.Groups[i]
		for _, c := range g.Changes {
			n[c.Action] += len(g.targets)
			total += len(g.targets)
		}
		g.Each = counted(len(g.Changes), "change")
		if len(g.targets) > 1 {
			g.Each += " each"
		}
	}
	s.Count = counted(total, "change")
	for _, a := range []integrate.Action{integrate.Create, integrate.Update, integrate.Restart,
		integrate.Action("remove")} {
		if n[string(a)] > 0 {
			s.Sum = append(s.Sum, tile{grouped(n[string(a)]), string(a), changes})
		}
	}
}

func (b *builder) change(c integrate.Change, anchors map[string]link) change {
	mark, verb := actionText(c.Action)
	out := change{Anchor: b.anchor(), ID: line(c.ID), Action: string(c.Action), Mark: mark, Verb: verb,
		Kind: line(c.Kind), Name: line(c.Name), Reason: line(c.Reason), Diffs: diffsOf(c.Diffs)}
	for _, id := range c.Needs {
		if l, ok := anchors[id]; ok {
			out.Needs = append(out.Needs, l)
		}
	}
	return out
}

func actionText(a integrate.Action) (mark, verb string) {
	switch a {
	case integrate.Create:
		return "+", "create"
	case integrate.Restart:
		return "!", "restart"
	case integrate.Action("remove"):
		return "-", "remove"
	}
	return "~", "update"
}

func stageText(s integrate.Stage) (title, lead string) {
	switch s {
	case "cluster":
		return "Ceph cluster", "Profiles, pools and users, side by side."
	case "computes":
		return "Computes", "In parallel. Keys and secrets have to be here before a controller hands the secrets' UUIDs out."
	case "controllers":
		return "Controllers", "One by one. The next host is touched once the services of this host serve again."
	}
	return "OpenStack APIs", "At last, what goes through the APIs."
}

func (b *builder) finding(f integrate.Finding) finding {
	out := finding{Anchor: b.anchor(), Code: line(f.Code), Object: line(f.Object), Message: line(f.Message),
		Because: line(f.Because), Problem: f.Problem}
	switch {
	case len(f.Hosts) > 0:
		out.Where = hostsOf(f.Hosts)
	case f.Target == "cloud":
		out.Where = hosts{Title: "OpenStack APIs"}
	case f.Target == "":
		out.Where = hosts{Title: "this machine"}
	default:
		out.Where = hosts{Title: line(f.Target)}
	}
	return out
}

// restarts lists the units that are restarted.
func restarts(all []integrate.Change) []restart {
	var units []string
	on := map[string][]string{}
	for _, c := range all {
		if c.Action == integrate.Restart {
			if on[c.Name] == nil {
				units = append(units, c.Name)
			}
			on[c.Name] = append(on[c.Name], c.Target)
		}
	}
	var out []restart
	for _, u := range units {
		out = append(out, restart{line(u), hostsOf(on[u])})
	}
	return out
}

// leftOut names what was not asked for. A part of what is shown is in the page.
func leftOut(names []string, shown func(string) bool) []string {
	var rest, whole []string
	for _, name := range names {
		if shown(name) {
			rest = append(rest, line("the rest of "+name))
		} else {
			whole = append(whole, name)
		}
	}
	for _, name := range spec.FoldNames(whole) {
		rest = append(rest, line(name))
	}
	return rest
}
