package explain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// A Sort says what a Topic is about.
type Sort string

// The sorts of topics.
const (
	OfCheck  Sort = "check"
	OfCode   Sort = "finding"
	OfChange Sort = "change"
	OfAudit  Sort = "audit finding"
	// OfRotation are the codes of what is in the way of a rotation, and of what its guests wait for.
	OfRotation Sort = "of a rotation"
)

// A Topic is what there is to say of a check, of a code, or of a kind of change.
type Topic struct {
	Sort Sort
	// Name is a code, a kind of change, or the ID of checks. Words in capitals stand for names of the Spec: files/HOST.
	Name string
	// Level says what findings of a code are: problem, note, or "problem or note"; or the severity of an audit's finding.
	// Other topics have none.
	Level string
	// Means says what the check looks at, what the finding tells, or what the change does.
	Means string
	// Why says why it matters.
	Why string
	// See are commands that show it by hand. Words in capitals are to be replaced.
	See []Command
	// Next says what to do.
	Next string
	// Fields are the fields of the Spec that have to do with it, such as cinder.backends.pool.
	Fields []string
	// Related are the names of other topics.
	Related []string
}

// A Command is what somebody can type to see more.
type Command struct {
	Line string // for a shell
	Note string // where to run it, or what it shows; may be empty
}

// Checks lists the topics of all checks, in the order in which they are made.
func Checks() []Topic { return slices.Concat(read("checks-static.md"), read("checks-journey.md")) }

// Codes lists the topics of all codes of findings, as they are grouped in the documentation of integrate.Finding.
func Codes() []Topic {
	var all []Topic
	for _, name := range codeFiles() {
		all = append(all, read(name)...)
	}
	return all
}

// Changes lists the topics of all kinds of changes.
func Changes() []Topic { return read("changes.md") }

// Audits lists the topics of all codes of findings of an audit.
func Audits() []Topic { return slices.Concat(read("audit-data.md"), read("audit-hosts.md")) }

// Rotations lists the topics of all codes of rotations: of problems, of what is in the way, and of waits of guests.
func Rotations() []Topic { return read("rotation.md") }

// All lists all topics: checks, codes, kinds of changes, and codes of audits and of rotations.
func All() []Topic { return slices.Concat(Checks(), Codes(), Changes(), Audits(), Rotations()) }

// Check gives the topic of a check by its ID, such as files/compute1; by its name, such as "files compute1"; or by the
// first words of IDs, such as files or vm-on, if these are the words of one topic only.
func Check(name string) (Topic, bool) {
	for _, id := range []string{strings.Replace(name, " ", "/", 1), strings.ReplaceAll(name, " ", "-")} {
		if t, ok := checkOf(id); ok {
			return t, true
		}
	}
	return Topic{}, false
}

func checkOf(name string) (Topic, bool) {
	all := Checks()
	fits := func(fit func(topic, name string) bool) []Topic {
		var some []Topic
		for _, t := range all {
			if fit(t.Name, name) {
				some = append(some, t)
			}
		}
		return some
	}
	if some := fits(matches); len(some) > 0 { // the topic that says most of the ID
		return slices.MaxFunc(some, func(a, b Topic) int { return cmp.Compare(written(a.Name), written(b.Name)) }), true
	}
	some := fits(begins)
	if len(some) == 0 {
		return Topic{}, false
	}
	for _, t := range some[1:] { // the others are the same check of a further store, backend or cluster
		if !begins(t.Name, some[0].Name) {
			return Topic{}, false
		}
	}
	return some[0], true
}

// Code gives the topic of the code of a finding, such as pool-in-use.
func Code(code string) (Topic, bool) { return named(Codes(), code) }

// Change gives the topic of a kind of change, such as secret.
func Change(kind string) (Topic, bool) { return named(Changes(), kind) }

// Audit gives the topic of the code of a finding of an audit, such as orphan-volume.
func Audit(code string) (Topic, bool) { return named(Audits(), code) }

// Rotation gives the topic of a code of a rotation, such as no-rule.
func Rotation(code string) (Topic, bool) { return named(Rotations(), code) }

// Lookup gives all topics of a name: packages is the beginning of the ID of a check, and a kind of change.
func Lookup(name string) []Topic {
	var all []Topic
	for _, find := range []func(string) (Topic, bool){Check, Code, Change, Audit, Rotation} {
		if t, ok := find(name); ok {
			all = append(all, t)
		}
	}
	return all
}

// Suggest gives names of topics that somebody may have meant: those that begin with the name or have it as a word, or
// else the name that looks most like it.
func Suggest(name string) []string {
	var some []string
	near := map[string]string{}
	for _, t := range All() {
		short := t.Short()
		if name != "" && (begins(t.Name, name) || slices.Contains(strings.Split(short, "-"), name)) {
			some = append(some, short)
		}
		near[short] = short
	}
	if len(some) > 0 {
		slices.Sort(some)
		return slices.Compact(some)
	}
	best := spec.DidYouMean(name, near)
	for short := range near {
		if best != "" && best == spec.DidYouMean(name, map[string]string{short: short}) {
			return []string{short}
		}
	}
	return nil
}

func named(all []Topic, name string) (Topic, bool) {
	if i := slices.IndexFunc(all, func(t Topic) bool { return t.Name == name }); i >= 0 {
		return all[i], true
	}
	return Topic{}, false
}
