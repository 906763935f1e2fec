//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"

	"github.com/cephstack/cephstack/remote"
)

// mostRivals is at how many system calls of a change somebody else writes the file, in each way.
const mostRivals = 80

// rivals lets somebody else write the file at each system call of a change that expects another content. It is never
// lost what somebody else wrote, but for one thing: who does not keep to the lock of the folder may come between the
// last look at the file and its rename or removal, which are one step only where there must not be a file.
func (s *suite) rivals(ctx context.Context) (tally, error) {
	var t tally
	var jobs []job
	r := rand.New(rand.NewPCG(s.seed, 0))
	for _, name := range []string{"create", "replace", "remove"} {
		for _, j := range rivalries(name) {
			calls, err := callsOf(ctx, j)
			if err != nil {
				return t, err
			}
			for _, at := range points(calls, min(s.most, mostRivals), r) {
				j.Trial.At = at
				jobs = append(jobs, j)
			}
		}
	}
	verdicts, err := newPool(ctx).do(jobs)
	for _, v := range verdicts {
		t.add(len(v.Violations) == 0, "%s, %s at %d (%s, locks %t): %s: %q", v.Job.Scenario, v.Job.Trial.Fault,
			v.Job.Trial.At, v.Report.Name, v.Job.Trial.Locks, v.Outcome, v.Violations)
	}
	return t, err
}

// rivalries are the ways in which somebody else changes the file.
func rivalries(name string) (all []job) {
	for _, fault := range []string{rival, scribble} {
		for _, locks := range []bool{false, true} {
			all = append(all, job{name, trial{Fault: fault, Locks: locks}})
		}
	}
	return all
}

// callsOf is how many system calls a job has at which its fault can happen.
func callsOf(ctx context.Context, j job) (int, error) {
	j.Trial.At = 0
	verdicts, err := newPool(ctx).do([]job{j})
	if err != nil {
		return 0, err
	}
	return verdicts[0].Report.Calls, nil
}

// interfere changes the file as somebody else does. Somebody who keeps to the lock of the folder comes later if it is
// locked.
func (i *injector) interfere() error {
	i.glance()
	i.came = i.Calls
	if i.Locks {
		lock, err := openLock()
		if err != nil {
			return err
		}
		defer lock.Close()
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			i.Fired = false
			return nil
		}
		if err != nil {
			return err
		}
	}
	if i.Fault == scribble {
		return os.WriteFile(i.Path, foreign(), 0o600)
	}
	theirs := room + "/theirs"
	if err := os.WriteFile(theirs, foreign(), 0o600); err != nil {
		return err
	}
	return os.Rename(theirs, i.Path)
}

// openLock opens what root locks for the folder.
func openLock() (*os.File, error) {
	var folder syscall.Stat_t
	if err := syscall.Stat(targets, &folder); err != nil {
		return nil, err
	}
	const locks = "/run/cephstack"
	if err := os.MkdirAll(locks, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(fmt.Sprintf("%s/lock-%d-%d", locks, folder.Dev, folder.Ino), os.O_CREATE|os.O_RDONLY, 0o600)
}

// judgeRival says whether what somebody else wrote is there, and whether the result tells of it.
func (v *verdict) judgeRival(s scenario, older, found state, result remote.Result) {
	v.judgeUnknown()
	wanted := s.wanted(older)
	made := slices.Contains(v.Report.Seen, wanted.String())
	switch {
	case v.Report.Stuck:
		v.fault("the exchange did not end by itself")
	case !v.Report.Fired:
	case found.content != string(foreign()) && !(v.Report.Late && found == wanted):
		v.fault("what somebody else wrote is gone: there is %v", found)
	case (v.Outcome == "done" || v.Outcome == "unknown") && !made:
		v.fault("the result is %s, and the change was never there", v.Outcome)
	case v.Outcome == "failed", v.Outcome == "conflict" && made:
		v.fault("the result is %s (%v), and the change was there: %t", v.Outcome, result.Err, made)
	}
	if temp, others, err := strays(s.path); err != nil || len(temp)+len(others) > 0 {
		v.fault("left behind: %q %q %v", temp, others, err)
	}
}
