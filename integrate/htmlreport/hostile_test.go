package htmlreport_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/htmlreport"
	"github.com/cephstack/cephstack/integrate/spec"
)

// evil is what leaves each context of HTML and of SVG, turns the direction of a text, and does not show.
const evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}]]>--><style>*{}</style>" +
	"javascript:1\u202e\u2066\u200b\u00ad\x1b[31m\x00\u2028\u0085\xff"

// clean fails where a page has an element or an attribute that the page does not have by itself, an anchor twice, a
// link that leads nowhere, or a character that does not show.
func clean(t *testing.T, page string) {
	t.Helper()
	for _, r := range page {
		if !unicode.IsPrint(r) && r != '\n' {
			require.Fail(t, "does not print", "%q", r)
		}
	}
	ids, links := map[string]bool{}, []string{}
	var walk func(*element)
	walk = func(e *element) {
		assert.NotContains(t, []string{"script", "img", "iframe", "object", "form", "base"}, e.name)
		for name, value := range e.attrs {
			assert.False(t, strings.HasPrefix(name, "on"), name)
			switch name {
			case "id":
				assert.False(t, ids[value], "twice: %s", value)
				ids[value] = true
			case "href":
				if value != "data:," {
					links = append(links, value)
				}
			case "class":
				assert.NotContains(t, value, "alert")
			}
		}
		for _, n := range e.nodes {
			if below, ok := n.(*element); ok {
				walk(below)
			}
		}
	}
	walk(tree(t, page))
	for _, l := range links {
		assert.True(t, ids[strings.TrimPrefix(l, "#")], l)
	}
	assert.Equal(t, 1, strings.Count(page, "<style"))
	assert.NotContains(t, page, "alert(1)</script")
}

// TestNoFieldLeavesItsPlace: not of a plan, of a report, or of a Spec that nobody has checked.
func TestNoFieldLeavesItsPlace(t *testing.T) {
	s := spec.Spec{Release: evil, Clusters: []spec.Cluster{{Name: evil, Host: evil}}, Nova: &spec.Nova{Pool: evil},
		Glance: &spec.Glance{Pool: evil}, Hosts: []spec.Host{{Name: evil, Services: []string{"nova-compute", evil}},
			{Name: evil + "2", Services: []string{"glance-api"}}}}
	o := htmlreport.Options{Spec: s, Time: time.Now(), Program: evil, Title: evil}
	diffs := []integrate.FieldDiff{{Field: evil, Observed: evil + "\n" + evil, Desired: evil, Why: evil}}
	change := func(id string, action integrate.Action, stage integrate.Stage) integrate.Change {
		return integrate.Change{ID: id, Target: evil, Kind: evil, Name: evil, Action: action, Stage: stage, Reason: evil,
			Diffs: diffs, Needs: []string{evil, "b"}}
	}
	finding := integrate.Finding{Code: evil, Target: evil, Object: evil, Message: evil, Because: evil, Problem: true,
		Hosts: []string{evil, evil + "2", evil + "3", evil + "4"}}
	plan := &integrate.Plan{Release: evil, Spec: evil, Clusters: map[string]string{evil: evil}, LeftOut: []string{evil},
		Changes: []integrate.Change{change(evil, integrate.Action(evil), integrate.Stage(evil)),
			change("b", integrate.Restart, "computes"), change("b", integrate.Create, integrate.Stage(evil))},
		Findings: []integrate.Finding{finding}}
	check := integrate.Check{ID: evil + "/" + evil, Name: evil, Target: evil, Status: integrate.CheckStatus(evil),
		Evidence: evil, Next: evil, Because: evil, Diffs: diffs, Seconds: 1}
	report := &integrate.Report{Clusters: plan.Clusters, Spec: evil, LeftOut: plan.LeftOut, ChecksLeftOut: plan.LeftOut,
		Notes: []integrate.Finding{finding}, Checks: []integrate.Check{check, {ID: "x", Status: integrate.Fail,
			Target: "map-t", Name: "next", Evidence: evil}}}
	var b bytes.Buffer
	require.NoError(t, htmlreport.Plan(&b, plan, o))
	clean(t, b.String())
	b.Reset()
	require.NoError(t, htmlreport.Report(&b, report, o))
	clean(t, b.String())
}

// TestAPageIsBounded: what one host says does not make a page that no browser opens.
func TestAPageIsBounded(t *testing.T) {
	plan, report := &integrate.Plan{}, &integrate.Report{}
	for i := range 100 {
		host := fmt.Sprintf("h%04d", i*7919%10007)
		plan.Changes = append(plan.Changes, integrate.Change{ID: "file/" + host + "/x", Target: host, Kind: "file", Name: "x",
			Action: integrate.Update, Stage: "computes", Diffs: []integrate.FieldDiff{{Field: "content", Observed: host,
				Desired: "x"}}})
		report.Checks = append(report.Checks, integrate.Check{ID: "files/" + host, Target: host, Status: integrate.Fail,
			Name: "files " + host, Evidence: host + ": differs"})
	}
	for _, c := range []string{"\n", "a", "; ", "<\n", "\n\u202e"} {
		long := strings.Repeat(c, 64<<10/len(c))
		plan.Changes[0].Diffs[0].Observed, report.Checks[0].Evidence = long, long
		var b bytes.Buffer
		began := time.Now()
		require.NoError(t, htmlreport.Plan(&b, plan, htmlreport.Options{}))
		plans := b.Len()
		assert.Less(t, plans, 1<<20, "%q", c)
		assert.Equal(t, strings.Contains(c, "\n"), strings.Contains(b.String(), " more lines"), "%q", c)
		require.NoError(t, htmlreport.Report(&b, report, htmlreport.Options{}))
		assert.Less(t, b.Len()-plans, 1<<20, "%q", c)
		t.Logf("%q: %d and %d KiB in %s", c, plans>>10, (b.Len()-plans)>>10, time.Since(began))
	}
}
