//go:build linux && amd64

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// A job is a trial of a scenario, for a worker.
type job struct {
	Scenario string
	Trial    trial
}

// A verdict is what came of a job.
type verdict struct {
	Job        job
	Report     report
	Outcome    string // done, failed, conflict or unknown
	Violations []string
}

// work does jobs, one after the other, in a room of its own.
func work(ctx context.Context, in io.Reader, out io.Writer) error {
	if err := enterRoom(); err != nil {
		return err
	}
	jobs, verdicts := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var j job
		err := jobs.Decode(&j)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		v, err := try(ctx, j)
		if err != nil {
			return fmt.Errorf("%s: %+v: %w", j.Scenario, j.Trial, err)
		}
		if err := verdicts.Encode(v); err != nil {
			return err
		}
	}
}

// try makes the change of a scenario, with the fault, and once more without it, and looks
// each time from outside what is there.
func try(ctx context.Context, j job) (verdict, error) {
	s, err := scenarioOf(j.Scenario)
	if err != nil {
		return verdict{}, err
	}
	older, err := prepare(s)
	if err != nil {
		return verdict{}, err
	}
	j.Trial.Final, j.Trial.Path, j.Trial.Steps = s.mode, s.path, s.steps
	r, result, err := under(ctx, j.Trial, s)
	if err != nil {
		return verdict{}, err
	}
	if j.Trial.Doubts {
		result.Err = fmt.Errorf("%w: %w", remote.ErrUnknown, result.Err)
	}
	v := verdict{Job: j, Report: r, Outcome: outcomeOf(result)}
	found, err := stateOf(s.path)
	if err != nil {
		return verdict{}, err
	}
	if j.Trial.Fault == rival || j.Trial.Fault == scribble {
		v.judgeRival(s, older, found, result)
	} else {
		v.judge(s, older, found, result)
	}
	return v, v.again(ctx, s.renewed(found))
}

func scenarioOf(name string) (scenario, error) {
	all := scenarios()
	at := slices.IndexFunc(all, func(s scenario) bool { return s.name == name })
	if at < 0 {
		return scenario{}, fmt.Errorf("no scenario %q", name)
	}
	return all[at], nil
}

// prepare makes what is there before a trial.
func prepare(s scenario) (state, error) {
	if err := os.RemoveAll(targets); err != nil {
		return state{}, err
	}
	if err := os.Mkdir(targets, 0o755); err != nil {
		return state{}, err
	}
	if err := s.begin(); err != nil {
		return state{}, err
	}
	return stateOf(s.path)
}

// under makes the change while the fault happens.
func under(ctx context.Context, t trial, s scenario) (report, remote.Result, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return report{}, remote.Result{}, err
	}
	if err := errors.Join(os.RemoveAll(reportFile), os.WriteFile(trialFile, data, 0o600)); err != nil {
		return report{}, remote.Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	results, _ := remote.Local{}.Do(ctx, s.op())
	if ctx.Err() != nil {
		return report{Fired: true, Stuck: true}, results[0], syscall.Kill(-1, syscall.SIGKILL) // all of this namespace
	}
	r, err := reported()
	if err != nil {
		return r, remote.Result{}, errors.Join(fmt.Errorf("no report: %w", err), results[0].Err)
	}
	return r, results[0], gone(r.Shell)
}

