package explain_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/explain"
)

const symptomsPage = "../../examples/guide/symptoms.md"

// TestSymptomsNameWhatThereIs holds the page of symptoms: each symptom says what somebody sees, what finds it, and what
// to do. What finds it is there, and leads to its place in the reference pages. A star is behind the checks that a
// static verification does not make. Where nothing finds a symptom, the page says how to look by hand.
func TestSymptomsNameWhatThereIs(t *testing.T) {
	text, err := os.ReadFile(symptomsPage)
	require.NoError(t, err)
	parts := strings.Split(string(text), "\n### ")[1:]
	assert.Len(t, parts, 33)
	form := regexp.MustCompile(`(?s)^[^\n]+\n\n\*\*You see:\*\* (.+?)\n\n` +
		`\*\*(Found by|Not found by cephstack):\*\*\s(.+?)\n\n\*\*Do:\*\* (.+?)\n(\n## .*)?$`)
	static := groups(explain.Checks(), "checks-static.md", "checks-journey.md")[0].topics
	for _, part := range parts {
		title, _, _ := strings.Cut(part, "\n")
		m := form.FindStringSubmatch(part)
		if !assert.NotNil(t, m, title) {
			continue
		}
		if m[2] != "Found by" {
			assert.Regexp(t, "(?s)^look by hand with `[a-z].*`", m[3], title)
			continue
		}
		links := regexp.MustCompile(`\[([^\]]+)\]\(reference/([^)]+)\)(\\\*)?`).FindAllStringSubmatch(m[3], -1)
		assert.Len(t, links, 1+strings.Count(m[3], ","), title)
		for _, link := range links {
			name, starred := link[1], link[3] != ""
			at := linkTo(name)
			assert.NotEmpty(t, at, "%s: there is no check and no finding %s", title, name)
			assert.Equal(t, at, link[2], title)
			is := func(topic explain.Topic) bool { return topic.Name == name }
			doing := slices.ContainsFunc(explain.Checks(), is) && !slices.ContainsFunc(static, is)
			assert.Equal(t, doing, starred, "%s: the star of %s", title, name)
		}
	}
}
