package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// names takes a flag's list, in which names may be ranges as in a Spec. The flag may be
// given again.
func names(into *[]string) func(string) error {
	return func(value string) error {
		var all []string
		if err := list(&all)(value); err != nil {
			return err
		}
		for _, text := range all {
			some, err := spec.ExpandNames(text)
			if err != nil {
				return fmt.Errorf("%q %w", text, err)
			}
			*into = append(*into, some...)
		}
		return nil
	}
}

// list takes a flag's list, of which nothing may be empty. The flag may be given again.
func list(into *[]string) func(string) error {
	return func(value string) error {
		all := splitNames(value)
		if slices.Contains(all, "") {
			return errors.New("a name is empty")
		}
		for _, text := range all {
			if _, err := spec.ExpandNames(text); err != nil {
				return fmt.Errorf("%q %w", text, err)
			}
		}
		*into = append(*into, all...)
		return nil
	}
}

// splitNames splits a list at its commas, but for those in brackets.
func splitNames(list string) []string {
	inside := false
	at := func(r rune) bool {
		inside = r == '[' || inside && r != ']'
		return r == ',' && !inside
	}
	var names []string
	for {
		i := strings.IndexFunc(list, at)
		if i < 0 {
			return append(names, list)
		}
		names, list = append(names, list[:i]), list[i+1:]
	}
}

// restricted reports whether the command is about a part of the Spec.
func (o *options) restricted() bool { return len(o.limit)+len(o.only.Clusters) > 0 }

// restrict finds the hosts that --limit names, and tells what is wrong with the names of --limit and --clusters. Hosts
// without services count if all is true.
func (o *options) restrict(s spec.Spec, groups map[string][]string, all bool) error {
	var faults []error
	hosts := map[string]spec.Host{}
	for _, h := range s.Hosts {
		hosts[h.Name] = h
	}
	for _, text := range o.limit {
		found, err := limited(text, hosts, groups, all)
		o.only.Hosts = append(o.only.Hosts, found...)
		faults = append(faults, err)
	}
	clusters := map[string]bool{}
	for _, c := range s.Clusters {
		clusters[c.Name] = true
	}
	for _, name := range o.only.Clusters {
		if !clusters[name] {
			faults = append(faults, fmt.Errorf("--clusters: the Spec has no cluster %q%s", name,
				spec.DidYouMean(name, clusters)))
		}
	}
	return errors.Join(faults...)
}

// limited are the hosts that a text of --limit stands for: those of a group that have services, a host, or the hosts of
// a range. Hosts without services count if idle is true.
func limited(text string, hosts map[string]spec.Host, groups map[string][]string, idle bool) ([]string, error) {
	group, isGroup := groups[text]
	if _, isHost := hosts[text]; isHost && isGroup {
		return nil, fmt.Errorf("--limit: %q is a host and a group of the Spec: give the group another name", text)
	}
	if isGroup {
		some := slices.DeleteFunc(slices.Clone(group), func(name string) bool {
			return !idle && len(hosts[name].Services) == 0
		})
		if len(some) == 0 {
			return nil, fmt.Errorf("--limit: no host of the group %q has services in the Spec, so there is nothing to do", text)
		}
		return some, nil
	}
	all, err := spec.ExpandNames(text)
	if err != nil {
		return nil, fmt.Errorf("--limit: %q %w", text, err)
	}
	var faults []error
	for _, name := range all {
		h, known := hosts[name]
		switch {
		case !known && len(all) == 1:
			faults = append(faults, fmt.Errorf("--limit: the Spec has no host or group %q%s", name, alike(name, hosts, groups)))
		case !known:
			faults = append(faults, fmt.Errorf("--limit: the Spec has no host %q", name))
		case len(h.Services) == 0 && !idle:
			faults = append(faults, fmt.Errorf("--limit: %q has no services in the Spec, so there is nothing to do on it; "+
				"to name a cluster, take --clusters", name))
		}
	}
	return all, errors.Join(faults...)
}

// alike suggests a host or a group.
func alike(name string, hosts map[string]spec.Host, groups map[string][]string) string {
	known := map[string]bool{}
	for h := range hosts {
		known[h] = true
	}
	for g := range groups {
		known[g] = true
	}
	return spec.DidYouMean(name, known)
}
