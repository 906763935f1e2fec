package rotate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/spec"
)

// Limits of the work on guests, where the Options give none.
const (
	defaultAtOnce    = 10
	defaultMaxFailed = 3
)

// errChanged says that a guest is not as it was when the act was decided. It is looked at again in the next round.
var errChanged = errors.New("it is not as it was: it is looked at again")

// A job is an act on a guest.
type job struct {
	rot  spec.Rotation
	step rotation.Step
}

func (j job) rule() spec.GuestRule { return j.rot.Guests[j.step.Rule] }

// key tells the rule of a job from those of other rotations.
func (j job) key() string { return fmt.Sprint(j.rot.Old(), j.step.Rule) }

// jobs are the acts that can be begun now, apart from those of guests that did not end well in this run. A guest has
// one at most.
func (r *run) jobs(l *look, act func(rotation.Act) bool) []job {
	var all []job
	taken := map[string]bool{}
	for _, rot := range r.rotations() {
		for _, st := range rotation.Decide(r.situation(l, rot)).Steps {
			id := st.Guest.ID
			if !act(st.Act) || taken[id] || r.failed[id] != nil {
				continue
			}
			if r.did(id, st.Act) {
				r.failed[id] = fmt.Errorf("%s ended well, and the guest still has %s; see virsh dumpxml on %s", st.Act,
					rot.Old().Entity, st.Guest.Host)
				continue
			}
			taken[id] = true
			all = append(all, job{rot, st})
		}
	}
	return all
}

func (r *run) did(id string, act rotation.Act) bool {
	for _, a := range r.done[id] {
		if a == act {
			return true
		}
	}
	return false
}

// An ended is a job that ended.
type ended struct {
	job
	err error
}

// A crew works on guests, as many at once as the limits allow.
type crew struct {
	*run
	hold
	jobs   []job
	failed int

	all    int
	byRule map[string]int
	byHost map[string]int
	events chan Event
	ends   chan ended
}

// work does jobs, and says how many did not end well.
func (r *run) work(h hold, jobs []job, failed int) int {
	c := &crew{run: r, hold: h, jobs: jobs, failed: failed, byRule: map[string]int{}, byHost: map[string]int{},
		events: make(chan Event), ends: make(chan ended)}
	for {
		waits := c.begin()
		if c.all == 0 {
			return c.failed
		}
		var again <-chan time.Time
		if waits {
			again = time.After(time.Minute) // a window may have closed
		}
		select {
		case e := <-c.events:
			r.tell(e)
		case e := <-c.ends:
			c.end(e)
		case <-again:
		}
	}
}

// begin begins the jobs that the limits allow, and reports whether others wait for them.
func (c *crew) begin() (waits bool) {
	atOnce, most := c.opts.AtOnce, c.opts.MaxFailed
	if atOnce == 0 {
		atOnce = defaultAtOnce
	}
	if most == 0 {
		most = defaultMaxFailed
	}
	if c.held() != nil || c.ctx.Err() != nil || c.failed >= most {
		c.jobs = nil
		return false
	}
	left := c.jobs[:0]
	for _, j := range c.jobs {
		open, _ := j.rule().Open(c.opts.Now())
		switch rule := max(j.rule().AtOnce, 1); {
		case !open:
		case c.all < atOnce && c.byRule[j.key()] < rule && c.byHost[j.step.Guest.Host] == 0:
			c.start(j)
		default:
			left = append(left, j)
		}
	}
	c.jobs = left
	return len(left) > 0
}

func (c *crew) start(j job) {
	c.all++
	c.byRule[j.key()]++
	c.byHost[j.step.Guest.Host]++
	c.tell(Event{Stage: "guests", Guest: j.step.Guest.String(), Act: string(j.step.Act)})
	go func() { c.ends <- ended{j, c.act(c.ctx, j)} }()
}

func (c *crew) end(e ended) {
	c.all--
	c.byRule[e.key()]--
	c.byHost[e.step.Guest.Host]--
	c.tell(Event{Stage: "guests", Guest: e.step.Guest.String(), Act: string(e.step.Act), Ended: true, Err: e.err})
	switch id := e.step.Guest.ID; {
	case e.err == nil:
		c.done[id] = append(c.done[id], e.step.Act)
		if e.step.Act == rotation.Renew {
			c.fresh[id] = true
		}
	case errors.Is(e.err, errChanged):
	default:
		c.run.failed[id] = e.err
		c.failed++
	}
}

func (r *run) tell(e Event) {
	if r.opts.Observer != nil {
		r.opts.Observer(e)
	}
}

// again is a guest as it is now, with what is next for it if nothing else has changed.
func (r *run) again(ctx context.Context, j job) (rotation.Guest, error) {
	cloud, l := r.cfg.World.Cloud, &look{domains: map[string]placed{}, hostErrs: map[string]error{},
		twice: map[string]string{}}
	s, err := cloud.Server(ctx, j.step.Guest.ID)
	if err != nil {
		return rotation.Guest{}, err
	}
	l.ours = r.readLocks(ctx, s)
	if l.attachments, err = r.attachmentsOf(ctx, s.ID, append(s.Volumes, j.step.Guest.Volumes...)); err != nil {
		return rotation.Guest{}, err
	}
	if r.isCompute(s.Host) {
		seen, err := r.readHost(ctx, s.Host)
		if err != nil {
			l.hostErrs[s.Host] = err
		}
		for _, d := range seen.Domains {
			l.place(s.Host, d)
		}
	}
	return r.guest(l, j.rot, s), nil
}
