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

	"github.com/cephstack/cephstack/integrate"
	"go.yaml.in/yaml/v3"
)

// Load reads a Spec and checks it, with the files of this machine that it names.
// That it has no release is not a fault here: integrate.DetectRelease can tell it.
func Load(path string) (integrate.Spec, error) {
	spec, err := Read(path)
	if err != nil {
		return spec, err
	}
	return spec, errors.Join(butRelease(spec), files(spec))
}

// Read reads a Spec from a YAML (or JSON) file. Unknown fields are refused.
// Paths in it are taken relative to the file; ~/ is the home directory.
func Read(path string) (integrate.Spec, error) {
	var spec integrate.Spec
	data, err := os.ReadFile(path)
	if err != nil {
		return spec, err
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	err = d.Decode(&spec)
	if errors.Is(err, io.EOF) {
		return spec, fmt.Errorf("%s is empty: it should hold a Spec", path)
	}
	if err != nil {
		return spec, fmt.Errorf("%s: %w", path, err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return spec, fmt.Errorf("%s holds more than one document; a Spec is one", path)
	}
	dir := filepath.Dir(path)
	for i := range spec.SSH.KeyFiles {
		spec.SSH.KeyFiles[i] = locate(dir, spec.SSH.KeyFiles[i])
	}
	for i := range spec.SSH.KnownHosts {
		spec.SSH.KnownHosts[i] = locate(dir, spec.SSH.KnownHosts[i])
	}
	if e := spec.SSH.Entry; e != nil {
		for i := range e.KeyFiles {
			e.KeyFiles[i] = locate(dir, e.KeyFiles[i])
		}
		if e.PasswordFile != "" {
			e.PasswordFile = locate(dir, e.PasswordFile)
		}
	}
	if f := &spec.Cloud.CloudsFile; *f != "" {
		*f = locate(dir, *f)
	}
	return spec, nil
}

// butRelease are the faults of a Spec, but for a release that is missing.
func butRelease(spec integrate.Spec) error {
	err := spec.Validate()
	all, ok := err.(interface{ Unwrap() []error })
	if spec.Release != "" || !ok {
		return err
	}
	var rest []error
	for _, err := range all.Unwrap() {
		var f *integrate.FieldError
		if !errors.As(err, &f) || f.Path != "release" {
			rest = append(rest, err)
		}
	}
	return errors.Join(rest...)
}

// files looks whether the files of this machine that the Spec names are there.
func files(spec integrate.Spec) error {
	var faults []error
	check := func(field string, names []string) {
		for i, name := range names {
			if _, err := os.Stat(name); err != nil {
				faults = append(faults, fmt.Errorf("spec: %s[%d]: %w", field, i, err))
			}
		}
	}
	check("ssh.key_files", spec.SSH.KeyFiles)
	check("ssh.known_hosts", spec.SSH.KnownHosts)
	if e := spec.SSH.Entry; e != nil {
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
