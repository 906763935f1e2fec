package explain_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/explain"
)

// The pages of the guide are written by `go test ./integrate/explain -update`.
var update = flag.Bool("update", false, "write the reference pages anew")

const pages = "../../examples/guide/reference"

const generated = "<!-- Written by go test ./integrate/explain -update; the texts are in integrate/explain/texts. -->" +
	"\n\n"

// A page is a reference page.
type page struct {
	file, title, about string
	groups             []group
}

type group struct {
	title  string
	topics []explain.Topic
}

func allPages() []page {
	return []page{
		{"checks.md", "Checks of verify", "A check has an ID, which stays the same from run to run. Words in capitals " +
			"stand for names of the Spec: `files/HOST` is `files/compute1`. `cephstack explain files` shows the same text.",
			groups(explain.Checks(), "checks-static.md", "checks-journey.md")},
		{"findings.md", "Findings of plans", "A finding is something that a plan cannot change, or leaves alone. A " +
			"problem keeps a part of the Spec from being reached. A note is good to know. A finding has a code, which keeps " +
			"its meaning from release to release. `cephstack explain CODE` shows the same text.",
			groups(explain.Codes(), "findings-cluster.md", "findings-way.md", "findings-packages.md", "findings-files.md",
				"findings-keep.md", "findings-secrets.md", "findings-options.md", "findings-backends.md", "findings-vms.md",
				"findings-units.md", "findings-apis.md")},
		{"changes.md", "Changes of plans", "A change has an ID, kind/target/name. These are the kinds. " +
			"`cephstack explain KIND` shows the same text.", groups(explain.Changes(), "changes.md")},
		{"audit.md", "Findings of audits", "A finding of an audit is something that is true about the cloud, and that no " +
			"Spec says. It has a severity (danger, broken or waste), and a code, which keeps its meaning from release to " +
			"release. `cephstack explain CODE` shows the same text.", groups(explain.Audits(), auditFiles()...)},
		{"rotation.md", "Codes of rotations", "What is in the way of a rotation, and what a guest waits for, has a code, " +
			"which keeps its meaning from release to release. `cephstack explain CODE` shows the same text.",
			groups(explain.Rotations(), "rotation.md")},
	}
}

// auditFiles are the files of codes of audits.
func auditFiles() (files []string) {
	all, _ := filepath.Glob("texts/audit-*.md")
	for _, f := range all {
		files = append(files, filepath.Base(f))
	}
	return files
}

// groups gives topics in the groups of the files that they are in. The title of a group is that of its file.
func groups(all []explain.Topic, files ...string) (out []group) {
	for _, file := range files {
		text, _ := os.ReadFile(filepath.Join("texts", file))
		title, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
		n := strings.Count(string(text), "\n## ")
		out, all = append(out, group{title, all[:n]}), all[n:]
	}
	return out
}

func TestReferencePages(t *testing.T) {
	for _, p := range allPages() {
		t.Run(p.file, func(t *testing.T) {
			at, text := filepath.Join(pages, p.file), p.text()
			if *update {
				require.NoError(t, os.MkdirAll(pages, 0o755))
				require.NoError(t, os.WriteFile(at, []byte(text), 0o644))
			}
			have, err := os.ReadFile(at)
			require.NoError(t, err)
			assert.Equal(t, text, string(have), "write it anew: go test ./integrate/explain -update")
		})
	}
}

func (p page) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# %s\n\n%s\n", generated, p.title, folded(p.about, ""))
	for _, g := range p.groups {
		var links []string
		for _, topic := range g.topics {
			links = append(links, fmt.Sprintf("[%s](#%s)", topic.Name, topic.Anchor()))
		}
		fmt.Fprintf(&b, "\n%s\n", folded(g.title+": "+strings.Join(links, ", "), ""))
	}
	for _, g := range p.groups {
		if len(p.groups) > 1 {
			fmt.Fprintf(&b, "\n## %s\n", g.title)
		}
		for _, topic := range g.topics {
			b.WriteString(section(topic, strings.Repeat("#", min(3, 1+len(p.groups)))))
		}
	}
	return b.String()
}

func section(topic explain.Topic, level string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s %s\n\n", level, topic.Name)
	if topic.Level != "" {
		fmt.Fprintf(&b, "%s\n", folded("*"+topic.Level+".* "+topic.Means, ""))
	} else {
		fmt.Fprintf(&b, "%s\n", folded(topic.Means, ""))
	}
	fmt.Fprintf(&b, "\n%s\n\nSee it by hand:\n\n", folded("**Why it matters.** "+topic.Why, ""))
	for _, c := range topic.See {
		line := "    " + c.Line
		if c.Note != "" {
			line += "    # " + c.Note
		}
		fmt.Fprintln(&b, line)
	}
	fmt.Fprintf(&b, "\n%s\n\n", folded("**What to do next.** "+topic.Next, ""))
	var related []string
	for _, name := range topic.Related {
		related = append(related, fmt.Sprintf("[%s](%s)", name, linkTo(name)))
	}
	fmt.Fprintf(&b, "%s\n", folded("- Fields of the Spec: `"+strings.Join(topic.Fields, "`, `")+"`", "  "))
	fmt.Fprintf(&b, "%s\n", folded("- Related: "+strings.Join(related, ", "), "  "))
	return b.String()
}

// linkTo is where a topic is in the pages.
func linkTo(name string) string {
	for _, p := range allPages() {
		for _, g := range p.groups {
			for _, topic := range g.topics {
				if topic.Name == name {
					return p.file + "#" + topic.Anchor()
				}
			}
		}
	}
	return ""
}

// folded breaks a text into lines of at most 120 columns.
func folded(text, indent string) string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > 120 {
			lines = append(lines, line)
			line = indent + word
			continue
		}
		line = strings.TrimLeft(line+" "+word, " ")
		if len(lines) > 0 {
			line = indent + strings.TrimLeft(line, " ")
		}
	}
	return strings.Join(append(lines, line), "\n")
}
