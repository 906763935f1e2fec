package rotate

import (
	"cmp"
	"slices"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/spec"
)

// reportFormat is the version of the form of the JSON.
const reportFormat = 1

// A Report says how far the rotations of a Spec are, what comes next, and what they wait for. It has no secret.
type Report struct {
	// Format is the version of the form of the JSON: 1.
	Format int  `json:"format"`
	Back   bool `json:"back,omitempty"` // the users that were to go take their places again
	// Problems are what the pre-check found. With a Problem, an Apply changes nothing.
	Problems []Bar `json:"problems,omitempty"`
	// Changes are how many changes of the ordinary plan of the Spec come first.
	Changes   int      `json:"changes"`
	Rotations []Status `json:"rotations"`

	plan *integrate.Plan
}

// A Bar is something that is in the way, and who it is about. Code stays the same from release to release.
type Bar struct {
	Code string `json:"code"`
	Who  string `json:"who"`
	Text string `json:"text"` // what is there, and what to do
}

// A Status is how far one rotation is.
type Status struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Cluster string `json:"cluster"`
	KeyType string `json:"key_type"`
	// Fields are the fields of the Spec, such as nova, whose services get the user in To again; on the way back only.
	Fields []string `json:"fields,omitempty"`
	// Stage is what comes next: apply, guests, key, proof, revoke, clean or done.
	Stage  string `json:"stage"`
	Guests int    `json:"guests"` // all guests of the cloud
	Done   int    `json:"done"`   // guests that do not have the old user, or keep it with its new key
	Keeps  int    `json:"keeps"`  // those of Done that keep it
	// Opens are the disks that guests have open as the old user. As many clients are logged in because of them.
	Opens int `json:"opens"`
	// Next are guests by what is done to them.
	Next []Group `json:"next,omitempty"`
	// Waits are guests by what they wait for.
	Waits []Group `json:"waits,omitempty"`
	// Bars are what keeps the old user from going, apart from the guests of Next and Waits.
	Bars []Bar `json:"bars,omitempty"`
	// Key is how far a change of the key in place is: empty, held, prepare, move, commit or complete.
	Key string `json:"key,omitempty"`
	// Left are files and secrets of the old user on hosts, which an Apply removes once the user is gone.
	Left []Bar `json:"left,omitempty"`
}

// A Group is guests with the same act, or the same wait.
type Group struct {
	Code   string   `json:"code"` // the act, or the code of the wait
	Text   string   `json:"text,omitempty"`
	Guests []string `json:"guests"` // names with IDs, sorted
}

// Done reports whether nothing is left to do.
func (r *Report) Done() bool {
	return len(r.Problems) == 0 && !slices.ContainsFunc(r.Rotations, func(s Status) bool { return s.Stage != "done" })
}

// Plan is the ordinary plan of the Spec, which comes first. It is nil in a Report that was read from JSON.
func (r *Report) Plan() *integrate.Plan { return r.plan }

// report is what was read, as a Report.
func (r *run) report(l *look) *Report {
	out := &Report{Format: reportFormat, Back: r.opts.Back, Changes: len(l.plan.Changes), plan: l.plan}
	for i, rot := range r.rotations() {
		s := r.situation(l.applied(), rot) // the apply comes first
		d := rotation.Decide(s)
		down := map[string]bool{} // guests that a run stopped: the first rotation tells them
		for _, server := range l.servers {
			down[server.ID] = i == 0 && stopped(server)
		}
		out.Rotations = append(out.Rotations, r.status(l, s, d, down))
		out.Problems = append(out.Problems, r.check(l, s, d)...)
	}
	return out
}

