package guide_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParsePage(t *testing.T) {
	p := parsePage("a.md", []byte("# A\n\n<!-- cloud: fresh -->\n\n```console\n$ a \\\n> b\nout\n$ c\n```\n\n"+
		"<!-- file: b.yaml\nx: 1\n-->\n\n```go b.go\npackage b\n```\n\n"+
		"<!-- not run: needs root -->\n\n```console\n$ d\n```\n"))
	require.Empty(t, p.faults)
	var kinds []string
	for _, b := range p.blocks {
		kinds = append(kinds, b.kind+" "+b.name)
	}
	assert.Equal(t, []string{"cloud fresh", "console ", "file b.yaml", "file b.go", "not run needs root"}, kinds)
	assert.Equal(t, []command{{6, "$ a \\\n> b\n", "a \\\nb\n", "out\n"}, {9, "$ c\n", "c\n", ""}}, p.blocks[1].commands)
	assert.Equal(t, "x: 1\n", p.blocks[2].text)
	assert.Equal(t, strings.Replace(string(p.source), "out\n", "new\n", 1), string(p.updated(map[int]string{6: "new\n"})))

	for _, fault := range []string{"```\nx\n```\n", "```sh\nx\n```\n", "```console\nx\n```\n", "text\n\n    x\n",
		"- x\n\n  ```console\n  $ a\n  ```\n", "<!-- clout: fresh -->\n", "<!-- not run: -->\n\n```\nx\n```\n",
		"<!-- x -->\n",
		"<!-- not run: why -->\n\ntext\n\n```\nx\n```\n"} {
		assert.NotEmpty(t, parsePage("a.md", []byte(fault)).faults, fault)
	}
}

func TestSame(t *testing.T) {
	for _, trial := range []struct {
		want, got string
		same      bool
	}{
		{"", "", true}, {"", "a\n", false}, {"a\n", "", false}, {"a\n", "a\n", true}, {"a\n", "a\nb\n", false},
		{"a\n...\n", "a\nb\nc\n", true}, {"...\nc\n", "a\nb\nc\n", true}, {"a\n…\nb\n...\n", "a\nb\n", true},
		{"a\n...\nc\n", "a\nb\n", false}, {"...\n", "", true},
		{"a … c\n", "a b c\n", true}, {"a … c\n", "a b d\n", false},
		{"since 10:00:00, 1.5s\n", "since 11:22:33, 0.0s\n", true}, {"2 hosts\n", "3 hosts\n", false},
		{"30m\n", "31m\n", false}, {"sha256:0123456789ab\n", "sha256:ba9876543210\n", true},
		{"cephstack-verify-01234567-20260101T000000Z-a\n", "cephstack-verify-89abcdef-20270101T000000Z-a\n", true},
		{"cephstack-verify-01234567-20260101T000000Z-a\n", "cephstack-verify-89abcdef-20270101T000000Z-b\n", false},
		{"applied   a (0.0s)\napplied   b (0.0s)\nx\n", "applied   b (0.1s)\napplied   a (0.0s)\nx\n", true},
		{"applied   a (0.0s)\nx\napplied   b (0.0s)\n", "applied   b (0.1s)\nx\napplied   a (0.0s)\n", false},
	} {
		assert.Equal(t, trial.same, same(trial.want, trial.got), "%q, %q", trial.want, trial.got)
	}
}

func TestShortened(t *testing.T) {
	const got = "a\nb\nc\nd\n"
	for want, short := range map[string]string{"": got, "x\n": got, "x\n...\n": "a\n...\n", "…\nx\ny\n": "...\nc\nd\n",
		"x\n...\ny\n...\nz\n": "a\n...\nd\n", "...\nb\n...\n": "...\nb\n...\n", "...\nb\nx\n": "...\nc\nd\n",
		"1\n2\n3\n...\n4\n": got} {
		assert.Equal(t, short, shortened(want, got), "%q", want)
	}
}

var (
	linkForm    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headingForm = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// anchors are those that GitHub gives the headings of a page.
func anchors(source []byte) map[string]bool {
	all := map[string]bool{}
	for _, m := range headingForm.FindAllSubmatch(source, -1) {
		text := strings.ToLower(regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(string(m[1]), ""))
		all[strings.ReplaceAll(text, " ", "-")] = true
	}
	return all
}

// TestLinks lead to files and headings that are there.
func TestLinks(t *testing.T) {
	for _, p := range readPages(t, ".") {
		for _, m := range linkForm.FindAllSubmatch(p.source, -1) {
			link, err := url.Parse(string(m[1]))
			require.NoError(t, err)
			if link.Scheme != "" {
				continue
			}
			target, source := p.path, p.source
			if link.Path != "" {
				target = filepath.Join(filepath.Dir(p.path), filepath.FromSlash(link.Path))
				_, err = os.Stat(target)
				require.NoError(t, err, "%s.md: %s", p.name(), m[1])
			}
			if link.Fragment == "" || filepath.Ext(target) != ".md" {
				continue
			}
			if link.Path != "" {
				source, err = os.ReadFile(target)
				require.NoError(t, err)
			}
			assert.True(t, anchors(source)[link.Fragment], "%s.md: there is no heading for %s", p.name(), m[1])
		}
	}
}
