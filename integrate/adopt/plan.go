package adopt

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/fold"
	"github.com/cephstack/cephstack/integrate/spec"
)

// reopen opens the World of the Spec as it was found, in which computes have libvirt's secrets.
func (a *adopting) reopen(ctx context.Context) error {
	w, err := a.cfg.Open(ctx, a.spec.Clone())
	if err != nil {
		return err
	}
	a.world = w
	for name, c := range a.clusters {
		c.given = name // the World knows the cluster by this name now
	}
	return nil
}

// plan makes the plan of the Spec, and says at the fields of the Spec what the plan would change.
func (a *adopting) plan(ctx context.Context, result *Adoption) error {
	var err error
	if result.Plan, err = a.keep(ctx); err != nil {
		return err
	}
	a.tellKept()
	if !result.Plan.Empty() {
		a.remark("", "What the plan of this Spec changes is told below, at the field that it belongs to: keep of a Spec "+
			"does not leave that as it was found.")
	}
	a.tellChanges(result.Plan)
	a.tellProblems(result.Plan)
	return nil
}

// A told is a remark that comes of a part of a plan.
type told struct{ path, target, text string }

// tellChanges says what the plan changes.
func (a *adopting) tellChanges(p *integrate.Plan) {
	var all []told
	var restarts []told
	for _, c := range p.Changes {
		if c.Kind == "unit" {
			restarts = append(restarts, told{"hosts", c.Target, "unit " + c.Name + ": " + c.Reason})
			continue
		}
		all = append(all, told{a.fieldOf(c), c.Target, c.Kind + " " + c.Name + ": " + differences(c)})
	}
	a.tell("The plan changes", all)
	a.tell("The plan restarts", restarts)
}

// differences are what a change changes, on one line.
func differences(c integrate.Change) string {
	if len(c.Diffs) == 0 {
		return c.Reason
	}
	var texts []string
	for _, d := range c.Diffs {
		switch {
		case d.Desired == "":
			texts = append(texts, d.Field+" goes, which is "+d.Observed)
		case d.Observed == "":
			texts = append(texts, d.Field+" = "+d.Desired+" (not set)")
		default:
			texts = append(texts, d.Field+" = "+d.Desired+" (is "+d.Observed+")")
		}
	}
	return strings.Join(texts, "; ")
}

// tellProblems says what the plan cannot do.
func (a *adopting) tellProblems(p *integrate.Plan) {
	var all []told
	for _, f := range p.Problems() {
		path := "hosts"
		switch {
		case strings.Contains(f.Object, "glance"):
			path = "glance"
		case strings.Contains(f.Object, "cinder"):
			path = "cinder"
		case strings.Contains(f.Object, "nova"):
			path = "nova"
		}
		if i := a.clusterAt(f.Target); i >= 0 {
			path = at("clusters", i)
		}
		all = append(all, told{path, f.Target, f.Object + " " + f.Message + " [" + f.Code + "]"})
	}
	a.tell("The plan has a problem with", all)
}

// mostTold is how many remarks a field gets from a plan.
const mostTold = 12

// tell makes remarks: one for all hosts of which the same is told.
func (a *adopting) tell(begin string, all []told) {
	count := map[string]int{}
	for _, equal := range fold.Lists(all, func(t told) string { return t.target },
		func(t told) string { return t.path + " " + t.text }) {
		path := equal[0].path
		if count[path]++; count[path] > mostTold {
			continue
		}
		var targets []string
		for _, t := range equal {
			targets = append(targets, t.target)
		}
		a.remark(path, "%s %s: %s.", begin, strings.Join(spec.FoldNames(targets), ", "),
			strings.TrimSuffix(equal[0].text, "."))
	}
	for path, n := range count {
		if n > mostTold {
			a.remark(path, "%s %d things more; cephstack plan shows them.", begin, n-mostTold)
		}
	}
}

func (a *adopting) clusterAt(name string) int {
	return slices.IndexFunc(a.spec.Clusters, func(c spec.Cluster) bool { return c.Name == name })
}

// fieldOf is the field of the Spec that a change belongs to.
func (a *adopting) fieldOf(c integrate.Change) string {
	if i := a.clusterAt(c.Target); i >= 0 && (c.Kind == "pool" || c.Kind == "user" || c.Kind == "erasure-profile") {
		return at("clusters", i)
	}
	switch c.Kind {
	case "volume-type":
		return "cinder"
	case "secret":
		if a.spec.Nova == nil {
			return "cinder"
		}
		return "nova"
	case "packages", "upgrade", "repository":
		return "packages"
	case "settings":
		for _, s := range []struct{ in, field string }{{"glance", "glance"}, {"nova", "nova"}, {"cinder-backup", "backup"}} {
			if strings.Contains(c.Name, s.in) {
				return s.field
			}
		}
		field := "cinder"
		if a.spec.Cinder == nil {
			field = "backup"
		}
		return field
	}
	return cmp.Or(map[string]string{"file": "clusters", "directory": "clusters"}[c.Kind], "hosts")
}
