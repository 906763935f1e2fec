package remote

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// parseUnit reads the output of systemctl show of a unit and of sysinit.target.
func parseUnit(name string, show []byte, c clock) (Unit, error) {
	unit, boot := map[string]string{}, map[string]string{}
	p := unit
	for line := range bytes.Lines(show) {
		k, v, ok := strings.Cut(strings.TrimRight(string(line), "\r\n"), "=")
		if !ok {
			continue
		}
		if _, again := p["Id"]; again && k == "Id" {
			p = boot
		}
		p[k] = v
	}
	p = unit
	u := Unit{
		Name: name, Load: p["LoadState"], Active: p["ActiveState"], Sub: p["SubState"],
		Invocation: p["InvocationID"], Boot: boot["InvocationID"], Enabled: p["UnitFileState"], Now: c.now,
	}
	if u.Load == "" || u.Active == "" {
		return u, wire.ErrAnswer
	}
	if u.Active != "active" && u.Active != "reloading" {
		return u, nil
	}
	stamp := "ActiveEnterTimestamp"
	if pid := p["MainPID"]; pid != "" && pid != "0" && p["ExecMainStartTimestamp"] != "" {
		stamp = "ExecMainStartTimestamp"
	}
	var err error
	if u.Since, err = parseStamp(p[stamp]); err != nil {
		return u, err
	}
	if ticks, err := strconv.ParseInt(p[stamp+"Monotonic"], 10, 64); err == nil && ticks > 0 {
		u.Since = c.earlier(u.Since, time.Duration(ticks)*time.Microsecond)
	}
	return u, nil
}

// A clock is what a host said of the time when it was asked.
type clock struct {
	now time.Time     // by its clock, which may be set; zero if not known
	up  time.Duration // since its start
}

// parseClock reads seconds of the clock, and hundredths of a second since the start.
func parseClock(s string) (c clock, err error) {
	if s == "" {
		return c, nil
	}
	now, up, _ := strings.Cut(s, " ")
	c.now, err = parseSeconds(now)
	hundredths, err2 := strconv.ParseInt(up, 10, 48)
	if err != nil || err2 != nil || hundredths < 0 {
		return clock{}, wire.ErrAnswer
	}
	c.now, c.up = c.now.UTC(), time.Duration(hundredths)*(10*time.Millisecond)
	return c, nil
}

// wasSet is by how much the two ways to tell a time must differ before the clock counts as
// set meanwhile.
const wasSet = 2 * time.Second

// earlier is stamp, or the time of the same event by the clock as it is now, if the clock
// was set back since. mono is how long after the host's start the event was.
func (c clock) earlier(stamp time.Time, mono time.Duration) time.Time {
	if c.now.IsZero() || c.up < mono {
		return stamp
	}
	if t := c.now.Add(mono - c.up); t.Before(stamp.Add(-wasSet)) {
		return t.Truncate(time.Second)
	}
	return stamp
}

// parseNote gives what a note says of the run of a unit that is there; nil if the note is
// about another run, or is not a note.
func parseNote(note []byte, run string) map[string]string {
	n, ok := wire.ParseNote(note)
	if !ok || run == "" || n.Run != run {
		return nil
	}
	return n.Read
}

// parseStamp reads systemd's time in UTC, to the microsecond where systemd
// is 247 or newer.
func parseStamp(s string) (time.Time, error) {
	if s == "" || s == "n/a" {
		return time.Time{}, nil
	}
	t, err := time.Parse("Mon 2006-01-02 15:04:05 MST", s)
	if err != nil || !strings.HasSuffix(s, " UTC") {
		return time.Time{}, wire.ErrAnswer
	}
	return t, nil
}
