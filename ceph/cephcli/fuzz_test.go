package cephcli_test

import (
	"context"
	"strings"
	"testing"
	"unicode"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/remote"
)

// An echo answers every program with the same texts.
type echo remote.Result

func (e echo) Do(_ context.Context, ops ...remote.Op) ([]remote.Result, error) {
	results := make([]remote.Result, len(ops))
	for i := range results {
		results[i] = remote.Result(e)
	}
	return results, nil
}

// FuzzOutput: whatever the programs on the host print, nothing panics, and an error of a
// cluster is one line that prints.
func FuzzOutput(f *testing.F) {
	for _, text := range []string{"", "null", "{}", "[]", "Error ENOENT: unrecognized pool 'a'",
		"Error EINVAL: \x1b[2J\nx",
		"rbd: error opening pool 'a': (2) No such file or directory", `["a","b"]`, `[{"name":"a"}]`, "0 0 aGk=\n",
		"0 -2 e30= aGk=\n"} {
		f.Add([]byte(text), []byte(text), 0)
		f.Add([]byte(nil), []byte(text), 2)
	}
	f.Fuzz(func(t *testing.T, out, stderr []byte, exit int) {
		for _, rbd := range []string{"", "rbd"} {
			c := cephcli.New(echo{Data: out, Stderr: stderr, Exit: exit}, cephcli.Options{RBD: rbd})
			answers := c.Batch(t.Context(), ceph.Request{Command: ceph.Command{JSON: []byte(`{"prefix":"status"}`)}},
				ceph.Request{ListPool: "a"}, ceph.Request{InitPool: "a"})
			if len(answers) != 3 {
				t.Fatalf("%d answers", len(answers))
			}
			_, err := c.Inspect(t.Context(), "a", "b")
			for _, err := range []error{answers[0].Err, answers[1].Err, answers[2].Err, err} {
				if err != nil && strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' }) {
					t.Fatalf("%q", err)
				}
			}
		}
	})
}
