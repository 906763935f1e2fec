//go:build linux && amd64

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/remote/remotetest"
)

// clientKills is at how many moments a client is killed, at most.
const clientKills = 300

// client kills a client process at each of its events, and before and after each request that reaches a fake.
func (s *suite) client(ctx context.Context) (tally, error) {
	var t tally
	d, err := rehearse(ctx)
	if err != nil {
		return t, err
	}
	clean := &killing{dress: d, moment: &moment{}}
	if err := clean.run(ctx); err != nil || len(clean.words) > 0 {
		return t, fmt.Errorf("without a kill: %w %q", err, clean.words)
	}
	r := rand.New(rand.NewPCG(s.seed, 0))
	all := points(int(clean.moment.n.Load()), min(clientKills, s.most), r)
	todo := make(chan *killing, len(all))
	for _, at := range all {
		todo <- &killing{dress: d, moment: &moment{at: int64(at), deaf: r.IntN(2) == 0}}
	}
	close(todo)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for k := range todo {
				err := k.run(ctx)
				mu.Lock()
				t.add(err == nil && len(k.words) == 0, "killed at %d (deaf %t): %v %q", k.moment.at, k.moment.deaf, err, k.words)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return t, ctx.Err()
}

// A killing is a cloud whose client is killed at a moment.
type killing struct {
	dress
	moment *moment
	cloud  *fakeCloud
	dir    string
	ahead  atomic.Int64 // of the cluster's clock, in ns
	words  []string
}

func (k *killing) wrong(format string, args ...any) {
	k.words = append(k.words, fmt.Sprintf(format, args...))
}

func (k *killing) run(ctx context.Context) (err error) {
	if k.cloud, err = newFakeCloud(); err != nil {
		return err
	}
	defer k.cloud.Close()
	k.cloud.Ceph["ceph"].Now = func() time.Time { return time.Now().Add(time.Duration(k.ahead.Load())) }
	if k.dir, err = os.MkdirTemp("", "cephstack-client-"); err != nil {
		return err
	}
	defer os.RemoveAll(k.dir)
	before, err := pictureOf(k.cloud.World, k.plan.Changes)
	if err != nil {
		return err
	}
	killed := k.moment.at > 0
	out, err := k.child(ctx, k.moment)
	if killed != (err != nil) || killed && !strings.Contains(err.Error(), "killed") {
		return fmt.Errorf("the client: %w: %s", err, out)
	}
	if err := k.judge(before, out, killed); err != nil {
		return err
	}
	k.ahead.Add(int64(10 * time.Minute)) // locks of the client that was killed have expired
	for _, wanted := range []string{"done\n", "planned 0\n"} {
		out, err := k.child(ctx, &moment{})
		if err != nil || !strings.Contains(out, wanted) {
			k.wrong("the next run: %v: %s", err, out)
		}
		if err := k.judge(k.final, out, false); err != nil {
			return err
		}
	}
	return nil
}

// judge looks at what is there after a client has ended.
func (k *killing) judge(before picture, out string, killed bool) error {
	now, err := pictureOf(k.cloud.World, k.plan.Changes)
	if err != nil {
		return err
	}
	for _, c := range k.plan.Changes {
		was, is, wanted := before[c.ID], now[c.ID], k.final[c.ID]
		half := c.Kind == "unit" || killed && c.Kind == "pool" // which is made in several steps
		if is != wanted && !half && !(killed && is == was) {
			k.wrong("%s: there was %q, there is %q", c.ID, was, is)
		}
	}
	users, err := usersOf(k.cloud.Ceph["ceph"])
	if err != nil {
		return err
	}
	return filepath.WalkDir(k.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, u := range users {
			if bytes.Contains(data, []byte(u.Key)) || strings.Contains(out, u.Key) {
				k.wrong("the key of %s is in %s, or the client told it", u.Entity, path)
			}
		}
		return err
	})
}

// child runs a client process, which is killed at a moment, and gives what it said.
func (k *killing) child(ctx context.Context, m *moment) (out string, err error) {
	stop, err := k.serve()
	if err != nil {
		return "", err
	}
	defer stop()
	home := filepath.Join(k.dir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "client", k.dir)
	cmd.Dir, cmd.Env = home, []string{"HOME=" + home, "TMPDIR=" + home, "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var errs strings.Builder
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	told, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	started, dead := make(chan bool), make(chan bool)
	m.end = func(error) {
		<-started
		_ = cmd.Process.Kill()
		<-dead // what is asked for now is answered to nobody
	}
	k.cloud.now.Store(m)
	defer func() { k.cloud.now.Store(&moment{}) }()
	if err := cmd.Start(); err != nil {
		return "", err
	}
	close(started)
	go func() { // a process that was killed is a zombie until it is waited for
		for !ended(cmd.Process.Pid) {
			time.Sleep(time.Millisecond)
		}
		close(dead)
	}()
	text := listenTo(told, in, m)
	err = cmd.Wait()
	<-dead
	return text + errs.String(), err
}

// ended reports whether a process has gone, or is a zombie.
func ended(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}

// listenTo reads what a client says, and answers each event.
func listenTo(out io.Reader, in io.Writer, m *moment) string {
	var all strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		all.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "event ") && !m.tick() {
			_, _ = io.WriteString(in, "\n")
		}
	}
	return all.String()
}

// serve puts servers before the fakes, and writes into the folder where they are. The function ends them, and waits
// for what they do.
func (k *killing) serve() (stop func(), err error) {
	var closers []io.Closer
	stop = func() {
		for _, c := range closers {
			_ = c.Close()
		}
	}
	addresses, known := map[string]string{}, ""
	var key []byte
	for name, host := range k.cloud.Machines {
		server, err := remotetest.Serve(host)
		if key != nil {
			_ = server.Close()
			server, err = remotetest.ServeKey(host, key)
		}
		if err != nil {
			return stop, err
		}
		closers = append(closers, server)
		key, addresses[name] = server.Key, server.Address
		known += server.KnownHost
	}
	_ = os.Remove(filepath.Join(k.dir, "socket"))
	socket, err := fakesAt(filepath.Join(k.dir, "socket"), k.cloud.World, "compute1")
	if err != nil {
		return stop, err
	}
	closers = append(closers, socket)
	where, err := json.Marshal(addresses)
	return stop, errors.Join(err, os.WriteFile(filepath.Join(k.dir, "hosts.json"), where, 0o600),
		os.WriteFile(filepath.Join(k.dir, "known_hosts"), []byte(known), 0o600),
		os.WriteFile(filepath.Join(k.dir, "id"), key, 0o600),
		os.WriteFile(filepath.Join(k.dir, "clouds.yaml"), k.cloud.API.CloudsYAML(), 0o600))
}
