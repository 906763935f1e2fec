package drift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/fold"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// String is the report for people. It ends with a newline. What is equal on several hosts is told once, with the names
// of the hosts; Full tells each host by itself.
func (r *Report) String() string {
	return r.text(func(i Item) string {
		if strings.HasPrefix(i.Kind, "pool") || i.Kind == "user" || i.Kind == "erasure-profile" || i.Kind == "problem" {
			return ""
		}
		return fmt.Sprintf("%q %q %q %q %q %t", i.Kind, i.Action, i.Name, i.Reason, i.Diffs, i.Because == "")
	})
}

// Full is String with each host by itself.
func (r *Report) Full() string { return r.text(func(Item) string { return "" }) }

func (r *Report) text(key func(Item) string) string {
	var b strings.Builder
	for _, equal := range fold.Lists(r.Drift, func(i Item) string { return i.Target }, key) {
		writeItem(&b, equal)
	}
	for _, f := range r.Unknown {
		fmt.Fprintln(&b, "?"+strings.TrimPrefix(f.String(), "PROBLEM:"))
	}
	for _, f := range r.Behind {
		fmt.Fprintln(&b, "."+strings.TrimPrefix(f.String(), "PROBLEM:"))
	}
	if targets := r.keptOn(); len(targets) > 0 {
		names := words.Short(strings.Join(spec.FoldNames(targets), ", "))
		fmt.Fprintf(&b, "Kept as found, by keep of the Spec, on: %s; cephstack plan tells what.\n", names)
	}
	if len(r.LeftOut) > 0 {
		names := words.Short(strings.Join(spec.FoldNames(r.LeftOut), ", "))
		fmt.Fprintf(&b, "Left out, as it was not asked for: %s.\n", names)
	}
	b.WriteString(r.summary())
	return b.String()
}

// writeItem writes Items of several hosts that are equal.
func writeItem(b *strings.Builder, equal []Item) {
	i := equal[0]
	var targets []string
	for _, one := range equal {
		targets = append(targets, one.Target)
	}
	at := strings.Join(spec.FoldNames(targets), ", ")
	if len(targets) > 1 {
		at = fmt.Sprintf("%s (%d hosts)", at, len(targets))
	}
	mark := map[integrate.Action]string{integrate.Create: "-", integrate.Update: "~", integrate.Restart: "!"}[i.Action]
	switch {
	case i.Because != "":
		fmt.Fprintf(b, "  . %s\n", words.Short(fmt.Sprintf("%s: %s %s follows (%s)", at, i.Kind, i.Name, i.Reason)))
		return
	case i.Code != "":
		fmt.Fprintf(b, "! %s\n", words.Message(fmt.Sprintf("%s: %s: %s [%s]", at, i.Name, i.Reason, i.Code)))
		return
	}
	fmt.Fprintf(b, "%s %s\n", mark, words.Short(fmt.Sprintf("%s: %s %s  (%s)", at, i.Kind, i.Name, i.Reason)))
	for _, d := range i.Diffs {
		fmt.Fprintf(b, "      %s\n", d)
	}
}

// keptOn lists the targets on which the Spec keeps differences as found.
func (r *Report) keptOn() []string {
	var all []string
	for _, f := range r.Kept {
		if !slices.Contains(all, f.Target) {
			all = append(all, f.Target)
		}
	}
	return all
}

// differ says how many resources differ.
func (r *Report) differ() string {
	if r.Own() == 1 {
		return "1 resource differs"
	}
	return fmt.Sprintf("%d resources differ", r.Own())
}

// summary is the last line.
func (r *Report) summary() string {
	if r.Status == None {
		return "No drift: all is as the Spec says.\n"
	}
	text := r.differ() + " from the Spec"
	if n := len(r.Drift) - r.Own(); n > 0 {
		text += fmt.Sprintf(" (consequences: %d)", n)
	}
	if n := len(r.Unknown); n > 0 {
		text += fmt.Sprintf("; %d could not be told", n)
	}
	if n := len(r.Behind); n > 0 {
		text += fmt.Sprintf("; not compared because of these: %d", n)
	}
	return text + ".\n"
}
