//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// mutants runs the program with one protection removed, clients that know nothing or lie, and an apply whose lock is
// not renewed. A mutant passes if the suite finds it. If the text is not in the program any more, the class ends with
// an error.
func (s *suite) mutants(ctx context.Context) (tally, error) {
	var t tally
	holder, holds := &holding{renewal: lied}, make(chan error, 1)
	go func() { holds <- holder.run(ctx) }()
	var lies tally
	told := make(chan error, 1)
	go func() {
		var err error
		lies, err = liars(ctx)
		told <- err
	}()
	jobs, err := mutated(ctx)
	if err != nil {
		return t, err
	}
	verdicts, err := newPool(ctx).do(jobs)
	err = errors.Join(err, <-holds, <-told)
	t.join(lies)
	t.add(len(holder.words) > 0, "not found: %v", holder.renewal)
	found := map[string]bool{}
	for _, v := range verdicts {
		m := fmt.Sprintf("%q in the place of %q", v.Job.Trial.To, v.Job.Trial.From)
		if v.Job.Trial.Doubts {
			m = fmt.Sprintf("a client that doubts, %s at %d", v.Job.Trial.Fault, v.Job.Trial.At)
		}
		m = v.Job.Scenario + ": " + m
		found[m] = found[m] || len(v.Violations) > 0
	}
	for m, ok := range found {
		t.add(ok, "not found: %s", m)
	}
	return t, err
}

// doubting are trials of a client that says of each result that it is unknown: without a fault, and with a fault that
// comes before its request, or after the answer.
func doubting(ctx context.Context) ([]job, error) {
	jobs := []job{{"replace", trial{Doubts: true}}, {"conflict", trial{Doubts: true}}}
	for _, fault := range []string{killTree, killOne, failCall, cutInput, cutReply} {
		j := job{"replace", trial{Fault: fault, Errno: syscall.EIO, Doubts: true, At: 1}}
		jobs = append(jobs, j)
		if fault == cutInput { // the last byte comes before the answer
			continue
		}
		var err error
		if j.Trial.At, err = callsOf(ctx, j); err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// every is of how many system calls one is tried with a mutant that only a rival can find.
const every = 4

// mutated are the trials with mutants.
func mutated(ctx context.Context) (jobs []job, err error) {
	if jobs, err = doubting(ctx); err != nil {
		return nil, err
	}
	const ignore = "line was; was="
	for _, m := range [][3]string{
		{"replace", `sync "$at" || exit 50`, `:`},
		{"replace", `sync . || exit 53`, `:`},
		{"replace", `set -C; content`, `umask 0; set -C; content`},
		{"replace", `sync . || exit 53`, `sync . || exit 53; chmod 0600 "$at"; chmod "$md" "$at"`},
		// Without compare-and-swap, a conflict is not seen.
		{"conflict", `line was`, ignore},
		{"conflict of a new file", `line was`, ignore},
		{"conflict of a removal", `line was`, ignore},
		{"conflict", `52) fail conflict`, `52) fail unknown`},
	} {
		jobs = append(jobs, job{m[0], trial{From: m[1], To: m[2]}})
	}
	for _, j := range []job{ // what is seen only if somebody else comes in the middle
		{"create", trial{Fault: rival, From: `no=n`, To: `no=f`}},
		{"replace", trial{Fault: scribble, From: `[ "${x%% *}" = "$was" ] && still`, To: `still`}},
		{"replace", trial{Fault: rival, From: `[ "${x%% *}" = "$was" ] && still`, To: `[ "${x%% *}" = "$was" ]`}},
		{"replace", trial{Fault: rival, Locks: true, From: `flock -w 30 9`, To: `:`}},
		{"remove", trial{Fault: rival, From: `[ "$was" = "$h" ] && still`, To: `[ "$was" = "$h" ]`}},
	} {
		calls, err := callsOf(ctx, j)
		if err != nil {
			return nil, err
		}
		for j.Trial.At = every; j.Trial.At <= calls; j.Trial.At += every {
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}
