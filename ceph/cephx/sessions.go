package cephx

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack/ceph"
)

// A Session is a client or a daemon that is logged in to a monitor.
type Session struct {
	Mon     string // name of the monitor, such as a
	Entity  string // such as client.cinder
	Client  int64  // the global ID, as in a Watcher
	Address string // with the nonce of the process, such as 10.0.0.7:0/953100561
	Host    string // the name that the client gives its machine; empty from older clients
}

// A SilentError names the monitors of which the sessions are not known.
type SilentError struct{ Mons map[string]error }

// Error names the monitors, with the first reason.
func (e *SilentError) Error() string {
	names := slices.Sorted(maps.Keys(e.Mons))
	if len(names) == 0 {
		return "cephx: no monitor"
	}
	return fmt.Sprintf("cephx: who is logged in to mon.%s is not known: %v", strings.Join(names, ", mon."),
		e.Mons[names[0]])
}

// Is reports that the error is ceph.ErrUnreachable.
func (e *SilentError) Is(target error) bool { return target == ceph.ErrUnreachable }

// Unwrap gives the reasons.
func (e *SilentError) Unwrap() []error {
	return slices.Collect(maps.Values(e.Mons))
}

// Sessions reads who is logged in, of every monitor in the map of the monitors, sorted by entity and ID. Monitors
// themselves are not among them. A monitor that does not answer makes the error a *SilentError, which names it:
// the sessions that the others told are returned, too, and are not all.
//
// Similar To: ceph tell mon.<name> sessions
func (a *Auth) Sessions(ctx context.Context) ([]Session, error) {
	mons, err := a.mons(ctx)
	if err != nil {
		return nil, err
	}
	requests := make([]ceph.Request, len(mons))
	for i, name := range mons {
		requests[i] = command("sessions", nil)
		requests[i].Command.Mon = name
	}
	var all []Session
	silent := &SilentError{Mons: map[string]error{}}
	for i, answer := range a.cluster.Batch(ctx, requests...) {
		list, err := sessionsOf(mons[i], answer)
		if err != nil {
			silent.Mons[mons[i]] = err
			continue
		}
		all = append(all, list...)
	}
	slices.SortFunc(all, func(x, y Session) int {
		return cmp.Or(strings.Compare(x.Entity, y.Entity), cmp.Compare(x.Client, y.Client), strings.Compare(x.Mon, y.Mon))
	})
	if len(silent.Mons) > 0 {
		return all, silent
	}
	return all, nil
}

// mons are the names of all monitors.
func (a *Auth) mons(ctx context.Context) ([]string, error) {
	data, err := a.run(ctx, command("mon dump", nil))
	if err != nil {
		return nil, err
	}
	var dump struct {
		Mons []struct {
			Name string `json:"name"`
		} `json:"mons"`
	}
	if err := decode("mon dump", data, &dump); err != nil {
		return nil, err
	}
	var names []string
	for _, m := range dump.Mons {
		names = append(names, m.Name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("ceph mon dump: no monitors")
	}
	return names, nil
}

type address struct {
	Addr  string `json:"addr"`
	Nonce int64  `json:"nonce"`
}

func sessionsOf(mon string, answer ceph.Answer) ([]Session, error) {
	if answer.Err != nil {
		return nil, answer.Err
	}
	var list []struct {
		Entity   string  `json:"entity_name"`
		Kind     string  `json:"con_type"`
		Address  address `json:"socket_addr"`
		GlobalID int64   `json:"global_id"`
		Host     string  `json:"remote_host"`
		Open     *bool   `json:"open"`
	}
	if err := decode("tell mon."+mon+" sessions", []byte(answer.Reply.Data.Reveal()), &list); err != nil {
		return nil, err
	}
	var out []Session
	for _, s := range list {
		if s.Kind == "mon" || s.Entity == "" {
			continue // a monitor, or somebody who has not logged in yet
		}
		out = append(out, Session{Mon: mon, Entity: s.Entity, Client: s.GlobalID, Host: s.Host,
			Address: s.Address.Addr + "/" + strconv.FormatInt(s.Address.Nonce, 10)})
	}
	return out, nil
}

// ByClient are sessions by their global ID, to find whose a Watcher is.
func ByClient(sessions []Session) map[int64]Session {
	all := make(map[int64]Session, len(sessions))
	for _, s := range sessions {
		all[s.Client] = s
	}
	return all
}

// Block keeps whoever has an address, such as 10.0.0.7:0/953100561, off the OSDs for a time. A client that is
// connected already is cut off, too.
//
// Similar To: ceph osd blocklist add <address> <seconds>
func (a *Auth) Block(ctx context.Context, address string, term time.Duration) error {
	if _, _, ok := strings.Cut(address, "/"); !ok {
		return fmt.Errorf("%w: ceph osd blocklist add: %q has no nonce: every client on that host would be cut off",
			ceph.ErrInvalid, address)
	}
	if term <= 0 {
		return fmt.Errorf("%w: ceph osd blocklist add %s: for no time", ceph.ErrInvalid, address)
	}
	// A monitor takes a number with a point only.
	_, err := a.run(ctx, command("osd blocklist", fields{"blocklistop": "add", "addr": address,
		"expire": json.Number(strconv.FormatFloat(term.Seconds(), 'f', 1, 64))}))
	return unsupported("osd blocklist add", address, err)
}
