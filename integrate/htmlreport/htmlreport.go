package htmlreport

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// Options are what a page says besides its plan or its report.
type Options struct {
	// Spec is the Spec of the plan or of the report. It is drawn. Without clusters, the page has no picture.
	Spec spec.Spec
	// Time is when the plan or the report was made. The zero Time is not shown.
	Time time.Time
	// Program is what made it, such as "cephstack v1.2.3". Empty is not shown.
	Program string
	// Title is the heading. Empty is "Plan" or "Verification", with the names of the clusters.
	Title string
}

// Plan writes the page of a plan.
func Plan(w io.Writer, p *integrate.Plan, o Options) error {
	b := newBuilder(o)
	return b.planPage(p).write(w)
}

// Report writes the page of a verification.
func Report(w io.Writer, r *integrate.Report, o Options) error {
	b := newBuilder(o)
	return b.reportPage(r).write(w)
}

//go:embed page.tmpl
var pageTemplate string

//go:embed style.css
var styleSheet string

// A page is what the template shows. All texts in it are fit to be shown.
type page struct {
	Title, Lead string
	Level       level
	Verdict     string
	Tiles       []tile
	Next        []todo     // what did not go well, and what to do about it
	Problems    []finding  // of a plan
	Notes       []finding  // of both
	Stages      []stage    // of a plan
	Restarts    []restart  // of a plan
	Sections    []section  // of a report
	Pictures    []*diagram // at most one
	Users       []userRow
	LeftOut     []string
	Facts       []fact
}

// A level is how well something is. It has a word and a mark, so that nobody needs to see its color.
type level string

const (
	good    level = "good"
	changes level = "changes"
	unsure  level = "unsure"
	bad     level = "bad"
)

// Mark is a sign for the level.
func (l level) Mark() string {
	return map[level]string{good: "✓", changes: "±", unsure: "?", bad: "✗"}[l]
}

// A tile is a number of the summary.
type tile struct {
	Number, Label string
	Level         level
}

// A fact is a line of the footer.
type fact struct{ Name, Value string }

// A todo is what somebody has to do about one target.
type todo struct {
	Where  hosts
	Level  level
	Status string
	Checks []link
	Next   []string
}

// A hosts is some hosts of which the same is said.
type hosts struct {
	Title string   // folded
	Count string   // how many, if there are several
	Each  []string // all names, if the title is hard to take apart
}

// A diff is a difference between what is there and what the Spec wants.
type diff struct {
	Field, Why string
	Old, New   []string // lines
	Removed    bool     // there is an old value, and no new one
}

// write carries out the template before it writes anything.
func (p *page) write(w io.Writer) error {
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("htmlreport: %w", err)
	}
	sum := sha256.Sum256([]byte(styleSheet))
	var b bytes.Buffer
	err = t.Execute(&b, struct {
		*page
		Style  template.CSS
		Policy string
	}{p, template.CSS(styleSheet), "default-src 'none'; img-src data:; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"})
	if err != nil {
		return fmt.Errorf("htmlreport: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("htmlreport: %w", err)
	}
	return nil
}

// facts are the footer: what the page is of.
func (b *builder) facts(digest string, clusters map[string]string) []fact {
	var all []fact
	add := func(name, value string) {
		if value != "" {
			all = append(all, fact{name, line(value)})
		}
	}
	if !b.options.Time.IsZero() {
		add("Made", b.options.Time.UTC().Format("2006-01-02 15:04:05 MST"))
	}
	add("Program", b.options.Program)
	add("Spec", digest)
	for _, name := range slices.Sorted(maps.Keys(clusters)) {
		add("Cluster "+line(name), "fsid "+clusters[name])
	}
	return all
}
