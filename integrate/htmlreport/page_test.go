package htmlreport_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/htmlreport"
	"github.com/cephstack/cephstack/integrate/spec"
)

// An element is one of a page.
type element struct {
	name  string
	attrs map[string]string
	nodes []any // elements, and texts
}

// tree reads a page as elements. An element that is not closed is a fault of the page.
func tree(t *testing.T, page string) *element {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	root := &element{}
	at := []*element{root}
	for {
		token, err := d.Token()
		if err == io.EOF {
			require.Len(t, at, 1)
			return root
		}
		require.NoError(t, err)
		top := at[len(at)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			top.nodes = append(top.nodes, e)
			at = append(at, e)
		case xml.EndElement:
			at = at[:len(at)-1]
		case xml.CharData:
			top.nodes = append(top.nodes, string(token))
		}
	}
}

// all finds the elements below that have a name, and a class if the name has one: details.item.
func (e *element) all(selector string) []*element {
	name, class, _ := strings.Cut(selector, ".")
	var out []*element
	for _, n := range e.nodes {
		below, ok := n.(*element)
		if !ok {
			continue
		}
		classes := strings.Fields(below.attrs["class"])
		if below.name == name && (class == "" || slices.Contains(classes, class)) {
			out = append(out, below)
		}
		out = append(out, below.all(selector)...)
	}
	return out
}

