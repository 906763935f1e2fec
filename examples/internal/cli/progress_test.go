package cli

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/clipperhouse/displaywidth"
	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/world"
)

func newFile(target, name string) integrate.Change {
	return integrate.Change{Action: integrate.Create, Kind: "file", Target: target, Name: name, ID: target + name}
}

// A drawing is a progress on a terminal of the tests, with a clock that stands still.
type drawing struct {
	*progress
	*shown
	time time.Time
}

func newDrawing(t *testing.T, width, height int) *drawing {
	t.Helper()
	d := &drawing{shown: &shown{t: t, width: width, height: height}, time: time.Unix(0, 0)}
	size := func() (int, int) { return d.shown.width, d.shown.height }
	d.progress = &progress{w: d.shown, now: func() time.Time { return d.time }, screen: &screen{w: d.shown, size: size}}
	return d
}

// run has hosts at work, some of which end, and draws after each event.
func (d *drawing) run(hosts int, name string, between func(i int)) {
	d.event(world.Progress{Of: hosts})
	for i := range hosts {
		target := fmt.Sprintf("compute%03d", i)
		change := newFile(target, name)
		d.event(world.Progress{Target: target, Done: i / 2, Of: hosts})
		d.event(integrate.ChangeStarted{Change: change})
		if i%2 == 1 {
			d.event(integrate.ChangeFinished{Outcome: integrate.Outcome{Change: change, Status: integrate.Applied}})
			d.event(world.Progress{Target: target, Ended: true, Done: i/2 + 1, Of: hosts})
		}
		d.time = d.time.Add(time.Second)
		between(i)
		d.draw()
	}
}

// hard is a name with wide characters, combining marks, and what a terminal would take for a command.
const hard = "/etc/ceph/日本語日本語e\u0301e\u0301\u0301\x1b[2J\u202e/\u009b2J👩‍🚀 keyring of the client of all volumes"

// ticking is a line with a duration, which only lines that change have.
var ticking = regexp.MustCompile(`(?m)^ *\d+:\d\d `)

// TestNoLineOfProgressWraps at any width, and neither does one after the terminal was made narrower or wider, be it one
// that folds its lines or one that cuts them. Nothing of an old line stays.
func TestNoLineOfProgressWraps(t *testing.T) {
	for _, width := range []int{20, 21, 40, 80, 200, 300} {
		for _, height := range []int{2, 3, 5, 24, 60} {
			for _, folds := range []bool{false, true} {
				d := newDrawing(t, width, height)
				d.folds = folds
				d.run(24, hard, func(i int) {
					switch i {
					case 8:
						d.resize(20, height)
					case 12:
						d.resize(width, max(2, height/2))
					case 16:
						d.resize(40, height)
					}
				})
				what := fmt.Sprintf("%d columns, %d rows, folds %t", width, height, folds)
				assert.Zero(t, d.wrapped, what)
				below := d.rows[d.shown.y:]
				assert.LessOrEqual(t, len(below), max(1, height-1), what)
				for _, line := range d.text() {
					assert.LessOrEqual(t, displaywidth.String(line), max(width, 40), what)
					assert.NotContains(t, line, "\u202e", what)
				}
				for _, line := range d.text()[d.shown.top:d.shown.y] {
					assert.NotRegexp(t, ticking, line, "%s: %q", what, d.text())
				}
				d.progress.tasks = tasks{}
				d.dirty = true
				d.draw()
				assert.NotRegexp(t, ticking, strings.Join(d.text()[d.shown.top:], "\n"), what)
			}
		}
	}
}

// TestTheScreenOfARun shows hosts at work, the total, and what stays.
func TestTheScreenOfARun(t *testing.T) {
	d := newDrawing(t, 64, 5)
	d.run(9, "/etc/ceph/ceph.conf", func(int) {})
	assert.Equal(t, []string{
		"applied   compute001: create file /etc/ceph/ceph.conf (0.0s)",
		"applied   compute003: create file /etc/ceph/ceph.conf (0.0s)",
		"applied   compute005: create file /etc/ceph/ceph.conf (0.0s)",
		"applied   compute007: create file /etc/ceph/ceph.conf (0.0s)",
		"  0:09 compute000: create file /etc/ceph/ceph.conf",
		"  0:07 compute002: create file /etc/ceph/ceph.conf",
		"       and 3 more",
		"  0:09 4 of 9, about 0:11 left, 5 at work",
	}, d.text())
	since := d.time
	d.event(world.Wait{Cluster: "ceph", Reasons: []string{"osd.1 is full"}, Since: since, Until: since})
	d.resize(64, 20)
	d.draw()
	assert.Contains(t, d.text(), "  0:00 cluster ceph: waits: osd.1 is full")
	d.event(world.Wait{Cluster: "ceph"})
	d.event(&integrate.Plan{})
	d.draw()
	last := d.text()
	assert.Equal(t, []string{"goes on   cluster ceph is healthy enough", ""}, last[len(last)-2:])
}

