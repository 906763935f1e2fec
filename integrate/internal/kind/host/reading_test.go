package host

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// touched gives a file of the host another time.
func (s *scene) touched(at string, changed time.Time) {
	f := s.v.Host.Files[at]
	f.Changed = changed
	s.v.Host.Files[at] = f
}

// noted says that the host knows what the process of Glance has read: what is there.
func (s *scene) noted() map[string]string {
	u := s.v.Host.Units["glance-api.service"]
	u.Read = map[string]string{}
	for _, p := range (unit{s.n, "glance-api", s.n.Service("glance-api")}).inputs(s.v.Host) {
		if u.Read[p] = s.v.Host.Files[p].SHA256; s.v.Host.Files[p].Missing {
			u.Read[p] = remote.Absent
		}
	}
	s.v.Host.Units["glance-api.service"] = u
	return u.Read
}

// TestWhatAProcessHasReadIsNotToldByClocks has hosts that know what the process found.
func TestWhatAProcessHasReadIsNotToldByClocks(t *testing.T) {
	const dropIn = "/etc/glance/glance.conf.d/x.conf"
	later := started().Add(time.Hour)
	for name, c := range map[string]struct {
		before, after func(s *scene)
		want          string
	}{
		"the same bytes, written later": {after: func(s *scene) { s.touched(glanceConf, later) }},
		"other bytes, older than the start": {after: func(s *scene) { s.file(glanceConf, "[x]\n") },
			want: glanceConf + " changed after it started"},
		"a file that was not there": {
			before: func(s *scene) { s.v.Host.Files[ringPath] = step.File{Missing: true} },
			after:  func(s *scene) { s.file(ringPath, "x") }, want: ringPath + " changed after it started"},
		"a file that is gone": {
			before: func(s *scene) { s.file(ringPath, "x") },
			after:  func(s *scene) { s.v.Host.Files[ringPath] = step.File{Missing: true} },
			want:   ringPath + " changed after it started"},
		"a drop-in that is gone": {
			before: func(s *scene) { s.file(dropIn, "x") }, after: func(s *scene) { delete(s.v.Host.Files, dropIn) },
			want: dropIn + " changed after it started"},
		"a new drop-in": {
			after: func(s *scene) { s.file(dropIn, "x"); s.touched(dropIn, later) },
			want:  dropIn + " changed after it started"},
		"a file of another Spec": {
			after: func(s *scene) { s.v.Host.Units["glance-api.service"].Read["/etc/ceph/other.conf"] = "digest" }},
		"a file that cannot be read": {after: func(s *scene) {
			s.v.Host.Files[ringPath] = step.File{Err: errors.New("too large")}
		}},
		"a start in the future": {after: func(s *scene) { s.now(started().Add(-time.Hour)) }},
	} {
		s := newScene(t, "controller")
		if c.before != nil {
			c.before(s)
		}
		read := maps.Clone(s.noted())
		c.after(s)
		assert.Equal(t, c.want, s.compare(glanceUnitID).Reason, "%s: %v", name, read)
	}
}

// now is the clock of the host.
func (s *scene) now(at time.Time) {
	for name, u := range s.v.Host.Units {
		u.Now = at
		s.v.Host.Units[name] = u
	}
}

// TestAStartInTheFutureTellsNothing where the host did not note what the process found.
func TestAStartInTheFutureTellsNothing(t *testing.T) {
	s := newScene(t, "controller")
	for now, want := range map[time.Duration]bool{time.Hour: false, 0: false, -time.Second: false, -time.Minute: true} {
		s.now(started().Add(now))
		reason := s.compare(glanceUnitID).Reason
		assert.Equal(t, want, strings.Contains(reason, "in the future by the host's clock"), "%s: %s", now, reason)
	}
}
