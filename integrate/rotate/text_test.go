package rotate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestTextOfAFinishedHybrid: logins of guests that keep the user are no reasons of their own.
func TestTextOfAFinishedHybrid(t *testing.T) {
	st := Status{From: "client.cinder", To: "client.cinder.1", Cluster: "ceph", KeyType: aes256k, Stage: "done", Guests: 9,
		Done: 9, Keeps: 2, Key: "complete", Opens: 3}
	st.Bars = []Bar{{keepsCode, "web (1)", "keeps"}, {keepsCode, "db (2)", "keeps"},
		{sessionCode, "a", "is in"}, {sessionCode, "b", "is in"}, {sessionCode, "c", "is in"}}
	assert.Equal(t, `client.cinder goes, client.cinder.1 takes its place (cluster ceph, key of type aes256k)
  stage:  done: client.cinder stays for guests that keep it with its new key
  guests: 9 of 9 do not need the old key
  keep:   2 guests: have client.cinder with its new key; a hard reboot takes each to client.cinder.1
          web (1), db (2)
  key:    it has the type aes256k, and counts as changed
  logins: 3 clients as client.cinder; guests have 3 disks open as it
`, (&Report{Rotations: []Status{st}}).String())
	st.Bars = append(st.Bars, Bar{sessionCode, "d", "is in"})
	text := (&Report{Rotations: []Status{st}}).String()
	assert.Contains(t, text, "4 clients as client.cinder; guests have 3 disks open as it, so 1 or more are something")
	assert.Contains(t, text, "\n    a, b, c and 1 more, each: is in\n")
}

// TestTextsAreShort: however much there is to say, it fits on a screen, and the full text has it all.
func TestTextsAreShort(t *testing.T) {
	st := Status{From: "client.cinder", To: "client.cinder.1", Cluster: "ceph", Stage: "guests"}
	r := &Report{Changes: 1}
	for i := range 1000 {
		host := fmt.Sprintf("compute%04d", i)
		st.Waits = append(st.Waits, Group{"compute", "nova-compute on " + host + " is down", []string{"vm " + host}})
		for code := range 8 {
			st.Bars = append(st.Bars, Bar{fmt.Sprint("code", code), host, fmt.Sprint("text ", i)})
		}
		st.Left = append(st.Left, Bar{"keyring", host, "/etc/ceph/x is to be removed"})
		r.Problems = append(r.Problems, Bar{"process-too-old", host, fmt.Sprintf("process %d is old", i)})
	}
	r.Rotations = []Status{st}
	assert.LessOrEqual(t, strings.Count(r.String(), "\n"), 40, "%s", r)
	assert.Contains(t, r.String(), "compute0000, compute0001, compute0002 and 997 more, each: /etc/ceph/x is to be")
	assert.Contains(t, r.String(), "and 998 more of kind process-too-old")
	assert.Contains(t, r.String(), "1000 guests: nova-compute on compute0000 is down; and the like, with 999 other texts")
	full := r.Full()
	for _, want := range []string{"compute0999: process 999 is old", "vm compute0500",
		"nova-compute on compute0500 is down"} {
		assert.Contains(t, full, want)
	}
}
