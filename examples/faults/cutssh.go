//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// A cutter hands a connection on to a server, and loses it after some bytes.
type cutter struct {
	listen   net.Listener
	to       string
	up, down atomic.Int64 // bytes so far
	upMost   atomic.Int64 // bytes that may pass; negative for all
	downMost atomic.Int64
}

func newCutter(to string) (*cutter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &cutter{listen: l, to: to}
	go c.accept()
	return c, nil
}

func (c *cutter) accept() {
	for {
		near, err := c.listen.Accept()
		if err != nil {
			return
		}
		go c.serve(near)
	}
}

func (c *cutter) serve(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer far.Close()
	end := make(chan bool, 2)
	pass := func(w, r net.Conn, n, most *atomic.Int64) {
		b := make([]byte, 16<<10)
		for {
			k, err := r.Read(b)
			if limit := most.Load(); limit >= 0 && n.Load()+int64(k) >= limit {
				k, err = int(limit-n.Load()), net.ErrClosed
			}
			n.Add(int64(k))
			if _, werr := w.Write(b[:k]); werr != nil || err != nil {
				end <- true
				return
			}
		}
	}
	go pass(far, near, &c.up, &c.upMost)
	go pass(near, far, &c.down, &c.downMost)
	<-end
}

// set makes the limits of the next connection.
func (c *cutter) set(up, down int64) {
	c.up.Store(0)
	c.down.Store(0)
	c.upMost.Store(up)
	c.downMost.Store(down)
}

// points of a connection over SSH that are cut, in each direction.
const cutsOverSSH = 200

// cutSSH loses connections with a real sshd after some bytes, in both directions: while the client connects,
// logs in, sends and is answered.
func (s *suite) cutSSH(ctx context.Context) (t tally, err error) {
	dir, err := os.MkdirTemp("", "cephstack-faults-")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(dir)
	server, err := startSSHD(dir, "")
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var all error
	for n := range workers {
		wg.Go(func() {
			line, err := s.cutLine(ctx, server, n)
			mu.Lock()
			defer mu.Unlock()
			t.passed, t.failed, t.words = t.passed+line.passed, t.failed+line.failed, append(t.words, line.words...)
			all = errors.Join(all, err)
		})
	}
	wg.Wait()
	return t, all
}

// cutLine cuts some of the connections, one after the other, in a folder of its own.
func (s *suite) cutLine(ctx context.Context, server *sshd, n int) (tally, error) {
	var t tally
	cut, err := newCutter("127.0.0.1:" + server.port)
	if err != nil {
		return t, err
	}
	defer cut.listen.Close()
	config, err := server.config("127.0.0.1")
	if err != nil {
		return t, err
	}
	key, err := os.ReadFile(filepath.Join(server.dir, "host.pub"))
	if err != nil {
		return t, err
	}
	_, port, err := net.SplitHostPort(cut.listen.Addr().String())
	if err != nil {
		return t, err
	}
	known := filepath.Join(server.dir, "known-"+port)
	if err := os.WriteFile(known, fmt.Appendf(nil, "[127.0.0.1]:%s %s", port, key), 0o600); err != nil {
		return t, err
	}
	config.Address, config.KnownHosts = "127.0.0.1:"+port, []string{known}
	config.Timeouts.Retry = time.Millisecond
	l := &lineUnderCut{server: server, cut: cut, config: config, folder: "/root/" + strconv.Itoa(n)}
	up, down, why := l.try(ctx, -1, -1)
	if why != "" {
		return t, errors.New("without a cut: " + why)
	}
	r := rand.New(rand.NewPCG(s.seed, uint64(n)))
	for range cutsOverSSH / workers {
		k := r.Int64N(up)
		_, _, why := l.try(ctx, k, -1)
		t.add(why == "", "after %d bytes up: %s", k, why)
		k = r.Int64N(down)
		_, _, why = l.try(ctx, -1, k)
		t.add(why == "", "after %d bytes down: %s", k, why)
	}
	return t, nil
}

// A lineUnderCut is a way to the server that is cut again and again.
type lineUnderCut struct {
	server *sshd
	cut    *cutter
	config remote.Config
	folder string
}

// try writes a file while the connection is cut after so many bytes. It says what is wrong.
func (l *lineUnderCut) try(ctx context.Context, up, down int64) (sentUp, sentDown int64, why string) {
	here := fmt.Sprintf("/proc/%d/root%s", l.server.cmd.Process.Pid, l.folder)
	path := filepath.Join(here, "keyring")
	err := errors.Join(os.RemoveAll(here), os.Mkdir(here, 0o755), os.WriteFile(path, older(), 0o600))
	before, err2 := stateOf(path)
	if err := errors.Join(err, err2); err != nil {
		return 0, 0, err.Error()
	}
	op := remote.WriteFile{Path: l.folder + "/keyring", Data: newer(), Mode: 0o640, Group: other, Was: digestOf(older())}
	l.cut.set(up, down)
	result, err := l.write(ctx, op)
	sentUp, sentDown = l.cut.up.Load(), l.cut.down.Load()
	l.settle()
	found, err2 := stateOf(path)
	wanted := wantedBy(op, before)
	outcome := outcomeOf(result)
	switch {
	case err2 != nil:
		why = err2.Error()
	case found != before && found != wanted:
		why = "neither old nor new: " + found.String()
	case outcome == "done" && found != wanted, outcome == "failed" && found != before:
		why = fmt.Sprintf("the result is %s (%v), and there is %v", outcome, result.Err, found)
	case up < 0 && down < 0 && outcome != "done":
		why = err.Error()
	}
	l.cut.set(-1, -1)
	if why != "" {
		return sentUp, sentDown, why
	}
	op.Was = digestOf([]byte(found.content))
	result, _ = l.write(ctx, op)
	left, _ := filepath.Glob(here + "/.cephstack.*")
	if found, err := stateOf(path); result.Err != nil || err != nil || found != wanted || len(left) > 0 {
		why = fmt.Sprintf("the next run does not finish: %v %v, there is %v and %q", result.Err, err, found, left)
	}
	return sentUp, sentDown, why
}

func (l *lineUnderCut) write(ctx context.Context, op remote.Op) (remote.Result, error) {
	host, err := remote.New(l.config)
	if err != nil {
		return remote.Result{Err: err}, err
	}
	defer host.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	results, err := host.Do(ctx, op)
	return results[0], err
}

// settle waits until the programs of lost clients have ended.
func (l *lineUnderCut) settle() {
	space, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", l.server.cmd.Process.Pid))
	if err != nil {
		return
	}
	for range 500 {
		if !l.busy(space) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// busy reports whether a shell with the program runs in the server's namespace.
func (l *lineUnderCut) busy(space string) bool {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range all {
		at, err := os.Readlink(p + "/ns/pid")
		if err != nil || at != space {
			continue
		}
		command, _ := os.ReadFile(p + "/cmdline")
		if strings.Contains(string(command), "cephstack 2") {
			return true
		}
	}
	return false
}
