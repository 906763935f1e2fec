package htmlreport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/fold"
)

// A section is the checks of one sort.
type section struct {
	Anchor, Title, Lead string
	Groups              []checkGroup
}

// A checkGroup is the checks of some hosts, or of one target.
type checkGroup struct {
	Anchor string
	Hosts  hosts
	Level  level
	Passed string // how many of how many
	Checks []check

	targets []string
}

// A check is one of a report, of one host or of several.
type check struct {
	Anchor   string
	ID       string // HOST in the place of the host, if there are several
	Name     string
	Status   string
	Level    level
	Evidence []string
	Next     string
	Because  string
	Diffs    []diff
	Seconds  string
	Share    int // of the longest check, in hundredths
	count    int
	status   integrate.CheckStatus
}

// A sort is where a check belongs in a page.
type sort int

const (
	ofClusters sort = iota
	ofHosts
	ofAPIs
	ofRights
	ofJourney
	sorts
)

func (s sort) text() (title, lead string) {
	switch s {
	case ofClusters:
		return "Ceph clusters", "Health, pools and users."
	case ofHosts:
		return "Hosts", "Packages, files, secrets, options and units, compared with the Spec."
	case ofAPIs:
		return "OpenStack APIs", "What the APIs report."
	case ofRights:
		return "Rights of Ceph users", "Tried: what each user must be able to do, and what it must not."
	}
	return "The journey of data", "An image, volumes, VMs and backups, taken through the cloud."
}

func (b *builder) reportPage(r *integrate.Report) *page {
	out := &page{Title: b.title("Verification"), Facts: b.facts(r.Spec, r.Clusters)}
	longest := 0.0
	targets := map[string]bool{}
	marks := map[string]mark{}
	for _, c := range r.Checks {
		longest = max(longest, c.Seconds)
		targets[c.Target] = true
		if old, ok := marks[c.Target]; !ok || rank(levelOf(c.Status)) < rank(old.level) {
			marks[c.Target] = mark{level: levelOf(c.Status), word: strings.ToLower(statusWord(c.Status))}
		}
	}
	out.Sections = b.sections(foldChecks(r.Checks, isHost(r)), longest)
	for _, s := range out.Sections {
		for _, g := range s.Groups {
			out.Next = append(out.Next, g.todos(s.Title)...)
		}
	}
	for _, f := range r.Notes {
		out.Notes = append(out.Notes, b.finding(f))
	}
	out.LeftOut = leftOut(r.LeftOut, func(name string) bool { return targets[name] })
	for _, id := range r.ChecksLeftOut {
		out.LeftOut = append(out.LeftOut, line("check "+id))
	}
	reportSummary(out, r)
	b.picture(out, r.Clusters, marks)
	return out
}

