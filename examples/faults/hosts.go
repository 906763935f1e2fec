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
}

// hostiles calls all hostile hosts at the same time, and an honest one beside them.
func (s *suite) hostiles(ctx context.Context) (t tally, err error) {
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
	all = slices.DeleteFunc(all, func(e encounter) bool { return !s.picks(e.name) })
	canary := rand.Text() + rand.Text()
	peak := watchMemory(ctx)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, e := range all {
		wg.Go(func() {
			why := e.meet(ctx, canary)
			mu.Lock()
			defer mu.Unlock()
			t.add(why == "", "%s: %s", e.name, why)
		})
	}
	wg.Wait()
	most := peak()
	t.add(most < mostMemory, "all hosts together took %d MiB of memory", most>>20)
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
		all = append(all, encounter{h.name, config, h.mute, filepath.Join(dir, h.name+".log")})
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
		all = append(all, encounter{name: name, config: config, mute: true})
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
	target := fmt.Sprintf("/root/%s", e.name) // of the server's namespace
	calls := [][]remote.Op{
		{remote.Stat{Path: "/"}, remote.WriteFile{Path: target, Data: []byte(canary)}},
		{remote.Stat{Path: "/"}, remote.ReadFile{Path: "/etc/hostname"}},
	}
	for _, ops := range calls {
		begin := time.Now()
		limited, cancel := context.WithTimeout(ctx, longest)
		results, err := host.Do(limited, ops...)
		late := limited.Err() != nil
		cancel()
		if late {
			return fmt.Sprintf("the exchange does not end within %s", time.Since(begin))
		}
		errs := []error{err}
		for _, r := range results {
			errs = append(errs, r.Err)
		}
		all := errors.Join(errs...)
		if e.mute && err == nil {
			return "no error, and the program did not run"
		}
		if why := wrongWords(all, canary); why != "" {
			return why
		}
	}
	if !e.mute || e.log == "" {
		return ""
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
