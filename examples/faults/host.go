//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
)

// host runs a class of faults on the host: what the program there does is killed, fails, or loses
// its client at each step.
func (s *suite) host(ctx context.Context, fault string) (tally, error) {
	var t tally
	jobs, err := s.sweep(ctx, fault)
	if err != nil {
		return t, err
	}
	verdicts, err := newPool(ctx).do(jobs)
	for _, v := range verdicts {
		t.add(len(v.Violations) == 0, "%s, at %d (%s, %v): %s: %q", v.Job.Scenario, v.Job.Trial.At, v.Report.Name,
			v.Job.Trial.Errno, v.Outcome, v.Violations)
	}
	return t, err
}

// sweep makes the jobs of a class: each point of each scenario, or most of them at random. What comes before the
// request is the same in all scenarios: its points are those of the first one.
func (s *suite) sweep(ctx context.Context, fault string) ([]job, error) {
	var clean []job
	for _, sc := range scenarios() {
		if s.picks(sc.name) {
			clean = append(clean, job{Scenario: sc.name, Trial: trial{Fault: fault}})
		}
	}
	verdicts, err := newPool(ctx).do(clean)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(s.seed, 0))
	var jobs []job
	for _, v := range verdicts {
		sc, err := scenarioOf(v.Job.Scenario)
		if err != nil {
			return nil, err
		}
		if v.Outcome != sc.end() || len(v.Violations) > 0 {
			return nil, fmt.Errorf("%s without a fault: %s %q", v.Job.Scenario, v.Outcome, v.Violations)
		}
		first := v.Report.Ready
		if sc.name == clean[0].Scenario {
			first = 0
		}
		most := mostPoints
		if fault == killOne {
			most = (v.Report.Calls - first) / fewer
		}
		for _, at := range points(v.Report.Calls-first, min(s.most, most), r) {
			j := v.Job
			j.Trial = trial{Fault: fault, At: first + at}
			if fault == failCall {
				j.Trial.Errno = errnos()[r.IntN(len(errnos()))]
			}
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// mostPoints is more than the points of each scenario, but for the bytes of a large file: of those
// so many are drawn.
const mostPoints = 900

// fewer says that one process is killed at every fourth system call, at random: all processes of the host are killed
// at each call, and that is the harder fault.
const fewer = 4

// points are the numbers from 1 to n, or so many of them at random.
func points(n, most int, r *rand.Rand) []int {
	all := r.Perm(n)
	all = all[:min(most, n)]
	for i := range all {
		all[i]++
	}
	slices.Sort(all)
	return all
}

// errnos are the errors that system calls get: of a full disk, a broken disk, a disk that is mounted
// read-only, of rights, and of limits.
func errnos() []syscall.Errno {
	return []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EROFS, syscall.EACCES, syscall.EDQUOT, syscall.EAGAIN,
		syscall.EMFILE, syscall.ENOMEM}
}
