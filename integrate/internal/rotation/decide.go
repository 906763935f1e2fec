package rotation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// A Decision is what comes next.
type Decision struct {
	Steps []Step // of all guests, in their order
	// Hybrid is the phase of a key that is changed in place.
	Hybrid Phase
	// Bars are all reasons why the old user may not go; none: it may, if it is still there.
	Bars []Bar
}

// A Phase is how far the change of a key in place is.
type Phase string

// The phases, in order.
const (
	NoHybrid Phase = ""        // nobody asks for it
	Held     Phase = "held"    // other guests come first
	Prepare  Phase = "prepare" // the new key is to be made, and to be spread over all computes
	Move     Phase = "move"    // guests are moved one after another; each of them takes the new key
	Commit   Phase = "commit"  // all guests have it; the old key is to be given up for good
	Complete Phase = "complete"
)

// Decide says what comes next for each guest, and what keeps the old user from going.
func Decide(s Situation) Decision {
	d := Decision{Steps: make([]Step, len(s.Guests))}
	n := newNexts(s)
	renew, others, ready := 0, 0, false
	for i, g := range s.Guests {
		d.Steps[i] = n.next(g)
		switch {
		case d.Steps[i].Wants == Renew:
			renew++
			ready = ready || d.Steps[i].Act == Renew
		case !d.Steps[i].Done():
			others++
		}
	}
	d.Hybrid = phase(s, renew, others)
	if !ready && renew > 0 && d.Hybrid == Prepare && !s.User.Changed && !s.User.Pending {
		d.Hybrid = Held // no guest could be moved now: the key is not changed before one can be
	}
	if d.Hybrid != Move {
		d.hold(s)
	}
	d.bars(s)
	return d
}

// phase tells how far the change of the key is. As soon as the key is changed, there is no way back. A pending key that
// nobody has used leaves the old key good: it is not spread, used or committed while a guest has the old key that no
// rule lets go this way. Somebody else may have made it, or the rules may have been edited since.
func phase(s Situation, renew, others int) Phase {
	asked := renew > 0 || s.Rotation.InPlace() && !s.User.Vague || s.User.Pending
	switch {
	case !asked || !s.User.Known || !s.User.There:
		return NoHybrid
	case s.User.Changed && !s.User.Pending && s.User.Spread && renew == 0:
		return Complete
	case (s.User.Pending || !s.User.Changed) && others > 0:
		return Held
	case !s.User.Spread || !s.User.Pending && !s.User.Changed:
		return Prepare
	case renew > 0:
		return Move
	}
	return Commit
}

// hold makes guests wait that are moved with the changed key only.
func (d *Decision) hold(s Situation) {
	why := map[Phase]string{
		Held:    "the key of client." + s.Rotation.From + " is changed after all other guests have left it",
		Prepare: "the new key of client." + s.Rotation.From + " is to be put on all computes first",
	}[d.Hybrid]
	for i := range d.Steps {
		if st := &d.Steps[i]; st.Act == Renew {
			st.Act, st.Code, st.Wait = Nothing, "hybrid-held", why
		}
	}
}

// bars collects what keeps the old user from going.
func (d *Decision) bars(s Situation) {
	for _, st := range d.Steps {
		switch {
		case st.Keeps && !s.Rotation.InPlace():
			d.Bars = append(d.Bars, Bar{"keeps", st.Guest.String(), "has the old user with its new key, as its rule allows " +
				"hybrid; a hard reboot takes it to the new user"})
			continue
		case st.Done():
			continue
		}
		text := st.Wait
		if text == "" {
			text = "needs " + string(st.Act)
		}
		d.Bars = append(d.Bars, Bar{"guest", st.Guest.String(), text})
	}
	d.Bars = append(d.Bars, s.Bars...)
}

// A rule is a rule of the Spec with sets for its lists.
type rule struct {
	spec.GuestRule
	hosts map[string]bool
}

func compile(rules []spec.GuestRule) []rule {
	all := make([]rule, len(rules))
	for i, r := range rules {
		all[i] = rule{r, nil}
		if len(r.Hosts) == 0 {
			continue
		}
		all[i].hosts = map[string]bool{}
		for _, name := range r.HostNames() {
			all[i].hosts[name] = true
		}
	}
	return all
}