// text is all text below, with one space between words.
func (e *element) text() string {
	var b strings.Builder
	for _, n := range e.nodes {
		if below, ok := n.(*element); ok {
			b.WriteString(" " + below.text() + " ")
		} else {
			b.WriteString(n.(string))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// told lists the IDs of the changes or checks of a page, one for each host.
func told(t *testing.T, page string) []string {
	t.Helper()
	var out []string
	for _, g := range tree(t, page).all("div.group") {
		first := g.all("h3")[0].all("span.name")
		names := []string{""}
		if len(first) > 0 {
			names = strings.Split(first[0].text(), ", ")
		}
		if each := g.all("details.each"); len(each) > 0 {
			names = nil
			for _, li := range each[0].all("li") {
				names = append(names, li.text())
			}
		}
		for _, item := range g.all("details.item") {
			id := item.attrs["data-id"]
			for _, name := range names {
				if strings.HasSuffix(id, "/HOST") {
					out = append(out, strings.TrimSuffix(id, "HOST")+name)
				} else {
					out = append(out, strings.Replace(id, "/"+names[0]+"/", "/"+name+"/", 1))
				}
			}
		}
	}
	return out
}

// TestEveryChangeAndCheckIsInThePage, of each host, with what differs.
func TestEveryChangeAndCheckIsInThePage(t *testing.T) {
	for _, s := range samples(t) {
		if strings.HasPrefix(s.name, "hostile") {
			continue // the names are not shown as they are
		}
		t.Run(s.name, func(t *testing.T) {
			page := s.page(t)
			assert.Less(t, len(page), 2<<20)
			assert.Equal(t, page, s.page(t), "the same plan gives the same page")
			var want []string
			if s.plan != nil {
				for _, c := range s.plan.Changes {
					want = append(want, c.ID)
				}
			} else {
				for _, c := range s.report.Checks {
					want = append(want, c.ID)
				}
			}
			have := told(t, page)
			slices.Sort(want)
			slices.Sort(have)
			assert.Equal(t, want, have)
			body := tree(t, page).text()
			for _, f := range findings(s) {
				assert.Contains(t, body, f.Code)
			}
		})
	}
}

func findings(s sample) []integrate.Finding {
	if s.plan != nil {
		return s.plan.Findings
	}
	return s.report.Notes
}

// TestHostileTextsStayTexts: nothing that comes from outside becomes an element, an attribute or a style.
func TestHostileTextsStayTexts(t *testing.T) {
	known := map[string]bool{}
	for _, s := range samples(t) {
		if !strings.HasPrefix(s.name, "hostile") {
			maps.Copy(known, names(tree(t, s.page(t))))
		}
	}
	for _, s := range []sample{{plan: hostilePlan()}, {report: hostileReport()}} {
		s.options = htmlreport.Options{Spec: parse(t, several), Title: hostile()[0], Program: hostile()[3]}
		page := s.page(t)
		assert.NotContains(t, page, "\x1b")
		assert.NotContains(t, page, "\x00")
		assert.NotContains(t, page, "\u202e")
		root := tree(t, page)
		for name := range names(root) {
			assert.True(t, known[name], name)
		}
		assert.Len(t, root.all("style"), 1)
		assert.Len(t, root.all("title"), len(root.all("g"))+len(root.all("svg.map")[0].all("path"))+2)
	}
}

// names are the elements and the attributes of a page.
func names(e *element) map[string]bool {
	out := map[string]bool{}
	for _, n := range e.nodes {
		if below, ok := n.(*element); ok {
			out[below.name] = true
			for name := range below.attrs {
				out[below.name+" "+name] = true
			}
			maps.Copy(out, names(below))
		}
	}
	return out
}

// TestNoSecretIsInAPage: not the one of the Spec, and not one in what is said.
func TestNoSecretIsInAPage(t *testing.T) {
	const key = "AQBXQ2Vn7v0hGhAAv2pC0gAvR8p5k9b1uQwFzA=="
	report := &integrate.Report{Format: 1, Checks: []integrate.Check{{ID: "files/c", Name: "files c", Target: "c",
		Status: integrate.Fail, Evidence: "key = " + key, Next: "use " + key, Diffs: []integrate.FieldDiff{
			{Field: "key", Observed: key, Desired: "key = " + key}, {Field: "p", Observed: "[redacted sha256:01234567]"}}}}}
	o := options(parse(t, thousand))
	page := sample{report: report, options: o}.page(t)
	for _, secret := range []string{key, "very-secret-word", "sha256:01234567"} {
		assert.NotContains(t, page, secret)
	}
}

// TestThePictureIsATableToo: what the picture cannot show whole, the table has.
func TestThePictureIsATableToo(t *testing.T) {
	root := tree(t, sample{plan: &integrate.Plan{Format: 1}, options: options(parse(t, several))}.page(t))
	drawing := root.all("svg.map")[0]
	require.Len(t, drawing.all("g.frame"), 2)
	assert.Len(t, drawing.all("g.user"), 6)
	assert.Len(t, drawing.all("g.pool"), 7)
	rows := root.all("tbody")[0].all("tr")
	require.Len(t, rows, 6)
	assert.Contains(t, rows[0].text(), "client.cinder cluster ceph volumes volumes images cinder-volume: controller1")
	for _, c := range drawing.all("path") {
		assert.NotEmpty(t, c.all("title")[0].text())
	}
	assert.Contains(t, drawing.all("desc")[0].text(), "2 clusters, 7 pools, 6 Ceph users, and the services of 15 hosts")
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestAWriterThatFails(t *testing.T) {
	assert.ErrorContains(t, htmlreport.Plan(brokenWriter{}, &integrate.Plan{}, htmlreport.Options{}), "the disk is full")
	assert.ErrorContains(t, htmlreport.Report(brokenWriter{}, &integrate.Report{}, htmlreport.Options{Spec: spec.Spec{}}),
		"the disk is full")
}

// TestGolden keeps what pages say, and in which elements.
func TestGolden(t *testing.T) {
	for _, s := range samples(t) {
		if strings.HasPrefix(s.name, "hostile") || strings.HasPrefix(s.name, "thousand") {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			var b strings.Builder
			page := s.page(t)
			if s.name == "done-report" {
				page = withoutEvidence(page)
			}
			root := tree(t, page)
			outline(&b, root.all("body")[0], 0)
			file := filepath.Join("testdata", "golden", s.name+".txt")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
				require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), b.String(), "go test ./integrate/htmlreport -run Golden -update writes the files")
		})
	}
}

// outline tells each element with its class and its own texts. Elements that only hold others are not told.
func outline(w io.Writer, e *element, depth int) {
	for _, n := range e.nodes {
		below, ok := n.(*element)
		if !ok {
			if text := strings.Join(strings.Fields(n.(string)), " "); text != "" {
				fmt.Fprintf(w, "%s%s\n", strings.Repeat("  ", depth), text)
			}
			continue
		}
		label := below.name
		for _, name := range []string{"class", "data-id", "href", "d"} {
			if v := below.attrs[name]; v != "" {
				label += " " + v
			}
		}
		fmt.Fprintf(w, "%s<%s>\n", strings.Repeat("  ", depth), label)
		outline(w, below, depth+1)
	}
}
