package integrate_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
)

// TestWhatAHostSaysIsNoLineOfAPlan has a host with a configuration file that would
// clear the terminal of the reader, and add lines to a plan.
func TestWhatAHostSaysIsNoLineOfAPlan(t *testing.T) {
	w, in := open(t, exampleSpec())
	const lie = "Nothing to do, said the host."
	w.Machines["compute1"].AddFile("/etc/nova/nova.conf",
		[]byte("[libvirt]\nrbd_user = a\x1b[2J\n  \u009b31m\n  "+lie+"\nimages_rbd_pool = x\u202ey\n"), 0o640)
	p := plan(t, in)
	require.NotEmpty(t, p.Changes)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.ErrorIs(t, err, integrate.ErrChecks)
	assert.Contains(t, p.String(), `[libvirt] rbd_user: a\x1b[2J\n\u009b31m\n`+lie+" -> cinder")
	assert.Contains(t, p.String(), `[libvirt] images_rbd_pool: x\u202ey -> vms`)
	for _, text := range []string{p.String(), report.String()} {
		for line := range strings.Lines(text) {
			assert.False(t, strings.HasPrefix(strings.TrimSpace(line), lie), line)
			assert.Equal(t, -1, strings.IndexFunc(strings.TrimSuffix(line, "\n"),
				func(r rune) bool { return !unicode.IsPrint(r) }), "%q", line)
		}
	}
}

// TestTextsOfAnyValuesAreOfThePlan prints a plan, a finding and a report whose values are
// whatever a host may say. The content of a file has lines, which are set in.
func TestTextsOfAnyValuesAreOfThePlan(t *testing.T) {
	const odd = "\n\x1b[2J\r\xff\x00"
	diff := integrate.FieldDiff{Field: "f" + odd, Observed: "o" + odd, Desired: "d\n  e\x1b\x7f", Why: "w" + odd}
	assert.Equal(t, `f\n\x1b[2J\r\xff\x00: o\n\x1b[2J\r\xff\x00 -> d`+"\n"+`            e\x1b\x7f  # w\n\x1b[2J\r\xff\x00`,
		diff.String())
	change := integrate.Change{Kind: "file", Target: "h" + odd, Name: "n" + odd, Reason: "r" + odd}
	p := &integrate.Plan{Changes: []integrate.Change{change}}
	assert.Contains(t, p.String(), `h\n\x1b[2J\r\xff\x00: file n\n\x1b[2J\r\xff\x00  (r\n\x1b[2J\r\xff\x00)`+"\n")
	f := integrate.Finding{Target: "t", Object: "o" + odd, Message: "m" + odd}
	assert.Equal(t, `note: t o\n\x1b[2J\r\xff\x00: m\n\x1b[2J\r\xff\x00`, f.String())
	r := &integrate.Report{Checks: []integrate.Check{{Status: integrate.Fail, Name: "n" + odd, Evidence: "e" + odd,
		Next: "x" + odd}}}
	assert.Equal(t, 3, strings.Count(r.String(), "\n"), r.String())
	assert.NotContains(t, r.String(), "\x1b")
}
