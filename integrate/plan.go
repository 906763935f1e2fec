package integrate

import (
	"fmt"
	"io"
	"strings"
)

// A Stage is a part of a plan that must be done before the next one begins:
// keys and secrets have to be on the computes before a controller hands their
// UUID out.
type Stage string

// The stages, in order.
const (
	StageCluster     Stage = "cluster"
	StageComputes    Stage = "computes"
	StageControllers Stage = "controllers"
	StageCloud       Stage = "cloud"
)

// A Kind says what a change is about.
type Kind string

// The kinds of changes.
const (
	KindErasureProfile Kind = "erasure-profile"
	KindPool           Kind = "pool"
	KindUser           Kind = "user"
	KindPackages       Kind = "packages"
	KindDirectory      Kind = "directory"
	KindFile           Kind = "file"
	KindSecret         Kind = "secret"
	KindSettings       Kind = "settings"
	KindUnit           Kind = "unit"
	KindVolumeType     Kind = "volume-type"
)

// An Action says what happens to a change's object.
type Action string

// The actions. No change means nothing to do.
const (
	Create  Action = "create"
	Update  Action = "update"
	Restart Action = "restart"
)

// A FieldDiff is one difference, printable as it is: secrets are digests.
type FieldDiff struct {
	Field    string `json:"field"`
	Observed string `json:"observed"` // empty when there is none
	Desired  string `json:"desired"`
}

// A Change is one thing that a plan would do.
type Change struct {
	ID     string      `json:"id"` // stage-independent and stable: kind/target/name
	Stage  Stage       `json:"stage"`
	Kind   Kind        `json:"kind"`
	Action Action      `json:"action"`
	Target string      `json:"target"` // cluster or host
	Name   string      `json:"name"`   // pool, entity, path, UUID, unit
	Diffs  []FieldDiff `json:"diffs,omitempty"`
	Reason string      `json:"reason"`
	Needs  []string    `json:"needs,omitempty"` // IDs of changes that must be done before
}

// A Finding is something that a plan cannot change or leaves alone. A Problem
// keeps a part of the Spec from being reached; a note is good to know.
type Finding struct {
	Problem bool   `json:"problem"`
	Target  string `json:"target"`
	Object  string `json:"object,omitempty"`
	Message string `json:"message"` // what it is and what to do next
	Err     error  `json:"-"`
}

// String is the finding as a line of a plan.
func (f Finding) String() string {
	word := "note"
	if f.Problem {
		word = "PROBLEM"
	}
	return fmt.Sprintf("%s: %s: %s", word, strings.TrimSpace(f.Target+" "+f.Object), f.Message)
}

// A Plan is what would make the world as its Spec says. It is data: the same
// Spec and world give the same plan, byte for byte, and no secret is in it.
type Plan struct {
	Release  string    `json:"release,omitempty"` // of OpenStack, that it is for
	Changes  []Change  `json:"changes"`
	Findings []Finding `json:"findings,omitempty"`

	seen *observed // what the plan was computed from; nil for a plan read from JSON
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 }

// Problems returns the findings that keep the Spec from being reached.
func (p *Plan) Problems() []Finding {
	var out []Finding
	for _, f := range p.Findings {
		if f.Problem {
			out = append(out, f)
		}
	}
	return out
}

// String is the plan as a person approves it.
func (p *Plan) String() string {
	var b strings.Builder
	if p.Release != "" && !p.Empty() {
		fmt.Fprintf(&b, "For OpenStack %s\n", p.Release)
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
	case StageCluster:
		return "Ceph cluster"
	case StageComputes:
		return "Computes"
	case StageControllers:
		return "Controllers"
	}
	return "OpenStack APIs"
}

func writeChange(w io.Writer, c Change) {
	mark := map[Action]string{Create: "+", Update: "~", Restart: "!"}[c.Action]
	fmt.Fprintf(w, "  %s %s: %s %s  (%s)\n", mark, c.Target, c.Kind, c.Name, c.Reason)
	for _, d := range c.Diffs {
		if d.Observed == "" {
			fmt.Fprintf(w, "      %s: %s\n", d.Field, d.Desired)
			continue
		}
		fmt.Fprintf(w, "      %s: %s -> %s\n", d.Field, d.Observed, orNone(d.Desired))
	}
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