func (r *run) status(l *look, s rotation.Situation, d rotation.Decision, down map[string]bool) Status {
	rot := s.Rotation
	out := Status{From: rot.Old().Entity, To: rot.New().Entity, Cluster: rot.Cluster, Guests: len(d.Steps),
		Key: string(d.Hybrid), Left: l.leftOf(rot)}
	if c := l.clusters[rot.Cluster]; c.err == nil {
		out.KeyType = keyType(rot, c)
	}
	for _, u := range r.cfg.Spec.Uses() {
		if r.opts.Back && u.User == rot.New() {
			out.Fields = append(out.Fields, u.Path)
		}
	}
	next, waits := groups{}, groups{}
	for _, st := range d.Steps {
		switch {
		case down[st.Guest.ID] && st.Guest.Locked && !st.Guest.Ours:
			waits.add("stopped-and-locked", "it has the tag "+startTag+", which a run sets that stops a guest, and it is "+
				"locked: unlock it (openstack server unlock), or take the tag from it (openstack server unset --tag)",
				st.Guest.String())
		case down[st.Guest.ID]:
			next.add("start", "start: a run that did not end stopped it", st.Guest.String())
		case st.Act != rotation.Nothing:
			next.add(string(st.Act), "", st.Guest.String())
		case st.Wait != "":
			waits.add(st.Code, st.Wait, st.Guest.String())
		default:
			out.Done++
			if st.Keeps {
				out.Keeps++
			}
		}
	}
	out.Next, out.Waits = next.sorted(), waits.sorted()
	for _, b := range d.Bars {
		if b.Code != "guest" {
			out.Bars = append(out.Bars, Bar(b))
		}
	}
	out.Opens = r.opens(l, rot)
	out.Stage = stageOf(l, s, out)
	return out
}

// stageOf is what comes next.
func stageOf(l *look, s rotation.Situation, st Status) string {
	switch {
	case l.notYet != "" || len(l.notReady) > 0:
		return "apply"
	case st.Key != "" && st.Key != string(rotation.Complete) && st.Key != string(rotation.Held):
		return "key"
	case len(st.Next) > 0 || len(st.Waits) > 0:
		return "guests"
	case s.Rotation.InPlace():
		if st.Key == string(rotation.Complete) {
			return "done"
		}
		return "key"
	case s.User.Known && !s.User.There && len(st.Left) > 0:
		return "clean"
	case s.User.Known && !s.User.There && len(l.hostErrs) == 0:
		return "done"
	case st.Keeps > 0 && st.Keeps == len(slices.DeleteFunc(slices.Clone(st.Bars),
		func(b Bar) bool { return b.Code != "keeps" })) && !slices.ContainsFunc(st.Bars, lasting):
		return "done"
	case len(st.Bars) > 0:
		return "proof"
	}
	return "revoke"
}

// lasting reports whether a bar is neither of guests that keep the old user, nor of their logins.
func lasting(b Bar) bool { return b.Code != keepsCode && b.Code != sessionCode }

// Codes of bars that a text tells in another way.
const (
	keepsCode   = "keeps"   // a guest keeps the old user with its new key
	sessionCode = "session" // a client is logged in
)

// opens counts the disks that QEMU has open as the old user.
func (r *run) opens(l *look, rot spec.Rotation) int {
	n := 0
	for _, d := range l.domains {
		for _, disk := range d.Live {
			if d.Active && disk.RBD() && r.isOld(rot, disk.User, disk.SecretUUID) {
				n++
			}
		}
	}
	return n
}

// groups are guests by code and text.
type groups map[[2]string][]string

func (g groups) add(code, text, guest string) {
	g[[2]string{code, text}] = append(g[[2]string{code, text}], guest)
}

// sorted has the largest group first.
func (g groups) sorted() []Group {
	var all []Group
	for key, guests := range g {
		slices.Sort(guests)
		all = append(all, Group{key[0], key[1], guests})
	}
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(len(b.Guests), len(a.Guests)), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Text, b.Text))
	})
	return all
}

// leftOf are the leftovers of a user that is gone.
func (l *look) leftOf(rot spec.Rotation) []Bar { return l.left[rot.Old()] }
