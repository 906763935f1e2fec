//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/cephstack/cephstack/remote"
)

// The limits are shorter than those of a real cloud, to save time. longest is how long an exchange with a
// hostile host may take with them, and mostMemory is what all of them together may take of this process.
const (
	shortStart = 20 * time.Second
	shortIdle  = 20 * time.Second
	shortTotal = 30 * time.Second
	longest    = 90 * time.Second
	mostMemory = 400 << 20
)

// An encounter is a call of a hostile host.
type encounter struct {
	name   string
	config remote.Config
	mute   bool
	log    string // what the host was sent; empty if that is not known
	server *sshd  // on whose disk the host writes
	lie    func(remote.Host) remote.Host
}

// hostiles calls all hostile hosts at the same time, and an honest one beside them.
func (s *suite) hostiles(ctx context.Context) (tally, error) {
	peak := watchMemory(ctx)
	t, err := meetAll(ctx, s.picks, func(h remote.Host) remote.Host { return h })
	most := peak()
	t.add(most < mostMemory, "all hosts together took %d MiB of memory", most>>20)
	return t, err
}

// meetAll calls those hosts whose names are picked. The results pass through lie.
func meetAll(ctx context.Context, picks func(string) bool, lie func(remote.Host) remote.Host) (t tally, err error) {
	dir, err := os.MkdirTemp("", "cephstack-faults-")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return t, err
	}
	var more strings.Builder
	for n, h := range hostiles() {
		fmt.Fprintf(&more, "Match LocalAddress %s\n\tForceCommand %s hostile %s %s\n", addressOf(n), self, h.name,
			filepath.Join(dir, h.name+".log"))
	}
	server, err := startSSHD(dir, more.String())
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	all, stop, err := encounters(server, dir)
	if err != nil {
		return t, err
	}
	defer stop()
	all = slices.DeleteFunc(all, func(e encounter) bool { return !picks(e.name) })
	canary := rand.Text() + rand.Text()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, e := range all {
		e.lie = lie
		wg.Go(func() {
			why := e.meet(ctx, canary)
			mu.Lock()
			defer mu.Unlock()
			t.add(why == "", "%s: %s", e.name, why)
		})
	}
	wg.Wait()
	return t, nil
}

func addressOf(n int) string { return fmt.Sprintf("127.77.%d.%d", n/200, n%200+1) }

// encounters prepares all calls.
func encounters(server *sshd, dir string) (all []encounter, stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, f := range stops {
			f()
		}
	}
	for n, h := range hostiles() {
		config, err := server.config(addressOf(n))
		if err != nil {
			return nil, stop, err
		}
		all = append(all, encounter{name: h.name, config: config, mute: h.mute, server: server,
			log: filepath.Join(dir, h.name+".log")})
	}
	for name, act := range strangers() {
		address, end, err := listen(act)
		if err != nil {
			return nil, stop, err
		}
		stops = append(stops, end)
		config, err := server.config("127.0.0.1")
		if err != nil {
			return nil, stop, err
		}
		config.Address = address
		all = append(all, encounter{name: name, config: config, mute: true, server: server})
	}
	return all, stop, nil
}

// meet calls a host twice: to write a secret, and to read. It says what is wrong.
func (e encounter) meet(ctx context.Context, canary string) string {
	e.config.Timeouts.Start, e.config.Timeouts.Idle, e.config.Timeouts.Total = shortStart, shortIdle, shortTotal
	host, err := remote.New(e.config)
	if err != nil {
		return err.Error()
	}
	defer host.Close()
	d, err := e.disk(canary)
	if err != nil {
		return err.Error()
	}
	results, why := e.call(ctx, host, canary, remote.Stat{Path: "/"}, d.op)
	if why == "" {
		why = d.judge(results[1])
	}
	if why == "" {
		_, why = e.call(ctx, host, canary, remote.Stat{Path: "/"}, remote.ReadFile{Path: "/etc/hostname"})
	}
	if why != "" || !e.mute || e.log == "" {
		return why
	}
	sent, err := os.ReadFile(e.log)
	if err != nil {
		return err.Error()
	}
	if bytes.Contains(sent, []byte(canary)) {
		return "the secret was sent to a program that had not answered"
	}
	return ""
}

// call makes one exchange. It says what is wrong with its end, and with the words of its errors.
func (e encounter) call(ctx context.Context, host remote.Host, canary string, ops ...remote.Op) ([]remote.Result,
	string) {
	begin := time.Now()
	limited, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	results, err := e.lie(host).Do(limited, ops...)
	if limited.Err() != nil {
		return nil, fmt.Sprintf("the exchange does not end within %s", time.Since(begin))
	}
	if e.mute && err == nil {
		return nil, "no error, and the program did not run"
	}
	errs := []error{err}
	for _, r := range results {
		errs = append(errs, r.Err)
	}
	return results, wrongWords(errors.Join(errs...), canary)
}

// wrongWords says what is wrong with the text of an error.
func wrongWords(err error, canary string) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	switch {
	case strings.Contains(text, canary):
		return "the error has the secret"
	case len(text) > 8<<10:
		return fmt.Sprintf("the error has %d bytes", len(text))
	case strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }):
		return fmt.Sprintf("the error is not printable: %q", text)
	}
	return ""
}

// watchMemory notes how much memory this process has at most, until the function is called.
func watchMemory(ctx context.Context) (peak func() uint64) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan uint64)
	go func() {
		var most uint64
		for ctx.Err() == nil {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse+m.StackInuse)
			time.Sleep(100 * time.Millisecond)
		}
		done <- most
	}()
	return func() uint64 {
		cancel()
		return <-done
	}
}
