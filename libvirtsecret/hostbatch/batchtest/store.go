package batchtest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// Programs that the host of a Store has.
const (
	listProgram   = "secrets-list"
	defineProgram = "secrets-define"
)

// A Store is a libvirt daemon in memory whose work can travel in an exchange
// of its host.
type Store struct {
	*secrettest.Store

	mu   sync.Mutex
	jobs []*job
}

var (
	_ hostbatch.Store    = (*Store)(nil)
	_ hostbatch.Allowing = (*Store)(nil)
)

// A job is an operation.
type job struct {
	number  int
	changes []libvirtsecret.Change // to make
	runs    []outcome
}

// An outcome is what became of one run of a job.
type outcome struct {
	listed []libvirtsecret.Secret
	errs   []error // of the list, or of each secret
}

// New returns a Store of the secrets in store, which is the libvirt daemon of
// host. A host has one Store.
func New(store *secrettest.Store, host *remotetest.Host) *Store {
	s := &Store{Store: store}
	s.handle(host, listProgram, func(*job) outcome {
		listed, err := store.List(context.Background())
		return outcome{listed: listed, errs: []error{err}}
	})
	s.handle(host, defineProgram, func(j *job) (o outcome) {
		for _, change := range j.changes {
			o.errs = append(o.errs, store.Define(context.Background(), change))
		}
		return o
	})
	return s
}

// handle gives the host a program that runs the job of its first line of input. It prints
// which run of which job it was, and exits with 1 if part of it failed.
func (s *Store) handle(host *remotetest.Host, program string, run func(*job) outcome) {
	host.Handle(program, func(r remote.Run) (stdout, stderr []byte, exit int) {
		number, _, _ := strings.Cut(r.Stdin.Reveal(), "\n")
		j := s.job(number)
		if j == nil {
			return nil, []byte("no such job"), 64
		}
		o := run(j)
		if slices.ContainsFunc(o.errs, func(err error) bool { return err != nil }) {
			exit = 1
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		j.runs = append(j.runs, o)
		return fmt.Append(nil, j.number, " ", len(j.runs)-1), nil, exit
	})
}

func (s *Store) job(number string) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, err := strconv.Atoi(number); err == nil && i < len(s.jobs) {
		return s.jobs[i]
	}
	return nil
}

// add makes the operation of a job. The values travel on standard input, as
// they do to virsh, behind the number of the job.
func (s *Store) add(j *job, argv ...string) remote.Op {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.number = len(s.jobs)
	s.jobs = append(s.jobs, j)
	input := fmt.Appendln(nil, j.number)
	for _, change := range j.changes {
		input = append(append(input, change.Value.Reveal()...), '\n')
	}
	return remote.Run{Argv: argv, Stdin: cephstack.Redact(input)}
}

// ended gives the outcome that a result of the job's operation stands for.
func (s *Store) ended(j *job, r remote.Result) (outcome, error) {
	if r.Err != nil {
		return outcome{}, r.Err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var number, run int
	if n, _ := fmt.Sscan(string(r.Data), &number, &run); n != 2 || number != j.number || run >= len(j.runs) {
		return outcome{}, fmt.Errorf("exit status %d: not a result of this operation (%d bytes)", r.Exit, len(r.Data))
	}
	return j.runs[run], nil
}

// ListOp implements hostbatch.Store.
func (s *Store) ListOp(expected ...string) (remote.Op, hostbatch.ListReader) {
	j := &job{}
	op := s.add(j, append([]string{listProgram}, expected...)...)
	return op, func(r remote.Result) ([]libvirtsecret.Secret, bool, error) {
		o, err := s.ended(j, r)
		if err != nil {
			return nil, false, &libvirtsecret.Error{Op: "list", Err: err}
		}
		if err := o.errs[0]; err != nil {
			return nil, false, err
		}
		for _, secret := range o.listed {
			if !slices.Contains(expected, secret.UUID) {
				return nil, false, nil
			}
		}
		return o.listed, true, nil
	}
}

// DefineOp implements hostbatch.Store.
func (s *Store) DefineOp(changes ...libvirtsecret.Change) (remote.Op, hostbatch.DefineReader, error) {
	for _, change := range changes {
		if err := change.Validate(); err != nil {
			return nil, nil, &libvirtsecret.Error{Op: "define", UUID: change.UUID, Err: err}
		}
	}
	j := &job{changes: slices.Clone(changes)}
	argv := definer()
	for _, change := range changes {
		argv = append(argv, change.UUID, change.UsageID)
	}
	return s.add(j, argv...), func(r remote.Result) []error {
		o, err := s.ended(j, r)
		if err != nil {
			errs := make([]error, len(j.changes))
			for i, change := range j.changes {
				errs[i] = &libvirtsecret.Error{Op: "define", UUID: change.UUID, Err: err}
			}
			return errs
		}
		return slices.Clone(o.errs)
	}, nil
}

// definer is how an operation that defines secrets begins, as long as a script does.
func definer() []string { return []string{defineProgram, "-", "-", "-", "-"} }

// Allow implements hostbatch.Allowing.
func (s *Store) Allow(secrets []libvirtsecret.Secret) ([]remote.Op, []helper.Script) {
	list, script := []string{listProgram}, helper.Script{Start: remote.Run{Argv: definer()}}
	for _, secret := range secrets {
		list = append(list, secret.UUID)
		script.Secrets = append(script.Secrets, secret.UUID)
		script.Arguments = append(script.Arguments, secret.UsageID)
	}
	return []remote.Op{remote.Run{Argv: list}}, []helper.Script{script}
}