// reported waits for the report: the result may be there before the shell has ended.
func reported() (report, error) {
	var r report
	for range 2000 {
		data, err := os.ReadFile(reportFile)
		if err == nil {
			return r, json.Unmarshal(data, &r)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return r, errors.New("the shell did not end within 10 s")
}

// gone waits for the shell that lost its client, and for what it started.
func gone(pid int) error {
	if pid == 0 {
		return nil
	}
	for range 2000 {
		if syscall.Kill(pid, 0) != nil {
			return nil
		}
		var status syscall.WaitStatus
		_, _ = syscall.Wait4(-1, &status, syscall.WNOHANG, nil) // this process is the init of its namespace
		time.Sleep(5 * time.Millisecond)
	}
	return errors.New("the shell goes on for 10 s after its client has gone")
}

func outcomeOf(r remote.Result) string {
	switch {
	case r.Err == nil:
		return "done"
	case errors.Is(r.Err, remote.ErrUnknown):
		return "unknown"
	case errors.Is(r.Err, remote.ErrConflict):
		return "conflict"
	}
	return "failed"
}

func (v *verdict) fault(format string, args ...any) {
	v.Violations = append(v.Violations, fmt.Sprintf(format, args...))
}

// judge compares what is there with what was there, with what was asked for, and with what the
// result says.
func (v *verdict) judge(s scenario, older, found state, result remote.Result) {
	v.Violations = append(v.Violations, v.Report.Wider...)
	if v.Report.Stuck {
		v.fault("the exchange does not end: %v", result.Err)
	}
	v.judgeUnknown()
	wanted := s.wanted(older)
	between := s.narrow && v.Outcome == "unknown" && found.kind != "" && found.mode&^wanted.mode == 0 &&
		found.content == wanted.content
	for _, seen := range v.Report.Seen {
		if !s.narrow && seen != older.String() && seen != wanted.String() {
			v.fault("for a moment there was %s", seen)
		}
	}
	switch {
	case found != older && found != wanted && !between:
		v.fault("neither old nor new: %v", found)
	case v.Outcome == "done" && (s.refused || found != wanted):
		v.fault("the result is done, and there is %v", found)
	case v.Outcome != "done" && v.Outcome != "unknown" && found != older:
		v.fault("the result is %s (%v), and there is %v", v.Outcome, result.Err, found)
	}
	temp, others, err := strays(s.path)
	if err != nil || len(temp) > 1 || len(others) > 0 {
		v.fault("left behind: %q %q %v", temp, others, err)
	}
	if v.Outcome != "done" && v.Outcome != "unknown" && len(temp) > 0 && v.Job.Trial.Fault == failCall &&
		v.Report.By != "rm" {
		v.fault("the result is %s, and a temp file is left: %q", v.Outcome, temp)
	}
	if v.Job.Trial.Fault == "" && v.Outcome == "done" && !s.narrow && wanted.kind != "" {
		if why := durable(v.Report.Events); why != "" {
			v.fault("not durable: %s", why)
		}
	}
}

// judgeUnknown wants that a result is unknown only where the client, or the host, could not know.
func (v *verdict) judgeUnknown() {
	r := v.Report
	switch {
	case v.Outcome != "unknown" || r.Stuck:
	case r.Fired && !r.Asked:
		v.fault("the result is unknown, and the fault came before the client could ask for anything")
	case r.Fired && r.Answered:
		v.fault("the result is unknown, and the fault came after the client had its answer")
	case r.Whole && !r.Fired:
		v.fault("the result is unknown, and nothing was wrong")
	case r.Whole && !r.Tried:
		v.fault("the host says that the result is unknown, and no program tried to change what is at the path")
	}
}

// again makes the change without a fault: it must end well, and leave nothing behind.
func (v *verdict) again(ctx context.Context, s scenario) error {
	op := s.op()
	if found, err := stateOf(s.path); err != nil || found == wantedBy(op, found) {
		return errors.Join(err, v.clean(s))
	}
	_, result, err := under(ctx, trial{Fault: unseen}, s)
	if err != nil {
		return err
	}
	found, err := stateOf(s.path)
	if err != nil {
		return err
	}
	if wanted := wantedBy(op, found); result.Err != nil || found != wanted {
		v.fault("the next run does not finish: %v, and there is %v", result.Err, found)
	}
	return v.clean(s)
}

// clean makes another write in the folder, which sweeps what killed runs left.
func (v *verdict) clean(s scenario) error {
	temp, _, err := strays(s.path)
	if err != nil || len(temp) == 0 {
		return err
	}
	sweep := scenario{path: targets + "/other", op: func() remote.Op {
		return remote.WriteFile{Path: targets + "/other", Data: []byte("x")}
	}}
	if _, _, err := under(context.Background(), trial{Fault: unseen}, sweep); err != nil {
		return err
	}
	if temp, _, err = strays(s.path); err != nil || len(temp) > 0 {
		v.fault("the next write leaves %q", temp)
	}
	return err
}

// wantedBy is what an operation asks for.
func wantedBy(op remote.Op, older state) state {
	switch op := op.(type) {
	case remote.WriteFile:
		return state{kind: "10", mode: uint32(op.Mode), group: daemon, content: string(op.Data)}
	case remote.SetAttr:
		return state{kind: "10", mode: uint32(op.Mode), group: daemon, content: older.content}
	case remote.Mkdir:
		return state{kind: "4", mode: uint32(op.Mode), group: daemon}
	}
	return state{}
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return strings.ToLower(hex.EncodeToString(sum[:]))
}
