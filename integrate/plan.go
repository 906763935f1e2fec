package integrate

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

// A Stage is a part of a plan. The stages, in their order, are cluster, computes,
// controllers and cloud: keys and secrets have to be on the computes before a
// controller hands the secrets' UUIDs out. The stage cloud is for the APIs.
type Stage string

// The stages, in order.
const (
	stageCluster     Stage = "cluster"
	stageComputes    Stage = "computes"
	stageControllers Stage = "controllers"
	stageCloud       Stage = "cloud"
)

// stageOf puts a target into its stage.
func (in *Integration) stageOf(t step.Target) Stage {
	switch {
	case t.Where == step.OnCluster:
		return stageCluster
	case t.Where == step.OnCloud:
		return stageCloud
	case want.IsCompute(in.engine.Site.Host(t.Name)):
		return stageComputes
	}
	return stageControllers
}

// An Action says what a Change does: it makes something, changes it, or restarts it.
type Action string

// The actions.
const (
	Create  = Action(step.Create)
	Update  = Action(step.Update)
	Restart = Action(step.Restart)
)

// A FieldDiff is one difference between the world and the Spec. It can be printed as
// it is: secrets are digests.
type FieldDiff struct {
	Field    string `json:"field"`    // an option, a right, owner and mode, …
	Observed string `json:"observed"` // empty when there is no value
	Desired  string `json:"desired"`  // empty when the field is removed
	// Why says what the field is needed for; empty when the field's name says it.
	Why string `json:"why,omitempty"`
}

// A Change is one thing that an Apply would do.
type Change struct {
	// ID is kind/target/name. It comes from the Spec alone, and stays the same from
	// plan to plan.
	ID    string `json:"id"`
	Stage Stage  `json:"stage"`
	// Kind is what the change is about: erasure-profile, pool or user of a cluster;
	// authorized-keys, sudo-rule, repository, packages, upgrade, directory, file,
	// secret, apparmor, settings or unit of a host; volume-type.
	Kind   string      `json:"kind"`
	Action Action      `json:"action"`
	Target string      `json:"target"` // cluster or host; cloud for the APIs
	Name   string      `json:"name"`   // pool, user, path, UUID, unit, packages
	Diffs  []FieldDiff `json:"diffs,omitempty"`
	Reason string      `json:"reason"`
	Needs  []string    `json:"needs,omitempty"` // IDs of the changes that have to be made before
}

// A Plan is what would make the world as a Spec says. It is data: the same Spec and
// the same world give the same plan, byte for byte, and no secret is in it.
//
// A plan is bound to its Spec and to the clusters that it was made for. Apply refuses
// a plan that was edited. Use Plan.Only to restrict a plan.
//
// The JSON of a plan has the fields below. ParsePlan reads it.
type Plan struct {
	// Format is the version of the form of the JSON: 1.
	Format  int    `json:"format"`
	Release string `json:"release,omitempty"` // of OpenStack
	// Spec is the digest of the Spec. Clusters are the fsids of the clusters, by
	// their names in the Spec, apart from clusters that could not be read.
	Spec     string            `json:"spec"`
	Clusters map[string]string `json:"clusters"`
	// LeftOut are the targets that were not asked for: clusters, hosts, and cloud for the
	// APIs. Of a cluster among them, the plan has only what the hosts need.
	LeftOut  []string  `json:"left_out,omitempty"`
	Changes  []Change  `json:"changes"` // in the order in which they are made
	Findings []Finding `json:"findings,omitempty"`
	// Digest is the digest of all other fields.
	Digest string `json:"digest"`

	kept *kept // what Apply needs; nil for a plan read from JSON
}

// planFormat is the version of the form of plans.
const planFormat = 1

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 }

// Problems lists the findings that keep a part of the Spec from being reached.
func (p *Plan) Problems() []Finding {
	var out []Finding
	for _, f := range p.Findings {
		if f.Problem {
			out = append(out, f)
		}
	}
	return out
}

// String is the plan as a text that a person can approve. It ends with a newline.
func (p *Plan) String() string {
	var b strings.Builder
	if p.Release != "" && !p.Empty() {
		fmt.Fprintf(&b, "For OpenStack %s\n", words.Short(p.Release))
	}
	stage := Stage("")
	for _, c := range p.Changes {
		if c.Stage != stage {
			stage = c.Stage
			fmt.Fprintf(&b, "%s\n", stageTitle(stage))
		}
		writeChange(&b, c)
	}
	for _, f := range p.Findings {
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

func writeChange(w io.Writer, c Change) {
	mark := map[Action]string{Create: "+", Update: "~", Restart: "!"}[c.Action]
	fmt.Fprintf(w, "  %s %s\n", mark, words.Short(fmt.Sprintf("%s: %s %s  (%s)", c.Target, c.Kind, c.Name, c.Reason)))
	for _, d := range c.Diffs {
		fmt.Fprintf(w, "      %s\n", d)
	}
}

// String is the difference as a line of a plan.
func (d FieldDiff) String() string {
	// The content of a file has lines of its own, which must not look like lines of the plan.
	lines := strings.Split(d.Desired, "\n")
	for i, line := range lines {
		lines[i] = words.Line(strings.ReplaceAll(line, "\t", "    "))
	}
	desired := strings.Join(lines, "\n          ")
	text := words.Short(d.Field) + ": " + desired
	if d.Observed != "" {
		text = words.Short(d.Field) + ": " + words.Short(d.Observed) + " -> " + orNone(desired)
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

// writeLeftOut says what was not asked for. A part of the targets in shown is above.
func writeLeftOut(w io.Writer, names []string, shown map[string]bool) {
	const most = 5
	if len(names) == 0 {
		return
	}
	more := ""
	if n := len(names) - most; n > 0 {
		names, more = names[:most], fmt.Sprintf(" and %d more", n)
	}
	names = slices.Clone(names)
	for i, name := range names {
		if shown[name] {
			names[i] = "the rest of " + name
		}
	}
	fmt.Fprintf(w, "Left out, as it was not asked for: %s%s.\n", words.Short(strings.Join(names, ", ")), more)
}

// changeOf is an item as a change of a plan.
func (in *Integration) changeOf(i engine.Item) Change {
	c := Change{ID: i.ID.String(), Stage: in.stageOf(i.ID.Target), Kind: i.ID.Kind, Action: Action(i.Action),
		Target: i.ID.Target.Name, Name: nameOf(i), Reason: i.Reason}
	for _, d := range i.Diffs {
		c.Diffs = append(c.Diffs, FieldDiff(d))
	}
	for _, id := range i.Needs {
		c.Needs = append(c.Needs, id.String())
	}
	return c
}

// nameOf is the name that a plan shows.
func nameOf(i engine.Item) string {
	if i.Name != "" {
		return i.Name
	}
	return i.ID.Name
}
