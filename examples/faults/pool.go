//go:build linux && amd64

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// workers is how many rooms there are: as many as the machine's processors are few.
const workers = 3

// A pool does jobs in several rooms at a time.
type pool struct {
	jobs chan job
	done chan verdict
	all  sync.WaitGroup
	mu   sync.Mutex
	err  error
}

// newPool starts the workers. close ends them.
func newPool(ctx context.Context) *pool {
	p := &pool{jobs: make(chan job), done: make(chan verdict)}
	for range workers {
		p.all.Go(func() {
			err := p.worker(ctx)
			if err != nil {
				err = fmt.Errorf("worker: %w", err)
			}
			p.mu.Lock()
			p.err = errors.Join(p.err, err)
			p.mu.Unlock()
			for range p.jobs { // nobody is left to do them
			}
		})
	}
	return p
}

// do makes all jobs, and gives their verdicts in no order.
func (p *pool) do(jobs []job) ([]verdict, error) {
	go func() {
		for _, j := range jobs {
			p.jobs <- j
		}
		close(p.jobs)
	}()
	go func() {
		p.all.Wait()
		close(p.done)
	}()
	var all []verdict
	for v := range p.done {
		all = append(all, v)
	}
	if p.err == nil && len(all) != len(jobs) {
		return all, fmt.Errorf("%d verdicts for %d jobs", len(all), len(jobs))
	}
	return all, p.err
}

func (p *pool) worker(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "worker")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	jobs, verdicts := json.NewEncoder(in), json.NewDecoder(out)
	for j := range p.jobs {
		var v verdict
		if err := errors.Join(jobs.Encode(j), verdicts.Decode(&v)); err != nil {
			in.Close()
			return errors.Join(err, cmd.Wait())
		}
		p.done <- v
	}
	in.Close()
	return cmd.Wait()
}
