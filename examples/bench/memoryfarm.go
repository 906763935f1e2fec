//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/cephstack/cephstack/remote/remotetest"
)

// A memoryCall is what the benchmark asks of the process that holds the
// in-process servers.
type memoryCall struct {
	Do      string // reset, drift or look
	N       int
	Desired desired
}

// A memoryReply answers a memoryCall; the first one says that the servers are up.
type memoryReply struct {
	Error string
	Facts []hostFacts
}

// memoryFarm is that process: n servers, each with a machine behind it. It
// writes hosts.json, the keys and known_hosts into dir, the argument, where
// it finds n.json.
func memoryFarm(_ context.Context, dir string, in io.Reader, out io.Writer) error {
	var n int
	if err := readJSON(filepath.Join(dir, "n.json"), &n); err != nil {
		return err
	}
	machines, err := serve(dir, n)
	if err != nil {
		return err
	}
	reply := json.NewEncoder(out)
	if err := reply.Encode(memoryReply{}); err != nil {
		return err
	}
	calls := json.NewDecoder(bufio.NewReader(in))
	for {
		var c memoryCall
		if err := calls.Decode(&c); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var r memoryReply
		if err := answer(machines, c, &r); err != nil {
			r.Error = err.Error()
		}
		if err := reply.Encode(r); err != nil {
			return err
		}
	}
}

// serve starts the servers. They live as long as the process.
func serve(dir string, n int) ([]*machine, error) {
	known, err := os.Create(filepath.Join(dir, "known_hosts"))
	if err != nil {
		return nil, err
	}
	var machines []*machine
	var hosts []jobHost
	var clientKey []byte
	key := filepath.Join(dir, "key")
	for i := range n {
		name := hostName(i)
		m := newCompute(name, hostAddress(i))
		server, err := serveOne(m.host, &clientKey)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(known, server.KnownHost); err != nil {
			return nil, err
		}
		machines = append(machines, m)
		hosts = append(hosts, jobHost{Name: name, Address: server.Address, KeyFile: key})
	}
	return machines, errors.Join(known.Close(), os.WriteFile(key, clientKey, 0o600),
		writeJSON(filepath.Join(dir, "hosts.json"), hosts))
}

// serveOne starts a server that lets in key, which the first one makes.
func serveOne(h *remotetest.Host, key *[]byte) (*remotetest.Server, error) {
	if *key != nil {
		return remotetest.ServeKey(h, *key)
	}
	s, err := remotetest.Serve(h)
	if err == nil {
		*key = s.Key
	}
	return s, err
}

func answer(machines []*machine, c memoryCall, r *memoryReply) error {
	if c.N > len(machines) {
		return fmt.Errorf("%d machines and not %d", len(machines), c.N)
	}
	for i, m := range machines[:c.N] {
		switch c.Do {
		case "reset":
			if err := m.reset(hostAddress(i), c.Desired); err != nil {
				return err
			}
		case "drift":
			m.host.AddFile(c.Desired.conf().Path, c.Desired.drifted(), 0o644)
		case "look":
			r.Facts = append(r.Facts, facts(m, c.Desired, makeNovaConf(hostAddress(i))))
		default:
			return fmt.Errorf("unknown call %q", c.Do)
		}
	}
	return nil
}

// A memoryFleet is the benchmark's end of that process.
type memoryFleet struct {
	dir     string
	all     []jobHost
	desired desired
	calls   *json.Encoder
	replies *json.Decoder
	stop    func() error
}

// newMemoryFleet starts the process.
func newMemoryFleet(dir string, n int, d desired) (*memoryFleet, error) {
	f := &memoryFleet{dir: filepath.Join(dir, "memory-"+strconv.Itoa(n)), desired: d}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return nil, err
	}
	if err := writeJSON(filepath.Join(f.dir, "n.json"), n); err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe", "memory", f.dir)
	cmd.Stderr = os.Stderr
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	f.stop = func() error { return errors.Join(stdin.Close(), cmd.Wait()) }
	f.calls, f.replies = json.NewEncoder(stdin), json.NewDecoder(bufio.NewReader(stdout))
	var up memoryReply
	if err := f.replies.Decode(&up); err != nil {
		return nil, errors.Join(fmt.Errorf("in-process servers: %w", err), f.stop())
	}
	return f, readJSON(filepath.Join(f.dir, "hosts.json"), &f.all)
}

func (f *memoryFleet) call(c memoryCall) ([]hostFacts, error) {
	if err := f.calls.Encode(c); err != nil {
		return nil, err
	}
	var r memoryReply
	if err := f.replies.Decode(&r); err != nil {
		return nil, err
	}
	if r.Error != "" {
		return nil, errors.New(r.Error)
	}
	return r.Facts, nil
}

func (f *memoryFleet) reset(n int) error {
	_, err := f.call(memoryCall{Do: "reset", N: n, Desired: f.desired})
	return err
}

func (f *memoryFleet) drift(n int, d desired) error {
	_, err := f.call(memoryCall{Do: "drift", N: n, Desired: d})
	return err
}

func (f *memoryFleet) look(n int, d desired) ([]hostFacts, error) {
	return f.call(memoryCall{Do: "look", N: n, Desired: d})
}

func (f *memoryFleet) hosts(n, _ int) ([]jobHost, string) {
	return f.all[:n], filepath.Join(f.dir, "known_hosts")
}
