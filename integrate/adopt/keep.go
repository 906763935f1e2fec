package adopt

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// mostLooks bounds how often a plan is made anew: what is kept may show what was behind it.
const mostLooks = 4

// A kept is an entry of what the Spec keeps as found, with what is to say of it.
type kept struct {
	spec.Keep
	why  string
	hole string // what the entry leaves open; empty for most
}

// keep makes the plan of the Spec, and writes into the Spec which of its differences stay as found, until no more of
// them can stay.
func (a *adopting) keep(ctx context.Context) (*integrate.Plan, error) {
	var all []*kept
	for range mostLooks {
		p, err := a.made(ctx)
		if err != nil {
			return nil, err
		}
		before := places(all)
		for _, c := range p.Changes {
			all = a.keepOf(all, c)
		}
		if places(all) == before {
			all = working(all, p)
			if places(all) == before {
				return p, nil
			}
			a.order(all)
			break
		}
		a.order(all)
	}
	return a.made(ctx)
}

// working are the entries without places in which the plan has the difference all the same: some cannot be kept, for
// a reason that only a comparison of the host knows.
func working(all []*kept, p *integrate.Plan) []*kept {
	type place struct{ kind, target, name, field string }
	shown := map[place]bool{}
	for _, c := range p.Changes {
		for _, d := range c.Diffs {
			shown[place{c.Kind, c.Target, c.Name, d.Field}] = true
		}
	}
	for _, k := range all {
		k.Where = slices.DeleteFunc(k.Where, func(target string) bool {
			return shown[place{k.Kind, target, k.Names[0], k.Field}]
		})
	}
	return slices.DeleteFunc(all, func(k *kept) bool { return len(k.Where) == 0 }) // none would stand for all
}

// places is in how many places the entries keep something.
func places(all []*kept) (n int) {
	for _, k := range all {
		n += len(k.Where)
	}
	return n
}

// made is the plan of the Spec.
func (a *adopting) made(ctx context.Context) (*integrate.Plan, error) {
	in, err := integrate.New(integrate.Config{Spec: a.spec, World: a.world, Parallel: a.cfg.Parallel,
		Observer: a.cfg.Observer})
	if err != nil {
		return nil, err
	}
	return in.Plan(ctx, integrate.PlanOptions{})
}

// keepOf adds entries for the differences of a change that can stay.
func (a *adopting) keepOf(all []*kept, c integrate.Change) []*kept {
	if c.Action == integrate.Create && a.spare(c) {
		d := integrate.FieldDiff{Field: "file", Observed: "missing", Desired: "there"}
		return a.keepDiff(all, c, d)
	}
	stranger := c.Kind == "user" && slices.Contains(a.strangers, spec.User{Cluster: c.Target, Entity: c.Name})
	if c.Action != integrate.Update || stranger {
		return all
	}
	for _, d := range c.Diffs {
		all = a.keepDiff(all, c, d)
	}
	return all
}

// spare reports whether a change makes a keyring that nothing on its host needs: a compute on which only QEMU logs in
// as the user.
func (a *adopting) spare(c integrate.Change) bool {
	onlyComputes := slices.ContainsFunc(a.spec.Hosts, func(h spec.Host) bool {
		return h.Name == c.Target && slices.Equal(h.Services, []string{"nova-compute"})
	})
	if !onlyComputes || c.Kind != "file" || !strings.HasSuffix(c.Name, ".keyring") {
		return false
	}
	n := a.spec.WithDefaults().Nova
	return n == nil || !strings.HasSuffix(c.Name, "/"+n.Cluster+"."+n.Use().User.Entity+".keyring")
}

// keepDiff adds a difference to the entry that it fits, or an entry for it.
func (a *adopting) keepDiff(all []*kept, c integrate.Change, d integrate.FieldDiff) []*kept {
	k := &kept{Keep: spec.Keep{Kind: c.Kind, Where: []string{c.Target}, Names: []string{c.Name}, Field: d.Field},
		hole: a.holeOf(c, d), why: whyOf(c, d)}
	k.Found, k.Wanted = k.Value(d.Observed), k.Value(d.Desired)
	if !k.Covers(c.Name, d.Field, d.Observed, d.Desired) || strings.Contains(c.Name+d.Field, "*") ||
		ambiguous(d.Observed) || ambiguous(d.Desired) || unwritable(k.Found+k.Wanted+c.Name) {
		return all
	}
	for _, o := range all {
		if o.alike(k) && o.Names[0] == c.Name {
			if !slices.Contains(o.Where, c.Target) {
				o.Where = append(o.Where, c.Target)
			}
			return all
		}
	}
	return append(all, k)
}

// ambiguous reports whether a value stands for others, too, where an entry names it.
func ambiguous(value string) bool {
	return value == "*" || value != "" && value == (spec.Keep{}).Value("")
}

// alike reports whether two entries are about the same difference, wherever it is.
func (k *kept) alike(o *kept) bool {
	return o.Kind == k.Kind && o.Field == k.Field && o.Found == k.Found && o.Wanted == k.Wanted && o.hole == k.hole
}

// joined are the entries with one for all names that have a difference in the same places. No entry covers a name in a
// place where nobody saw the difference.
func joined(all []*kept) []*kept {
	var out []*kept
	for _, k := range all {
		i := slices.IndexFunc(out, func(o *kept) bool {
			return o.alike(k) && slices.Equal(slices.Sorted(slices.Values(o.Where)), slices.Sorted(slices.Values(k.Where)))
		})
		if i < 0 {
			first := *k
			first.Names = slices.Clone(k.Names)
			out = append(out, &first)
			continue
		}
		out[i].Names = append(out[i].Names, k.Names...)
	}
	return out
}

// longestKept is how long the values of an entry may be: a text in a Spec has a limit.
const longestKept = 4096

// unwritable reports whether a text cannot be in a Spec, or should not be: the digest of what may be a password.
func unwritable(text string) bool {
	if len(text) > longestKept || !utf8.ValidString(text) {
		return true
	}
	return words.Shown(text) != text || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// order puts the entries into the Spec with their remarks: what leaves a hole first, and then by kinds.
func (a *adopting) order(all []*kept) {
	a.spec.Keep, all = nil, joined(all)
	slices.SortStableFunc(all, func(x, y *kept) int { return rank(x) - rank(y) })
	for _, k := range all {
		out := k.Keep
		out.Where, out.Names = spec.FoldNames(k.Where), slices.Clone(k.Names)
		a.spec.Keep = append(a.spec.Keep, out)
	}
	a.kept = all
}

// rank is where an entry of what is kept comes.
func rank(k *kept) int {
	if k.hole != "" {
		return 0
	}
	return 1 + slices.Index([]string{"user", "pool", "secret", "directory", "file", "settings"}, k.Kind)
}

// tellKept says of each entry what it keeps, and why cephstack would have it otherwise.
func (a *adopting) tellKept() {
	if len(a.kept) == 0 {
		return
	}
	a.remark("keep", "These differences from what cephstack sets stay as they were found, so that the plan of this Spec "+
		"does not touch them. Take an entry out to have it as cephstack sets it; cephstack plan then shows the change.")
	for i, k := range a.kept {
		text := k.why
		if k.hole != "" {
			text = "KNOWN HOLE, which stays open while this entry is here: " + k.hole + " " + text
		}
		a.remark(at("keep", i), "%s", text)
	}
}
