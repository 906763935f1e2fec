package cephcli_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/remote"
)

// order is what a host's process reads.
type order struct {
	Mark, Name, Conf string
	Options          map[string]string
	Requests         []struct {
		Command, List, Init string
		Input               []byte
		After               []int
		Refused             bool
	}
}

// python is a host with Python's bindings: say gives the output of the process.
type python struct {
	say    func(o order) string
	result remote.Result
	runs   []remote.Run
}

func (p *python) Do(_ context.Context, ops ...remote.Op) ([]remote.Result, error) {
	run := ops[0].(remote.Run)
	p.runs = append(p.runs, run)
	r := p.result
	if run.Argv[0] == "sh" {
		var o order
		if err := json.Unmarshal([]byte(run.Stdin.Reveal()), &o); err != nil {
			return nil, err
		}
		r.Data = []byte(p.say(o))
	}
	return []remote.Result{r}, nil
}

func deflate(text string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

// answer is the line about a request that succeeded.
func answer(mark string, request int, text string) string {
	line, _ := json.Marshal(map[string]any{"request": request, "code": 0, "status": "", "data": deflate(text)})
	return mark + " " + string(line) + "\n"
}

func begun(mark string) string { return mark + ` {"begun":true}` + "\n" }

func command(prefix string) ceph.Request {
	return ceph.Request{Command: ceph.Command{JSON: []byte(`{"prefix":"` + prefix + `","format":"json"}`)}}
}

func TestABatchIsOneProcess(t *testing.T) {
	const secret = "AQBSdFxU0ECOHRAAjnmJMdI0AOBUBBQbGSxnLA=="
	host := &python{say: func(o order) string {
		text := begun(o.Mark)
		for i := range o.Requests {
			text += answer(o.Mark, i, `["b","a"]`)
		}
		return text
	}}
	cli := cephcli.New(host, cephcli.Options{Conf: "/c", Name: "client.op", Keyring: "/k", Timeout: 20 * time.Second})
	input := command("auth import")
	input.Command.Input = cephstack.Redact(secret)
	last := ceph.Request{InitPool: "vms", After: []int{1}}
	answers := cli.Batch(t.Context(), command("fsid"), input, ceph.Request{ListPool: "vms"}, last, ceph.Request{})
	require.Len(t, host.runs, 1)
	run := host.runs[0]
	assert.NotContains(t, strings.Join(run.Argv, " "), secret)
	assert.Equal(t, 50*time.Second, run.Timeout, "two in a chain, and the connection")
	var o order
	require.NoError(t, json.Unmarshal([]byte(run.Stdin.Reveal()), &o))
	assert.Equal(t, []string{"client.op", "/c", "/k", "10", "15"},
		[]string{o.Name, o.Conf, o.Options["keyring"], o.Options["client_mount_timeout"], o.Options["rados_mon_op_timeout"]})
	assert.Equal(t, secret, string(o.Requests[1].Input))
	assert.True(t, o.Requests[4].Refused)
	for i, a := range answers[:4] {
		require.NoError(t, a.Err, i)
	}
	require.ErrorIs(t, answers[4].Err, ceph.ErrInvalid)
	assert.Equal(t, `["b","a"]`, answers[0].Reply.Data.Reveal())
	assert.Equal(t, []string{"a", "b"}, answers[2].Images)
}

func TestOnlyMarkedLinesAreAnswers(t *testing.T) {
	host := &python{say: func(o order) string {
		return "a greeting\n" + `{"request":0,"code":2}` + "\n" + begun(o.Mark) +
			"X" + answer(o.Mark, 0, "bad") + answer("other", 0, "bad") + o.Mark + " {\n" +
			answer(o.Mark, 0, "good") + answer(o.Mark, 0, "bad") + answer(o.Mark, 7, "bad") + answer(o.Mark, -1, "bad") +
			strings.TrimSuffix(answer(o.Mark, 1, "cut"), "\n")
	}}
	answers := cephcli.New(host, cephcli.Options{}).Batch(t.Context(), command("fsid"), command("status"))
	require.NoError(t, answers[0].Err)
	assert.Equal(t, "good", answers[0].Reply.Data.Reveal())
	require.ErrorIs(t, answers[1].Err, ceph.ErrUnreachable)
}

func TestAnAnswerThatDidNotComeIsUnknown(t *testing.T) {
	for name, result := range map[string]remote.Result{
		"killed":      {Exit: 137},
		"ended":       {},
		"late":        {Err: &remote.OpError{Err: remote.ErrTimeout}},
		"lost":        {Err: &remote.OpError{Err: remote.ErrUnknown}},
		"broken data": {},
	} {
		t.Run(name, func(t *testing.T) {
			host := &python{result: result, say: func(o order) string {
				text := begun(o.Mark) + answer(o.Mark, 0, "{}")
				if name == "broken data" {
					text += o.Mark + ` {"request":1,"code":0,"data":"AAAA"}` + "\n" + o.Mark +
						` {"request":2,"code":null,"status":"TypeError"}` + "\n"
				}
				return text
			}}
			answers := cephcli.New(host, cephcli.Options{}).Batch(t.Context(), command("fsid"), command("auth rm"),
				ceph.Request{InitPool: "p"})
			require.NoError(t, answers[0].Err)
			for _, a := range answers[1:] {
				require.ErrorIs(t, a.Err, ceph.ErrUnreachable)
				assert.NotErrorIs(t, a.Err, ceph.ErrNotFound)
			}
			assert.Len(t, host.runs, 1, "what may have happened is not done again")
		})
	}
}

func TestErrorsOfTheWholeProcess(t *testing.T) {
	for line, want := range map[string]error{
		`{"connect":13,"text":"x"}`:  ceph.ErrDenied,
		`{"connect":2,"text":"x"}`:   ceph.ErrDenied,
		`{"connect":110,"text":"x"}`: ceph.ErrUnreachable,
		`{"connect":0,"text":"x"}`:   ceph.ErrUnreachable,
		`{"conf":"no such file"}`:    nil,
	} {
		host := &python{say: func(o order) string { return begun(o.Mark) + o.Mark + " " + line + "\n" }}
		for _, a := range cephcli.New(host, cephcli.Options{}).Batch(t.Context(), command("fsid"),
			ceph.Request{ListPool: "p"}) {
			require.Error(t, a.Err, line)
			assert.NotErrorIs(t, a.Err, ceph.ErrNotFound)
			if want != nil {
				require.ErrorIs(t, a.Err, want, line)
			}
		}
	}
}

// A null is no list: that a pool has no images takes an answer that says so.
func TestNullIsNoListOfImages(t *testing.T) {
	host := &python{say: func(o order) string { return begun(o.Mark) + answer(o.Mark, 0, " null\n") }}
	images, err := cephcli.New(host, cephcli.Options{}).List(t.Context(), "p")
	require.EqualError(t, err, "ceph rbd ls: the answer is not the JSON expected")
	assert.Empty(t, images)
}

func TestRefusalsOfTheBindings(t *testing.T) {
	host := &python{say: func(o order) string {
		return begun(o.Mark) + o.Mark + ` {"request":0,"code":2,"status":"no pool","data":""}` + "\n" + o.Mark +
			` {"request":1,"skipped":true}` + "\n"
	}}
	answers := cephcli.New(host, cephcli.Options{}).Batch(t.Context(), ceph.Request{ListPool: "p"},
		ceph.Request{InitPool: "p", After: []int{0}})
	require.EqualError(t, answers[0].Err, "ceph rbd ls p: errno 2: no pool")
	require.ErrorIs(t, answers[0].Err, ceph.ErrNotFound)
	require.ErrorIs(t, answers[1].Err, ceph.ErrSkipped)
}

// A host without bindings costs one process more, once.
func TestWithoutBindings(t *testing.T) {
	for name, say := range map[string]func(order) string{
		"no Python":   func(order) string { return "" },
		"no bindings": func(o order) string { return o.Mark + ` {"unable":"ImportError"}` + "\n" },
	} {
		host := &python{say: say}
		cli := cephcli.New(host, cephcli.Options{})
		for range 3 {
			answers := cli.Batch(t.Context(), command("fsid"), command("status"))
			require.NoError(t, answers[0].Err, name)
			require.NoError(t, answers[1].Err, name)
		}
		var programs []string
		for _, r := range host.runs {
			programs = append(programs, r.Argv[0])
		}
		assert.Equal(t, "sh ceph ceph ceph ceph ceph ceph", strings.Join(programs, " "), name)
	}
	host := &python{result: remote.Result{Data: []byte("[]")}}
	_, err := cephcli.New(host, cephcli.Options{RBD: "/opt/rbd"}).List(t.Context(), "p")
	require.NoError(t, err)
	assert.Equal(t, "/opt/rbd", host.runs[0].Argv[0], "an rbd program of the caller's is used")
}

// TestOtherPrograms runs the shell program on this machine, with files that are
// called ceph but are not Ceph's.
func TestOtherPrograms(t *testing.T) {
	for name, text := range map[string]string{
		"a shell script":        "#!/bin/sh\necho '{\"fsid\":\"f\"}'\n",
		"somebody's Python":     "#!/usr/bin/env python3\nprint('{\"fsid\":\"f\"}')\n",
		"an interpreter's gone": "#!/nonexistent/python3\n",
	} {
		program := filepath.Join(t.TempDir(), "ceph")
		require.NoError(t, os.WriteFile(program, []byte(text), 0o755))
		reply, err := cephcli.New(remote.Local{}, cephcli.Options{Ceph: program}).Command(t.Context(),
			command("fsid").Command)
		if strings.Contains(text, "nonexistent") {
			require.Error(t, err, name)
			continue
		}
		require.NoError(t, err, name)
		assert.JSONEq(t, `{"fsid":"f"}`, reply.Data.Reveal(), name)
	}
	_, err := cephcli.New(remote.Local{}, cephcli.Options{Ceph: "/nonexistent/ceph"}).Command(t.Context(),
		command("fsid").Command)
	require.Error(t, err)
	assert.NotErrorIs(t, err, ceph.ErrNotFound)
}

// Ceph repeats what it cannot read, and that may be a keyring.
func TestWordsOfCephHoldNoKey(t *testing.T) {
	const key = "AQBSKTlnAAAAABAAmYJxJJ8S8CUXVxfLNbHQXw=="
	host := &python{say: func(o order) string {
		return begun(o.Mark) + o.Mark + ` {"request":0,"code":22,"status":"cannot parse key = ` + key + `","data":""}` + "\n"
	}}
	err := cephcli.New(host, cephcli.Options{}).Batch(t.Context(), ceph.Request{ListPool: "p"})[0].Err
	require.EqualError(t, err, "ceph rbd ls p: errno 22: cannot parse key = [redacted]")
	require.NotContains(t, fmt.Sprintf("%#v", err), key)
}

// A program says as much as it likes, and an error does not hold all of that.
// With -short, what is said is a sixteenth as long, which is still much more than the bound.
func TestErrorsAreOfBoundedLength(t *testing.T) {
	words := 1 << 18
	if testing.Short() {
		words /= 16
	}
	long := strings.Repeat("word ", words)
	var hosts []remote.Host
	for _, said := range []string{"Error EINVAL: " + long, "x: (2) No such file or directory " + long,
		"[errno 110] " + long, long} {
		hosts = append(hosts, &script{result: remote.Result{Exit: 22, Stderr: []byte(said)}})
	}
	for _, line := range []string{`{"request":0,"code":22,"status":"%"}`, `{"request":0,"status":"%"}`,
		`{"connect":110,"text":"%"}`, `{"conf":"%"}`} {
		line = strings.ReplaceAll(line, "%", long)
		hosts = append(hosts, &python{say: func(o order) string { return begun(o.Mark) + o.Mark + " " + line + "\n" }})
	}
	for _, host := range hosts {
		_, err := cephcli.New(host, cephcli.Options{}).Command(t.Context(), command("fsid").Command)
		require.Error(t, err)
		require.Less(t, len(err.Error()), 2200)
		require.Less(t, len(fmt.Sprintf("%#v", err)), 2300)
	}
}
