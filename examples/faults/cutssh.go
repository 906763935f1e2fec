//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

	mu    sync.Mutex
	ports []string // from which the server was called
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
	_, port, _ := net.SplitHostPort(far.LocalAddr().String())
	c.mu.Lock()
	c.ports = append(c.ports, port)
	c.mu.Unlock()
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
	c.mu.Lock()
	c.ports = nil
	c.mu.Unlock()
}

// asked reports whether the client may have heard that the host is ready, and have sent its request.
func (c *cutter) asked(dir string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.ports, func(port string) bool {
		_, err := os.Stat(witnessed(dir, port))
		return err == nil
	})
}

// witnessed is the file that is there once the host has said that it is ready to a client with a port.
func witnessed(dir, port string) string { return filepath.Join(dir, "ready-"+port) }

// beWitness is what the server starts in the place of a command: it runs the command, and notes when the host says that
// it is ready, right before the client may hear it.
func beWitness(dir string) error {
	_, port, _ := strings.Cut(os.Getenv("SSH_CONNECTION"), " ")
	port, _, _ = strings.Cut(port, " ")
	cmd := exec.Command("/bin/sh", "-c", os.Getenv("SSH_ORIGINAL_COMMAND"))
	cmd.Stdin, cmd.Stderr = os.Stdin, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var said []byte
	b := make([]byte, 32<<10)
	for {
		n, err := out.Read(b)
		if said = append(said, b[:n]...); n > 0 {
			if asked, _ := heard(said); asked {
				if err := os.WriteFile(witnessed(dir, port), nil, 0o600); err != nil {
					return err
				}
			}
			if _, err := os.Stdout.Write(b[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return cmd.Wait()
		}
	}
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
	self, err := os.Executable()
	if err != nil {
		return t, err
	}
	server, err := startSSHD(dir, fmt.Sprintf("ForceCommand %s witness %s\n", self, dir))
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
			t.join(line)
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
	l.doubts = true
	_, _, why = l.try(ctx, 1, -1)
	t.add(why != "", "a client that calls each result unknown is not found")
	l.doubts = false
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
	doubts bool // the client calls each result unknown: a mutant
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
	if l.doubts {
		result.Err = fmt.Errorf("%w: %w", remote.ErrUnknown, result.Err)
	}
	outcome := outcomeOf(result)
	switch {
	case err2 != nil:
		why = err2.Error()
	case outcome == "unknown" && !l.cut.asked(l.server.dir):
		why = fmt.Sprintf("the result is unknown (%v), and the client could not ask for anything yet", result.Err)
	case untrue(result, before, wanted, found) != "":
		why = untrue(result, before, wanted, found)
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

// untrue compares a result with what was there, what was asked for, and what there is now.
func untrue(result remote.Result, before, wanted, found state) string {
	outcome := outcomeOf(result)
	switch {
	case found != before && found != wanted:
		return "neither old nor new: " + found.String()
	case outcome == "done" && found != wanted, outcome != "done" && outcome != "unknown" && found != before:
		return fmt.Sprintf("the result is %s (%v), and there is %v", outcome, result.Err, found)
	}
	return ""
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
