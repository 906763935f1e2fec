package ceph

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Caps are an entity's rights by daemon type ("mon", "osd", "mgr", "mds"),
// each a comma-separated list of clauses as ceph auth caps takes them.
//
// Similar To: ceph auth caps <entity> mon … osd …
type Caps map[string]string

// ParseCaps reads caps as the monitors, the OSDs and the managers do, and names
// the first clause that they cannot parse, with ErrInvalid. It returns the caps
// as they were written. A daemon that cannot parse a clause grants nothing of
// the whole text.
//
// Similar To: ceph-authtool --cap <daemon type> <caps>
func ParseCaps(caps map[string]string) (Caps, error) {
	out := Caps{}
	for _, d := range daemonTypes(caps) {
		if !daemonType(d) {
			return nil, fmt.Errorf("%w: caps: unknown daemon type %q", ErrInvalid, d)
		}
		if err := checkClauses(d, caps[d]); err != nil {
			return nil, err
		}
		out[d] = caps[d]
	}
	return out, nil
}

// Normal returns the caps with clauses normalised (white space, optional
// quotes, "allow" forms) and sorted, so that equal rights render equal. A
// clause that cannot be read stays as it is, with white space outside quotes
// collapsed. A clause with an unclosed quote stays last: wherever else it stood,
// its quote would swallow the clauses behind it.
func (c Caps) Normal() Caps {
	out := Caps{}
	for d, text := range c {
		var list []string
		for _, cl := range readClauses(d, text) {
			list = append(list, cl.String())
		}
		slices.Sort(list)
		unclosedLast(list)
		if list = slices.Compact(list); len(list) > 0 {
			out[d] = strings.Join(list, ", ")
		}
	}
	return out
}

// Readable returns the caps without the clauses that Ceph cannot parse, and
// without daemon types of which no clause is left. What is left grants what it
// says; with the clauses that are taken out, Ceph grants nothing of a text.
func (c Caps) Readable() Caps {
	out := Caps{}
	for d, text := range c {
		list := slices.DeleteFunc(readClauses(d, text), func(cl clause) bool { return cl.unread })
		if daemonType(d) && len(list) > 0 {
			out[d] = strings.Join(texts(list), ", ")
		}
	}
	return out
}

// Equal compares without regard to the order of clauses, to repetitions and
// to daemon types without a clause.
func (c Caps) Equal(o Caps) bool { return maps.Equal(c.Normal(), o.Normal()) }

// Merge returns the desired caps, and keeps the clauses of c that desired does
// not cover and that do not speak of a pool that desired names
// (foreign clauses). Old forms of the same right, such as
// "allow rwx pool=volumes" under "profile rbd pool=volumes", are replaced.
//
// It is decided for each daemon type by itself; where desired says nothing of
// a type, c's clauses stay. A clause that is tied to no pool and grants more
// than desired, such as "allow *", is foreign and stays: to take it away is
// the operator's decision. Foreign clauses are kept as they were written. A
// text with an unclosed quote, which only an import brings into a cluster,
// grants nothing; what is merged into it has the unclosed quote too, so that
// Ceph refuses it, and no other clause of the text takes effect unasked.
func (c Caps) Merge(desired Caps) Caps {
	out := Caps{}
	for _, d := range daemonTypes(c, desired) {
		want := readClauses(d, desired[d])
		list := texts(want)
		for _, cl := range readClauses(d, c[d]) {
			if !replaced(d, cl, want) && !slices.Contains(list, cl.raw) {
				list = append(list, cl.raw)
			}
		}
		if unclosedLast(list); len(list) > 0 {
			out[d] = strings.Join(list, ", ")
		}
	}
	return out
}

// String renders mon '…' mgr '…' osd '…', as ceph auth caps takes it.
func (c Caps) String() string {
	var out []string
	for _, d := range daemonTypes(c) {
		out = append(out, d+" '"+strings.ReplaceAll(c[d], "'", `'\''`)+"'")
	}
	return strings.Join(out, " ")
}

// list renders the caps as the array of a mon command, normal order.
func (c Caps) list() []string {
	out := []string{}
	for _, d := range daemonTypes(c) {
		if strings.Trim(c[d], spaces) != "" {
			out = append(out, d, c[d])
		}
	}
	return out
}

// daemonTypes lists the keys of all caps: mon, mgr, osd, then the others.
func daemonTypes(all ...map[string]string) []string {
	rank := map[string]int{"mon": -3, "mgr": -2, "osd": -1}
	var out []string
	for _, c := range all {
		out = slices.AppendSeq(out, maps.Keys(c))
	}
	slices.SortFunc(out, func(a, b string) int {
		if d := rank[a] - rank[b]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(out)
}

// readClauses is parseClauses without refusal: what cannot be read is a
// clause of which only the text is known.
func readClauses(daemon, text string) []clause {
	var out []clause
	for _, raw := range splitClauses(text) {
		if raw == "" {
			continue
		}
		c, err := parseClause(daemon, raw)
		if err != nil || !capsReadable(daemon, raw) {
			c = clause{raw: raw, unread: true}
		}
		out = append(out, c)
	}
	return out
}

// unclosedLast moves a clause with an unclosed quote to the end, and keeps the order of the others.
func unclosedLast(list []string) {
	slices.SortStableFunc(list, func(a, b string) int {
		switch x, y := unclosed(a), unclosed(b); {
		case x == y:
			return 0
		case x:
			return 1
		}
		return -1
	})
}

func texts(list []clause) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.raw)
	}
	return out
}
