//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// A view is a host as it is, whatever a tool says about it.
type view interface {
	file(path string) (wantFile, error)
	folder(path string) (wantFile, error)
	secret(uuid string) (xml, value string, err error)
	restarts() int
}

const cephFolder = "/etc/ceph"

// verify compares a host with the desired state. before is its nova.conf
// as it was before any tool touched it.
func verify(v view, d desired, before []byte) error {
	folder, err := v.folder(cephFolder)
	if err != nil {
		return err
	}
	if folder.Owner != "root" || folder.Group != "root" || folder.Mode != "0755" {
		return fmt.Errorf("%s is %s:%s %s", cephFolder, folder.Owner, folder.Group, folder.Mode)
	}
	for _, want := range d.Files {
		have, err := v.file(want.Path)
		if err != nil {
			return err
		}
		if have.Owner != want.Owner || have.Group != want.Group || have.Mode != want.Mode {
			return fmt.Errorf("%s is %s:%s %s and should be %s:%s %s", want.Path, have.Owner, have.Group, have.Mode, want.Owner,
				want.Group, want.Mode)
		}
		if !bytes.Equal(have.Data, want.Data) {
			return fmt.Errorf("%s has not the bytes that it should have", want.Path)
		}
	}
	have, err := v.file(novaConf)
	if err != nil {
		return err
	}
	if err := checkINI(before, have.Data, d.Options); err != nil {
		return fmt.Errorf("%s: %w", novaConf, err)
	}
	if have.Mode != "0640" {
		return fmt.Errorf("%s has mode %s", novaConf, have.Mode)
	}
	for _, want := range d.Secrets {
		xml, value, err := v.secret(want.UUID)
		if err != nil {
			return err
		}
		if value != want.Value || !strings.Contains(xml, "<name>"+want.Usage+"</name>") {
			return fmt.Errorf("secret %s is not what it should be", want.UUID)
		}
	}
	return nil
}

// fingerprint is the same as long as nothing of a host changes that tools are
// to change.
func fingerprint(v view, d desired) string {
	h := sha256.New()
	for _, f := range append(d.Files, wantFile{Path: novaConf}) {
		have, err := v.file(f.Path)
		fmt.Fprintf(h, "%v %v %s %s %s %d\n", f.Path, errors.Is(err, fs.ErrNotExist), have.Owner, have.Group, have.Mode,
			len(have.Data))
		h.Write(have.Data)
	}
	for _, s := range d.Secrets {
		xml, value, err := v.secret(s.UUID)
		fmt.Fprintf(h, "%v %s %s\n", errors.Is(err, fs.ErrNotExist), xml, value)
	}
	folder, err := v.folder(cephFolder)
	fmt.Fprintf(h, "%v %s %s %s %d\n", err == nil, folder.Owner, folder.Group, folder.Mode, v.restarts())
	return hex.EncodeToString(h.Sum(nil))
}

// A fleet is n hosts that a tool works on.
type fleet interface {
	reset(n int) error                          // as they were before Ceph came
	drift(n int, d desired) error               // the first n have another ceph.conf
	look(n int, d desired) ([]hostFacts, error) // how far they are
	hosts(n, port int) (hosts []jobHost, known string)
}

// A hostFacts says how a host is.
type hostFacts struct {
	Fault    string // what is not as desired
	Print    string
	Restarts int
}

func facts(v view, d desired, before []byte) hostFacts {
	f := hostFacts{Print: fingerprint(v, d), Restarts: v.restarts()}
	if err := verify(v, d, before); err != nil {
		f.Fault = err.Error()
	}
	return f
}

// judge compares what was before a run with what is after it: all hosts must
// be as desired, and the first expected ones, and only they, restarted once.
func judge(before, after []hostFacts, expected int) (changed int, err error) {
	for i := range after {
		if before[i].Print != after[i].Print {
			changed++
		}
		owed := 0
		if i < expected {
			owed = 1
		}
		if after[i].Fault != "" {
			return changed, fmt.Errorf("host %d: %s", i+1, after[i].Fault)
		}
		if did := after[i].Restarts - before[i].Restarts; did != owed {
			return changed, fmt.Errorf("host %d: %d restarts and not %d", i+1, did, owed)
		}
	}
	if changed != expected {
		return changed, fmt.Errorf("%d hosts changed and not %d", changed, expected)
	}
	return changed, nil
}
