// Package login tries on a host whether the monitors of a cluster accept a key: with a new login, through the
// librados of that host.
//
// # Use
//
// Run gives the program of a Trial, which any remote.Host runs; Judge reads its result:
//
//	trial := login.Trial{Entity: "client.cinder", Key: key, Conf: "/etc/ceph/ceph.conf"}
//	results, err := host.Do(ctx, trial.Run())
//	verdict, err := login.Judge(results[0])
//
// The program is Python, as each host of OpenStack has it, and calls librados.so.2 itself: that is the library which
// QEMU and the services on the host load. For a container, put what enters it before Argv.
//
// A login with a pending key is the use that makes it the key. See package cephx.
//
// # Errors
//
// Judge gives an error where nothing was proved: the monitors did not answer, or the host has no librados. It holds
// nothing that the library said, which may be a key.
//
// # Concurrency and cancellation
//
// All types are values.
package login

import (
	"cmp"
	_ "embed" // for login.py
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/remote"
)

//go:embed login.py
var program string

// A Trial is a login to try.
type Trial struct {
	Entity string // such as client.cinder
	Key    ceph.Key
	Conf   string // path of ceph.conf on the host; /etc/ceph/ceph.conf when empty
	Python string // program; python3 when empty
}

// A Verdict is what came of a Trial.
type Verdict string

// The verdicts.
const (
	Accepted Verdict = "accepted"
	// Refused is the word of the monitors: the key is wrong, the entity is removed, or the type of the key may not
	// log in. Ceph does not tell which.
	Refused Verdict = "refused"
	// Unreadable is the word of the librados of the host: it does not know the type of the key.
	Unreadable Verdict = "unreadable"
)

const patience = 20 * time.Second // for the monitors

// order is the standard input of the program.
type order struct {
	Entity  string `json:"entity"`
	Key     string `json:"key"`
	Conf    string `json:"conf"`
	Timeout int    `json:"timeout"` // seconds
}

// Run is the program of a trial. The key travels on its standard input.
func (t Trial) Run() remote.Run {
	input, _ := json.Marshal(order{Entity: t.Entity, Key: t.Key.Reveal(), Conf: cmp.Or(t.Conf, "/etc/ceph/ceph.conf"),
		Timeout: int(patience / time.Second)}) // of strings and a number
	return remote.Run{Argv: []string{cmp.Or(t.Python, "python3"), "-I", "-c", program}, Stdin: cephstack.Redact(input),
		Timeout: 2 * patience}
}

// Judge reads what the program of a trial said.
func Judge(r remote.Result) (Verdict, error) {
	if r.Err != nil {
		return "", r.Err
	}
	var said struct {
		Login *int   `json:"login"` // errno
		Fault string `json:"fault"`
	}
	last := strings.TrimSpace(string(r.Data))
	last = last[strings.LastIndexByte(last, '\n')+1:]
	if json.Unmarshal([]byte(last), &said) != nil || said.Login == nil && said.Fault == "" {
		return "", fmt.Errorf("the trial login gave no answer (exit status %d)", r.Exit)
	}
	if said.Fault != "" {
		why, ok := faults[said.Fault]
		if !ok {
			why = "an answer that is not known"
		}
		return "", errors.New("the trial login could not be made: " + why)
	}
	switch *said.Login {
	case 0:
		return Accepted, nil
	case 1, 13:
		return Refused, nil
	case 22:
		return Unreadable, nil
	}
	return "", fmt.Errorf("the trial login proved nothing: the monitors did not answer (errno %d)", *said.Login)
}

var faults = map[string]string{
	"librados": "the host has no librados.so.2: install librados2 there",
	"conf":     "librados cannot read the ceph.conf",
	"option":   "librados does not know an option",
}

// Answer stands for the host, in tests: try gives the errno of a login. It is not ok for another program.
func Answer(run remote.Run, try func(Trial) int) (stdout []byte, ok bool) {
	var o order
	if len(run.Argv) != 4 || run.Argv[1] != "-I" || run.Argv[2] != "-c" || run.Argv[3] != program ||
		json.Unmarshal([]byte(run.Stdin.Reveal()), &o) != nil {
		return nil, false
	}
	key, err := ceph.ParseKey(o.Key)
	if err != nil {
		return []byte("{\"login\": 22}\n"), true
	}
	return fmt.Appendf(nil, "{\"login\": %d}\n", try(Trial{Entity: o.Entity, Key: key, Conf: o.Conf})), true
}
