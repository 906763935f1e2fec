package htmlreport_test

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// guide is the folder of the example: a page, and a picture of it for the README.
const guide = "../../examples/guide"

// example is the page that the README shows: the quickstart's cloud when all is as it should be.
func example(t *testing.T) sample { return done(t)[1] }

// evidence is what was seen.
var evidence = regexp.MustCompile(`<ul class="evidence">.*?</ul>`)

func withoutEvidence(page string) string { return evidence.ReplaceAllString(page, "") }

// TestThePageOfTheGuide is as the package writes pages now. The evidence may differ from run to run, as VMs get their
// identifiers in another order. The picture is made with -update, and not compared, as fonts differ.
func TestThePageOfTheGuide(t *testing.T) {
	page := example(t).page(t)
	file := filepath.Join(guide, "report.html")
	if *update {
		require.NoError(t, os.MkdirAll(guide, 0o755))
		require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
		b := newBrowser(t)
		b.open(t, "guide", page)
		b.look(t, 1200, "light", "screen")
		require.NoError(t, os.WriteFile(filepath.Join(guide, "report.png"), b.shot(t, 1180), 0o644))
	}
	have, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, withoutEvidence(page), withoutEvidence(string(have)),
		"go test ./integrate/htmlreport -run Guide -update writes the files")
	picture, err := os.ReadFile(filepath.Join(guide, "report.png"))
	require.NoError(t, err)
	config, err := png.DecodeConfig(bytes.NewReader(picture))
	require.NoError(t, err)
	assert.Equal(t, 1200, config.Width)
	assert.Less(t, len(picture), 200<<10)
}
