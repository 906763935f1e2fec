//go:build linux

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// A cluster is the Ceph cluster that the hosts are to use.
type cluster struct {
	FSID, Mon string
	Keys      map[string]string // by entity
}

// theCluster has fixed keys, so that all tools write the same bytes; after a
// rotation it has others.
func theCluster(rotated bool) cluster {
	key := func(b byte) string { // in the form of Ceph's: type, time, length, 16 bytes
		raw := append([]byte{1, 0, 0, 0, 0, 0x60, 0, 0, 0, 0, 16, 0}, bytes.Repeat([]byte{b}, 16)...)
		return base64.StdEncoding.EncodeToString(raw)
	}
	c := cluster{FSID: "5b2a1f0e-6a53-4a3e-9a0e-2b1f5d0c7e11", Mon: "[v2:192.0.2.11:3300/0,v1:192.0.2.11:6789/0]"}
	c.Keys = map[string]string{"client.nova": key(0x11), "client.cinder": key(0x22)}
	if rotated {
		c.Keys["client.nova"], c.Keys["client.cinder"] = key(0x44), key(0x55)
	}
	return c
}

// A desired state of a host is what a tool has to bring about.
type desired struct {
	Files   []wantFile
	Options []wantOption
	Secrets []wantSecret
}

// A wantFile is a file with all that it is about.
type wantFile struct {
	Path, Owner, Group string
	Mode               string // octal, four digits
	Data               []byte
}

// A wantOption is an option of nova.conf.
type wantOption struct{ Section, Option, Value string }

// A wantSecret is a libvirt secret.
type wantSecret struct{ UUID, Usage, XML, Value string }

// check is a guard against comparing everybody with nothing.
func (d desired) check() error {
	if len(d.Files) != 3 || len(d.Options) < 5 || len(d.Secrets) != 2 {
		return fmt.Errorf("the recorded state is not whole: %d files, %d options, %d secrets", len(d.Files), len(d.Options),
			len(d.Secrets))
	}
	for _, s := range d.Secrets {
		holds := func(f wantFile) bool { return bytes.Contains(f.Data, []byte(s.Value)) }
		if s.Value == "" || !slices.ContainsFunc(d.Files, holds) {
			return fmt.Errorf("the recorded secret %s is the key of no keyring", s.UUID)
		}
	}
	return nil
}

// conf is ceph.conf.
func (d desired) conf() wantFile {
	i := slices.IndexFunc(d.Files, func(f wantFile) bool { return strings.HasSuffix(f.Path, ".conf") })
	return d.Files[i]
}

// drifted is ceph.conf after somebody sent it to another monitor.
func (d desired) drifted() []byte {
	return bytes.ReplaceAll(d.conf().Data, []byte("192.0.2.11"), []byte("192.0.2.99"))
}

// drifting is how many of n hosts drift: 1 %, at least one.
func drifting(n int) int { return max(1, n/100) }

func writeJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
