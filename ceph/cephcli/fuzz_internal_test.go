package cephcli

import (
	"strings"
	"testing"
	"unicode"

	"github.com/cephstack/cephstack/ceph"
)

// FuzzLines: whatever the process on the host prints behind its mark, each request has an answer,
// and an error of an answer is one line that prints.
func FuzzLines(f *testing.F) {
	for _, text := range []string{"", `m {"begun":true}`, `m {"connect":110,"text":"timed\u001b[2J out"}`,
		`m {"connect":13}`,
		`m {"conf":"\u009b31m"}`, `m {"request":0,"code":-2,"status":"a\u202e"}`, `m {"request":1,"status":"\u001b"}`,
		`m {"request":0,"code":0,"data":"eJwDAAAAAAE="}`, `m {"request":9}`, `m {"request":0,"skipped":true}`, "x\nm {"} {
		f.Add([]byte(text + "\n"))
	}
	f.Fuzz(func(t *testing.T, out []byte) {
		requests := []ceph.Request{{Command: ceph.Command{JSON: []byte(`{"prefix":"status"}`)}}, {ListPool: "a"}}
		b := &batch{requests: requests, came: make([]bool, 2), answers: make([]ceph.Answer, 2)}
		b.order.Mark = "m"
		_, whole := b.take(out)
		errs := []error{b.answers[0].Err, b.answers[1].Err}
		if whole != nil {
			errs = append(errs, whole("status"))
		}
		for _, err := range errs {
			if err != nil && strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q", err)
			}
		}
	})
}