func (r rule) matches(g Guest) bool {
	switch {
	case len(r.Projects) > 0 && !slices.Contains(r.Projects, g.Project),
		r.hosts != nil && !r.hosts[g.Host],
		len(r.Servers) > 0 && !slices.Contains(r.Servers, g.ID) && !slices.Contains(r.Servers, g.Name):
		return false
	}
	return len(r.Tags) == 0 || slices.ContainsFunc(r.Tags, func(t string) bool { return slices.Contains(g.Tags, t) })
}

// A nexts tells what comes next for guests of one situation.
type nexts struct {
	Situation
	rules   []rule
	owners  map[string]map[string]bool // projects of guests, by the names of guests
	takes   int                        // how many computes take guests
	unready string                     // the first of them that is not ready
}

func newNexts(s Situation) nexts {
	n := nexts{Situation: s, rules: compile(s.Rotation.Guests), owners: map[string]map[string]bool{}}
	for _, g := range s.Guests {
		if n.owners[g.Name] == nil {
			n.owners[g.Name] = map[string]bool{}
		}
		n.owners[g.Name][g.Project] = true
	}
	for name, c := range s.Computes {
		if !c.Takes {
			continue
		}
		n.takes++
		if c.Unready != "" && (n.unready == "" || name < n.unready) {
			n.unready = name
		}
	}
	return n
}

// ambiguous reports whether a rule that lets guests be touched names a guest by a name that others have, too: owners of
// guests choose names as they like.
func (n nexts) ambiguous(r rule, g Guest) bool {
	if !slices.Contains(r.Servers, g.Name) || slices.Contains(r.Servers, g.ID) {
		return false
	}
	if len(r.Projects) == 0 {
		return len(n.owners[g.Name]) > 1
	}
	of := 0
	for _, project := range r.Projects {
		if n.owners[g.Name][project] {
			of++
		}
	}
	return of > 1
}

// next is what comes next for a guest, whatever other guests do.
func (n nexts) next(g Guest) Step {
	st := Step{Guest: g, Rule: -1}
	switch {
	case g.Unknown != "":
		return st.wait("unknown", g.Unknown)
	case len(g.Volumes) == 0 && len(g.Disks) == 0:
		return st
	}
	st.Rule = slices.IndexFunc(n.rules, func(r rule) bool { return r.matches(g) })
	switch {
	case st.Rule < 0:
		return st.wait("no-rule", "no rule of rotate.guests matches it, so it is left alone")
	case len(n.rules[st.Rule].May) == 0:
		return st.wait("left-alone", fmt.Sprintf("rule %d of rotate.guests leaves it alone", st.Rule+1))
	case n.Astray[st.Rule] != "":
		return st.wait("rule-astray", n.Astray[st.Rule])
	case n.ambiguous(n.rules[st.Rule], g):
		return st.wait("ambiguous", fmt.Sprintf("rule %d of rotate.guests names %s, and guests of several projects have "+
			"that name; name it by its ID, or set projects in that rule", st.Rule+1, g.Name))
	}
	switch {
	case g.Status == "SUSPENDED":
		return st.wait("suspended", "it is suspended, and comes back with the disks that it had; resume it (openstack "+
			"server resume)")
	case strings.HasPrefix(g.Status, "SHELVED"):
		return st.wait("shelved", "it is shelved, and its volumes name the old user; unshelve it")
	}
	if st = n.choose(st, g); st.Act == Nothing {
		return st
	}
	st.Wants = st.Act
	if code, why := unfit(g); code != "" {
		return st.wait(code, why)
	}
	return n.allow(st, g)
}

func (s Step) wait(code, why string) Step {
	s.Act, s.Code, s.Wait = Nothing, code, why
	return s
}

