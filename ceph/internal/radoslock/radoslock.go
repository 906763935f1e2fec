// Package radoslock has what the adapters write into RADOS for a ceph.Lock.
//
// A lock that RADOS calls exclusive belongs to one client connection, and a host that runs
// a program for each request is another client each time. The lock is a shared one
// instead. RADOS lets clients share a lock only if their tags are equal, and the tag has
// the ID of the holder. So all connections of a holder share the lock, and all other
// holders are kept out.
package radoslock

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/cephstack/cephstack/ceph"
)

// Name is the name of each lock on its object.
const Name = "cephstack"

const (
	maxTag = 900 // bytes; librados hands a tag of at most 1024 bytes back

	maxSeconds = math.MaxInt64 / int64(time.Second) // of a term

	enoent = 2
	einval = 22
)

// A tag is the JSON of a tag.
type tag struct {
	ID      string    `json:"id"`
	Owner   string    `json:"owner,omitempty"`
	Host    string    `json:"host,omitempty"`
	Purpose string    `json:"purpose,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Seconds int64     `json:"seconds"`
}

// Tag is the tag of a lock. A lock that is not whole is ceph.ErrInvalid.
func Tag(l ceph.Lock) (string, error) {
	refuse := func(status string) error {
		return &ceph.CommandError{Op: "rados lock get", Object: l.Pool + "/" + l.Object, Code: einval, Status: status}
	}
	switch {
	case l.Pool == "" || l.Object == "" || l.ID == "":
		return "", refuse("a lock needs a pool, an object and an ID")
	case l.Term <= 0 || l.Term%time.Second != 0:
		return "", refuse(fmt.Sprintf("the term of a lock is a positive number of whole seconds, and not %s", l.Term))
	}
	text, err := json.Marshal(tag{l.ID, l.Owner, l.Host, l.Purpose, l.Since.UTC(), int64(l.Term / time.Second)})
	if err == nil && len(text) > maxTag {
		err = refuse("the names of owner, host and purpose are too long")
	}
	return string(text), err
}

// An Info is what RADOS tells of a lock, in the form of rados lock info.
type Info struct {
	Tag     string   `json:"tag"`
	Lockers []Locker `json:"lockers"`
}

// A Locker is a connection of the holder. Name is its client, such as client.4127.
type Locker struct{ Name, Cookie string }

// Holder gives the lock as its holder took it, or ceph.ErrNotFound.
func (i Info) Holder(pool, object string) (ceph.Lock, error) {
	l := ceph.Lock{Pool: pool, Object: object}
	if len(i.Lockers) == 0 {
		return l, Gone(pool, object)
	}
	var t tag
	if json.Unmarshal([]byte(i.Tag), &t) != nil || t.ID == "" {
		first := slices.MinFunc(i.Lockers, func(a, b Locker) int { return cmp.Compare(a.Name, b.Name) })
		l.ID, l.Owner = first.Name, printable(first.Name)
		return l, nil
	}
	l.ID, l.Owner, l.Host, l.Purpose = t.ID, printable(t.Owner), printable(t.Host), printable(t.Purpose)
	l.Since, l.Term = t.Since, time.Duration(min(max(t.Seconds, 0), maxSeconds))*time.Second
	return l, nil
}

// printable is a text as people see it and can type it, whoever wrote it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// Gone is the error of a lock that the holder does not have.
func Gone(pool, object string) error {
	return &ceph.CommandError{Op: "rados lock info", Object: pool + "/" + object, Code: enoent,
		Status: "the lock is not held"}
}