// todos are what a group asks for, by status. What is only a consequence asks for nothing of its own.
func (g checkGroup) todos(title string) []todo {
	var out []todo
	for _, l := range []level{bad, unsure} {
		t := todo{Where: g.Hosts, Level: l}
		if t.Where.Title == "" {
			t.Where.Title = title
		}
		for _, c := range g.Checks {
			if c.Level != l {
				continue
			}
			t.Status = strings.ToLower(c.Status)
			t.Checks = append(t.Checks, link{c.Anchor, c.Name})
			if c.Next != "" && c.Because == "" && !slices.Contains(t.Next, c.Next) {
				t.Next = append(t.Next, c.Next)
			}
		}
		if i := slices.IndexFunc(g.Checks, func(c check) bool { return c.Level == l }); i >= 0 && len(t.Next) == 0 {
			t.Next = g.Checks[i].Evidence // all are consequences of the same
		}
		if len(t.Checks) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// isHost tells of which targets of a report equal checks are folded.
func isHost(r *integrate.Report) func(integrate.Check) bool {
	return func(c integrate.Check) bool { return sortOf(c, r) == ofHosts }
}

// sortOf finds the section of a check.
func sortOf(c integrate.Check, r *integrate.Report) sort {
	_, cluster := r.Clusters[c.Target]
	first, _, compared := strings.Cut(c.ID, "/")
	switch {
	case strings.HasPrefix(c.ID, "rights-"):
		return ofRights
	case compared && (cluster || first == "ceph-health" || first == "pools" || first == "users"):
		return ofClusters
	case compared:
		return ofHosts
	case slices.Contains([]string{"volume-types", "backends", "services-up", "availability-zones"}, c.ID):
		return ofAPIs
	}
	return ofJourney
}

func reportSummary(out *page, r *integrate.Report) {
	n, seconds := map[integrate.CheckStatus]int{}, 0.0
	for _, c := range r.Checks {
		n[c.Status]++
		seconds += c.Seconds
	}
	out.Tiles = []tile{
		{grouped(n[integrate.Pass]), "passed", good}, {grouped(n[integrate.Fail]), "failed", bad},
		{grouped(n[integrate.Unable]), "could not be made", unsure}, {took(seconds), "spent in checks", ""},
	}
	for i := range out.Tiles {
		if out.Tiles[i].Number == "0" {
			out.Tiles[i].Level = ""
		}
	}
	out.Lead = "The clusters, the hosts and the APIs were compared with the Spec."
	if slices.ContainsFunc(r.Checks, func(c integrate.Check) bool { return strings.HasPrefix(c.ID, "rights-") }) {
		out.Lead += " The rights of Ceph users were tried, and data was taken through the cloud."
	}
	if len(r.ChecksLeftOut) > 0 {
		out.Lead += fmt.Sprintf(" %s not asked for.", were(len(r.ChecksLeftOut)))
	}
	failed, unable := n[integrate.Fail], n[integrate.Unable]
	switch {
	case failed > 0 && unable > 0:
		out.Level, out.Verdict = bad, fmt.Sprintf("%s failed, and %d could not be made.", counted(failed, "check"), unable)
	case failed > 0:
		out.Level, out.Verdict = bad, counted(failed, "check")+" failed."
	case unable > 0:
		out.Level, out.Verdict = unsure, counted(unable, "check")+" could not be made."
	case len(r.Checks) == 0:
		out.Level, out.Verdict, out.Lead = unsure, "No check was made.", "So nothing is known about the cloud."
	default:
		out.Level, out.Verdict = good, counted(len(r.Checks), "check")+" passed."
		if len(r.Checks) > 1 {
			out.Verdict = "All " + out.Verdict
		}
	}
}

func were(n int) string {
	if n == 1 {
		return "1 check was"
	}
	return counted(n, "check") + " were"
}

// A foldedCheck is a check that is equal on several hosts.
type foldedCheck struct {
	integrate.Check
	targets []string
	seconds float64 // of the longest
}

// foldChecks joins checks of hosts that say the same, but for the name of the host.
func foldChecks(all []integrate.Check, host func(integrate.Check) bool) []foldedCheck {
	said := func(c integrate.Check, text string) string { return fold.WithoutName(text, c.Target, fold.Itself) }
	key := func(c integrate.Check) string {
		if !host(c) {
			return ""
		}
		kind, _, _ := strings.Cut(c.ID, "/")
		return fmt.Sprintf("%q %q %q %q %q %q", kind, c.Status, said(c, c.Evidence), said(c, c.Next), said(c, c.Because),
			c.Diffs)
	}
	var out []foldedCheck
	for _, equal := range fold.Lists(all, func(c integrate.Check) string { return c.Target }, key) {
		f := equal[0]
		c := foldedCheck{Check: f}
		for _, one := range equal {
			c.targets = append(c.targets, one.Target)
			c.seconds = max(c.seconds, one.Seconds)
		}
		if len(equal) > 1 {
			c.ID, c.Name, c.Evidence = said(f, f.ID), said(f, f.Name), said(f, f.Evidence)
			c.Next, c.Because = said(f, f.Next), said(f, f.Because)
		}
		out = append(out, c)
	}
	return out
}

// sections puts checks into sections and groups. What did not pass comes first.
func (b *builder) sections(all []foldedCheck, longest float64) []section {
	r := &integrate.Report{Clusters: b.clusterNames()}
	var out []section
	for s := range sorts {
		one := section{Anchor: b.anchor()}
		one.Title, one.Lead = s.text()
		for _, c := range all {
			if sortOf(c.Check, r) != s {
				continue
			}
			g := b.checkGroupOf(&one, s, c)
			g.Checks = append(g.Checks, b.check(c, longest))
		}
		for i := range one.Groups {
			one.Groups[i].sum()
		}
		slices.SortStableFunc(one.Groups, func(x, y checkGroup) int { return rank(x.Level) - rank(y.Level) })
		if len(one.Groups) > 0 {
			out = append(out, one)
		}
	}
	slices.SortStableFunc(out, func(x, y section) int { return rank(x.Groups[0].Level) - rank(y.Groups[0].Level) })
	return out
}

// clusterNames are the clusters of the Spec.
func (b *builder) clusterNames() map[string]string {
	names := map[string]string{}
	for _, c := range b.options.Spec.Clusters {
		names[c.Name] = ""
	}
	return names
}

func (b *builder) checkGroupOf(s *section, kind sort, c foldedCheck) *checkGroup {
	g := checkGroup{}
	if kind == ofClusters || kind == ofHosts {
		g.targets, g.Hosts = c.targets, hostsOf(c.targets)
	}
	i := slices.IndexFunc(s.Groups, func(o checkGroup) bool { return slices.Equal(o.targets, g.targets) })
	if i < 0 {
		i, g.Anchor = len(s.Groups), b.anchor()
		s.Groups = append(s.Groups, g)
	}
	return &s.Groups[i]
}

func (b *builder) check(c foldedCheck, longest float64) check {
	out := check{Anchor: b.anchor(), ID: line(c.ID), Name: line(c.Name), Level: levelOf(c.Status),
		Evidence: sentences(c.Evidence), Next: line(c.Next), Because: line(c.Because), Diffs: diffsOf(c.Diffs),
		Seconds: took(c.seconds), status: c.Status, count: len(c.targets)}
	if c.Status == integrate.Pass {
		out.Next = ""
	}
	if kind, target, ok := strings.Cut(c.ID, "/"); ok && target != "" {
		out.Name = line(kind) // the group says whose it is
	}
	if out.count > 1 {
		out.Seconds = "up to " + out.Seconds
	}
	if longest > 0 {
		out.Share = max(1, int(c.seconds/longest*100))
	}
	out.Status = statusWord(c.Status)
	return out
}

func statusWord(s integrate.CheckStatus) string {
	switch s {
	case integrate.Pass:
		return "Passed"
	case integrate.Fail:
		return "Failed"
	}
	return "Unable"
}

// sum says how a group is, and puts what did not pass first.
func (g *checkGroup) sum() {
	passed, total := 0, 0
	g.Level = good
	for _, c := range g.Checks {
		total += c.count
		if c.status == integrate.Pass {
			passed += c.count
		}
		if rank(c.Level) < rank(g.Level) {
			g.Level = c.Level
		}
	}
	g.Passed = fmt.Sprintf("%s of %s passed", grouped(passed), grouped(total))
	if passed == total {
		g.Passed = grouped(total) + " passed"
	}
	slices.SortStableFunc(g.Checks, func(x, y check) int { return rank(x.Level) - rank(y.Level) })
}

func levelOf(s integrate.CheckStatus) level {
	switch s {
	case integrate.Pass:
		return good
	case integrate.Fail:
		return bad
	}
	return unsure
}

func rank(l level) int { return slices.Index([]level{bad, unsure, changes, good}, l) }
