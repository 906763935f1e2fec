//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// What a hostile host said is in a file beside its log, and so is what it said before it spoilt anything.
const (
	saidEnd  = ".said"
	cleanEnd = ".clean"
)

// markOf marks, in the environment, the processes of the real program on a hostile host.
func markOf(host string) string { return "FAULTS_HOST=" + host }

// writeDone is the end of the second operation of a request, which writes.
var writeDone = regexp.MustCompile(`(?m)^[0-9a-f]{32} done 1\n`)

// A hostDisk is what a hostile host has of the file that it is asked to write.
type hostDisk struct {
	encounter
	op             remote.WriteFile
	path           string // by which this process reaches the file
	before, wanted state
}

// disk puts the file there.
func (e encounter) disk(canary string) (*hostDisk, error) {
	folder := "/root/" + e.name // of the server's namespace
	here := fmt.Sprintf("/proc/%d/root%s", e.server.cmd.Process.Pid, folder)
	d := &hostDisk{encounter: e, path: filepath.Join(here, "keyring")}
	d.op = remote.WriteFile{Path: folder + "/keyring", Data: []byte(canary), Mode: 0o640, Group: other,
		Was: digestOf(older())}
	err := errors.Join(os.Mkdir(here, 0o755), os.WriteFile(d.path, older(), 0o600))
	before, err2 := stateOf(d.path)
	d.before, d.wanted = before, wantedBy(d.op, before)
	return d, errors.Join(err, err2)
}

// judge compares the result of the write with what is on the disk once the program has ended, and with what the client
// could know. A host that does not run the program writes nothing.
func (d *hostDisk) judge(result remote.Result) string {
	if err := d.settle(); err != nil {
		return err.Error()
	}
	found, err := stateOf(d.path)
	if err != nil {
		return err.Error()
	}
	if why := untrue(result, d.before, d.wanted, found); why != "" {
		return why
	}
	if outcomeOf(result) != "unknown" {
		return ""
	}
	said, err1 := d.kept(saidEnd)
	clean, err2 := d.kept(cleanEnd)
	if err := errors.Join(err1, err2); err != nil {
		return err.Error()
	}
	switch asked, _ := heard(said); {
	case !asked:
		return fmt.Sprintf("the result is unknown (%v), and the client could not ask for anything yet", result.Err)
	case writeDone.Match(clean):
		return fmt.Sprintf("the result is unknown (%v), and the client had its answer", result.Err)
	}
	return ""
}

// kept is what a host said; nothing for a host that is no program of sshd, or that was not reached.
func (d *hostDisk) kept(end string) ([]byte, error) {
	if d.log == "" {
		return nil, nil
	}
	text, err := os.ReadFile(d.log + end)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// settle waits until the real program has ended on the host.
func (d *hostDisk) settle() error {
	for range 100 {
		if !d.busy() {
			return nil
		}
		time.Sleep(200 * time.Millisecond)
	}
	return errors.New("the program on the host goes on for 20 s after its client has gone")
}

// busy reports whether the real program runs on the host. What waits for the next sign of life does not count.
func (d *hostDisk) busy() bool {
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, p := range all {
		text, err := os.ReadFile(p)
		if err != nil || !bytes.Contains(text, []byte(markOf(d.name)+"\x00")) {
			continue
		}
		if name, err := os.ReadFile(filepath.Join(filepath.Dir(p), "comm")); err == nil && string(name) != "sleep\n" {
			return true
		}
	}
	return false
}

// A liar says of writes that did not end well what it likes to say: a mutant.
type liar struct {
	remote.Host
	says remote.Result
	all  bool // of writes that ended well, too
}

// Do implements remote.Host.
func (l liar) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	results, err := l.Host.Do(ctx, ops...)
	for i, op := range ops {
		if _, ok := op.(remote.WriteFile); ok && (l.all || results[i].Err != nil) {
			results[i] = l.says
		}
	}
	return results, err
}

// liars lets clients that lie about their writes call hostile hosts: those that spoil the answer of the real program,
// and one that does not run the program. Each lie must be found with both.
func liars(ctx context.Context) (tally, error) {
	var t tally
	for lie, says := range map[string]liar{
		"a write that did not end is done": {says: remote.Result{Changed: true}},
		"each write is unknown":            {says: remote.Result{Err: remote.ErrUnknown}, all: true},
		"each write failed":                {says: remote.Result{Err: remote.ErrConflict}, all: true},
	} {
		for _, hosts := range []string{"spoilt", "hello"} {
			if hosts == "hello" && errors.Is(says.says.Err, remote.ErrConflict) {
				continue // where nothing is written, that is the truth
			}
			met, err := meetAll(ctx, func(name string) bool { return strings.HasPrefix(name, hosts) },
				func(h remote.Host) remote.Host { return liar{h, says.says, says.all} })
			if err != nil {
				return t, err
			}
			t.add(met.failed > 0, "not found: a client that says that %s, and hosts %s", lie, hosts)
		}
	}
	return t, nil
}
