package remote

import (
	"bytes"
	"strings"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// parseUnit reads the output of systemctl show of a unit and of sysinit.target.
func parseUnit(name string, show []byte) (Unit, error) {
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
		Invocation: p["InvocationID"], Boot: boot["InvocationID"], Enabled: p["UnitFileState"],
	}
	if u.Load == "" || u.Active == "" {
		return u, wire.ErrAnswer
	}
	if u.Active != "active" && u.Active != "reloading" {
		return u, nil
	}
	stamp := p["ActiveEnterTimestamp"]
	if pid := p["MainPID"]; pid != "" && pid != "0" && p["ExecMainStartTimestamp"] != "" {
		stamp = p["ExecMainStartTimestamp"]
	}
	var err error
	u.Since, err = parseStamp(stamp)
	return u, err
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