// TestATerminalIsDrawnOnlyIfSomethingChanged, and a long fleet costs little.
func TestATerminalIsDrawnOnlyIfSomethingChanged(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	p := &progress{w: &out, now: func() time.Time { return now },
		screen: &screen{w: &out, size: func() (int, int) { return 80, 24 }}}
	p.event(world.Progress{Of: 1000})
	for i := range 1000 {
		p.event(world.Progress{Target: fmt.Sprint("compute", i), Of: 1000})
	}
	p.draw()
	first := out.Len()
	assert.Positive(t, first)
	for range 9 {
		now = now.Add(refresh)
		p.draw()
	}
	assert.Equal(t, first, out.Len(), "nothing has changed")
	now = now.Add(refresh)
	p.draw()
	assert.Greater(t, out.Len(), first, "a second is over")
	assert.Less(t, out.Len(), 2*24*80, "a draw is no longer than a screen")
	out.Reset()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	each := time.Hour
	for range 100 { // a busy machine adds time: the best draw counts
		now = now.Add(time.Second)
		began := time.Now()
		p.draw()
		each = min(each, time.Since(began))
	}
	runtime.ReadMemStats(&after)
	t.Logf("a draw of 1,000 hosts takes %s and %d bytes", each, (after.TotalAlloc-before.TotalAlloc)/100)
	assert.Less(t, each, 20*time.Millisecond)
	assert.Less(t, (after.TotalAlloc-before.TotalAlloc)/100, uint64(200_000))
}

// TestNoCommandForTheTerminal tells of changes and errors with escape sequences in them.
func TestNoCommandForTheTerminal(t *testing.T) {
	d := newDrawing(t, 80, 24)
	change := newFile("h", "/a\x1b]0;x\a\u009b2J")
	d.event(integrate.ChangeStarted{Change: change})
	d.draw()
	assert.Equal(t, []string{"  0:00 h: create file /a?]0;x??2J", "  0:00 0 done, 1 at work"}, d.text())
	d.event(integrate.ChangeFinished{Outcome: integrate.Outcome{Change: change, Status: integrate.Applied}})
	d.draw()
	assert.Equal(t, "applied   h: create file /a?]0;x??2J (0.0s)", d.text()[0])
	var out bytes.Buffer
	Program{Stderr: &out}.fail(1, errors.New("first\nsecond\tline \x1b[2J"))
	assert.Equal(t, "cephstack: first\nsecond\tline ?[2J\n", out.String())
}

// TestAWaitIsToldUntilItEnds: with its reasons whenever they change.
func TestAWaitIsToldUntilItEnds(t *testing.T) {
	var out bytes.Buffer
	told := newProgress(&out, progressOptions{byParts: true})
	since := time.Date(2026, 3, 1, 14, 3, 5, 0, time.Local)
	wait := world.Wait{Cluster: "ceph", Since: since, Until: since.Add(30 * time.Minute),
		Reasons: []string{"3 PGs are not active (3 down), in pool volumes", "osd.1 is full"}}
	told.event(wait)
	wait.Reasons = wait.Reasons[1:]
	told.event(wait)
	told.event(world.Wait{Cluster: "ceph"})
	assert.Equal(t, "waits     cluster ceph: 3 PGs are not active (3 down), in pool volumes; osd.1 is full; "+
		"since 14:03:05, until 14:33:05 at most\n"+
		"waits     cluster ceph: osd.1 is full; since 14:03:05, until 14:33:05 at most\n"+
		"goes on   cluster ceph is healthy enough\n", out.String())
}

// TestQuietAndVerbose tell nothing, and every event with the time of day.
func TestQuietAndVerbose(t *testing.T) {
	change := newFile("h", "/a")
	all := []integrate.Event{world.Progress{Of: 2}, world.Progress{Target: "h", Of: 2},
		&integrate.Plan{Changes: make([]integrate.Change, 3)},
		integrate.ChangeStarted{Change: change}, world.Wait{Cluster: "c"}, integrate.CheckStarted{Name: "x"},
		integrate.ChangeFinished{Outcome: integrate.Outcome{Change: change, Status: integrate.Failed, Seconds: 1.5}},
		integrate.CheckFinished{Check: integrate.Check{Name: "x", Status: integrate.Pass}},
		world.Progress{Target: "h", Ended: true, Done: 1, Of: 2}}
	var out bytes.Buffer
	quiet, verbose := newProgress(&out, progressOptions{quiet: true}), newProgress(&out, progressOptions{verbose: true})
	for _, e := range all {
		quiet.event(e)
	}
	assert.Empty(t, out.String())
	for _, e := range all {
		verbose.event(e)
	}
	quiet.close()
	verbose.close()
	text := regexp.MustCompile(`  \[\d\d:\d\d:\d\d\.\d\d\d\]`).ReplaceAllString(out.String(), "")
	assert.Equal(t, "begins    2 clusters, hosts and APIs\nbegins    h\nplanned   3 changes, 0 findings\n"+
		"begins    h: create file /a\ngoes on   cluster c is healthy enough\nbegins    x\n"+
		"failed    h: create file /a (1.5s)\npass      x (0.0s)\nends      h, 1 of 2\n", text)
}
