package integrate_test

import (
	"errors"
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
	p := &integrate.Plan{Release: "r" + odd, LeftOut: []string{"l" + odd}, Changes: []integrate.Change{change}}
	assert.Contains(t, p.String(), `h\n\x1b[2J\r\xff\x00: file n\n\x1b[2J\r\xff\x00  (r\n\x1b[2J\r\xff\x00)`+"\n")
	assert.Equal(t, 4, strings.Count(p.String(), "\n"), p.String())
	assert.NotContains(t, p.String(), "\x1b")
	failed := &integrate.ChangeError{Change: change, Err: errors.New("e" + odd)}
	assert.NotContains(t, failed.Error(), "\n")
	assert.NotContains(t, failed.Error(), "\x1b")
	f := integrate.Finding{Target: "t", Object: "o" + odd, Message: "m" + odd}
	assert.Equal(t, `note: t o\n\x1b[2J\r\xff\x00: m\n\x1b[2J\r\xff\x00`, f.String())
	r := &integrate.Report{Checks: []integrate.Check{{Status: integrate.Fail, Name: "n" + odd, Evidence: "e" + odd,
		Next: "x" + odd}}}
	assert.Equal(t, 3, strings.Count(r.String(), "\n"), r.String())
	assert.NotContains(t, r.String(), "\x1b")
	assert.NotContains(t, r.Err().Error(), "\n")
}

// TestTextsOfLongValuesAreShort: a file of a host may have a line of any length.
func TestTextsOfLongValuesAreShort(t *testing.T) {
	long := strings.Repeat("x", 50<<20)
	diff := integrate.FieldDiff{Field: "f", Observed: long, Desired: "d"}
	assert.Contains(t, diff.String(), "xx… (52428800 bytes) -> d")
	assert.Less(t, len(diff.String()), 3000)
	change := integrate.Change{Name: long, Reason: long}
	assert.Less(t, len((&integrate.Plan{Changes: []integrate.Change{change}}).String()), 3000)
	assert.Less(t, len((&integrate.ChangeError{Change: change, Err: errors.New(long)}).Error()), 11000)
	assert.Less(t, len(integrate.Finding{Message: long}.String()), 11000)
	r := &integrate.Report{Checks: []integrate.Check{{Status: integrate.Fail, Name: long, Evidence: long, Next: long}}}
	assert.Less(t, len(r.String()), 60000)
	assert.Less(t, len(r.Err().Error()), 11000)
}
