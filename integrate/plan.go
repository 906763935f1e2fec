package integrate

import (
	"cmp"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
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
	case in.engine.Site.HasCompute(t.Name):
		return stageComputes
	}
	return stageControllers
}

// An Action says what a Change does: it makes something, changes it, restarts it, or removes it.
type Action string

// The actions.
const (
	Create  = Action(step.Create)
	Update  = Action(step.Update)
	Restart = Action(step.Restart)
	Remove  = Action(step.Remove)
)

// A FieldDiff is one difference between the world and the Spec. It can be printed: keys are
// digests, and other secrets are [redacted]. A secret that somebody may have chosen, such as a
// password, is "[redacted sha256:…]" in Observed and Desired, and so in JSON: a stored plan notices
// another one. Whoever has that digest can try guesses of a weak password.
type FieldDiff struct {
	Field    string `json:"field"`    // an option, a right, owner and mode, …
	Observed string `json:"observed"` // empty when there is no value
	Desired  string `json:"desired"`  // empty when the field is removed
	// Why says what the field is needed for; empty when the field's name says it.
	Why string `json:"why,omitempty"`
	// Of is the ID of the resource, in a Check of several resources. It is empty elsewhere.
	Of string `json:"of,omitempty"`
}

// A Change is one thing that an Apply would do.
type Change struct {
	// ID is kind/target/name. It comes from the Spec alone, and stays the same from
	// plan to plan.
	ID    string `json:"id"`
	Stage Stage  `json:"stage"`
	// Kind is what the change is about: erasure-profile, pool or user of a cluster;
	// authorized-keys, sudo-rule, repository, packages, upgrade, directory, file,
	// secret, apparmor, settings or unit of a host; volume-type and retired-user.
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
// a plan that was edited. Use Plan.Only to restrict a plan. String and Full are its texts for
// people: String tells equal hosts once.
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

// IsOf reports whether the plan was made for a Spec. How the hosts and the APIs are reached does not count, and a Spec
// without a release is compared with the release of the plan.
func (p *Plan) IsOf(s spec.Spec) bool {
	s.Release = cmp.Or(s.Release, p.Release)
	return p.Spec == digestOf(s)
}

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

// Unable lists the resources that could not be compared, such as a private secret of libvirt, whose value nobody can
// read. Nothing is planned of them, and no change waits for them, so they are not among the Findings. Nobody knows
// whether they are as the Spec says. JSON does not have them: the list of a plan that was stored is empty.
func (p *Plan) Unable() []Finding {
	if p.kept == nil {
		return nil
	}
	return slices.Clone(p.kept.unable)
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
