package ceph_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

// An oracle answers every command with the same text.
type oracle struct {
	data   []byte
	status string
}

func (o oracle) Command(_ context.Context, cmd ceph.Command) (ceph.Reply, error) {
	if strings.Contains(string(cmd.JSON), "generate-minimal-conf") && len(o.data)%2 == 1 {
		return ceph.Reply{}, &ceph.CommandError{Op: "config", Code: 22, Status: o.status}
	}
	return ceph.Reply{Data: cephstack.Redact(o.data), Status: o.status}, nil
}

// FuzzAnswers: whatever the monitors answer, nothing panics, and no error holds a key.
func FuzzAnswers(f *testing.F) {
	for _, text := range []string{"", "null", "[]", "{}",
		`{"fsid":"a","mons":[{"name":"a","public_addrs":{"addrvec":[]}}]}`,
		`[{"entity":"client.a","key":"AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==","caps":{"mon":"profile rbd"}}]`,
		"[global]\nfsid = a\nmon_host = b\n", `{"pools":[{"pool_name":"a","type":3}]}`,
		`{"buckets":[{"id":-1,"items":[{"id":-1}]}]}`,
		`{"k":"2","m":"x"}`, strings.Repeat("[", 20000)} {
		f.Add([]byte(text), "status")
	}
	f.Fuzz(func(t *testing.T, data []byte, status string) {
		c := ceph.New(oracle{data, status})
		_, err1 := c.Status(t.Context())
		_, err2 := c.Pools(t.Context())
		_, err3 := c.User(t.Context(), "client.a")
		conf, err4 := c.MinimalConf(t.Context())
		_, err5 := c.CRUSHMap(t.Context())
		_, err6 := c.ErasureProfile(t.Context(), "a")
		if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil &&
			strings.Contains(err.Error(), "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==") {
			t.Fatalf("an error holds a key: %v", err)
		}
		if err4 == nil {
			if _, err := ceph.ParseConf(conf.Render()); err != nil {
				t.Fatalf("%q: %v", conf.Render(), err)
			}
		}
	})
}

// FuzzKey: a key is its text, and nothing prints the key.
func FuzzKey(f *testing.F) {
	for _, text := range []string{"", "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==", "AQ==", "a b", "\xff",
		strings.Repeat("A", 4096)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ceph.ParseKey(text)
		if err != nil {
			if len(text) > 12 && strings.Contains(err.Error(), text) {
				t.Fatalf("an error holds the key: %v", err)
			}
			return
		}
		again, err := ceph.ParseKey(key.Reveal())
		if err != nil || again.Reveal() != key.Reveal() {
			t.Fatalf("%q reads back as %q, %v", key.Reveal(), again.Reveal(), err)
		}
	})
}

// TestFilesWithManySections: the time for a file is not that of its length squared.
func TestFilesWithManySections(t *testing.T) {
	const n = 200_000
	var conf, keyring strings.Builder
	for i := range n {
		fmt.Fprintf(&conf, "[s%d]\na = b\n", i)
		fmt.Fprintf(&keyring, "[client.s%d]\nauid = 1\n", i)
	}
	began := time.Now()
	c, err := ceph.ParseConf([]byte(conf.String()))
	if err != nil || len(c.Sections()) != n {
		t.Fatal(err)
	}
	k, err := ceph.ParseKeyring([]byte(keyring.String()))
	if err != nil || len(k.Users) != n {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Fatalf("%d sections take %s", n, took)
	}
}
