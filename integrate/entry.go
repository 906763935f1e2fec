package integrate

import (
	"context"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/remote"
)

// errNoWayIn marks a host that the first entry got into, but that the normal
// login cannot get into by what a plan may do.
var errNoWayIn = errors.New("no way in for the normal login")

// asksWayIn reports whether plans may make the normal login possible.
func (s *site) asksWayIn() bool {
	p := s.prepare()
	return p.Authorize != nil || p.Sudo != nil
}

// lookIn runs operations on a host by the normal login, and, only where that is
// refused and the Spec asks for a way in, by the host's first entry.
func (in *Integration) lookIn(ctx context.Context, name string, ops ...remote.Op) (results []remote.Result, entered bool, err error) {
	results, err = in.world.Hosts[name].Do(ctx, ops...)
	entry := in.world.Entries[name]
	refused := errors.Is(err, remote.ErrAuth) || errors.Is(err, remote.ErrSudo)
	if !refused || entry == nil || !in.site.asksWayIn() {
		return results, false, err
	}
	results, second := entry.Do(ctx, ops...)
	if second != nil {
		return nil, false, fmt.Errorf("%w; and by the first entry: %w", err, second)
	}
	return results, true, nil
}

// wayIn plans what lets the normal login in, before everything else on the
// host, and reports whether the rest can follow. Where the first entry was
// needed, the rest needs it.
func (x *hostDiffer) wayIn() bool {
	before := len(x.plan.Changes)
	ok := x.authorize()
	ok = x.sudo() && ok
	if !x.seen.entered {
		return true
	}
	for _, c := range x.plan.Changes[before:] {
		x.needed = append(x.needed, c.ID)
	}
	if ok && len(x.needed) == 0 {
		ok = false
		x.problem(x.spec.Name, "login", errNoWayIn, "is refused, though its keys and its sudo rule are in place; see AuthorizedKeysFile and AllowUsers of sshd there, "+
			"files of /etc/sudoers.d that come later, and whether prepare.authorize.keys has the key of ssh")
	}
	return ok
}

// prepare makes the way in, by the first entry where that was needed, and then,
// by the normal login, the repository and the upgrades.
func (h *hostRun) prepare(ctx context.Context) {
	host := h.in.world.Hosts[h.spec.Name]
	if h.diff.seen.entered {
		host = h.in.world.Entries[h.spec.Name]
	}
	h.each(ctx, KindAuthorizedKeys, func(Change) (bool, error) { return h.placeKeys(ctx, host) })
	h.each(ctx, KindSudoRule, func(Change) (bool, error) { return h.placeRule(ctx, host) })
	h.each(ctx, KindRepository, func(Change) (bool, error) { return h.writeRepository(ctx) })
	h.each(ctx, KindUpgrade, func(c Change) (bool, error) { return h.upgradePackages(ctx, c) })
}
