//go:build linux && amd64

package main

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

// standIn is a program of a secret host, by its name; ok is false for other names.
func standIn(name string, args []string) (exit int, ok bool) {
	switch name {
	case "python-of-ceph":
		return tell(beCeph(os.Stdin, os.Stdout)), true
	case "systemctl":
		return tell(beSystemctl(args, os.Stdout)), true
	case "rados":
		return tell(beRados(args, os.Stdout)), true
	case "rbd":
		return tell(errors.New("rbd: couldn't connect to the cluster")), true
	}
	return 0, false
}

func tell(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// fakesOfHost reaches the fakes from a program of the host.
func fakesOfHost() (*sender, error) {
	address, err := os.ReadFile("/etc/faults.fakes")
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", string(address))
	}
	return &sender{&http.Client{Transport: &http.Transport{DialContext: dial}}}, err
}

// beCeph stands for the Python of the ceph program: it does the order of package cephcli.
func beCeph(in io.Reader, out io.Writer) error {
	var order struct {
		Mark     string
		Requests []struct {
			Command, List, Init string
			Input               []byte
			After               []int
			Refused             bool
		}
	}
	if err := json.NewDecoder(in).Decode(&order); err != nil {
		return err
	}
	fakes, err := fakesOfHost()
	if err != nil {
		return err
	}
	say := func(line map[string]any) {
		data, _ := json.Marshal(line)
		fmt.Fprintf(out, "%s %s\n", order.Mark, data)
	}
	say(map[string]any{"begun": true})
	failed := map[int]bool{}
	for i, r := range order.Requests {
		if r.Refused || slices.ContainsFunc(r.After, func(j int) bool { return failed[j] }) {
			failed[i] = true
			say(map[string]any{"request": i, "skipped": true})
			continue
		}
		call := cephCall{Command: ceph.Command{JSON: []byte(r.Command)}, Input: r.Input}
		switch {
		case r.List != "":
			call = cephCall{Op: "list", Pool: r.List}
		case r.Init != "":
			call = cephCall{Op: "init", Pool: r.Init}
		}
		var a cephAnswer
		if err := fakes.call(context.Background(), "ceph", call, &a); err != nil {
			return err
		}
		code := 0
		if a.Refusal != nil {
			code, a.Status = a.Refusal.Code, a.Refusal.Status
		} else if a.Fault != "" {
			code, a.Status = 5, a.Fault
		}
		if r.List != "" && code == 0 {
			a.Data, _ = json.Marshal(append([]string{}, a.Names...))
		}
		failed[i] = code != 0
		say(map[string]any{"request": i, "code": code, "status": a.Status, "data": deflated(a.Data)})
	}
	say(map[string]any{"ended": true})
	return nil
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(data) // a buffer takes all
	_ = w.Close()
	return b.Bytes()
}

// unitFile has what systemctl shows of a unit.
func unitFile(unit string) string { return filepath.Join("/run/units", unit) }

// shownUnit is a unit that runs.
func shownUnit(unit string, start int64) string {
	now := time.Now().UTC().Format("Mon 2006-01-02 15:04:05.000000 MST")
	return fmt.Sprintf("Id=%s\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID=1\nNRestarts=0\n"+
		"ExecMainStartTimestamp=%s\nActiveEnterTimestamp=%[2]s\nInvocationID=%032x\nUnitFileState=enabled\n",
		unit, now, start)
}

// beSystemctl shows and restarts units.
func beSystemctl(args []string, out io.Writer) error {
	verb, units := "", []string{}
	for i, a := range args {
		switch {
		case strings.HasPrefix(a, "-") || i > 0 && args[i-1] == "-p":
		case verb == "":
			verb = a
		default:
			units = append(units, a)
		}
	}
	for i, unit := range units {
		text, err := os.ReadFile(unitFile(unit))
		switch {
		case errors.Is(err, os.ErrNotExist) && verb == "show":
			text = []byte("Id=" + unit + "\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n")
		case err != nil:
			return err
		case verb == "restart":
			return os.WriteFile(unitFile(unit), []byte(shownUnit(unit, time.Now().UnixNano())), 0o600)
		case verb != "show":
			return fmt.Errorf("systemctl: unknown verb %q", verb)
		}
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "%s", text)
	}
	return nil
}

