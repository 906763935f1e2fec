//go:build linux && amd64

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	bundleFile = "bundle.tar.gz"
	bundledLog = "/var/log/nova/nova-compute.log"
	logMarker  = "the log of nova-compute was taken"
)

// bundled is a run that makes a bundle, while the log of nova-compute on the host has all secrets that the program can
// know, in many forms. A host that no entry lets in tells its log to nobody.
func bundled() secretRun {
	return secretRun{name: "a bundle", argv: flags("verify", "--static", "--bundle", bundleFile), code: 1,
		before: (*secretStage).fillLog, after: (*secretStage).openBundle}
}

// fillLog writes the log, and makes nova.conf name the password of the APIs.
func (s *secretStage) fillLog() error {
	if err := s.rotate(); err != nil { // the host is not as it should be, so that its log is taken
		return err
	}
	users, err := usersOf(s.fakes.cluster)
	if err != nil {
		return err
	}
	for _, u := range users {
		s.add("key", u.Entity, u.Key)
	}
	var log strings.Builder
	for _, c := range s.canaries {
		data := []byte(c.text)
		switch {
		case c.kind == "key":
			fmt.Fprintf(&log, "key %s, %q, %s\n", c.text, c.text, base64.StdEncoding.EncodeToString(data))
		case c.kind == "cloud password", c.kind == "entry password" && s.entry == "deploy",
			c.kind == "sudo password" && s.entry == "keeper":
			fmt.Fprintf(&log, "%s\n%q\n%s\n%s\n%s\n%s %s\n%s\n", c.text, c.text, url.QueryEscape(c.text),
				html.EscapeString(c.text), hex.EncodeToString(data), base64.StdEncoding.EncodeToString(data),
				base64.URLEncoding.EncodeToString(append([]byte("x"), data...)), c.text[4:20])
		}
	}
	log.WriteString(logMarker + "\n")
	name := s.host.file(bundledLog)
	return errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(log.String()), 0o600))
}

// openBundle searches what the bundle has.
func (s *secretStage) openBundle() error {
	err := os.Remove(s.host.file(bundledLog)) // it is not searched
	f, err2 := os.Open(s.operator(bundleFile))
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	s.text("the bundle", text)
	if !bytes.Contains(text, []byte(logMarker)) {
		at := max(0, bytes.Index(text, []byte("hosts.txt")))
		s.hits = append(s.hits, fmt.Sprintf("the bundle has no log: %.1000q", text[at:]))
	}
	s.hits = slices.Compact(s.hits)
	return os.Remove(f.Name())
}
