package rotate

import (
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// astray finds the rules that may match guests which an earlier rule was meant for: that rule names a guest or a
// project that the cloud does not have, so that what is meant falls to a later rule, and that one allows more.
func astray(rules []spec.GuestRule, servers []api.Server) map[int]string {
	have, projects := map[string]bool{}, map[string]bool{}
	for _, s := range servers {
		have[s.ID], have[s.Name], projects[s.Project] = true, true, true
	}
	all := map[int]string{}
	for i, r := range rules {
		what := nobody("server", r.Servers, have)
		if what == "" {
			what = nobody("project", r.Projects, projects)
		}
		if what == "" {
			continue
		}
		for j := i + 1; j < len(rules); j++ {
			if all[j] == "" && slices.ContainsFunc(rules[j].May, func(act string) bool { return !slices.Contains(r.May, act) }) {
				all[j] = fmt.Sprintf("rule %d of rotate.guests matches it, and rule %d allows less and names %s, which no guest "+
					"has: this guest may be meant; correct that name, or take it out", j+1, i+1, what)
			}
		}
	}
	return all
}

// nobody is the first of some names that nothing has; projects are named by their IDs.
func nobody(kind string, names []string, have map[string]bool) string {
	for _, name := range names {
		if !have[name] {
			return fmt.Sprintf("%s %q", kind, name)
		}
	}
	return ""
}
