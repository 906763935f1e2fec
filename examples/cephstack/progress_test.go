package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate"
)

// TestNoCommandForTheTerminal tells of changes and errors with escape sequences in them.
func TestNoCommandForTheTerminal(t *testing.T) {
	var out bytes.Buffer
	told := newProgress(&out, false)
	told.live = true
	change := integrate.Change{Action: integrate.Create, Kind: "file", Target: "h", Name: "/a\x1b]0;x\a\u009b2J"}
	told.event(integrate.ChangeStarted{Change: change})
	told.event(integrate.ChangeFinished{Outcome: integrate.Outcome{Change: change, Status: integrate.Applied}})
	program{stderr: &out}.fail(1, errors.New("first\nsecond\tline \x1b[2J"))
	text := strings.ReplaceAll(out.String(), "\r\x1b[K", "") // its own
	assert.NotContains(t, text, "\x1b")
	assert.NotContains(t, text, "\u009b")
	assert.Contains(t, text, "... h: create file /a?]0;x??2J")
	assert.Contains(t, text, "cephstack: first\nsecond\tline ?[2J\n")
}
