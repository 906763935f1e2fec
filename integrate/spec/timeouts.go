package spec

import (
	"errors"
	"fmt"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// A Timeouts bounds the phases of a connection to a host. Each is a duration
// such as 10s.
type Timeouts struct {
	// Connect is for the connection of TCP.
	// Default: 5s.
	// Limits: a duration from 100ms to 10m.
	Connect string `json:"connect,omitempty" yaml:"connect,omitempty"`
	// Handshake is for banner and key exchange, and for each new session.
	// Default: 10s.
	// Limits: a duration from 100ms to 10m.
	Handshake string `json:"handshake,omitempty" yaml:"handshake,omitempty"`
	// Authenticate is for the login: keys, agent and password.
	// Default: 10s.
	// Limits: a duration from 100ms to 10m.
	Authenticate string `json:"authenticate,omitempty" yaml:"authenticate,omitempty"`
	// Retry is for connecting again to a host that sheds load.
	// Default: 20s.
	// Limits: a duration from 100ms to 10m.
	Retry string `json:"retry,omitempty" yaml:"retry,omitempty"`
	// Start is for the login shell and its scripts, and sudo, until cephstack's program answers.
	// Default: 1m.
	// Limits: a duration from 100ms to 10m.
	Start string `json:"start,omitempty" yaml:"start,omitempty"`
	// Idle is how long a host may say nothing while it works. Some operations have a
	// shorter limit of their own, which idle does not prolong.
	// Default: 15m.
	// Limits: a duration from 10s to 1h.
	Idle string `json:"idle,omitempty" yaml:"idle,omitempty"`
	// Total is how long an exchange with a host may take as a whole.
	// Default: follows from the operations of the exchange.
	// Limits: a duration from 1m to 24h.
	Total string `json:"total,omitempty" yaml:"total,omitempty"`
}

// A duration beyond these limits is a mistake, such as a wrong unit of time. The
// limits of Idle are higher, as a host says nothing while a program such as ceph or
// virsh runs there.
const (
	shortestPhase, longestPhase = 100 * time.Millisecond, 10 * time.Minute
	shortestIdle, longestIdle   = 10 * time.Second, time.Hour
	shortestTotal, longestTotal = time.Minute, 24 * time.Hour
)

// Parse gives the timeouts as package remote takes them. The error joins a
// *FieldError for each text that is not a duration, or is out of bounds: Idle is from
// 10 s to 1 h, Total from 1 min to 24 h, and all others are from 100 ms to 10 min.
func (t Timeouts) Parse() (remote.Timeouts, error) {
	parsed, faults := t.parse()
	return parsed, errors.Join(faults...)
}

func (t Timeouts) parse() (remote.Timeouts, []error) {
	var parsed remote.Timeouts
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, &FieldError{Path: "ssh.timeouts." + field, Message: fmt.Sprintf(format, args...)})
	}
	for _, f := range []struct {
		name, text        string
		to                *time.Duration
		shortest, longest time.Duration
	}{
		{"connect", t.Connect, &parsed.Connect, shortestPhase, longestPhase},
		{"handshake", t.Handshake, &parsed.Handshake, shortestPhase, longestPhase},
		{"authenticate", t.Authenticate, &parsed.Authenticate, shortestPhase, longestPhase},
		{"retry", t.Retry, &parsed.Retry, shortestPhase, longestPhase},
		{"start", t.Start, &parsed.Start, shortestPhase, longestPhase},
		{"idle", t.Idle, &parsed.Idle, shortestIdle, longestIdle},
		{"total", t.Total, &parsed.Total, shortestTotal, longestTotal},
	} {
		if f.text == "" {
			continue
		}
		d, err := time.ParseDuration(f.text)
		switch {
		case err != nil:
			fault(f.name, "%q is not a duration; write it with its unit, such as 10s", f.text)
		case d < f.shortest || d > f.longest:
			fault(f.name, "%q is not from %s to %s", f.text, f.shortest, f.longest)
		default:
			*f.to = d
		}
	}
	return parsed, faults
}
