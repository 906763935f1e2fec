//go:build linux && amd64

package main

import (
	"context"
	"errors"
)

// mutants runs the program with one protection removed. A mutant passes if the suite finds it. If
// the text is not in the program any more, the class ends with an error.
func (s *suite) mutants(ctx context.Context) (tally, error) {
	var t tally
	holder, holds := &holding{renewal: lied}, make(chan error, 1)
	go func() { holds <- holder.run(ctx) }()
	jobs, err := mutated(ctx)
	if err != nil {
		return t, err
	}
	verdicts, err := newPool(ctx).do(jobs)
	err = errors.Join(err, <-holds)
	t.add(len(holder.words) > 0, "not found: %v", holder.renewal)
	found := map[[3]string]bool{}
	for _, v := range verdicts {
		mutant := [3]string{v.Job.Trial.From, v.Job.Trial.To, v.Job.Scenario}
		found[mutant] = found[mutant] || len(v.Violations) > 0
	}
	for m, ok := range found {
		t.add(ok, "not found by %s: %q in the place of %q", m[2], m[1], m[0])
	}
	return t, err
}

// every is of how many system calls one is tried with a mutant that only a rival can find.
const every = 4

// mutated are the trials with mutants.
func mutated(ctx context.Context) (jobs []job, err error) {
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
	} {
		jobs = append(jobs, job{m[0], trial{From: m[1], To: m[2]}})
	}
	for _, j := range []job{ // what is seen only if somebody else comes in the middle
		{"create", trial{Fault: rival, From: `no=n`, To: `no=f`}},
		{"replace", trial{Fault: scribble, From: `[ "${x%% *}" = "$was" ] && still`, To: `still`}},
		{"replace", trial{Fault: rival, From: `[ "${x%% *}" = "$was" ] && still`, To: `[ "${x%% *}" = "$was" ]`}},
		{"replace", trial{Fault: rival, Locks: true, From: `flock -w 5 9`, To: `:`}},
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
