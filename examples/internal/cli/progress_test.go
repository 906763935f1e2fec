package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/world"
)

// TestNoCommandForTheTerminal tells of changes and errors with escape sequences in them.
func TestNoCommandForTheTerminal(t *testing.T) {
	var out bytes.Buffer
	told := newProgress(&out, false)
	told.live = true
	change := integrate.Change{Action: integrate.Create, Kind: "file", Target: "h", Name: "/a\x1b]0;x\a\u009b2J"}
	told.event(integrate.ChangeStarted{Change: change})
	told.event(integrate.ChangeFinished{Outcome: integrate.Outcome{Change: change, Status: integrate.Applied}})
	Program{Stderr: &out}.fail(1, errors.New("first\nsecond\tline \x1b[2J"))
	text := strings.ReplaceAll(out.String(), "\r\x1b[K", "") // its own
	assert.NotContains(t, text, "\x1b")
	assert.NotContains(t, text, "\u009b")
	assert.Contains(t, text, "... h: create file /a?]0;x??2J")
	assert.Contains(t, text, "cephstack: first\nsecond\tline ?[2J\n")
}

// TestAWaitIsToldUntilItEnds: with its reasons whenever they change.
func TestAWaitIsToldUntilItEnds(t *testing.T) {
	var out bytes.Buffer
	told := newProgress(&out, true)
	since := time.Date(2026, 3, 1, 14, 3, 5, 0, time.Local)
	wait := world.Wait{Cluster: "ceph", Since: since, Until: since.Add(30 * time.Minute),
		Reasons: []string{"3 PGs are not active (3 down), in pool volumes", "osd.1 is full"}}
	told.event(wait)
	wait.Reasons = wait.Reasons[1:]
	told.event(wait)
	assert.Equal(t, []string{"waits for cluster ceph"}, told.busy)
	told.event(world.Wait{Cluster: "ceph"})
	assert.Empty(t, told.busy)
	assert.Equal(t, "waits     cluster ceph: 3 PGs are not active (3 down), in pool volumes; osd.1 is full; "+
		"since 14:03:05, until 14:33:05 at most\n"+
		"waits     cluster ceph: osd.1 is full; since 14:03:05, until 14:33:05 at most\n"+
		"goes on   cluster ceph is healthy enough\n", out.String())
}