// unfit says why a guest in this state is not touched.
func unfit(g Guest) (code, why string) {
	switch {
	case g.Task != "":
		return "busy", "Nova is at work on it (" + g.Task + ")"
	case g.Locked && !g.Ours:
		return "locked", "it is locked; unlock it (openstack server unlock), or wait for who locked it"
	case g.Status == "ACTIVE" && g.Runs, g.Status == "SHUTOFF" && !g.Runs:
		return "", ""
	case g.Status == "ACTIVE" || g.Status == "SHUTOFF":
		return "disagree", "Nova says " + g.Status + " and libvirt does not; see openstack server show, and virsh list " +
			"--all " +
			"on its compute"
	case g.Status == "VERIFY_RESIZE":
		return "unconfirmed", "a resize or migration of it waits to be confirmed or reverted"
	case g.Status == "ERROR":
		return "error", "it is in ERROR; see openstack server show, and mend it first"
	}
	return "state", "it is " + g.Status + "; it has to be ACTIVE or SHUTOFF"
}

// choose takes the gentlest act that the rule allows.
func (n nexts) choose(s Step, g Guest) Step {
	may := func(a Act) bool { return slices.Contains(n.rules[s.Rule].May, string(a)) }
	volumes, disks := len(g.Volumes) > 0, len(g.Disks) > 0
	if n.Rotation.InPlace() {
		return n.inPlace(s, g, may)
	}
	switch {
	case !g.Runs && volumes && n.Rotation.NovaManage == "":
		return s.wait("no-nova-manage", "it is stopped, and its volumes have the old user; start it, or say in "+
			"rotate.nova_manage "+
			"where nova-manage works")
	case !g.Runs && volumes:
		s.Act = Refresh
	case !g.Runs: // the next start opens its disks as the new user
	case volumes && may(LiveMigrate) && (!disks || may(HardReboot) || may(Renew) || !may(StopStart)):
		s.Act = LiveMigrate
	case may(StopStart) && volumes && n.Rotation.NovaManage == "":
		return s.wait("no-nova-manage", "its volumes have the old user; say in rotate.nova_manage where nova-manage "+
			"works, or "+
			"allow live-migration for it")
	case may(StopStart) && (volumes || !may(HardReboot)):
		s.Act = StopStart
	case volumes:
		return s.wait("not-allowed", "volumes of it have the old user; allow live-migration or stop-start for it")
	case may(HardReboot):
		s.Act = HardReboot
	case may(Renew):
		return n.renew(s, g)
	default:
		return s.wait("not-allowed", "disks of it that Nova owns have the old user; allow hard-reboot, stop-start or "+
			"hybrid for it")
	}
	return s
}

// inPlace is for a user that keeps its name: QEMU has to open all disks once more.
func (n nexts) inPlace(s Step, g Guest, may func(Act) bool) Step {
	switch {
	case !g.Runs:
	case may(Renew):
		return n.renew(s, g)
	default:
		if g.OldKey {
			return s.wait("not-allowed", "it may have the old key; allow hybrid")
		}
	}
	return s
}

// renew moves a guest that keeps the old user, so that it takes the new key.
func (n nexts) renew(s Step, g Guest) Step {
	if n.User.Vague {
		return s.wait("no-since", "its rule allows hybrid, and nobody can tell whether the key was changed already; set "+
			"since in "+
			"the entry of rotate, or allow hard-reboot or stop-start")
	}
	if (n.User.Changed || n.User.Pending) && !g.OldKey {
		s.Keeps = true
		return s
	}
	s.Act = Renew
	return s
}

// allow keeps an act back that cannot be done now.
func (n nexts) allow(s Step, g Guest) Step {
	if open, from := n.rules[s.Rule].Open(n.Now); !open {
		return s.wait("window", "its window opens at "+from)
	}
	if n.Stop != "" {
		return s.wait("stopped", n.Stop)
	}
	c, known := n.Computes[g.Host]
	switch {
	case !known:
		return s.wait("foreign-host", "it is on "+g.Host+", which is not a compute of the Spec")
	case c.Unready != "":
		return s.wait("compute", g.Host+" is not ready: "+c.Unready)
	case !c.Takes:
		return s.wait("compute", "nova-compute on "+g.Host+" is down or disabled")
	case s.Act != LiveMigrate && s.Act != Renew:
		return s
	case n.unready != "":
		return s.wait("destination", "Nova might move it to "+n.unready+", which is not ready; apply the Spec there, or "+
			"disable "+
			"its nova-compute")
	case n.takes < 2:
		return s.wait("destination", "no other compute is up and enabled to take it")
	}
	return s
}
