// Package wiring turns a Spec file into a Spec and a World: YAML, SSH, the
// ceph program on a host, virsh on the computes, clouds.yaml.
package wiring

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"go.yaml.in/yaml/v3"
)

// Load reads a Spec and checks it, with the files of this machine that it names.
// That it has no release is not a fault here: integrate.DetectRelease can tell it.
func Load(path string) (spec.Spec, error) {
	s, err := Read(path)
	if err != nil {
		return s, err
	}
	return s, errors.Join(butRelease(s), files(s))
}

// Read reads a Spec from a YAML (or JSON) file. Unknown fields are refused.
// Paths in it are taken relative to the file; ~/ is the home directory.
func Read(path string) (spec.Spec, error) {
	var s spec.Spec
	data, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	err = d.Decode(&s)
	if errors.Is(err, io.EOF) {
		return s, fmt.Errorf("%s is empty: it should hold a Spec", path)
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return s, fmt.Errorf("%s holds more than one document; a Spec is one", path)
	}
	dir := filepath.Dir(path)
	for i := range s.SSH.KeyFiles {
		s.SSH.KeyFiles[i] = locate(dir, s.SSH.KeyFiles[i])
	}
	for i := range s.SSH.KnownHosts {
		s.SSH.KnownHosts[i] = locate(dir, s.SSH.KnownHosts[i])
	}
	if e := s.SSH.Entry; e != nil {
		for i := range e.KeyFiles {
			e.KeyFiles[i] = locate(dir, e.KeyFiles[i])
		}
		if e.PasswordFile != "" {
			e.PasswordFile = locate(dir, e.PasswordFile)
		}
	}
	if f := &s.Cloud.CloudsFile; *f != "" {
		*f = locate(dir, *f)
	}
	return s, nil
}

// butRelease are the faults of a Spec, but for a release that is missing.
func butRelease(s spec.Spec) error {
	err := s.Validate()
	all, ok := err.(interface{ Unwrap() []error })
	if s.Release != "" || !ok {
		return err
	}
	var rest []error
	for _, err := range all.Unwrap() {
		var f *spec.FieldError
		if !errors.As(err, &f) || f.Path != "release" {
			rest = append(rest, err)
		}
	}
	return errors.Join(rest...)
}

// files looks whether the files of this machine that the Spec names are there.
func files(s spec.Spec) error {
	var faults []error
	check := func(field string, names []string) {
		for i, name := range names {
			if _, err := os.Stat(name); err != nil {
				faults = append(faults, fmt.Errorf("spec: %s[%d]: %w", field, i, err))
			}
		}
	}
	check("ssh.key_files", s.SSH.KeyFiles)
	check("ssh.known_hosts", s.SSH.KnownHosts)
	if e := s.SSH.Entry; e != nil {
		check("ssh.entry.key_files", e.KeyFiles)
	}
	return errors.Join(faults...)
}

func locate(dir, path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err == nil {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
