package ceph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// A job is code that sends requests and waits for the answers again and again, as
// the methods of Cluster do.
type job struct {
	run   func(*Cluster) error
	needs []int // indexes of jobs that have to end well before this one begins
}

// A question has the requests that a job sends at once.
type question struct {
	requests []Request
	answers  []Answer
}

// writes reports whether a request that writes was sent.
func (q *question) writes() bool {
	for i, r := range q.requests {
		if !r.read && !errors.As(q.answers[i].Err, new(notSent)) {
			return true
		}
	}
	return false
}

// A talk is a job under way, or one that has ended.
type talk struct {
	next  func() (*question, bool)
	open  *question // the question that it waits for
	begun bool
	wrote bool // a command that writes was sent
	ended bool
	err   error
}

// together runs jobs side by side, in rounds. A round is one batch with the next
// question of every job. The results are index-aligned. A job is paused while it
// waits, so that two jobs never run at the same time.
func (c *Cluster) together(ctx context.Context, jobs []job) []*talk {
	talks := make([]*talk, len(jobs))
	for i := range jobs {
		talks[i] = &talk{}
	}
	for {
		beginReady(jobs, talks)
		var open []*question
		for _, t := range talks {
			if t.open != nil {
				open = append(open, t.open)
			}
		}
		if len(open) == 0 {
			break
		}
		sent := ctx.Err() == nil
		c.ask(ctx, open)
		for _, t := range talks {
			if t.open != nil {
				t.wrote = t.wrote || sent && t.open.writes()
				t.goOn()
			}
		}
	}
	for _, t := range talks {
		if !t.begun && t.err == nil {
			t.err = fmt.Errorf("%w: it needs work that never ends", ErrSkipped)
		}
	}
	return talks
}

// beginReady begins the jobs whose needs have ended well, and ends those whose
// needs have not.
func beginReady(jobs []job, talks []*talk) {
	for again := true; again; {
		again = false
		for i, t := range talks {
			if t.begun || t.ended {
				continue
			}
			ready := true
			for _, n := range jobs[i].needs {
				switch {
				case n < 0 || n >= len(talks):
					t.ended, t.err = true, fmt.Errorf("%w: there is no work %d that it could need", ErrSkipped, n)
				case talks[n].ended && talks[n].err != nil:
					t.ended, t.err = true, fmt.Errorf("%w: work %d, which it needs, did not end well", ErrSkipped, n)
				}
				ready = ready && !t.ended && talks[n].ended
			}
			if ready {
				t.begin(jobs[i])
			}
			again = again || t.ended
		}
	}
}

// begin runs the job up to its first question.
func (t *talk) begin(j job) {
	t.begun = true
	t.next, _ = iter.Pull(func(yield func(*question) bool) {
		t.err = j.run(&Cluster{send: func(_ context.Context, requests ...Request) []Answer {
			q := &question{requests: requests}
			yield(q) // together never stops a job before its end
			return q.answers
		}})
	})
	t.goOn()
}

// goOn runs the job up to its next question, or to its end.
func (t *talk) goOn() {
	q, ok := t.next()
	t.open, t.ended = q, !ok
}

// ask puts questions into one batch. A command that only reads is sent once, also
// when several questions have it.
func (c *Cluster) ask(ctx context.Context, questions []*question) {
	var all []Request
	places := make([][]int, len(questions))
	for i, q := range questions {
		for _, r := range q.requests {
			at := -1
			if r.read && len(r.After) == 0 {
				at = slices.IndexFunc(all, func(o Request) bool {
					return o.read && len(o.After) == 0 && bytes.Equal(o.Command.JSON, r.Command.JSON) &&
						o.Command.Mon == r.Command.Mon && o.ListPool == r.ListPool && o.ListTrash == r.ListTrash &&
						o.Watchers == r.Watchers
				})
			}
			if at < 0 {
				at = len(all)
				r.After = slices.Clone(r.After)
				for k, j := range r.After {
					r.After[k] = places[i][j]
				}
				all = append(all, r)
			}
			places[i] = append(places[i], at)
		}
	}
	answers := c.Batch(ctx, all...)
	for i, q := range questions {
		for _, at := range places[i] {
			q.answers = append(q.answers, answers[at])
		}
	}
}