// A radosCall is a call of the rados program.
type radosCall struct{ Args []string }

type radosAnswer struct {
	Out, Err string
	Exit     int
}

// beRados takes and gives locks.
func beRados(args []string, out io.Writer) error {
	fakes, err := fakesOfHost()
	if err != nil {
		return err
	}
	var a radosAnswer
	if err := fakes.call(context.Background(), "rados", radosCall{args}, &a); err != nil {
		return err
	}
	fmt.Fprint(out, a.Out)
	if a.Exit != 0 {
		fmt.Fprintln(os.Stderr, a.Err)
		os.Exit(a.Exit)
	}
	return nil
}

// hostFakes are the fakes that the programs of a secret host reach.
type hostFakes struct {
	cluster *cephtest.Cluster
	listen  net.Listener

	mu     sync.Mutex
	locker map[string]string // of the operator lock, as rados tells it; nil without a lock
	tag    string
	echo   func(cephCall) string // gives what Ceph says against a command; nil for none
}

func newHostFakes() (*hostFakes, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &hostFakes{cluster: cephtest.New(), listen: l}
	mux := http.NewServeMux()
	mux.HandleFunc("/ceph", func(out http.ResponseWriter, r *http.Request) {
		var call cephCall
		if json.NewDecoder(r.Body).Decode(&call) != nil {
			return
		}
		f.mu.Lock()
		echo := f.echo
		f.mu.Unlock()
		answer := cephAnswer{}
		if echo != nil {
			answer.Refusal = &ceph.CommandError{Code: 22, Status: echo(call)}
		} else {
			answer = cephDoes(r.Context(), f.cluster, call)
		}
		_ = json.NewEncoder(out).Encode(answer)
	})
	mux.HandleFunc("/rados", func(out http.ResponseWriter, r *http.Request) {
		var call radosCall
		if json.NewDecoder(r.Body).Decode(&call) == nil {
			_ = json.NewEncoder(out).Encode(f.rados(call.Args))
		}
	})
	go func() { _ = http.Serve(l, mux) }() //nolint:gosec // it is for this machine alone
	return f, nil
}

// rados has one lock. What asks for something else than locks is refused.
func (f *hostFakes) rados(args []string) radosAnswer {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := slices.Index(args, "lock")
	option := func(name string) string {
		for _, a := range args {
			if value, ok := strings.CutPrefix(a, name+"="); ok {
				return value
			}
		}
		return ""
	}
	if at < 0 || at+1 == len(args) {
		return radosAnswer{Err: "couldn't connect to cluster: (1) Operation not permitted", Exit: 1}
	}
	switch args[at+1] {
	case "get":
		if f.locker != nil && f.tag != option("--lock-tag") {
			return radosAnswer{Err: "ERROR: failed getting lock: (16) Device or resource busy", Exit: 1}
		}
		f.tag = option("--lock-tag")
		f.locker = map[string]string{"name": "client.4100", "cookie": option("--lock-cookie"), "description": "",
			"expiration": "0.000000", "addr": "127.0.0.1:0/1"}
	case "info":
		info := map[string]any{"name": "cephstack", "type": "shared", "tag": f.tag, "lockers": []any{}}
		if f.locker != nil {
			info["lockers"] = []any{f.locker}
		}
		text, _ := json.Marshal(info)
		return radosAnswer{Out: string(text)}
	case "break":
		f.locker = nil
	}
	return radosAnswer{}
}

// unlock takes away the lock that an operator who was killed has left.
func (f *hostFakes) unlock() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.locker = nil
}

// setEcho sets what Ceph says against all commands; nil for the truth.
func (f *hostFakes) setEcho(echo func(cephCall) string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.echo = echo
}
