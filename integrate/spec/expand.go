package spec

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// A form is what the text of a Spec has more than a Spec: see Load.
type form struct {
	// Groups have what their hosts do not say otherwise: all fields of hosts but name. A host is in
	// the group that its group names.
	// Default: no groups.
	// Limits: the fields of hosts, but not name.
	Groups map[string]group `yaml:"groups"`
	Hosts  []member         `yaml:"hosts"`
}

// A member is what the text of a host has more than a Host.
type member struct {
	// Group is the group that gives the host what its entry does not say.
	// Default: no group.
	// Limits: a name in groups.
	Group string `yaml:"group"`
}

// A group has the fields of its hosts. It has no name of its own.
type group Host

// expand makes the hosts of the Spec of those of the text: it gives them what their groups
// have, and makes one host for each name of a range.
func (d *document) expand(entries []Host, f form) ([]Host, []error) {
	var hosts []Host
	var faults []error
	for i, h := range entries {
		d.groups = append(d.groups, f.Hosts[i].Group)
		fault := func(field, format string, args ...any) {
			f := &FieldError{Path: fmt.Sprintf("hosts[%d].%s", i, field), Message: fmt.Sprintf(format, args...)}
			d.locate(f)
			faults = append(faults, f)
		}
		if name := f.Hosts[i].Group; name != "" {
			g, ok := f.Groups[name]
			if !ok {
				fault("group", "%q is not among the groups%s", shorten(name), DidYouMean(name, f.Groups))
				continue
			}
			h = h.withDefaults(Host(g))
		}
		names, err := ExpandNames(h.Name)
		if err != nil {
			fault("name", "%q %v", shorten(h.Name), err)
			continue
		}
		if len(hosts)+len(names) > maxHosts {
			fault("name", "makes more than %d hosts of the Spec, which are not possible", maxHosts)
			break
		}
		addresses, err := addresses(names, h.Address)
		if err != nil {
			fault("address", "%v", err)
			continue
		}
		if n, most := len(h.Services), len(ServiceNames()); n > most {
			fault("services", "has %d names, and there are %d services", n, most)
			continue
		}
		if n, most := len(h.Standby), len(standbys()); n > most {
			fault("standby", "has %d names, and %d services can stand by", n, most)
			continue
		}
		for j, name := range names {
			host := clone(reflect.ValueOf(h)).Interface().(Host)
			host.Name, host.Address = name, addresses[j]
			hosts, d.entries = append(hosts, host), append(d.entries, i)
		}
	}
	return hosts, faults
}

// withDefaults is the host, with what another one has in the place of what is not given.
func (h Host) withDefaults(defaults Host) Host {
	to, from := reflect.ValueOf(&h).Elem(), reflect.ValueOf(defaults)
	for i := range to.NumField() {
		if to.Field(i).IsZero() { // an empty list is given
			to.Field(i).Set(from.Field(i))
		}
	}
	return h
}

// inText makes faults of the Spec faults of the text: with the places of their fields, and
// with the hosts as the text counts them. Of all hosts of an entry that have a fault in
// common, the first one tells it.
func (d *document) inText(faults []error) []error {
	type kind struct{ path, form string }
	told, by := map[kind]*FieldError{}, map[kind]int{} // by is the host of the first
	more := map[*FieldError]int{}
	var out []error
	for _, err := range faults {
		var f *FieldError
		if !errors.As(err, &f) {
			out = append(out, err)
			continue
		}
		host, _, isHost := cutHost(f.Path)
		f.Path = d.textPath(f.Path)
		k := kind{f.Path, f.form}
		if first := told[k]; isHost && first != nil && by[k] != host {
			more[first]++
			continue
		}
		told[k], by[k] = f, host
		d.locate(f)
		if i, _, ok := cutHost(f.other); ok && i < len(d.entries) {
			other := &FieldError{Path: d.textPath(f.other)}
			d.locate(other)
			entry, _, _ := strings.Cut(other.Path, ".")
			f.Message = strings.Replace(f.Message, fmt.Sprintf("hosts[%d]", i), entry, 1)
			f.Message += "; the first is at " + other.place()
		}
		out = append(out, f)
	}
	for f, n := range more {
		f.Message += fmt.Sprintf("; %d more hosts of this entry have a fault of this kind", n)
	}
	return out
}

// textPath is the path of a field of the Spec as the text has it.
func (d *document) textPath(path string) string {
	if i, rest, ok := cutHost(path); ok && i < len(d.entries) {
		return fmt.Sprintf("hosts[%d]%s", d.entries[i], rest)
	}
	return path
}

// inGroup is where the group of a host has a field, by the path in the text.
func (d *document) inGroup(path string) string {
	if i, rest, ok := cutHost(path); ok && i < len(d.groups) && d.groups[i] != "" && rest != "" {
		return "groups." + d.groups[i] + rest
	}
	return ""
}

// cutHost takes the index of a host off a path.
func cutHost(path string) (index int, rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, "hosts[")
	text, rest, ok2 := strings.Cut(rest, "]")
	index, err := strconv.Atoi(text)
	return index, rest, ok && ok2 && err == nil
}
